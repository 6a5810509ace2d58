package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.MessageRange;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.Outbound;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several devices of a user, and the same device again, on a real node. */
final class DevicesTest {
  private static final int NEWEST = 5;
  private static final int PAGE = 10;
  private static final int WINDOW = 20;
  private static final Vertx VERTX = Vertx.vertx();

  private static TestNode node;

  private final List<RawClient> clients = new ArrayList<>();
  private String alice;
  private String bob;
  private ConversationId talk;

  /** Kicks are lost, so that what a newer session does to an older one is done without them. */
  @BeforeAll
  static void startNode() {
    node =
        TestNode.start(
            TestPostgres.freshDatabase(),
            Map.of(
                "QUIPU_RECIPIENT_NEWEST_FOR_NEW_DEVICE", Integer.toString(NEWEST),
                "QUIPU_RECIPIENT_SYNC_PAGE_MESSAGES", Integer.toString(PAGE),
                "QUIPU_RECIPIENT_WINDOW_MESSAGES", Integer.toString(WINDOW),
                "QUIPU_SEQUENCER_NEW_DIRECTS_PER_HOUR", "100000"),
            FaultyBus.with(VERTX, DevicesTest::withoutKicks));
  }

  private static List<FaultyBus.Copy> withoutKicks(BusMessage message) {
    if (message instanceof Outbound all && !all.kicks().isEmpty()) {
      return List.of();
    }
    return List.of(new FaultyBus.Copy(message, 0));
  }

  @AfterAll
  static void stopNode() {
    node.close();
    SdkDevice.await(VERTX.close());
  }

  @BeforeEach
  void people() {
    alice = TestNode.fresh("alice");
    bob = TestNode.fresh("bob");
    talk = ConversationId.direct(new UserId(alice), new UserId(bob));
  }

  @AfterEach
  void closeClients() {
    clients.forEach(RawClient::close);
  }

  private RawClient live(Dress dress, String user, String device) {
    return kept(RawClient.live(node, dress, user, device));
  }

  private RawClient kept(RawClient client) {
    clients.add(client);
    return client;
  }

  private static long cursor(String user, String device, ConversationId conversation) {
    return node.count(
        "select coalesce(max(cursors.seq), 0) from cursors"
            + " join devices on devices.id = cursors.device"
            + " join users on users.id = devices.user_id"
            + " join conversations on conversations.id = cursors.conversation"
            + " where users.name = '%s' and devices.name = '%s' and conversations.name = '%s'"
                .formatted(user, device, conversation));
  }

  private static long readMark(String user, ConversationId conversation) {
    return node.count(
        "select coalesce(max(read_marks.seq), 0) from read_marks"
            + " join users on users.id = read_marks.user_id"
            + " join conversations on conversations.id = read_marks.conversation"
            + " where users.name = '%s' and conversations.name = '%s'"
                .formatted(user, conversation));
  }

  private static long tail(ConversationId conversation) {
    return node.count(
        "select coalesce(max(messages.seq), 0) from messages"
            + " join conversations on conversations.id = messages.conversation"
            + " where conversations.name = '%s'".formatted(conversation));
  }

  private static void send(RawClient sender, ConversationId conversation, int count) {
    int last = 0;
    for (int i = 0; i < count; i++) {
      last = sender.send(UUID.randomUUID(), conversation, "message " + i);
    }
    sender.ackOf(last);
  }

  private static List<Long> seqs(List<Frame.Deliver> deliveries) {
    return deliveries.stream()
        .flatMap(deliver -> deliver.range().messages().stream())
        .map(message -> message.seq())
        .toList();
  }

  private static List<Long> fromTo(long from, long to) {
    return LongStream.rangeClosed(from, to).boxed().toList();
  }

  @Test
  void everyDeviceHasItsOwnCursorAndItsOwnWindow() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    RawClient silent = live(Dress.WEBSOCKET_BINARY, bob, "silent");
    RawClient eager = live(Dress.TCP, bob, "eager");

