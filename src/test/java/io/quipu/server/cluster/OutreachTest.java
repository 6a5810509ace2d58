package io.quipu.server.cluster;

import static io.quipu.fake.FakePeers.serving;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.fake.FakePeers;
import io.quipu.fake.GatheringBus;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.Message;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.NodeParcel.LoopAnswer;
import io.quipu.server.cluster.NodeParcel.Muting;
import io.quipu.server.cluster.NodeParcel.Newcomer;
import io.quipu.server.cluster.NodeParcel.UserReceipt;
import io.quipu.server.cluster.NodeParcel.Writing;
import io.quipu.server.cluster.Outbound.Kick;
import io.quipu.server.cluster.Outbound.OwnShare;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What leaves a node for others, and what becomes of it there. */
@ExtendWith(VertxExtension.class)
class OutreachTest {
  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");
  private static final DeviceId PHONE = new DeviceId("phone");
  private static final NodeId A = new NodeId("a");
  private static final NodeId B = new NodeId("b");
  private static final NodeId C = new NodeId("c");
  private static final ConversationId GROUP = ConversationId.group(ALICE, new UUID(1, 1));

  private final GatheringBus bus = new GatheringBus();
  private final LocalRegistry registry = new LocalRegistry();
  private final FakePeers peers =
      new FakePeers(A, serving("a", 2), serving("b", 3), serving("c", 1));
  private final Map<UserId, Optional<Set<NodeId>>> whereabouts = new HashMap<>();
  private final Outreach outreach = new Outreach(1, bus, registry, new Known(), peers);

  @Test
  void onlyNodesWithUsersGetAParcelAndItNamesOnlyThose() {
    whereabouts.put(ALICE, Optional.of(Set.of(A)));
    whereabouts.put(BOB, Optional.of(Set.of(B, A)));
    whereabouts.put(CAROL, Optional.of(Set.of()));
    outreach.announce(announcement(session(A, 0, 7)));
    outreach.flush();

    assertThat(bus.sent()).containsOnlyKeys(new Address.Post(B, 1));
    NodeParcel parcel = bus.only(NodeParcel.class, new Address.Post(B, 1));
    assertThat(parcel.announcements()).hasSize(1);
    assertThat(parcel.announcements().get(0).audience()).containsExactly(BOB);
  }

  @Test
  void whoseNodesAreNotKnownIsLookedForOnAllOfThem() {
    whereabouts.put(ALICE, Optional.empty());
    whereabouts.put(BOB, Optional.of(Set.of(B)));
    whereabouts.put(CAROL, Optional.of(Set.of()));
    outreach.announce(announcement(session(A, 0, 7)));
    outreach.flush();

    assertThat(bus.only(NodeParcel.class, new Address.Post(B, 1)).announcements().get(0).audience())
        .containsExactly(ALICE, BOB);
    assertThat(bus.only(NodeParcel.class, new Address.Post(C, 0)).announcements().get(0).audience())
        .as("an index that the other node has")
        .containsExactly(ALICE);
  }

  @Test
  void anAnswerGoesToTheLoopOfItsSessionInOneParcelWithTheEntries() {
    whereabouts.put(ALICE, Optional.of(Set.of(B)));
    whereabouts.put(BOB, Optional.of(Set.of()));
    whereabouts.put(CAROL, Optional.of(Set.of()));
    SessionAddress origin = session(B, 2, 7);
    outreach.answer(append(origin), new Verdict.Stored(5, 9, false));
    outreach.announce(announcement(origin));
    outreach.flush();

    NodeParcel parcel = bus.only(NodeParcel.class, new Address.Post(B, 1));
    AppendAnswer answer = new AppendAnswer(7, 3, 1, 0, new Verdict.Stored(5, 9, false));
    assertThat(parcel.answers()).containsExactly(new LoopAnswer(2, answer));

    GatheringBus there = new GatheringBus();
    LocalRegistry sessionsOfB = new LocalRegistry();
    sessionsOfB.register(new Registry.Entry(ALICE, PHONE, 1, origin));
    LocalPost post = new LocalPost(there, sessionsOfB);
    post.take(parcel, B);
    post.flush();
    Outbound outbound = there.only(Outbound.class, new Address.Loop(B, 2));
    assertThat(outbound.answers()).containsExactly(answer);
    assertThat(outbound.deliveries().get(0).sessions()).isEmpty();
    assertThat(outbound.deliveries().get(0).senders())
        .as("who sent it is not sent it, on another node neither")
        .containsExactly(new OwnShare(7, List.of(5L)));
  }

  @Test
  void aSessionOfTheSameNumberOnAnotherNodeIsNotTheSender() {
    registry.register(new Registry.Entry(ALICE, PHONE, 1, session(A, 0, 7)));
    outreach.announce(announcement(session(B, 0, 7)));
    outreach.flush();
    Outbound outbound = bus.only(Outbound.class, new Address.Loop(A, 0));
    assertThat(outbound.deliveries().get(0).sessions()).containsExactly(7L);
  }

