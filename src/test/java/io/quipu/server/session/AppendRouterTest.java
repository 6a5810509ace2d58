package io.quipu.server.session;

import static io.quipu.fake.FakePeers.serving;
import static io.quipu.fake.FakePeers.silent;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.fake.FakePeers;
import io.quipu.fake.GatheringBus;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.Appends;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.RendezvousPlacement;
import io.quipu.server.cluster.SessionAddress;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class AppendRouterTest {
  private static final UserId ALICE = new UserId("alice");
  private static final NodeId A = new NodeId("a");
  private static final NodeId B = new NodeId("b");

  private final GatheringBus bus = new GatheringBus();
  private final List<AppendAnswer> answers = new ArrayList<>();

  @Test
  void aTurnIsOneMessageForEachOwnerUnlessItIsLong(Vertx vertx) {
    FakePeers peers = new FakePeers(A, serving("a", 1), serving("b", 1));
    RendezvousPlacement placement = new RendezvousPlacement(peers, 64);
    List<Append> appends = new ArrayList<>();
    for (int i = 1; i <= 600; i++) {
      appends.add(append(to(i), i, false));
    }
    route(vertx, placement, appends);
    assertThat(bus.sent().keySet())
        .containsExactlyInAnyOrder(new Address.Owner(A, 0), new Address.Owner(B, 0));
    List<Append> all = new ArrayList<>();
    for (List<BusMessage> messages : bus.sent().values()) {
      for (BusMessage message : messages) {
        assertThat(((Appends) message).appends()).hasSizeLessThanOrEqualTo(256);
        all.addAll(((Appends) message).appends());
      }
    }
    assertThat(all).containsExactlyInAnyOrderElementsOf(appends);
  }

  @Test
  void theNextByRankIsToldThatTheBetterOneWasTried(Vertx vertx) {
    FakePeers peers = new FakePeers(A, serving("a", 1), silent("b", 1));
    List<Append> appends = new ArrayList<>();
    for (int i = 1; i <= 40; i++) {
      appends.add(append(to(i), i, false));
    }
    route(vertx, new RendezvousPlacement(peers, 64), appends);
    Appends sent = bus.only(Appends.class, new Address.Owner(A, 0));
    assertThat(sent.appends()).hasSize(40);
    assertThat(sent.appends()).extracting(Append::betterRankedTried).contains(true, false);
  }

  @Test
  void whatNobodyWantsToOwnIsServedHere(Vertx vertx) {
    FakePeers peers = new FakePeers(A, serving("a", 2), serving("b", 2));
    List<Append> appends = new ArrayList<>();
    for (int i = 1; i <= 40; i++) {
      appends.add(append(to(i), i, true));
    }
    route(vertx, new RendezvousPlacement(peers, 64), appends);
    assertThat(bus.sent().keySet()).extracting(Address::node).containsOnly(A);
  }

  @Test
  void whatTheBusDoesNotTakeIsAnsweredBusy(Vertx vertx) {
    bus.fill();
    FakePeers peers = new FakePeers(A, serving("a", 1));
    route(vertx, new RendezvousPlacement(peers, 64), List.of(append(to(1), 7, false)));
    assertThat(answers)
        .containsExactly(new AppendAnswer(4, 3, 7, 0, new Verdict.NotTaken(Reason.BUSY)));
  }

  private void route(Vertx vertx, RendezvousPlacement placement, List<Append> appends) {
    Context context = vertx.getOrCreateContext();
    CompletableFuture<Void> flushed = new CompletableFuture<>();
    context.runOnContext(
        turn -> {
          AppendRouter router = new AppendRouter(context, bus, placement, answers::add);
          appends.forEach(router::route);
          assertThat(bus.sent()).as("within the turn").isEmpty();
          context.runOnContext(next -> flushed.complete(null));
        });
    flushed.join();
  }

  private static ConversationId to(int i) {
    return ConversationId.direct(ALICE, new UserId("user" + i));
  }

  private static Append append(ConversationId to, int number, boolean tried) {
    return new Append(
        new SessionAddress(new Address.Loop(A, 0), 4),
        3,
        number,
        true,
        0,
        tried,
        to,
        1,
        ALICE,
        new UUID(0, number),
        false,
        Content.Text.of("hi"));
  }
}
