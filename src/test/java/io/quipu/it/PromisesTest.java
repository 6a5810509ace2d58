package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each promise of the design, on a real node: a test that fails where the promise is broken. */
final class PromisesTest {
  private static final int NEWEST = 5;

  private static TestNode node;

  private final List<RawClient> clients = new ArrayList<>();
  private String alice;
  private String bob;
  private String carol;
  private ConversationId aliceAndBob;

  @BeforeAll
  static void startNode() {
    node =
        TestNode.start(Map.of("QUIPU_RECIPIENT_NEWEST_FOR_NEW_DEVICE", Integer.toString(NEWEST)));
  }

  @AfterAll
  static void stopNode() {
    node.close();
  }

  @BeforeEach
  void people() {
    alice = TestNode.fresh("alice");
    bob = TestNode.fresh("bob");
    carol = TestNode.fresh("carol");
    aliceAndBob = ConversationId.direct(new UserId(alice), new UserId(bob));
  }

  @AfterEach
  void closeClients() {
    clients.forEach(RawClient::close);
  }

  private RawClient live(Dress dress, String user, String device) {
    return live(node, dress, user, device);
  }

  private RawClient live(TestNode at, Dress dress, String user, String device) {
    RawClient client = RawClient.live(at, dress, user, device);
    clients.add(client);
    return client;
  }

  // ---- P1

  @Test
  void sendAckWaitsForTheCommit() throws SQLException {
    RawClient sender = live(Dress.TCP, alice, "phone");
    sender.acked(aliceAndBob, "so that the conversation is there");
    try (Connection other = TestPostgres.connect(node.databaseUri());
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("lock table messages in exclusive mode");
      int send = sender.send(UUID.randomUUID(), aliceAndBob, "held");
      Awaitility.await()
          .atMost(10, TimeUnit.SECONDS)
          .until(
              () ->
                  node.count(
                          "select count(*) from pg_locks"
                              + " where relation = 'messages'::regclass and not granted"
                              + " and database = (select oid from pg_database"
                              + " where datname = current_database())")
                      > 0);
      sender.fence();
      assertThat(sender.taken(Frame.SendAck.class)).isEmpty();
      assertThat(rows(statement, aliceAndBob)).isEqualTo(1);
      other.commit();
      assertThat(sender.ackOf(send).seq()).isEqualTo(2);
      assertThat(rows(statement, aliceAndBob)).isEqualTo(2);
    }
  }

