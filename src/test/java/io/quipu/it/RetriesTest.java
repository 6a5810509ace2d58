package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The same id again, whatever has become of the memory of it: one row, one seq, the right code; and
 * what SendStatus makes of a send whose copies still travel.
 */
final class RetriesTest {
  private static final int COPIES = 1_000;
  private static final int RACES = 150;

  /** It remembers no id, and one conversation. */
  private static final Map<String, String> FORGETFUL =
      Map.of(
          "QUIPU_NODE_EVENT_LOOPS", "1",
          "QUIPU_SEQUENCER_MAX_CONVERSATIONS", "1",
          "QUIPU_SEQUENCER_RECENT_IDS", "0");

  private static String database;
  private static TestNode here;
  private static TestNode there;

  private final List<RawClient> clients = new ArrayList<>();
  private String alice;
  private String bob;
  private ConversationId talk;

  @BeforeAll
  static void start() {
    database = TestPostgres.freshDatabase();
    here = TestNode.start(database, Map.of());
    there = TestNode.start(database, Map.of());
  }

  @AfterAll
  static void stop() {
    here.close();
    there.close();
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

  private RawClient live(TestNode node, String user, String device) {
    RawClient client = RawClient.live(node, Dress.TCP, user, device);
    clients.add(client);
    return client;
  }

  private static Content text(String text) {
    return Content.Text.of(text);
  }

  private static void isTheSame(Frame.SendAck again, Frame.SendAck first) {
    assertThat(again.duplicate()).isTrue();
    assertThat(again.seq()).isEqualTo(first.seq());
    assertThat(again.storedAtMs()).isEqualTo(first.storedAtMs());
  }

  private static void isReused(Frame.SendRejected rejected) {
    assertThat(rejected.code()).isEqualTo(ErrorCode.ID_REUSED);
    assertThat(rejected.outcome()).isEqualTo(Outcome.NOT_APPLIED);
  }

  private long rows() {
    return rowsOf(talk, "true");
  }

  private static long rowsOf(ConversationId conversation, String condition) {
    return here.count(
        "select count(*) from messages where conversation ="
            + " (select id from conversations where name = '%s') and %s"
                .formatted(conversation, condition));
  }

  @Test
  void anEvictedConversationKnowsItsIds() {
    try (TestNode forgetful = TestNode.start(database, FORGETFUL)) {
      RawClient sender = live(forgetful, alice, "phone");
      UUID id = UUID.randomUUID();
      Frame.SendAck first = sender.ackOf(sender.send(id, talk, "once"));
      for (boolean resend : new boolean[] {false, true}) {
        // Taken only because the other one, which is idle, has left the memory.
        sender.acked(
            ConversationId.direct(new UserId(alice), new UserId(TestNode.fresh("carol"))),
            "takes the only place");
        isTheSame(sender.ackOf(sender.send(id, talk, text("once"), resend)), first);
        isReused(sender.rejectionOf(sender.send(id, talk, text("twice"), resend)));
      }
      assertThat(rows()).isEqualTo(1);
    }
  }

  /**
   * A pipeline comes again after the node has: the owner looks up the first of it, and finds the
   * others by the unique key alone, since they follow on a link in order.
   */
  @Test
  void aPipelineThatComesAgainToARestartedNodeIsStoredOnce() {
    int many = 100;
    List<UUID> ids = new ArrayList<>();
    List<Frame.SendAck> first = new ArrayList<>();
    try (TestNode before = TestNode.start(database, Map.of())) {
      RawClient sender = live(before, alice, "phone");
      List<Integer> sends = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        ids.add(UUID.randomUUID());
        sends.add(sender.send(ids.get(i), talk, "message " + i));
      }
      sends.forEach(send -> first.add(sender.ackOf(send)));
    }
    for (boolean resend : new boolean[] {true, false}) {
      try (TestNode after = TestNode.start(database, Map.of())) {
        RawClient sender = live(after, alice, "phone");
        List<Integer> sends = new ArrayList<>();
        for (int i = 0; i < many; i++) {
          sends.add(sender.send(ids.get(i), talk, text("message " + i), resend));
        }
        for (int i = 0; i < many; i++) {
          isTheSame(sender.ackOf(sends.get(i)), first.get(i));
        }
        assertThat(rows()).isEqualTo(many);
        isReused(sender.rejectionOf(sender.send(ids.get(many / 2), talk, text("new"), resend)));
        assertThat(rowsOf(talk, "seq > 0")).isEqualTo(many);
      }
    }
  }

