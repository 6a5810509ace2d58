package io.quipu.server.fanout;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.Message;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Alone;
import io.quipu.server.cluster.Announcement;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.LocalRegistry;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.cluster.Outbound.OwnShare;
import io.quipu.server.cluster.Outbound.ReceiptNotice;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.SessionAddress;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class FanOutTest {
  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");
  private static final ConversationId DIRECT = ConversationId.direct(ALICE, BOB);
  private static final ConversationId GROUP = ConversationId.group(ALICE, new UUID(1, 1));
  private static final Address.Loop HERE = new Address.Loop(new NodeId("n"), 0);
  private static final Address.Loop THERE = new Address.Loop(new NodeId("n"), 1);

  private static final Alone ALONE = new Alone(new NodeId("n"), 2);

  private final Map<Address, List<Outbound>> sent = new LinkedHashMap<>();
  private final LocalRegistry registry = new LocalRegistry();
  private final FanOut fanOut =
      new FanOut(new Outreach(0, new GatheringBus(), registry, ALONE, ALONE), 3);

  @Test
  void acksAndDeliveriesOfATurnAreOneMessagePerLoop() {
    SessionAddress alice = online(ALICE, HERE, 1);
    online(BOB, THERE, 2);
    online(BOB, HERE, 3);
    fanOut.answer(append(alice, 1), new Verdict.Stored(5, 9, false));
    commit(DIRECT, 5, List.of(ALICE, BOB), alice);
    assertThat(sent).as("before the flush").isEmpty();
    fanOut.flush();

    Outbound here = only(HERE);
    assertThat(here.answers())
        .containsExactly(new AppendAnswer(1, 7, 1, 0, new Verdict.Stored(5, 9, false)));
    assertThat(here.deliveries()).hasSize(1);
    assertThat(here.deliveries().get(0).sessions()).containsExactly(3);
    Outbound there = only(THERE);
    assertThat(there.answers()).isEmpty();
    assertThat(there.deliveries().get(0).sessions()).containsExactly(2);
    fanOut.flush();
    assertThat(sent.get(HERE)).as("nothing is told twice").hasSize(1);
  }

  @Test
  void theFrameIsSharedAndSaysWhatWasAnnouncement() {
    SessionAddress alice = online(ALICE, HERE, 1);
    online(BOB, HERE, 2);
    online(BOB, THERE, 3);
    commit(DIRECT, 5, List.of(ALICE, BOB), alice, alice);
    fanOut.flush();
    Outbound.Delivery here = only(HERE).deliveries().get(0);
    assertThat(here.frame()).isSameAs(only(THERE).deliveries().get(0).frame());
    assertThat(here.frame().frame()).isEqualTo(new Frame.Deliver(here.range(), false));
    assertThat(here.range().fromSeq()).isEqualTo(5);
    assertThat(here.range().toSeq()).isEqualTo(6);
  }

  @Test
  void theSendingSessionIsLeftOutOfWhatItSentAndItsOtherDeviceIsNot() {
    SessionAddress phone = online(ALICE, HERE, 1);
    online(ALICE, HERE, 2);
    commit(GROUP, 5, List.of(ALICE), phone);
    fanOut.flush();
    Outbound.Delivery delivery = only(HERE).deliveries().get(0);
    assertThat(delivery.sessions()).containsExactly(2);
    assertThat(delivery.senders()).containsExactly(new OwnShare(1, List.of(5L)));
  }

  @Test
  void aMixedBatchGivesEachSenderTheRest() {
    SessionAddress alice = online(ALICE, HERE, 1);
    SessionAddress bob = online(BOB, HERE, 2);
    online(CAROL, HERE, 3);
    commit(GROUP, 5, List.of(ALICE, BOB, CAROL), alice, bob, alice);
    fanOut.flush();
    Outbound.Delivery delivery = only(HERE).deliveries().get(0);
    assertThat(delivery.sessions()).containsExactly(3);
    assertThat(delivery.senders())
        .containsExactly(new OwnShare(1, List.of(5L, 7L)), new OwnShare(2, List.of(6L)));
  }

  @Test
  void theSameSessionNumberOnAnotherLoopIsAnotherSession() {
    online(BOB, THERE, 1);
    commit(GROUP, 5, List.of(BOB), new SessionAddress(HERE, 1));
    fanOut.flush();
    assertThat(only(THERE).deliveries().get(0).sessions()).containsExactly(1);
    assertThat(only(THERE).deliveries().get(0).senders()).isEmpty();
  }

  @Test
  void whoIsAwayInADirectConversationIsToldToTheOthersDevices() {
    SessionAddress alice = online(ALICE, HERE, 1);
    online(ALICE, THERE, 2);
    commit(DIRECT, 5, List.of(ALICE, BOB), alice);
    fanOut.flush();
    assertThat(only(HERE).receipts())
        .containsExactly(new ReceiptNotice(1, DIRECT, BOB, ReceiptState.STORED_OFFLINE, 5));
    assertThat(only(THERE).receipts())
        .containsExactly(new ReceiptNotice(2, DIRECT, BOB, ReceiptState.STORED_OFFLINE, 5));
  }

  @Test
  void whoIsAwayInASmallGroupIsToldToThoseWhoSentSomeOfIt() {
    SessionAddress alice = online(ALICE, HERE, 1);
    online(BOB, HERE, 2);
    commit(GROUP, 5, List.of(ALICE, BOB, CAROL), alice);
    fanOut.flush();
    assertThat(only(HERE).receipts())
        .containsExactly(new ReceiptNotice(1, GROUP, CAROL, ReceiptState.STORED_OFFLINE, 5));
  }

  @Test
  void whoIsAwayInAGroupAboveTheLimitIsNotTold() {
    SessionAddress alice = online(ALICE, HERE, 1);
    commit(GROUP, 5, List.of(ALICE, BOB, CAROL, new UserId("dave")), alice);
    fanOut.flush();
    assertThat(only(HERE).receipts()).isEmpty();
  }

  @Test
  void nobodyIsToldThatWhoSentItIsAway() {
    SessionAddress gone = new SessionAddress(THERE, 7);
    online(ALICE, HERE, 1);
    commit(BOB, DIRECT, 5, List.of(ALICE, BOB), gone);
    fanOut.flush();
    assertThat(only(HERE).receipts()).isEmpty();
  }

  @Test
  void nobodyOnlineIsNobodyToTell() {
    commit(DIRECT, 5, List.of(ALICE, BOB), new SessionAddress(HERE, 1));
    fanOut.flush();
    assertThat(sent).isEmpty();
  }

  private SessionAddress online(UserId user, Address.Loop loop, long session) {
    SessionAddress address = new SessionAddress(loop, session);
    registry.register(
        new Registry.Entry(user, new DeviceId("device" + session + loop.index()), 1, address));
    return address;
  }

  private static Append append(SessionAddress origin, int number) {
    return new Append(
        origin,
        7,
        number,
        true,
        0,
        false,
        DIRECT,
        1,
        ALICE,
        new UUID(1, number),
        false,
        Content.Text.of("hi"));
  }

  private void commit(
      ConversationId to, long firstSeq, List<UserId> audience, SessionAddress... origins) {
    commit(ALICE, to, firstSeq, audience, origins);
  }

  private void commit(
      UserId sender,
      ConversationId to,
      long firstSeq,
      List<UserId> audience,
      SessionAddress... origins) {
    List<Message> messages = new ArrayList<>();
    for (int i = 0; i < origins.length; i++) {
      messages.add(new Message(firstSeq + i, sender, new UUID(1, i), 9, Content.Text.of("hi")));
    }
    fanOut.committed(new Announcement(to, messages, List.of(origins), audience));
  }

  private Outbound only(Address.Loop loop) {
    assertThat(sent.get(loop)).hasSize(1);
    return sent.get(loop).get(0);
  }

  private final class GatheringBus implements Bus {
    @Override
    public boolean send(Address to, BusMessage message) {
      sent.computeIfAbsent(to, unused -> new ArrayList<>()).add((Outbound) message);
      return true;
    }

    @Override
    public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
      throw new UnsupportedOperationException("it only gathers");
    }
  }
}