  @Test
  void receiptsWritingAndMutesReachTheSessionsOfAUserOnOtherNodesButNotTheCause() {
    whereabouts.put(ALICE, Optional.of(Set.of(B)));
    whereabouts.put(BOB, Optional.of(Set.of()));
    SessionAddress cause = session(B, 0, 1);
    SessionAddress other = session(B, 1, 2);
    outreach.receipt(new UserReceipt(ALICE, Optional.of(cause), GROUP, BOB, ReceiptState.READ, 4));
    outreach.whisper(new Whisper(cause, GROUP, ALICE), List.of(ALICE, BOB));
    outreach.muting(new Muting(ALICE, Optional.of(cause), GROUP, 8));
    outreach.flush();
    NodeParcel parcel = bus.only(NodeParcel.class, new Address.Post(B, 1));
    assertThat(parcel.writings()).extracting(Writing::to).containsExactly(List.of(ALICE));
    GatheringBus there = new GatheringBus();
    LocalRegistry sessionsOfB = new LocalRegistry();
    sessionsOfB.register(new Registry.Entry(ALICE, new DeviceId("tablet"), 4, cause));
    sessionsOfB.register(new Registry.Entry(ALICE, PHONE, 4, other));
    LocalPost post = new LocalPost(there, sessionsOfB);
    post.take(parcel, B);
    post.flush();

    assertThat(there.sent()).containsOnlyKeys(new Address.Loop(B, 1));
    List<BusMessage> messages = there.sent().get(new Address.Loop(B, 1));
    Outbound outbound = (Outbound) messages.get(0);
    assertThat(outbound.receipts())
        .containsExactly(new Outbound.ReceiptNotice(2, GROUP, BOB, ReceiptState.READ, 4));
    assertThat(outbound.hints()).hasSize(1);
    assertThat(((UserNews) messages.get(1)).muted())
        .containsExactly(new UserNews.Muted(2, GROUP, 8));
  }

  @Test
  void ofADeviceOnlyOlderSessionsGiveWayHereAndElsewhere(Vertx vertx) {
    registry.register(new Registry.Entry(ALICE, PHONE, 4, session(A, 0, 1)));
    registry.register(new Registry.Entry(ALICE, PHONE, 6, session(A, 1, 2)));
    Context context = vertx.getOrCreateContext();
    Newcomers newcomers = new Newcomers(context, bus, registry, peers);
    Newcomer newcomer = new Newcomer(ALICE, PHONE, 5);
    newcomers.tell(A, newcomer);
    newcomers.tellAll(newcomer);
    newcomers.tell(B, newcomer);
    CompletableFuture<Void> told = new CompletableFuture<>();
    context.runOnContext(turn -> told.complete(null));
    told.join();

    assertThat(bus.sent())
        .containsOnlyKeys(new Address.Loop(A, 0), new Address.Post(B, 0), new Address.Post(C, 0));
    assertThat(bus.only(Outbound.class, new Address.Loop(A, 0)).kicks())
        .containsExactly(new Kick(1, 5));
    assertThat(bus.sent().get(new Address.Post(B, 0))).hasSize(2);
    assertThat(bus.only(NodeParcel.class, new Address.Post(C, 0)).newcomers())
        .containsExactly(newcomer);
  }

  @Test
  void absentIsOnlyWhoIsKnownToBeNowhere() {
    whereabouts.put(ALICE, Optional.of(Set.of()));
    whereabouts.put(BOB, Optional.of(Set.of(B)));
    whereabouts.put(CAROL, Optional.empty());
    assertThat(outreach.isAbsent(ALICE)).isTrue();
    assertThat(outreach.isAbsent(BOB)).isFalse();
    assertThat(outreach.isAbsent(CAROL)).isFalse();
    registry.register(new Registry.Entry(ALICE, PHONE, 1, session(A, 0, 1)));
    assertThat(outreach.isAbsent(ALICE)).isFalse();
  }

  @Test
  void whatIsForANodeThatIsGoneIsDropped() {
    whereabouts.put(ALICE, Optional.of(Set.of(B)));
    whereabouts.put(BOB, Optional.of(Set.of()));
    whereabouts.put(CAROL, Optional.of(Set.of()));
    peers.become(serving("a", 2), serving("c", 1));
    outreach.announce(announcement(session(A, 0, 7)));
    outreach.flush();
    assertThat(bus.sent()).isEmpty();
  }

  private static SessionAddress session(NodeId node, int loop, long number) {
    return new SessionAddress(new Address.Loop(node, loop), number);
  }

  private static Announcement announcement(SessionAddress origin) {
    Message message = new Message(5, ALICE, new UUID(0, 5), 9, Content.Text.of("five"));
    return new Announcement(GROUP, List.of(message), List.of(origin), List.of(ALICE, BOB, CAROL));
  }

  private static Append append(SessionAddress origin) {
    return new Append(
        origin,
        3,
        1,
        true,
        0,
        false,
        GROUP,
        1,
        ALICE,
        new UUID(0, 5),
        false,
        Content.Text.of("five"));
  }

  private final class Known implements Whereabouts {
    @Override
    public Optional<Set<NodeId>> nodesOf(UserId user) {
      return whereabouts.getOrDefault(user, Optional.of(Set.of()));
    }

    @Override
    public void came(Registry.Entry entry) {
      throw new AssertionError("nobody comes here");
    }

    @Override
    public void left(Registry.Entry entry) {
      throw new AssertionError("nobody leaves here");
    }
  }
}
