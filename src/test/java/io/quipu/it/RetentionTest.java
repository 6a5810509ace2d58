package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.Retention;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Bodies go at their age on two real nodes over one store, which take turns at it all the time.
 * What is to be old is made old in the table.
 */
final class RetentionTest {
  private static final Map<String, String> SETTINGS =
      Map.of(
          "QUIPU_RETENTION_DEFAULT_DAYS", "30",
          "QUIPU_RETENTION_MIN_DAYS", "7",
          "QUIPU_RETENTION_MAX_DAYS", "365",
          "QUIPU_RETENTION_ROUND_MS", "100");

  private static TestNode here;
  private static TestNode there;

  private final List<RawClient> clients = new ArrayList<>();
  private String alice;
  private String bob;
  private ConversationId talk;

  @BeforeAll
  static void start() {
    String database = TestPostgres.freshDatabase();
    here = TestNode.start(database, SETTINGS);
    there = TestNode.start(database, SETTINGS);
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

  private static String of(ConversationId conversation) {
    return "conversation = (select id from conversations where name = '" + conversation + "')";
  }

  /** So many days older; and all is looked at anew. */
  private static void age(ConversationId conversation, String condition, int days) {
    here.execute(
        "update messages set stored_at = stored_at - interval '%d days' where %s and %s"
            .formatted(days, of(conversation), condition));
    here.execute("delete from retention");
  }

  private static long bodies(ConversationId conversation) {
    return here.count(
        "select count(*) from messages where body is not null and kind in (1, 2) and "
            + of(conversation));
  }

  private static void untilBodies(ConversationId conversation, long left) {
    SdkDevice.until(() -> bodies(conversation) == left);
  }

  private static Content keep(Retention retention) {
    return new Content.Changed(new Change.Configure(GroupSettings.of(retention)));
  }

  private static Frame.SendAck configured(
      RawClient client, ConversationId conversation, Retention retention) {
    return client.ackOf(client.send(UUID.randomUUID(), conversation, keep(retention), false));
  }

  private static ConversationSummary summary(RawClient client, ConversationId conversation) {
    client.send(new Frame.Conversations(1, "", 0, Optional.of(conversation)));
    return client.await(Frame.ConversationsPage.class).conversations().get(0);
  }

  @Test
  void aRetryAfterTheErasureIsTheSameSendAndOtherContentIsRefused() {
    RawClient sender = live(here, alice, "phone");
    UUID id = UUID.randomUUID();
    sender.acked(talk, "young");
    Frame.SendAck first = sender.ackOf(sender.send(id, talk, "once"));
    age(talk, "seq = 2", 31);
    untilBodies(talk, 1);
    long storedAtMs =
        here.count(
            "select (extract(epoch from date_trunc('milliseconds', stored_at)) * 1000)::bigint"
                + " from messages where seq = 2 and "
                + of(talk));
    for (TestNode node : List.of(here, there)) {
      for (boolean resend : new boolean[] {false, true}) {
        RawClient again = live(node, alice, "tablet-" + clients.size());
        Frame.SendAck ack = again.ackOf(again.send(id, talk, Content.Text.of("once"), resend));
        assertThat(ack.duplicate()).isTrue();
        assertThat(ack.seq()).isEqualTo(first.seq());
        Frame.SendRejected other =
            again.rejectionOf(again.send(id, talk, Content.Text.of("twice"), resend));
        assertThat(other.code()).isEqualTo(ErrorCode.ID_REUSED);
        assertThat(other.outcome()).isEqualTo(Outcome.NOT_APPLIED);
        for (boolean cancel : new boolean[] {false, true}) {
          again.send(new Frame.SendStatus(1, talk, id, cancel));
          assertThat(again.await(Frame.SendStatusResult.class))
              .isEqualTo(new Frame.SendStatusResult(1, talk, id, SendState.STORED, 2, storedAtMs));
        }
      }
    }
    assertThat(here.count("select count(*) from messages where " + of(talk))).isEqualTo(2);
    assertThat(sender.acked(talk, "the log goes on").seq()).isEqualTo(3);
  }

  @Test
  void aDeviceThatComesLaterHasAPlaceForEachErasedMessage() {
    RawClient sender = live(here, alice, "phone");
    for (int seq = 1; seq <= 250; seq++) {
      sender.acked(talk, "message " + seq);
    }
    age(talk, "seq % 3 <> 0", 31);
    untilBodies(talk, 83);
    Vertx vertx = Vertx.vertx();
    SdkDevice late = there.device(vertx, bob, "ws").start();
    // A device new to the server begins near the end; it pages back for the rest.
    SdkDevice.until(
        () ->
            !late.log(talk).isEmpty()
                && late.log(talk).get(late.log(talk).size() - 1).seq() == 250);
    List<Long> seqs = late.log(talk).stream().map(SdkDevice.Entry::seq).toList();
    for (int i = 0; i < seqs.size(); i++) {
      assertThat(seqs.get(i)).isEqualTo(251 - seqs.size() + i);
    }
    late.close();
    SdkDevice.await(vertx.close());

    RawClient raw = RawClient.connect(there, Dress.WEBSOCKET_JSON, bob, "browser");
    clients.add(raw);
    List<MessageRange> ranges =
        raw.sync(new Frame.Sync(1, List.of(new Cursor(talk, 0)), false, false)).stream()
            .flatMap(page -> page.ranges().stream())
            .toList();
    long expected = 0;
    for (MessageRange range : ranges) {
      for (Message message : range.messages()) {
        assertThat(message.seq()).isEqualTo(++expected);
        boolean erased = message.content() instanceof Content.Erased;
        assertThat(erased).isEqualTo(message.seq() % 3 != 0);
      }
    }
    assertThat(expected).isEqualTo(250);
    ConversationSummary summary = summary(raw, talk);
    assertThat(summary.unread()).isEqualTo(83);
    assertThat(summary.tailSeq()).isEqualTo(250);
  }

  @Test
  void readersThatPageWhileBodiesGoSeeEachPlaceOnce() {
    RawClient sender = live(here, alice, "phone");
    for (int seq = 1; seq <= 400; seq++) {
      sender.acked(talk, "message " + seq);
    }
    RawClient reader = live(there, bob, "phone");
    age(talk, "true", 31);
    long before = 401;
    boolean whole = false;
    while (!whole) {
      reader.send(new Frame.History(1, talk, before, 0, 20, 0));
      Frame.HistoryPage page = reader.await(Frame.HistoryPage.class);
      List<Message> messages = page.range().messages();
      for (int i = messages.size() - 1; i >= 0; i--) {
        assertThat(messages.get(i).seq()).isEqualTo(--before);
        assertThat(messages.get(i).content())
            .isIn(new Content.Erased(), Content.Text.of("message " + before));
      }
      whole = !page.more();
    }
    assertThat(before).isEqualTo(1);
    untilBodies(talk, 0);
  }

  @Test
  void anAdminGivesAGroupItsOwnRuleWithinWhatTheServerAllows() {
    RawClient owner = live(here, alice, "phone");
    RawClient member = live(there, bob, "phone");
    assertThat(owner.connected().limits().retentionDays()).isEqualTo(30);
    assertThat(owner.connected().limits().minRetentionDays()).isEqualTo(7);
    assertThat(owner.connected().limits().maxRetentionDays()).isEqualTo(365);
    ConversationId group = owner.createGroup("group", bob).conversation();
    assertThat(summary(member, group).settings()).isEqualTo(GroupSettings.DEFAULT);
    for (Retention wrong :
        List.of(new Retention.Days(6), new Retention.Days(366), new Retention.ForEver())) {
      Frame.SendRejected refused =
          owner.rejectionOf(owner.send(UUID.randomUUID(), group, keep(wrong), false));
      assertThat(refused.code()).isEqualTo(ErrorCode.NOT_ALLOWED);
      assertThat(refused.outcome()).isEqualTo(Outcome.NOT_APPLIED);
      assertThat(refused.detail()).contains("from 7 to 365 days");
    }
    assertThat(
            member
                .rejectionOf(
                    member.send(UUID.randomUUID(), group, keep(new Retention.Days(9)), false))
                .code())
        .isEqualTo(ErrorCode.NOT_ALLOWED);

    owner.acked(group, "twenty days old");
    age(group, "seq = 2", 20);
    assertThat(bodies(group)).isEqualTo(1);
    Frame.SendAck entry = configured(owner, group, new Retention.Days(9));
    untilBodies(group, 0);
    Frame.Deliver told =
        member.await(Frame.Deliver.class, deliver -> deliver.range().toSeq() == entry.seq());
    assertThat(told.range().messages().get(told.range().messages().size() - 1).content())
        .isEqualTo(keep(new Retention.Days(9)));
    assertThat(summary(member, group).settings().retention()).contains(new Retention.Days(9));
    configured(owner, group, new Retention.AsServer());
    assertThat(summary(member, group).settings()).isEqualTo(GroupSettings.DEFAULT);
  }

  @Test
  void eitherOfTwoSetsTheRuleOfADirectConversationAndNothingElse() {
    RawClient one = live(here, alice, "phone");
    RawClient other = live(there, bob, "phone");
    one.acked(talk, "forty days old");
    configured(one, talk, new Retention.Days(60));
    age(talk, "seq = 1", 40);
    assertThat(summary(other, talk).settings()).isEqualTo(GroupSettings.of(new Retention.Days(60)));
    assertThat(bodies(talk)).isEqualTo(1);
    configured(other, talk, new Retention.Days(39));
    untilBodies(talk, 0);
    assertThat(
            one.rejectionOf(
                    one.send(
                        UUID.randomUUID(),
                        talk,
                        new Content.Changed(
                            new Change.Configure(
                                new GroupSettings(
                                    Optional.of(GroupSettings.History.ALL),
                                    Optional.empty(),
                                    Optional.of(new Retention.Days(8))))),
                        false))
                .code())
        .isEqualTo(ErrorCode.NOT_ALLOWED);
  }

  @Test
  void theRuleIsSetAndReadOverHttp() {
    live(here, alice, "phone").acked(talk, "hello");
    HttpCaller http = HttpCaller.user(here, alice);
    String patch = "PATCH /conversations/" + talk + " {\"settings\":{\"retention\":%s}}";
    assertThat(http.ask(patch.formatted("{\"days\":6}")).status()).isEqualTo(403);
    assertThat(http.ask(patch.formatted("{\"days\":0}")).status()).isEqualTo(400);
    assertThat(http.ask(patch.formatted("{\"days\":8,\"forEver\":true}")).status()).isEqualTo(400);
    assertThat(http.ask(patch.formatted("{\"days\":8}")).status()).isEqualTo(201);
    assertThat(http.ask("GET /conversations/" + talk).toString()).contains("{\"days\":8}");
  }
}
