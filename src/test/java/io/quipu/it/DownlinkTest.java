package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.JsonCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Receivers that ack slowly, wrongly or never, or do not read, on real sockets beside others. */
final class DownlinkTest {
  private static final int WINDOW = 40;
  private static final int WINDOW_BYTES = 65_536;
  private static final int BODY = 8_000;
  private static final int TRIES = 2;

  private static TestNode patient;
  private static TestNode impatient;

  private final List<RawClient> clients = new ArrayList<>();
  private String alice;
  private String bob;
  private ConversationId talk;

  @BeforeAll
  static void startNodes() {
    String database = TestPostgres.freshDatabase();
    patient = node(database, 60_000);
    impatient = node(TestPostgres.freshDatabase(), 300);
  }

  private static TestNode node(String database, int ackTimeoutMs) {
    return TestNode.start(
        database,
        Map.of(
            "QUIPU_RECIPIENT_WINDOW_MESSAGES", Integer.toString(WINDOW),
            "QUIPU_RECIPIENT_WINDOW_BYTES", Integer.toString(WINDOW_BYTES),
            "QUIPU_RECIPIENT_SYNC_PAGE_MESSAGES", "10",
            "QUIPU_RECIPIENT_ACK_TIMEOUT_MS", Integer.toString(ackTimeoutMs),
            "QUIPU_RECIPIENT_ACK_TRIES", Integer.toString(TRIES)));
  }