  /** No look-up is made for one that follows on its link; the owner remembers no id. */
  @Test
  void aRetryThatOnlyTheUniqueKeyCanSeeGetsTheFirstSeq() {
    try (TestNode forgetful = TestNode.start(database, FORGETFUL)) {
      RawClient sender = live(forgetful, alice, "phone");
      UUID id = UUID.randomUUID();
      Frame.SendAck first = sender.ackOf(sender.send(id, talk, "once"));
      int before = sender.send(UUID.randomUUID(), talk, "before it");
      int again = sender.send(id, talk, text("once"), false);
      int other = sender.send(id, talk, text("twice"), false);
      int behind = sender.send(UUID.randomUUID(), talk, "behind it");
      assertThat(sender.ackOf(before).seq()).isEqualTo(2);
      isTheSame(sender.ackOf(again), first);
      isReused(sender.rejectionOf(other));
      assertThat(sender.ackOf(behind).seq()).isEqualTo(3);
      assertThat(rows()).isEqualTo(3);
    }
  }

  @Test
  void anErasedMessageIsKnownByItsDigest() {
    RawClient sender = live(here, alice, "phone");
    UUID id = UUID.randomUUID();
    Frame.SendAck first = sender.ackOf(sender.send(id, talk, "once"));
    sender.acked(talk, "another");
    // As retention does it.
    here.execute(
        "update messages set digest = sha256(set_byte('\\x00'::bytea, 0, kind) || body), body = null"
            + " where client_message_id = '"
            + id
            + "'");
    for (TestNode node : List.of(here, there)) {
      for (boolean resend : new boolean[] {false, true}) {
        RawClient again = live(node, alice, "tablet-" + clients.size());
        isTheSame(again.ackOf(again.send(id, talk, text("once"), resend)), first);
        isReused(again.rejectionOf(again.send(id, talk, text("twice"), resend)));
        isReused(
            again.rejectionOf(
                again.send(
                    id,
                    talk,
                    new Content.Body(com.google.protobuf.ByteString.copyFromUtf8("once")),
                    resend)));
      }
    }
    assertThat(rows()).isEqualTo(2);
    RawClient reader = RawClient.connect(there, Dress.WEBSOCKET_JSON, bob, "browser");
    clients.add(reader);
    List<Message> seen =
        reader.sync(new Frame.Sync(1, List.of(new Cursor(talk, 0)), false, false)).stream()
            .flatMap(page -> page.ranges().stream())
            .flatMap(range -> range.messages().stream())
            .toList();
    assertThat(seen.get(0).content()).isInstanceOf(Content.Erased.class);
    assertThat(seen.get(0).clientMessageId()).isEqualTo(id);
    assertThat(seen.get(1).content()).isEqualTo(text("another"));
  }