  private static long rows(Statement statement, ConversationId conversation) throws SQLException {
    try (ResultSet rows = statement.executeQuery(countOf(conversation))) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private static String countOf(ConversationId conversation) {
    return "select count(*) from messages m join conversations c on c.id = m.conversation"
        + " where c.name = '"
        + conversation
        + "'";
  }

  // ---- P2

  @Test
  void aMessageWhosePushWasLostIsDeliveredByTheLook() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    RawClient receiver = live(Dress.WEBSOCKET_JSON, bob, "browser");
    sender.acked(aliceAndBob, "pushed");
    Transcript seen = new Transcript(receiver, aliceAndBob).until(1);
    sender.ackAndConfirm(aliceAndBob, 1);
    // As if the owner had died between commit and push.
    UUID id = UUID.randomUUID();
    node.execute(
        "insert into messages (conversation, seq, sender, client_message_id, kind, body)"
            + " select c.id, 2, u.id, '%s', 1, 'behind its back' from conversations c, users u"
                .formatted(id)
            + " where c.name = '%s' and u.name = '%s'".formatted(aliceAndBob, alice));
    long from = System.nanoTime();
    seen.until(2);
    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from)).isLessThan(10_000);
    assertThat(seen.ids().get(1)).isEqualTo(id);
    // The owner's tail is stale now: it collides, reloads, and goes on.
    assertThat(sender.acked(aliceAndBob, "after it").seq()).isEqualTo(3);
    assertThat(seen.until(3).seqs()).containsExactly(1L, 2L, 3L);
  }

  // ---- P3

  @Test
  void theSameIdAHundredTimesIsOneMessage() {
    UUID id = UUID.randomUUID();
    List<RawClient> devices = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      devices.add(live(List.of(Dress.values()).get(i % 3), alice, "device-" + i));
    }
    for (int round = 0; round < 20; round++) {
      for (RawClient device : devices) {
        device.send(id, aliceAndBob, Content.Text.of("once"), round % 2 == 1);
      }
    }
    int first = 0;
    for (RawClient device : devices) {
      for (int send = 1; send <= 20; send++) {
        Frame.SendAck ack = device.ackOf(send);
        assertThat(ack.seq()).isEqualTo(1);
        assertThat(ack.clientMessageId()).isEqualTo(id);
        first += ack.duplicate() ? 0 : 1;
      }
    }
    assertThat(first).as("acks without duplicate").isEqualTo(1);
    assertThat(node.count(countOf(aliceAndBob))).isEqualTo(1);

    RawClient device = devices.get(0);
    Frame.SendRejected other =
        device.rejectionOf(device.send(id, aliceAndBob, Content.Text.of("twice"), false));
    assertThat(other.code()).isEqualTo(ErrorCode.ID_REUSED);
    assertThat(other.outcome()).isEqualTo(Outcome.NOT_APPLIED);
    assertThat(node.count(countOf(aliceAndBob))).isEqualTo(1);
  }

  @Test
  void anotherNodeKnowsTheIdFromTheStore() {
    UUID id = UUID.randomUUID();
    RawClient here = live(Dress.TCP, alice, "phone");
    here.acked(aliceAndBob, "before");
    Frame.SendAck first = here.ackOf(here.send(id, aliceAndBob, "once"));
    try (TestNode fresh = TestNode.start(node.databaseUri(), Map.of())) {
      RawClient there = live(fresh, Dress.TCP, alice, "tablet");
      Frame.SendAck again =
          there.ackOf(there.send(id, aliceAndBob, Content.Text.of("once"), false));
      assertThat(again.duplicate()).isTrue();
      assertThat(again.seq()).isEqualTo(first.seq()).isEqualTo(2);
      assertThat(again.storedAtMs()).isEqualTo(first.storedAtMs());
    }
  }

  // ---- P4

  @Test
  void sendersWhoPipelineGetOneDenseOrder() {
    int senders = 4;
    int each = 60;
    String[] users = new String[senders];
    List<RawClient> devices = new ArrayList<>();
    for (int i = 0; i < senders; i++) {
      users[i] = TestNode.fresh("sender");
      devices.add(live(List.of(Dress.values()).get(i % 3), users[i], "phone"));
    }
    Frame.SendAck created = devices.get(0).createGroup("all", users);
    ConversationId group = created.conversation();
    Map<Integer, List<UUID>> sent = new HashMap<>();
    for (int k = 0; k < each; k++) {
      for (int i = 0; i < senders; i++) {
        UUID id = UUID.randomUUID();
        sent.computeIfAbsent(i, who -> new ArrayList<>()).add(id);
        devices.get(i).send(id, group, "message " + k);
      }
    }
    long tail = 1 + (long) senders * each;
    List<List<UUID>> logs = new ArrayList<>();
    for (RawClient device : devices) {
      Transcript seen = new Transcript(device, group);
      if (device == devices.get(0)) {
        seen.place(created);
      }
      logs.add(seen.until(tail).ids());
    }
    assertThat(logs.get(0)).hasSize((int) tail).doesNotHaveDuplicates();
    assertThat(logs).allSatisfy(log -> assertThat(log).isEqualTo(logs.get(0)));
    for (int i = 0; i < senders; i++) {
      Set<UUID> own = new HashSet<>(sent.get(i));
      assertThat(logs.get(0).stream().filter(own::contains)).isEqualTo(sent.get(i));
    }
    assertThat(node.count(countOf(group))).isEqualTo(tail);
  }

  private static MessageRange history(RawClient client, ConversationId conversation) {
    client.send(new Frame.History(1, conversation, 0, 0, 0));
    return client.await(Frame.HistoryPage.class).range();
  }

  // ---- delivery, cursors, sync

  @Test
  void whatIsNotAckedComesAgainAndThenTheConnectionCloses() {
    try (TestNode impatient =
        TestNode.start(
            node.databaseUri(),
            Map.of("QUIPU_RECIPIENT_ACK_TIMEOUT_MS", "300", "QUIPU_RECIPIENT_ACK_TRIES", "2"))) {
      RawClient sender = live(impatient, Dress.TCP, alice, "phone");
      RawClient silent = live(impatient, Dress.WEBSOCKET_BINARY, bob, "laptop");
      Frame.SendAck ack = sender.acked(aliceAndBob, "are you there?");
      sender.ack(aliceAndBob, ack.seq());
      assertThat(silent.await(Frame.Deliver.class).redelivered()).isFalse();
      for (int again = 1; again <= 2; again++) {
        Frame.Deliver redelivered = silent.await(Frame.Deliver.class);
        assertThat(redelivered.redelivered()).isTrue();
        assertThat(redelivered.range().fromSeq()).isEqualTo(1);
        assertThat(redelivered.range().messages().get(0).clientMessageId())
            .isEqualTo(ack.clientMessageId());
      }
      assertThat(silent.end())
          .isEqualTo(
              new RawClient.End(
                  ErrorCode.SLOW_CONSUMER.code(), ErrorCode.SLOW_CONSUMER.closeCode()));
      sender.fence();
      assertThat(sender.hasEnded()).isFalse();
      // Nothing is lost by it.
      RawClient back = RawClient.connect(impatient, Dress.TCP, bob, "laptop");
      clients.add(back);
      assertThat(new Transcript(back, aliceAndBob).take(back.sync(1)).seqs()).containsExactly(1L);
    }
  }

  @Test
  void anAckedCursorSurvivesTheConnection() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    RawClient receiver = live(Dress.TCP, bob, "phone");
    for (int i = 1; i <= 5; i++) {
      sender.acked(aliceAndBob, "message " + i);
    }
    receiver.ackAndConfirm(aliceAndBob, 3);
    receiver.close();
    RawClient back = RawClient.connect(node, Dress.WEBSOCKET_JSON, bob, "phone");
    clients.add(back);
    assertThat(back.connected().deviceIsNew()).isFalse();
    assertThat(new Transcript(back, aliceAndBob).take(back.sync(1)).seqs()).containsExactly(4L, 5L);
    // From the beginning, whatever was acked.
    Frame.Sync all = new Frame.Sync(2, List.of(new Cursor(aliceAndBob, 0)), false, false);
    assertThat(new Transcript(back, aliceAndBob).take(back.sync(all)).seqs())
        .containsExactly(1L, 2L, 3L, 4L, 5L);
  }

  @Test
  void aNewDeviceGetsTheNewestAndAGap() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    int sent = 12;
    for (int i = 1; i <= sent; i++) {
      sender.acked(aliceAndBob, "message " + i);
    }
    RawClient fresh = RawClient.connect(node, Dress.TCP, bob, "new");
    clients.add(fresh);
    assertThat(fresh.connected().deviceIsNew()).isTrue();
    Transcript seen = new Transcript(fresh, aliceAndBob).take(fresh.sync(1));
    assertThat(seen.gaps()).containsExactly(new Gap(1, sent - NEWEST, Gap.Reason.OLDER));
    assertThat(seen.seqs())
        .isEqualTo(LongStream.rangeClosed(sent - NEWEST + 1, sent).boxed().toList());
    assertThat(history(fresh, aliceAndBob).messages()).hasSize(sent);
  }

  @Test
  void aNewerSessionReplacesTheOlderOneAndNoOther() {
    RawClient older = live(Dress.WEBSOCKET_JSON, bob, "phone");
    RawClient otherDevice = live(Dress.TCP, bob, "tablet");
    RawClient newer = live(Dress.WEBSOCKET_BINARY, bob, "phone");
    assertThat(older.end())
        .isEqualTo(new RawClient.End(ErrorCode.REPLACED.code(), ErrorCode.REPLACED.closeCode()));
    assertThat(newer.connected().sessionGeneration())
        .isGreaterThan(older.connected().sessionGeneration());
    RawClient sender = live(Dress.TCP, alice, "phone");
    sender.acked(aliceAndBob, "who is there?");
    new Transcript(newer, aliceAndBob).until(1);
    new Transcript(otherDevice, aliceAndBob).until(1);
  }

  @Test
  void everyDeviceOfBothUsersGetsEverythingButItsOwnPush() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    List<RawClient> others =
        List.of(
            live(Dress.WEBSOCKET_JSON, alice, "browser"),
            live(Dress.TCP, bob, "phone"),
            live(Dress.WEBSOCKET_BINARY, bob, "laptop"));
    List<UUID> sent = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      UUID id = UUID.randomUUID();
      sent.add(id);
      sender.send(id, aliceAndBob, "message " + i);
    }
    for (RawClient device : others) {
      assertThat(new Transcript(device, aliceAndBob).until(20).ids()).isEqualTo(sent);
    }
    for (int send = 1; send <= 20; send++) {
      assertThat(sender.ackOf(send).seq()).isEqualTo(send);
    }
    sender.fence();
    assertThat(sender.taken(Frame.Deliver.class)).isEmpty();
  }

  // ---- P6

  @Test
  void sendStatusSaysWhatBecameOfASendAndCancelMakesAnEndOfIt() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    Frame.SendAck stored = sender.acked(aliceAndBob, "stored");
    assertThat(status(sender, stored.clientMessageId(), false).state()).isEqualTo(SendState.STORED);
    Frame.SendStatusResult cancelledTooLate = status(sender, stored.clientMessageId(), true);
    assertThat(cancelledTooLate.state()).isEqualTo(SendState.STORED);
    assertThat(cancelledTooLate.seq()).isEqualTo(stored.seq());

    UUID never = UUID.randomUUID();
    assertThat(status(sender, never, false).state()).isEqualTo(SendState.NOT_SEEN);
    assertThat(status(sender, never, true).state()).isEqualTo(SendState.VOID);
    assertThat(status(sender, never, false).state()).isEqualTo(SendState.VOID);
    Frame.SendRejected late =
        sender.rejectionOf(sender.send(never, aliceAndBob, Content.Text.of("late"), true));
    assertThat(late.code()).isEqualTo(ErrorCode.VOIDED);
    assertThat(late.outcome()).isEqualTo(Outcome.NOT_APPLIED);
    // Also when the sender forgets to say that it is a resend.
    assertThat(
            sender
                .rejectionOf(sender.send(never, aliceAndBob, Content.Text.of("late"), false))
                .code())
        .isEqualTo(ErrorCode.VOIDED);
    assertThat(sender.acked(aliceAndBob, "goes on").seq()).isEqualTo(2);
    assertThat(node.count(countOf(aliceAndBob) + " and seq > 0")).isEqualTo(2);
    assertThat(node.count(countOf(aliceAndBob) + " and seq < 0")).isEqualTo(1);
  }

  @Test
  void theFirstSendOfADirectConversationCanBeCancelled() {
    RawClient sender = live(Dress.TCP, alice, "phone");
    UUID id = UUID.randomUUID();
    assertThat(status(sender, id, true).state()).isEqualTo(SendState.VOID);
    assertThat(sender.rejectionOf(sender.send(id, aliceAndBob, Content.Text.of("x"), true)).code())
        .isEqualTo(ErrorCode.VOIDED);
    assertThat(sender.acked(aliceAndBob, "first").seq()).isEqualTo(1);
  }

  private Frame.SendStatusResult status(RawClient client, UUID id, boolean cancel) {
    client.send(new Frame.SendStatus(7, aliceAndBob, id, cancel));
    return client.await(Frame.SendStatusResult.class);
  }

  // ---- P9

  @Test
  void aStrangerCannotTellWhetherAConversationExists() {
    RawClient owner = live(Dress.TCP, alice, "phone");
    ConversationId group = owner.createGroup("secret", bob).conversation();
    UUID id = owner.acked(group, "for members").clientMessageId();
    owner.acked(aliceAndBob, "for two");
    ConversationId noGroup = ConversationId.group(new UserId(carol), UUID.randomUUID());
    ConversationId noPair =
        ConversationId.direct(
            new UserId(TestNode.fresh("nobody")), new UserId(TestNode.fresh("noone")));
    long rowsBefore = node.count("select count(*) from messages");
    long conversationsBefore = node.count("select count(*) from conversations");

    assertThat(answersToStranger(group, id)).isEqualTo(answersToStranger(noGroup, id));
    assertThat(answersToStranger(aliceAndBob, id)).isEqualTo(answersToStranger(noPair, id));

    assertThat(node.count("select count(*) from messages")).isEqualTo(rowsBefore);
    assertThat(node.count("select count(*) from conversations")).isEqualTo(conversationsBefore);
  }

  /** Every verb that names a conversation, and all that it brings, the name left out. */
  private List<String> answersToStranger(ConversationId conversation, UUID foreignId) {
    RawClient stranger = live(Dress.TCP, TestNode.fresh("stranger"), "phone");
    List<String> answers = new ArrayList<>();
    Function<Frame, String> told = frame -> frame.toString().replace(conversation.value(), "THERE");
    List<Content> contents =
        List.of(
            Content.Text.of("let me in"),
            new Content.Changed(new Change.Add(List.of(new UserId(carol)))),
            new Content.Changed(new Change.Remove(List.of(new UserId(bob)))),
            new Content.Changed(new Change.Rename("mine")),
            new Content.Changed(new Change.Leave()),
            new Content.Changed(new Change.SetRole(new UserId(bob), io.quipu.model.Role.ADMIN)),
            new Content.Changed(new Change.Edit(2, Content.Text.of("mine"))),
            new Content.Changed(new Change.Recall(2)),
            new Content.Changed(new Change.React(2, "x", false)),
            new Content.Changed(new Change.Block()),
            new Content.Changed(new Change.Unblock()),
            new Content.Changed(new Change.EraseUser()));
    for (Content content : contents) {
      for (boolean resend : new boolean[] {false, true}) {
        // The same id again, so that an UNKNOWN before it does not stand in the way.
        UUID id =
            UUID.nameUUIDFromBytes("stranger".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        answers.add(
            told.apply(stranger.rejectionOf(stranger.send(id, conversation, content, resend))));
      }
    }
    for (boolean cancel : new boolean[] {false, true}) {
      stranger.send(new Frame.SendStatus(1, conversation, foreignId, cancel));
      answers.add(told.apply(stranger.await(Frame.Error.class)));
    }
    stranger.send(new Frame.History(2, conversation, 0, 0, 0));
    answers.add(told.apply(stranger.await(Frame.Error.class)));
    Frame.Sync listed = new Frame.Sync(9, List.of(new Cursor(conversation, 0)), true, false);
    stranger.sync(listed).forEach(page -> answers.add(told.apply(page)));
    Frame.Sync full = new Frame.Sync(10, List.of(new Cursor(conversation, 1)), false, false);
    stranger.sync(full).forEach(page -> answers.add(told.apply(page)));
    stranger.send(new Frame.DeliverAck(conversation, 1));
    answers.add(told.apply(stranger.await(Frame.Error.class)));
    stranger.send(new Frame.ReadMark(conversation, 1));
    answers.add(told.apply(stranger.await(Frame.Error.class)));
    stranger.fence();
    stranger.taken(Frame.class).forEach(frame -> answers.add(told.apply(frame)));
    return answers;
  }

  @Test
  void aRemovedMemberSeesNothingAfterHisEndAndARejoinedOneAGap() {
    RawClient owner = live(Dress.TCP, alice, "phone");
    RawClient member = live(Dress.WEBSOCKET_JSON, bob, "phone");
    ConversationId group = owner.createGroup("group", bob, carol).conversation();
    owner.acked(group, "2: for all");
    change(owner, group, new Change.Remove(List.of(new UserId(bob)))); // 3
    Transcript seen = new Transcript(member, group).until(3);
    owner.acked(group, "4: without him");
    owner.acked(group, "5: without him");
    // Somebody else's push proves that fan-out of 5 is over.
    RawClient third = RawClient.connect(node, Dress.TCP, carol, "phone");
    clients.add(third);
    new Transcript(third, group).take(third.sync(1));
    member.fence();
    assertThat(member.taken(Frame.Deliver.class)).isEmpty();

    Frame.SendRejected no =
        member.rejectionOf(member.send(UUID.randomUUID(), group, "I am still here"));
    assertThat(no.code()).isEqualTo(ErrorCode.NOT_A_MEMBER);
    assertThat(no.outcome()).isEqualTo(Outcome.NOT_APPLIED);
    assertThat(history(member, group).toSeq()).isEqualTo(3);
    Frame.Sync all = new Frame.Sync(2, List.of(new Cursor(group, 0)), false, false);
    assertThat(new Transcript(member, group).take(member.sync(all)).seqs())
        .containsExactly(1L, 2L, 3L);
    member.send(new Frame.DeliverAck(group, 5));
    member.await(Frame.Error.class, e -> e.code() == ErrorCode.ACK_BEYOND_TAIL.code());

    change(owner, group, new Change.Add(List.of(new UserId(bob)))); // 6
    Frame.Deliver back = member.await(Frame.Deliver.class, d -> d.range().toSeq() == 6);
    assertThat(back.range().messages()).hasSize(1);
    assertThat(member.acked(group, "7: back").seq()).isEqualTo(7);
    MessageRange whole = history(member, group);
    assertThat(whole.gaps()).containsExactly(new Gap(4, 5, Gap.Reason.NOT_VISIBLE));
    assertThat(whole.messages().stream().map(m -> m.seq())).containsExactly(1L, 2L, 3L, 6L, 7L);
    Frame.Sync gone = new Frame.Sync(3, List.of(new Cursor(group, 3)), true, false);
    Transcript rest = new Transcript(member, group).take(member.sync(gone));
    assertThat(rest.seqs()).containsExactly(6L, 7L);
    assertThat(rest.gaps()).containsExactly(new Gap(4, 5, Gap.Reason.NOT_VISIBLE));
    assertThat(seen.seqs()).containsExactly(1L, 2L, 3L);
  }

  private static void change(RawClient client, ConversationId group, Change change) {
    client.ackOf(client.send(UUID.randomUUID(), group, new Content.Changed(change), false));
  }

  @Test
  void theFirstMessageToAUserMakesTheConversation() {
    RawClient receiver = live(Dress.WEBSOCKET_JSON, bob, "browser");
    RawClient sender = live(Dress.TCP, alice, "phone");
    sender.send(
        new Frame.Send(
            1,
            UUID.randomUUID(),
            Optional.empty(),
            Optional.of(new UserId(bob)),
            false,
            Content.Text.of("hello")));
    Frame.SendAck ack = sender.await(Frame.SendAck.class);
    assertThat(ack.conversation()).isEqualTo(aliceAndBob);
    assertThat(receiver.await(Frame.Deliver.class).range().messages().get(0).content())
        .isEqualTo(Content.Text.of("hello"));
  }
}