    send(sender, talk, WINDOW + PAGE);
    new Transcript(eager, talk).until(WINDOW + PAGE);
    eager.await(Frame.AckConfirm.class, confirm -> confirm.seq() == WINDOW + PAGE);
    List<Long> seen = new ArrayList<>();
    while (seen.size() < WINDOW) {
      seen.addAll(seqs(List.of(silent.await(Frame.Deliver.class))));
    }
    silent.fence();
    assertThat(seqs(silent.taken(Frame.Deliver.class))).as("beyond its window").isEmpty();
    assertThat(seen).isEqualTo(fromTo(1, WINDOW));
    assertThat(cursor(bob, "eager", talk)).isEqualTo(WINDOW + PAGE);
    assertThat(cursor(bob, "silent", talk)).isZero();

    silent.ackAndConfirm(talk, WINDOW);
    assertThat(silent.await(Frame.Deliver.class).range().fromSeq()).isEqualTo(WINDOW + 1);
    assertThat(cursor(bob, "silent", talk)).isEqualTo(WINDOW);
  }

  @Test
  void whatOneDeviceSendsItsUsersOtherDevicesSeeAtOnceOrAtTheirSync() {
    RawClient phone = live(Dress.TCP, alice, "phone");
    RawClient browser = live(Dress.WEBSOCKET_JSON, alice, "browser");
    live(Dress.TCP, alice, "away").close();
    UUID first = UUID.randomUUID();
    phone.ackOf(phone.send(first, talk, "from the phone"));
    assertThat(new Transcript(browser, talk).until(1).ids()).containsExactly(first);
    UUID second = UUID.randomUUID();
    browser.ackOf(browser.send(second, talk, "from the browser"));
    Transcript onPhone = new Transcript(phone, talk);
    onPhone.take(phone.await(Frame.Deliver.class).range());
    assertThat(onPhone.ids()).containsExactly(second);

    RawClient back = kept(RawClient.connect(node, Dress.TCP, alice, "away"));
    assertThat(new Transcript(back, talk).take(back.sync(1)).ids()).containsExactly(first, second);
  }

  @Test
  void readMarksAreTheUsersAndOnlyRise() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    RawClient phone = live(Dress.TCP, bob, "phone");
    RawClient tablet = live(Dress.WEBSOCKET_JSON, bob, "tablet");
    send(sender, talk, 5);

    phone.send(new Frame.ReadMark(talk, 3));
    assertThat(tablet.await(Frame.ReadMark.class)).isEqualTo(new Frame.ReadMark(talk, 3));
    Frame.Receipt read =
        sender.await(Frame.Receipt.class, receipt -> receipt.state() == ReceiptState.READ);
    assertThat(read.user()).isEqualTo(new UserId(bob));
    assertThat(read.seq()).isEqualTo(3);
    tablet.send(new Frame.ReadMark(talk, 2));
    tablet.send(new Frame.ReadMark(talk, 5));
    phone.await(Frame.ReadMark.class, mark -> mark.seq() == 5);
    assertThat(readMark(bob, talk)).isEqualTo(5);
    phone.send(new Frame.ReadMark(talk, 1));
    phone.send(new Frame.ReadMark(talk, 6));
    phone.await(Frame.Error.class, e -> e.code() == ErrorCode.ACK_BEYOND_TAIL.code());
    assertThat(readMark(bob, talk)).isEqualTo(5);

    RawClient fresh = live(Dress.TCP, bob, "fresh");
    fresh.send(new Frame.Conversations(1, "", 0, Optional.of(talk)));
    assertThat(fresh.await(Frame.ConversationsPage.class).conversations())
        .singleElement()
        .satisfies(summary -> assertThat(summary.unread()).isZero());
  }

  // ---- the same device again

  /** What the older session of a device may still say. */
  enum Late {
    DELIVER_ACK,
    SEND,
    READ_MARK,
    SYNC,
    SYNC_ACK,
    MUTE
  }

  private Frame frame(Late late) {
    return switch (late) {
      case DELIVER_ACK -> new Frame.DeliverAck(talk, 3);
      case SEND ->
          new Frame.Send(
              1,
              UUID.randomUUID(),
              Optional.of(talk),
              Optional.empty(),
              false,
              Content.Text.of("too late"));
      case READ_MARK -> new Frame.ReadMark(talk, 3);
      case SYNC -> new Frame.Sync(2, List.of(new Cursor(talk, 3)), false, false);
      case SYNC_ACK -> new Frame.SyncAck(1, 1);
      case MUTE -> new Frame.Mute(talk, Long.MAX_VALUE);
    };
  }

  @ParameterizedTest
  @EnumSource(Late.class)
  void aLateFrameOfAReplacedSessionChangesNothingAlsoWhenTheKickWasLost(Late late) {
    RawClient sender = live(Dress.TCP, alice, "phone");
    RawClient older = live(Dress.WEBSOCKET_BINARY, bob, "phone");
    send(sender, talk, 3);
    older.await(Frame.Deliver.class, deliver -> deliver.range().toSeq() == 3);
    RawClient newer = live(Dress.TCP, bob, "phone");
    assertThat(newer.connected().sessionGeneration())
        .isGreaterThan(older.connected().sessionGeneration());
    older.taken(Frame.class);

    older.send(frame(late));

    assertThat(older.end().goAway()).isEqualTo(ErrorCode.REPLACED.code());
    assertThat(older.taken(Frame.class))
        .as("the answer")
        .allSatisfy(frame -> assertThat(frame).isInstanceOf(Frame.GoAway.class));
    // What comes behind it has passed every way on which the late frame could do something.
    newer.ackAndConfirm(talk, 1);
    newer.send(new Frame.ReadMark(talk, 1));
    sender.await(Frame.Receipt.class, receipt -> receipt.state() == ReceiptState.READ);
    assertThat(cursor(bob, "phone", talk)).isEqualTo(1);
    assertThat(readMark(bob, talk)).isEqualTo(1);
    assertThat(tail(talk)).isEqualTo(3);
    assertThat(newer.taken(Frame.Mute.class)).isEmpty();
    assertThat(sender.acked(talk, "goes on").seq()).isEqualTo(4);
    newer.await(Frame.Deliver.class, deliver -> deliver.range().toSeq() == 4);
  }

  /** Its newest session stays, and gets what comes, whoever of them said something last. */
  @Test
  void ofManySessionsOfADeviceTheNewestOneStays() {
    List<RawClient> sessions = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      sessions.add(live(List.of(Dress.values()).get(i % 3), bob, "phone"));
    }
    for (int i = 0; i < 7; i++) {
      sessions.get(i).send(new Frame.Ping(1));
      assertThat(sessions.get(i).end().goAway()).isEqualTo(ErrorCode.REPLACED.code());
    }
    RawClient sender = live(Dress.TCP, alice, "phone");
    send(sender, talk, 1);
    new Transcript(sessions.get(7), talk).until(1);
    sessions.get(7).ackAndConfirm(talk, 1);
    assertThat(cursor(bob, "phone", talk)).isEqualTo(1);
  }

  // ---- devices that come back

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aDeviceThatWasAwayForLongGetsAllOfItInOrder(boolean ackedOnTheWay) {
    int each = 10 * WINDOW + 3;
    RawClient sender = live(Dress.TCP, alice, "phone");
    ConversationId group = sender.createGroup("group", bob).conversation();
    try (StrictDevice device = new StrictDevice(node, Dress.WEBSOCKET_JSON, bob, "phone")) {
      device.untilDone(device.beginSync());
      device.client().close();
      for (int i = 0; i < each; i++) {
        sender.send(UUID.randomUUID(), i % 2 == 0 ? talk : group, "while he was away");
        int sent = sender.send(UUID.randomUUID(), i % 2 == 0 ? group : talk, "while he was away");
        if (i % 50 == 49) {
          sender.ackOf(sent); // its send window has a bound
        }
      }
      SdkDevice.until(() -> tail(talk) == each && tail(group) == each + 1);
      if (!ackedOnTheWay) {
        device.acksNothing();
      }
      device.reconnect();
      Frame.SyncDone done = device.untilDone(device.beginSync());

      assertThat(device.view(talk)).hasSize(each).doesNotHaveDuplicates();
      assertThat(device.view(group)).hasSize(each + 1).doesNotHaveDuplicates();
      assertThat(device.repeated()).isZero();
      assertThat(device.pages()).isGreaterThanOrEqualTo(2 * each / PAGE);
      assertThat(done.conversations()).isEqualTo(2);
      // Then it is live.
      device.client().ack(talk, each);
      device.client().ack(group, each + 1L);
      send(sender, talk, 1);
      device.until(talk, each + 1L);
    }
  }

  @Test
  void aNewDeviceGetsTheNewestOfEachConversationAndPagesBack() {
    int conversations = 12;
    int each = 12;
    RawClient sender = live(Dress.TCP, alice, "phone");
    Set<ConversationId> groups = new HashSet<>();
    for (int i = 0; i < conversations; i++) {
      ConversationId group = sender.createGroup("group " + i, bob).conversation();
      groups.add(group);
      send(sender, group, each - 1);
    }
    RawClient fresh = kept(RawClient.connect(node, Dress.TCP, bob, "fresh"));
    assertThat(fresh.connected().deviceIsNew()).isTrue();
    List<Frame.SyncPage> pages = fresh.sync(1);
    for (ConversationId group : groups) {
      Transcript seen = new Transcript(fresh, group).take(pages);
      assertThat(seen.gaps()).containsExactly(new Gap(1, each - NEWEST, Gap.Reason.OLDER));
      assertThat(seen.seqs()).isEqualTo(fromTo(each - NEWEST + 1, each));
    }
    ConversationId one = groups.iterator().next();
    List<Long> back = new ArrayList<>();
    long before = each - NEWEST + 1L;
    boolean more = true;
    for (int request = 1; more; request++) {
      fresh.send(new Frame.History(request, one, before, 0, 3));
      Frame.HistoryPage page = fresh.await(Frame.HistoryPage.class);
      MessageRange range = page.range();
      assertThat(range.toSeq()).isEqualTo(before - 1);
      for (int i = range.messages().size() - 1; i >= 0; i--) {
        back.add(range.messages().get(i).seq());
      }
      before = range.fromSeq();
      more = page.more();
    }
    assertThat(back).containsExactly(7L, 6L, 5L, 4L, 3L, 2L, 1L);
    fresh.ackAndConfirm(one, each);
    send(sender, one, 1);
    assertThat(
            fresh
                .await(Frame.Deliver.class, d -> d.range().conversation().equals(one))
                .range()
                .fromSeq())
        .isEqualTo(each + 1);
  }

  @Test
  void aDeviceThatLostItsStorageGetsEverythingAgainWhateverItHadAcked() {
    int each = 3 * PAGE;
    RawClient sender = live(Dress.TCP, alice, "phone");
    ConversationId group = sender.createGroup("group", bob).conversation();
    send(sender, group, each - 1);
    send(sender, talk, each);
    RawClient before = kept(RawClient.connect(node, Dress.TCP, bob, "phone"));
    before.sync(new Frame.Sync(1, zeros(group), false, false));
    before.ackAndConfirm(talk, each);
    before.ackAndConfirm(group, each);
    before.close();

    RawClient after = kept(RawClient.connect(node, Dress.TCP, bob, "phone"));
    assertThat(after.connected().deviceIsNew())
        .as("it has lost its storage, not its name")
        .isFalse();
    assertThat(after.sync(1)).as("the server's cursors are at the end").isEmpty();
    List<Frame.SyncPage> pages = after.sync(new Frame.Sync(2, zeros(group), false, false));
    for (ConversationId conversation : List.of(talk, group)) {
      assertThat(new Transcript(after, conversation).take(pages).seqs()).isEqualTo(fromTo(1, each));
    }
    // An ack on the way does not lower what the server has; and pushes go on at the end.
    after.ackAndConfirm(talk, PAGE);
    assertThat(cursor(bob, "phone", talk)).isEqualTo(each);
    after.ackAndConfirm(talk, each);
    send(sender, talk, 1);
    assertThat(
            after
                .await(Frame.Deliver.class, deliver -> deliver.range().toSeq() == each + 1)
                .range()
                .fromSeq())
        .isEqualTo(each + 1);
  }

  private List<Cursor> zeros(ConversationId group) {
    return List.of(new Cursor(talk, 0), new Cursor(group, 0));
  }

  /** The SDK with an empty cursor store: it goes on where the server has it. */
  @Test
  void anSdkDeviceThatLostItsStorageGoesOnWhereTheServerHasIt() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    SdkDevice first = node.device(VERTX, bob, "tcp").start();
    send(sender, talk, 4);
    SdkDevice.until(() -> first.log(talk).size() == 4);
    SdkDevice.until(() -> cursor(bob, "phone", talk) == 4);
    first.close();
    send(sender, talk, 2);

    SdkDevice second = node.device(VERTX, bob, "ws+json").start();
    send(sender, talk, 1);
    SdkDevice.until(() -> second.log(talk).size() == 3);
    assertThat(second.log(talk)).extracting(SdkDevice.Entry::seq).containsExactly(5L, 6L, 7L);
    SdkDevice.until(() -> cursor(bob, "phone", talk) == 7);
    second.close();
  }

  @Test
  void aDeviceWithAThousandConversationsGetsThemAll() {
    int conversations = 1_000;
    RawClient phone = live(Dress.TCP, bob, "phone");
    Set<ConversationId> all = new HashSet<>();
    for (int i = 0; i < conversations; i++) {
      ConversationId one = ConversationId.direct(new UserId(bob), new UserId(alice + "-" + i));
      all.add(one);
      int sent = phone.send(UUID.randomUUID(), one, "hello");
      if (i % 100 == 99) {
        phone.ackOf(sent);
      }
    }
    Awaitility.await()
        .until(
            () ->
                node.count(
                        "select count(*) from messages join users on users.id = sender"
                            + " where users.name = '%s'".formatted(bob))
                    == conversations);
    try (StrictDevice tablet = new StrictDevice(node, Dress.WEBSOCKET_BINARY, bob, "tablet")) {
      Frame.SyncDone done = tablet.untilDone(tablet.beginSync());
      assertThat(done.conversations()).isEqualTo(conversations);
      assertThat(done.messages()).isEqualTo(conversations);
      assertThat(all).allSatisfy(one -> assertThat(tablet.cursor(one)).isEqualTo(1));
      assertThat(tablet.pages()).as("full pages").isEqualTo(conversations / PAGE);
      // It is live in each of them, and the next sync finds nothing.
      all.stream().limit(20).forEach(one -> phone.send(UUID.randomUUID(), one, "again"));
      all.stream().limit(20).forEach(one -> tablet.until(one, 2));
      SdkDevice.until(
          () ->
              node.count(
                      "select count(*) from cursors join devices on devices.id = cursors.device"
                          + " join users on users.id = devices.user_id"
                          + " where users.name = '%s' and devices.name = 'tablet'".formatted(bob))
                  == conversations);
      tablet.reconnect();
      assertThat(tablet.untilDone(tablet.beginSync()).messages()).isZero();
    }
  }
}