  @Test
  void aThousandCopiesAtTheSameInstantOnTwoNodesAreOneMessage() {
    List<RawClient> devices = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      devices.add(live(i % 2 == 0 ? here : there, alice, "device-" + i));
    }
    UUID id = UUID.randomUUID();
    for (int copy = 0; copy < COPIES / devices.size(); copy++) {
      for (RawClient device : devices) {
        // Whichever content comes first is the message; the other one's copies are refused.
        device.send(id, talk, text(copy % 10 == 9 ? "twice" : "once"), copy % 2 == 1);
      }
    }
    Set<String> stored = new HashSet<>();
    Set<String> refused = new HashSet<>();
    Set<Long> times = new HashSet<>();
    int firsts = 0;
    for (RawClient device : devices) {
      for (int send = 1; send <= COPIES / devices.size(); send++) {
        String content = send % 10 == 0 ? "twice" : "once";
        Frame answer = answerOf(device, send);
        if (answer instanceof Frame.SendAck ack) {
          assertThat(ack.seq()).isEqualTo(1);
          stored.add(content);
          times.add(ack.storedAtMs());
          firsts += ack.duplicate() ? 0 : 1;
        } else {
          isReused((Frame.SendRejected) answer);
          refused.add(content);
        }
      }
    }
    assertThat(stored).hasSize(1).doesNotContainAnyElementsOf(refused);
    assertThat(refused).hasSize(1);
    assertThat(times).hasSize(1);
    assertThat(firsts).as("acks without duplicate").isLessThanOrEqualTo(1);
    assertThat(rows()).isEqualTo(1);
  }

  private static Frame answerOf(RawClient client, int send) {
    return client.await(
        Frame.class,
        f ->
            f instanceof Frame.SendAck ack && ack.clientSeq() == send
                || f instanceof Frame.SendRejected no && no.clientSeq() == send);
  }

  // ---- SendStatus

  /** Whatever comes first holds, on whichever node, and both are told the same. */
  @Test
  void aCancelThatRacesWithACopyEndsAsTheCopyDoes() {
    for (TestNode other : List.of(here, there)) {
      ConversationId conversation =
          ConversationId.direct(new UserId(alice), new UserId(TestNode.fresh("carol")));
      RawClient sender = live(here, alice, "phone-" + clients.size());
      RawClient canceller = live(other, alice, "laptop-" + clients.size());
      sender.acked(conversation, "so that the conversation is there");
      int ended = 0;
      int voided = 0;
      for (int i = 0; i < RACES; i++) {
        UUID id = UUID.randomUUID();
        if (i % 3 == 0) {
          canceller.send(new Frame.SendStatus(i + 1, conversation, id, true));
        }
        int send = sender.send(id, conversation, text("race " + i), false);
        if (i % 3 != 0) {
          canceller.send(new Frame.SendStatus(i + 1, conversation, id, true));
        }
        Frame.SendStatusResult fate = canceller.await(Frame.SendStatusResult.class);
        Frame answer = answerOf(sender, send);
        if (answer instanceof Frame.SendAck ack) {
          assertThat(fate.state()).isEqualTo(SendState.STORED);
          assertThat(fate.seq()).isEqualTo(ack.seq());
          assertThat(fate.storedAtMs()).isEqualTo(ack.storedAtMs());
        } else {
          Frame.SendRejected no = (Frame.SendRejected) answer;
          assertThat(no.code()).isEqualTo(ErrorCode.VOIDED);
          assertThat(no.outcome()).isEqualTo(Outcome.NOT_APPLIED);
          assertThat(fate.state()).isEqualTo(SendState.VOID);
          assertThat(status(canceller, conversation, id).state()).isEqualTo(SendState.VOID);
          voided++;
        }
        ended++;
      }
      assertThat(rowsOf(conversation, "true")).isEqualTo(1 + ended);
      assertThat(rowsOf(conversation, "seq < 0")).isEqualTo(voided);
      assertThat(rowsOf(conversation, "seq > 0")).isEqualTo(1 + ended - voided);
      assertThat(sender.acked(conversation, "dense").seq()).isEqualTo(2 + ended - voided);
    }
  }

  /** Without cancel NOT_SEEN is a hint: the copy that travels is stored after it, and then told. */
  @Test
  void aQuestionChangesNothingForTheCopyThatIsOnItsWay() {
    RawClient sender = live(here, alice, "phone");
    RawClient asker = live(there, alice, "laptop");
    sender.acked(talk, "so that the conversation is there");
    for (int i = 0; i < RACES; i++) {
      UUID id = UUID.randomUUID();
      asker.send(new Frame.SendStatus(i + 1, talk, id, false));
      int send = sender.send(id, talk, text("race " + i), false);
      Frame.SendStatusResult fate = asker.await(Frame.SendStatusResult.class);
      Frame.SendAck ack = sender.ackOf(send);
      assertThat(fate.state()).isIn(SendState.NOT_SEEN, SendState.STORED);
      if (fate.state() == SendState.STORED) {
        assertThat(fate.seq()).isEqualTo(ack.seq());
      }
      Frame.SendStatusResult after = status(asker, talk, id);
      assertThat(after.state()).isEqualTo(SendState.STORED);
      assertThat(after.seq()).isEqualTo(ack.seq());
    }
    assertThat(rowsOf(talk, "seq < 0")).isZero();
  }

  private static Frame.SendStatusResult status(
      RawClient client, ConversationId conversation, UUID id) {
    client.send(new Frame.SendStatus(1_000_000, conversation, id, false));
    return client.await(Frame.SendStatusResult.class);
  }
}