  @AfterAll
  static void stopNodes() {
    patient.close();
    impatient.close();
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

  private RawClient live(TestNode node, Dress dress, String user) {
    RawClient client = RawClient.live(node, dress, user, "phone");
    clients.add(client);
    return client;
  }

  private static void send(RawClient sender, ConversationId to, int count, int bodyBytes) {
    for (int i = 0; i < count; i++) {
      sender.ack(to, sender.acked(to, "x".repeat(bodyBytes)).seq());
    }
  }

  private static List<Long> seqs(Frame.Deliver deliver) {
    return deliver.range().messages().stream().map(message -> message.seq()).toList();
  }

  /** So many messages, as they come. */
  private static List<Long> take(RawClient receiver, int count) {
    List<Long> seen = new ArrayList<>();
    while (seen.size() < count) {
      seen.addAll(seqs(receiver.await(Frame.Deliver.class)));
    }
    return seen;
  }

  private static void nothingMore(RawClient receiver) {
    receiver.fence();
    assertThat(receiver.taken(Frame.Deliver.class)).isEmpty();
  }

  private static List<Long> fromTo(long from, long to) {
    return LongStream.rangeClosed(from, to).boxed().toList();
  }

  // ---- the window

  @ParameterizedTest
  @EnumSource(Dress.class)
  void noMoreMessagesAreOnTheirWayThanTheWindowHolds(Dress dress) {
    RawClient sender = live(patient, Dress.TCP, alice);
    RawClient receiver = live(patient, dress, bob);
    send(sender, talk, WINDOW + 25, 10);
    assertThat(take(receiver, WINDOW)).isEqualTo(fromTo(1, WINDOW));
    nothingMore(receiver);
    receiver.ackAndConfirm(talk, 20);
    assertThat(take(receiver, 20)).isEqualTo(fromTo(WINDOW + 1, WINDOW + 20));
    nothingMore(receiver);
    receiver.ack(talk, WINDOW + 20);
    assertThat(take(receiver, 5)).isEqualTo(fromTo(WINDOW + 21, WINDOW + 25));
  }

  @ParameterizedTest
  @EnumSource(Dress.class)
  void noMoreBytesAreOnTheirWayThanTheWindowHolds(Dress dress) {
    int fit = WINDOW_BYTES / BODY; // and an envelope each: 8 x 8,080 is less than 64 Ki
    RawClient sender = live(patient, Dress.TCP, alice);
    RawClient receiver = live(patient, dress, bob);
    send(sender, talk, fit + 6, BODY);
    assertThat(take(receiver, fit)).isEqualTo(fromTo(1, fit));
    nothingMore(receiver);
    receiver.ackAndConfirm(talk, fit);
    assertThat(take(receiver, 6)).isEqualTo(fromTo(fit + 1, fit + 6));
  }

  // ---- receivers that do not ack

  @ParameterizedTest
  @EnumSource(Dress.class)
  void whoReadsAndNeverAcksGetsItAgainMarkedAndIsClosedAndHarmsNobody(Dress dress) {
    RawClient sender = live(impatient, Dress.TCP, alice);
    try (Bystanders bystanders = Bystanders.of(impatient)) {
      RawClient silent = live(impatient, dress, bob);
      send(sender, talk, 3, 10);
      assertThat(silent.end().goAway()).isEqualTo(ErrorCode.SLOW_CONSUMER.code());
      List<Frame.Deliver> came = silent.taken(Frame.Deliver.class);
      for (long seq = 1; seq <= 3; seq++) {
        long wanted = seq;
        assertThat(came.stream().filter(d -> seqs(d).contains(wanted)).map(d -> d.redelivered()))
            .as("seq %d", seq)
            .containsExactly(false, true, true);
      }
      sender.fence();
      assertThat(sender.hasEnded()).isFalse();
      // All of it is there for the next connection.
      RawClient back = RawClient.connect(impatient, dress, bob, "phone");
      clients.add(back);
      assertThat(new Transcript(back, talk).take(back.sync(1)).seqs()).isEqualTo(fromTo(1, 3));
      assertThat(bystanders.exchanged()).isPositive();
    }
  }

  /** A device whose application cannot take one message says so, and is served in all else. */
  @Test
  void whoIsStuckInOneConversationAndSaysSoKeepsHisConnection() {
    RawClient sender = live(impatient, Dress.TCP, alice);
    RawClient stuck = live(impatient, Dress.WEBSOCKET_JSON, bob);
    send(sender, talk, 2, 10);
    take(stuck, 2);
    stuck.ackAndConfirm(talk, 1);
    for (int again = 0; again < TRIES + 2; again++) {
      Frame.Deliver repeated = stuck.await(Frame.Deliver.class);
      assertThat(repeated.redelivered()).isTrue();
      assertThat(seqs(repeated)).containsExactly(2L);
      stuck.ack(talk, 1);
    }
    ConversationId group = sender.createGroup("another one", bob).conversation();
    sender.ack(group, 1);
    assertThat(
            stuck
                .await(Frame.Deliver.class, d -> d.range().conversation().equals(group))
                .redelivered())
        .isFalse();
    stuck.ack(group, 1);
    stuck.fence();
    assertThat(stuck.hasEnded()).isFalse();
    // Who falls silent is closed after all.
    assertThat(stuck.end().goAway()).isEqualTo(ErrorCode.SLOW_CONSUMER.code());
  }

  // ---- wrong acks

  @Test
  void anAckBeyondWhatWasPushedAndNotBeyondTheEndCounts() {
    RawClient sender = live(patient, Dress.TCP, alice);
    RawClient receiver = live(patient, Dress.TCP, bob);
    send(sender, talk, WINDOW + 20, 10);
    take(receiver, WINDOW);
    nothingMore(receiver);
    receiver.ackAndConfirm(talk, WINDOW + 20); // from another device's back-up, say
    nothingMore(receiver);
    send(sender, talk, 1, 10);
    assertThat(take(receiver, 1)).containsExactly(WINDOW + 21L);
  }

  @ParameterizedTest
  @EnumSource(Dress.class)
  void anAckBeyondTheEndIsAnErrorMovesNothingAndHarmsNobody(Dress dress) {
    RawClient sender = live(patient, Dress.TCP, alice);
    RawClient liar = live(patient, dress, bob);
    send(sender, talk, 2, 10);
    take(liar, 2);
    liar.ack(talk, Long.MAX_VALUE);
    Frame.Error beyond =
        liar.await(Frame.Error.class, e -> e.code() == ErrorCode.ACK_BEYOND_TAIL.code());
    assertThat(beyond.conversation()).contains(talk);
    ConversationId foreign = ConversationId.direct(new UserId(alice), new UserId("somebody"));
    liar.ack(foreign, 1);
    liar.await(Frame.Error.class, e -> e.code() == ErrorCode.ACK_BEYOND_TAIL.code());
    liar.ack(talk, -1);
    liar.await(Frame.Error.class, e -> e.code() == ErrorCode.INVALID_REQUEST.code());
    assertThat(
            patient.count(
                "select count(*) from cursors join devices on devices.id = cursors.device"
                    + " join users on users.id = devices.user_id where users.name = '%s'"
                        .formatted(bob)))
        .isZero();
    send(sender, talk, 1, 10);
    assertThat(take(liar, 1)).containsExactly(3L);
    liar.ackAndConfirm(talk, 3);
    // What it said in vain is not believed at its next sync either.
    RawClient back = RawClient.connect(patient, dress, bob, "phone");
    clients.add(back);
    assertThat(back.sync(1)).isEmpty();
    send(sender, talk, 1, 10);
    assertThat(take(back, 1)).containsExactly(4L);
  }

  @Test
  void anAckInAGapMovesTheCursorToItAndWhatFollowsComes() {
    RawClient owner = live(patient, Dress.TCP, alice);
    RawClient member = live(patient, Dress.TCP, bob);
    ConversationId group = owner.createGroup("group", bob).conversation(); // 1
    change(owner, group, new Change.Remove(List.of(new UserId(bob)))); // 2
    send(owner, group, 2, 10); // 3, 4
    change(owner, group, new Change.Add(List.of(new UserId(bob)))); // 5
    member.await(Frame.Deliver.class, d -> d.range().toSeq() == 5);
    member.ackAndConfirm(group, 3); // the gap is 3 to 4
    RawClient back = RawClient.connect(patient, Dress.TCP, bob, "phone");
    clients.add(back);
    Transcript rest = new Transcript(back, group).take(back.sync(1));
    assertThat(rest.seqs()).containsExactly(5L);
    assertThat(rest.gaps())
        .singleElement()
        .satisfies(gap -> assertThat(gap.fromSeq()).isEqualTo(4));
    back.ackAndConfirm(group, 5);
    send(owner, group, 1, 10);
    assertThat(take(back, 1)).containsExactly(6L);
  }

  private static void change(RawClient client, ConversationId group, Change change) {
    client.ackOf(client.send(UUID.randomUUID(), group, new Content.Changed(change), false));
  }

  /**
   * A lower ack, a repeated one, one of 1,000 in a row: nothing comes twice, nothing falls back.
   */
  @Test
  void acksThatAreRepeatedOrFallBackChangeNothing() {
    RawClient sender = live(patient, Dress.TCP, alice);
    RawClient receiver = live(patient, Dress.TCP, bob);
    send(sender, talk, 5, 10);
    take(receiver, 5);
    receiver.ackAndConfirm(talk, 5);
    for (int i = 0; i < 1_000; i++) {
      receiver.ack(talk, 1 + i % 5);
    }
    send(sender, talk, 1, 10);
    assertThat(take(receiver, 1)).containsExactly(6L);
    nothingMore(receiver);
    receiver.sync(new Frame.Sync(2, List.of(new Cursor(talk, 5)), false, false));
    assertThat(
            patient.count(
                "select max(seq) from cursors join devices on devices.id = cursors.device"
                    + " join users on users.id = devices.user_id where users.name = '%s'"
                        .formatted(bob)))
        .isEqualTo(5);
  }

  // ---- receivers that do not read

  /**
   * Far more is sent to it than any buffer on the way holds. The neighbours get each of their own
   * messages in its place, once and never as a repetition, before, during and after.
   */
  @ParameterizedTest
  @EnumSource(Dress.class)
  void whoStopsReadingIsClosedAndHarmsNobody(Dress dress) throws IOException {
    RawClient sender = live(impatient, Dress.TCP, alice);
    try (Bystanders bystanders = Bystanders.of(impatient);
        RawSocket deaf = socket(dress)) {
      deaf.message(encoded(dress, RawClient.connectFrame(impatient.token(bob), "phone")));
      deaf.read(); // Connected; and from here on it reads nothing
      deaf.message(encoded(dress, new Frame.Sync(1, List.of(), false, false)));
      send(sender, talk, 200, BODY);
      sender.send(new Frame.WatchPresence(List.of(new UserId(bob))));
      sender.await(Frame.Presence.class, presence -> !presence.online());
      long after = bystanders.exchanged();
      SdkDevice.until(() -> bystanders.exchanged() > after);
    }
    RawClient back = RawClient.connect(impatient, dress, bob, "phone");
    clients.add(back);
    assertThat(new Transcript(back, talk).take(back.sync(1)).seqs()).isEqualTo(fromTo(1, 200));
  }

  private static byte[] encoded(Dress dress, Frame frame) {
    return (dress == Dress.WEBSOCKET_JSON ? new JsonCodec() : new BinaryCodec()).encode(frame);
  }

  private static RawSocket socket(Dress dress) throws IOException {
    return switch (dress) {
      case TCP -> RawSocket.tcp(impatient.tcpPort());
      case WEBSOCKET_BINARY -> webSocket(RawSocket.Kind.BINARY, "quipu.v1");
      case WEBSOCKET_JSON -> webSocket(RawSocket.Kind.TEXT, "quipu.v1.json");
    };
  }

  private static RawSocket webSocket(RawSocket.Kind kind, String subProtocol) throws IOException {
    return RawSocket.webSocket(
        impatient.httpPort(),
        kind,
        RawSocket.PATH,
        List.of("Sec-WebSocket-Protocol: " + subProtocol));
  }
}
