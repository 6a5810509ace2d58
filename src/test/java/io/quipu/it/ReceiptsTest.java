package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.ClientEvent;
import io.quipu.client.Conversation;
import io.quipu.it.MisbehavingProxy.Fault;
import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MemberReceipt;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Who learns how far messages have come, on real sockets: as it happens, after an absence, by
 * asking; and who does not.
 */
final class ReceiptsTest {
  private static final int LIMIT = 3;
  private static Vertx vertx;
  private static TestNode node;

  private final UserId alice = new UserId(TestNode.fresh("alice"));
  private final UserId bob = new UserId(TestNode.fresh("bob"));
  private final UserId carol = new UserId(TestNode.fresh("carol"));
  private final ConversationId aliceAndBob = ConversationId.direct(alice, bob);
  private final List<AutoCloseable> open = new ArrayList<>();

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
    node =
        TestNode.start(
            Map.of(
                "QUIPU_RECIPIENT_RECEIPT_GROUP_MEMBERS",
                String.valueOf(LIMIT),
                "QUIPU_RECIPIENT_LOOK_MS",
                "500",
                "QUIPU_NODE_EVENT_LOOPS",
                "2"));
  }

  @AfterEach
  void closeClients() throws Exception {
    for (AutoCloseable one : open) {
      one.close();
    }
  }

  @AfterAll
  static void stop() {
    node.close();
    SdkDevice.await(vertx.close());
  }

  private RawClient live(UserId user, String device) {
    RawClient client = RawClient.live(node, Dress.TCP, user.value(), device);
    open.add(client);
    return client;
  }

  private SdkDevice sdk(MisbehavingProxy proxy, UserId user) {
    SdkDevice device = proxy.device(node, user.value(), "tcp").start();
    open.add(device::close);
    SdkDevice.await(device.client().awaitSynced());
    return device;
  }

  private MisbehavingProxy proxy() {
    MisbehavingProxy proxy = MisbehavingProxy.before(vertx, node, "tcp", 1_000);
    open.add(proxy);
    return proxy;
  }

  /** Acks, and returns when the cursor is stored and its receipts are on their way. */
  private static void ack(RawClient client, ConversationId conversation, long seq) {
    client.ackAndConfirm(conversation, seq);
  }

  private static Frame.Receipt receipt(
      ConversationId conversation, UserId user, ReceiptState state, long seq) {
    return new Frame.Receipt(conversation, user, state, seq);
  }

  /**
   * What has come to a client of receipts so far. The acks and read marks of one user are stored
   * and told in their order: behind them, one of each in a group made for it.
   */
  private static List<Frame.Receipt> received(RawClient client, RawClient from) {
    ConversationId fence =
        client.createGroup("fence", from.connected().user().value()).conversation();
    client.acked(fence, "fence");
    ack(from, fence, 2);
    from.send(new Frame.ReadMark(fence, 2));
    client.await(
        Frame.Receipt.class,
        one -> one.conversation().equals(fence) && one.state() == ReceiptState.READ);
    return client.taken(Frame.Receipt.class).stream()
        .filter(one -> !one.conversation().equals(fence))
        .toList();
  }

  private static long sent(RawClient client, ConversationId conversation, Change change) {
    return client
        .ackOf(client.send(UUID.randomUUID(), conversation, new Content.Changed(change), false))
        .seq();
  }

  @Test
  void aSmallGroupsSendersHearOfEachMembersFirstDeviceAndOfHisReadMark() {
    RawClient phone = live(alice, "phone");
    RawClient tablet = live(alice, "tablet");
    RawClient bobs = live(bob, "phone");
    RawClient bobsSecond = live(bob, "laptop");
    RawClient carols = live(carol, "phone");
    ConversationId group = phone.createGroup("tea", bob.value(), carol.value()).conversation();
    assertThat(phone.connected().limits().receiptGroupMembers()).isEqualTo(LIMIT);
    assertThat(phone.acked(group, "hello").seq()).isEqualTo(2);
    ack(phone, group, 2);

    ack(bobs, group, 2);
    Frame.Receipt delivered = receipt(group, bob, ReceiptState.DELIVERED, 2);
    assertThat(phone.await(Frame.Receipt.class)).isEqualTo(delivered);
    assertThat(tablet.await(Frame.Receipt.class)).isEqualTo(delivered);
    ack(bobsSecond, group, 2);
    ack(carols, group, 2);
    assertThat(phone.await(Frame.Receipt.class))
        .as("not again for a second device")
        .isEqualTo(receipt(group, carol, ReceiptState.DELIVERED, 2));

    bobs.send(new Frame.ReadMark(group, 2));
    assertThat(phone.await(Frame.Receipt.class))
        .isEqualTo(receipt(group, bob, ReceiptState.READ, 2));
    assertThat(bobsSecond.await(Frame.ReadMark.class)).isEqualTo(new Frame.ReadMark(group, 2));

    assertThat(carols.acked(group, "hi").seq()).isEqualTo(3);
    ack(bobs, group, 3);
    assertThat(carols.await(Frame.Receipt.class))
        .as("the first thing that carol hears, who had sent nothing")
        .isEqualTo(receipt(group, bob, ReceiptState.DELIVERED, 3));
    assertThat(received(phone, bobs)).isEmpty();
  }

  @Test
  void theSenderIsToldThatAMemberOfASmallGroupIsAway() {
    RawClient phone = live(alice, "phone");
    ConversationId group = phone.createGroup("tea", bob.value()).conversation();
    phone.acked(group, "hello");

    assertThat(phone.await(Frame.Receipt.class, r -> r.seq() == 2))
        .isEqualTo(receipt(group, bob, ReceiptState.STORED_OFFLINE, 2));
  }

  @Test
  void aGroupAboveTheLimitTellsNothingByItselfAndEverythingWhenAsked() {
    UserId dave = new UserId(TestNode.fresh("dave"));
    RawClient phone = live(alice, "phone");
    RawClient bobs = live(bob, "phone");
    RawClient bobsSecond = live(bob, "laptop");
    ConversationId group =
        phone.createGroup("all", bob.value(), carol.value(), dave.value()).conversation();
    phone.acked(group, "hello");
    ack(bobs, group, 2);
    ack(bobsSecond, group, 1);
    bobs.send(new Frame.ReadMark(group, 1));
    assertThat(bobsSecond.await(Frame.ReadMark.class).seq()).isEqualTo(1);
    assertThat(received(phone, bobs)).isEmpty();

    phone.send(new Frame.Receipts(1, group, "", 3));
    Frame.ReceiptsPage first = phone.await(Frame.ReceiptsPage.class);
    assertThat(first.request()).isEqualTo(1);
    assertThat(first.conversation()).isEqualTo(group);
    assertThat(first.entries())
        .containsExactly(
            new MemberReceipt(alice, 0, 0, 0),
            new MemberReceipt(bob, 2, 1, 1),
            new MemberReceipt(carol, 0, 0, 0));
    phone.send(new Frame.Receipts(2, group, first.nextPage(), 3));
    Frame.ReceiptsPage second = phone.await(Frame.ReceiptsPage.class);
    assertThat(second.entries()).containsExactly(new MemberReceipt(dave, 0, 0, 0));
    assertThat(second.nextPage()).isEmpty();

    RawClient stranger = live(new UserId(TestNode.fresh("stranger")), "phone");
    ConversationId none = ConversationId.group(alice, UUID.randomUUID());
    stranger.send(new Frame.Receipts(3, group, "", 0));
    stranger.send(new Frame.Receipts(3, none, "", 0));
    Frame.Error ofAll = stranger.await(Frame.Error.class);
    Frame.Error ofNone = stranger.await(Frame.Error.class);
    assertThat(ofAll.code()).isEqualTo(ErrorCode.CONVERSATION_UNKNOWN.code());
    assertThat(ofAll.detail().replace(group.value(), "?"))
        .isEqualTo(ofNone.detail().replace(none.value(), "?"));
    stranger.send(new Frame.Receipts(4, group, first.nextPage(), 0));
    assertThat(stranger.await(Frame.Error.class).code())
        .as("another reader's page")
        .isEqualTo(ErrorCode.INVALID_REQUEST.code());
  }

  @Test
  void whoWasAwayLearnsAtHisSyncWhatHasHappenedAndNothingTwice() {
    RawClient bobs = live(bob, "phone");
    RawClient carols = live(carol, "phone");
    RawClient first = live(alice, "phone");
    ConversationId group = first.createGroup("tea", bob.value(), carol.value()).conversation();
    first.acked(group, "hello");
    first.acked(aliceAndBob, "hello");
    first.send(new Frame.Sync(2, List.of(), false, false, 0));
    long mark = first.await(Frame.SyncDone.class).receiptsMark();
    assertThat(mark).isPositive();
    first.close();

    ack(bobs, group, 2);
    ack(bobs, aliceAndBob, 1);
    ack(carols, group, 2);
    carols.send(new Frame.ReadMark(group, 2));
    live(carol, "tablet").close();
    String carolHasRead =
        "select count(*) from receipts r join conversations c on c.id = r.conversation"
            + " where r.read_seq = 2 and c.name = '"
            + group.value()
            + "'";
    SdkDevice.until(() -> node.count(carolHasRead) == 1);

    RawClient again = RawClient.connect(node, Dress.WEBSOCKET_JSON, alice.value(), "phone");
    open.add(again);
    again.send(new Frame.Sync(1, List.of(), false, false, mark));
    Frame.SyncPage page = again.await(Frame.SyncPage.class);
    again.send(new Frame.SyncAck(1, page.page()));
    Frame.SyncDone done = again.await(Frame.SyncDone.class);
    assertThat(again.taken(Frame.Receipt.class))
        .as("before the SyncDone")
        .containsExactlyInAnyOrder(
            receipt(group, bob, ReceiptState.DELIVERED, 2),
            receipt(aliceAndBob, bob, ReceiptState.DELIVERED, 1),
            receipt(group, carol, ReceiptState.READ, 2));
    again.send(new Frame.Sync(2, List.of(), false, false, done.receiptsMark()));
    again.await(Frame.SyncDone.class);
    assertThat(again.taken(Frame.Receipt.class)).isEmpty();
  }

  @Test
  void theSdkTellsItsApplicationWhatHasHappenedWhileItWasAway() {
    MisbehavingProxy line = proxy();
    SdkDevice sender = sdk(line, alice);
    RawClient bobs = live(bob, "phone");
    SdkDevice.await(sender.send(UUID.randomUUID(), aliceAndBob, "hello"));
    bobs.await(Frame.Deliver.class);
    line.next(Frame.Receipt.class::isInstance, Fault.CUT_BEFORE);
    ack(bobs, aliceAndBob, 1);

    SdkDevice.until(() -> !sender.events(ClientEvent.Receipt.class).isEmpty());
    assertThat(sender.events(ClientEvent.Receipt.class))
        .containsExactly(new ClientEvent.Receipt(aliceAndBob, bob, ReceiptState.DELIVERED, 1));
    Conversation talk = sender.client().conversation(aliceAndBob);
    assertThat(SdkDevice.await(talk.receivedBy(bob, ReceiptState.DELIVERED))).isEqualTo(1);
    assertThat(SdkDevice.await(talk.receipts().all(10)))
        .contains(new MemberReceipt(bob, 1, 1, 0))
        .hasSize(2);
  }

  @Test
  void whoHasLeftNeitherHearsNorIsToldOf() {
    RawClient phone = live(alice, "phone");
    RawClient bobs = live(bob, "phone");
    RawClient carols = live(carol, "phone");
    ConversationId group = phone.createGroup("tea", bob.value(), carol.value()).conversation();
    bobs.await(Frame.Deliver.class);
    assertThat(bobs.acked(group, "of bob").seq()).isEqualTo(2);
    assertThat(phone.acked(group, "of alice").seq()).isEqualTo(3);
    assertThat(sent(phone, group, new Change.Remove(List.of(bob)))).isEqualTo(4);

    ack(carols, group, 4);
    assertThat(phone.await(Frame.Receipt.class))
        .isEqualTo(receipt(group, carol, ReceiptState.DELIVERED, 4));
    ack(bobs, group, 4);
    bobs.send(new Frame.ReadMark(group, 4));
    bobs.send(new Frame.Receipts(1, group, "", 0));
    assertThat(bobs.await(Frame.Error.class).code()).isEqualTo(ErrorCode.NOT_A_MEMBER.code());
    carols.send(new Frame.ReadMark(group, 4));
    assertThat(phone.await(Frame.Receipt.class))
        .as("nothing of bob before it")
        .isEqualTo(receipt(group, carol, ReceiptState.READ, 4));
    assertThat(received(bobs, carols)).isEmpty();
  }

  @Test
  void whoIsBlockedNeitherHearsNorIsToldOf() {
    RawClient phone = live(alice, "phone");
    RawClient bobs = live(bob, "phone");
    phone.acked(aliceAndBob, "1");
    assertThat(bobs.acked(aliceAndBob, "2").seq()).isEqualTo(2);
    phone.await(Frame.Deliver.class);
    assertThat(sent(phone, aliceAndBob, new Change.Block())).isEqualTo(3);

    ack(bobs, aliceAndBob, 2);
    ack(phone, aliceAndBob, 3);
    phone.send(new Frame.ReadMark(aliceAndBob, 3));
    bobs.send(new Frame.ReadMark(aliceAndBob, 2));
    assertThat(received(phone, bobs)).isEmpty();
    assertThat(received(bobs, phone)).isEmpty();
    bobs.send(new Frame.Receipts(1, aliceAndBob, "", 0));
    assertThat(bobs.await(Frame.ReceiptsPage.class).entries())
        .extracting(MemberReceipt::user)
        .containsExactly(bob);

    assertThat(sent(phone, aliceAndBob, new Change.Unblock())).isEqualTo(4);
    assertThat(phone.acked(aliceAndBob, "5").seq()).isEqualTo(5);
    ack(bobs, aliceAndBob, 5);
    assertThat(phone.await(Frame.Receipt.class, r -> r.state() == ReceiptState.DELIVERED))
        .isEqualTo(receipt(aliceAndBob, bob, ReceiptState.DELIVERED, 5));
  }

  @Test
  void whoIsBlockedAndBlocksBackHasNothingLeftToAskFor() {
    MisbehavingProxy line = proxy();
    RawClient blocker = live(alice, "phone");
    SdkDevice blocked = sdk(line, bob);
    blocker.acked(aliceAndBob, "1");
    SdkDevice.until(() -> blocked.log(aliceAndBob).size() == 1);
    assertThat(sent(blocker, aliceAndBob, new Change.Block())).isEqualTo(2);
    sent(blocker, aliceAndBob, new Change.Recall(1)); // 3
    Conversation talk = blocked.client().conversation(aliceAndBob);
    assertThat(SdkDevice.await(talk.block()).seq()).isEqualTo(4);

    SdkDevice.until(() -> SdkDevice.await(blocked.client().cursor(aliceAndBob)) == 4);
    assertThat(blocked.log(aliceAndBob)).extracting(SdkDevice.Entry::seq).containsExactly(1L, 4L);
    SdkDevice.until(() -> line.passed(Frame.AckConfirm.class).stream().anyMatch(c -> c.seq() == 4));
    int syncs = line.passed(Frame.Sync.class).size();
    assertThat(SdkDevice.await(talk.unblock()).seq()).isEqualTo(5);
    SdkDevice.until(() -> line.passed(Frame.AckConfirm.class).stream().anyMatch(c -> c.seq() == 5));
    assertThat(line.passed(Frame.Sync.class)).hasSizeLessThanOrEqualTo(syncs + 1);
  }

  @Test
  void aLostAckConfirmIsAskedForAgainOnTheSameConnection() {
    MisbehavingProxy line = proxy();
    SdkDevice receiver = sdk(line, bob);
    RawClient phone = live(alice, "phone");
    line.next(Frame.AckConfirm.class::isInstance, Fault.LOST);
    phone.acked(aliceAndBob, "1");
    SdkDevice.until(line::isDone);
    assertThat(receiver.log(aliceAndBob)).hasSize(1);
    assertThat(node.count("select count(*) from cursors where seq = 1")).isPositive();

    SdkDevice.until(() -> !line.passed(Frame.AckConfirm.class).isEmpty());
    assertThat(line.passed(Frame.DeliverAck.class)).hasSize(2);
    assertThat(line.connections()).isEqualTo(1);
  }
}
