package io.quipu.it;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.adapter.postgres.Postgres;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.Written;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The adapter and a real PostgreSQL whose connections break, freeze and block. */
final class PostgresFaultsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Vertx vertx = Vertx.vertx();
  private String uri;
  private Postgres postgres;
  private Journal journal;
  private JournalWriter writer;
  private Connection rival;

  @BeforeEach
  void open() throws SQLException {
    uri = TestPostgres.freshDatabase();
    postgres = await(Postgres.open(vertx, uri, TestPostgres.limits()));
    journal = postgres.journal(new Journal.Quotas(100, 100));
    writer = journal.openWriter();
    rival = TestPostgres.connect(uri);
  }

  @AfterEach
  void close() throws SQLException {
    rival.close();
    await(writer.close());
    await(postgres.close());
    await(vertx.close());
  }

  /** A direct conversation of alice with somebody. */
  private ConversationState talkWith(String partner) {
    return await(journal.load(id(partner), question())).orElseThrow();
  }

  private static Journal.Question question(EntryId... ids) {
    return new Journal.Question(Optional.of(new UserId("alice")), List.of(ids), List.of());
  }

  private static ConversationId id(String partner) {
    return ConversationId.direct(new UserId("alice"), new UserId(partner));
  }

  private static Batch text(ConversationState talk, long seq, UUID id) {
    return new Batch(
        talk.conversationKey(),
        List.of(
            new NewEntry(
                seq,
                new EntryId(talk.members().get(0).userKey(), id),
                Content.Text.of("text"),
                List.of())));
  }

  private static Batch text(ConversationState talk, long seq) {
    return text(talk, seq, UUID.randomUUID());
  }

  private Written write(Batch... batches) {
    return await(writer.write(List.of(batches)));
  }

  /** Another owner's row, in a transaction that stays open until the test ends it. */
  private void rivalInserts(ConversationState talk, long seq) throws SQLException {
    rival.setAutoCommit(false);
    rivalRuns(
        "insert into messages (conversation, seq, sender, client_message_id, kind, body)"
            + " values (%d, %d, 1, gen_random_uuid(), 1, 'rival')"
                .formatted(talk.conversationKey(), seq));
  }

  private void rivalRuns(String sql) throws SQLException {
    try (Statement statement = rival.createStatement()) {
      statement.execute(sql);
    }
  }

  private Optional<Long> backend(String purpose, String condition) {
    String sql =
        "select pid from pg_stat_activity where datname = '%s' and application_name = 'quipu %s' and %s"
            .formatted(uri.substring(uri.lastIndexOf('/') + 1), purpose, condition);
    try (Connection connection = TestPostgres.connect(TestPostgres.server().uri());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? Optional.of(rows.getLong(1)) : Optional.empty();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void awaitWriterWaitsForALock() {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> backend("writer", "wait_event_type = 'Lock'").isPresent());
  }

  private void terminateWriter() {
    long pid = backend("writer", "true").orElseThrow();
    TestPostgres.run("select pg_terminate_backend(" + pid + ", 5000)");
  }

  private static void signal(String signal, long pid) {
    try {
      int result = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor();
      assertThat(result).isZero();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What an owner does after a failure: reload, and the next seq again, until it is in. */
  private void writeUntilIn(String partner, UUID id) {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(
            () -> {
              ConversationState talk = talkWith(partner);
              try {
                return write(text(talk, talk.tail() + 1, id)).leftOut().isEmpty();
              } catch (QuipuException e) {
                return false;
              }
            });
  }

  @Test
  void whoLosesATrueRaceIsLeftOutAndHisNeighboursAreIn() throws SQLException {
    ConversationState raced = talkWith("bob");
    ConversationState other = talkWith("carol");
    rivalInserts(raced, 1);

    Future<Written> racing = writer.write(List.of(text(raced, 1), text(other, 1)));
    awaitWriterWaitsForALock();
    rival.commit();

    assertThat(await(racing).leftOut()).containsExactly(raced.conversationKey());
    assertThat(talkWith("carol").tail()).isEqualTo(1);
  }

  @Test
  void aRaceThatTheExcludingStatementLosesIsRunAgain() throws SQLException {
    ConversationState taken = talkWith("bob");
    ConversationState raced = talkWith("carol");
    ConversationState other = talkWith("dave");
    write(text(taken, 1));
    rivalInserts(raced, 1);

    Future<Written> racing = writer.write(List.of(text(taken, 1), text(raced, 1), text(other, 1)));
    awaitWriterWaitsForALock();
    rival.commit();

    assertThat(await(racing).leftOut())
        .isEqualTo(Set.of(taken.conversationKey(), raced.conversationKey()));
    assertThat(talkWith("dave").tail()).isEqualTo(1);
  }

  @Test
  void aRivalThatGivesUpLeavesThePlaceToTheOther() throws SQLException {
    ConversationState raced = talkWith("bob");
    rivalInserts(raced, 1);

    Future<Written> racing = writer.write(List.of(text(raced, 1)));
    awaitWriterWaitsForALock();
    rival.rollback();

    assertThat(await(racing).leftOut()).isEmpty();
  }

  @Test
  void aFrozenTransactionThatHoldsAKeyDelaysNoLongerThanTheLockTimeout() throws SQLException {
    ConversationState held = talkWith("bob");
    ConversationState free = talkWith("carol");
    rivalInserts(held, 1);
    long before = System.nanoTime();

    QuipuException failure = awaitFailure(writer.write(List.of(text(held, 1))));

    assertThat(failure.code()).isEqualTo(ErrorCode.STORE_DOWN);
    assertThat(failure.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(Duration.ofNanos(System.nanoTime() - before))
        .isLessThan(Duration.ofMillis(TestPostgres.limits().lockTimeoutMs() + 400L));
    assertThat(write(text(free, 1)).leftOut()).isEmpty();
  }

  @Test
  void aConnectionThatIsKilledInTheMiddleOfAWriteLeavesTheOutcomeUnknownAndComesBack()
      throws SQLException {
    ConversationState talk = talkWith("bob");
    rivalInserts(talk, 1);
    UUID id = UUID.randomUUID();

    Future<Written> killed = writer.write(List.of(text(talk, 1, id)));
    awaitWriterWaitsForALock();
    terminateWriter();

    QuipuException failure = awaitFailure(killed);
    assertThat(failure.code()).isEqualTo(ErrorCode.STORE_DOWN);
    assertThat(failure.outcome()).isEqualTo(Outcome.UNKNOWN);
    rival.rollback();
    writeUntilIn("bob", id);
  }

  @Test
  void anAnswerThatComesTooLateIsNobodysAnswer() {
    ConversationState talk = talkWith("bob");
    ConversationState other = talkWith("carol");
    write(text(talk, 1));
    long frozen = backend("writer", "true").orElseThrow();
    UUID late = UUID.randomUUID();
    signal("STOP", frozen);
    try {
      QuipuException failure = awaitFailure(writer.write(List.of(text(talk, 2, late))));
      assertThat(failure.code()).isEqualTo(ErrorCode.STORE_DOWN);
      assertThat(failure.outcome()).isEqualTo(Outcome.UNKNOWN);

      // The next answer belongs to its own question: this conversation is left out, that one is in.
      Written next = write(text(other, 1), text(talk, 1));
      assertThat(next.leftOut()).containsExactly(talk.conversationKey());
    } finally {
      signal("CONT", frozen);
    }
    Awaitility.await().atMost(PATIENCE).until(() -> backend("writer", "pid = " + frozen).isEmpty());
    ConversationState after =
        await(journal.load(id("bob"), question(new EntryId(talk.members().get(0).userKey(), late))))
            .orElseThrow();
    assertThat(after.tail()).isEqualTo(1 + after.found().size());
  }

  @Test
  void withoutAConnectionNothingIsSentAndItComesBackByItself() {
    ConversationState talk = talkWith("bob");
    write(text(talk, 1));
    String database = uri.substring(uri.lastIndexOf('/') + 1);
    TestPostgres.run("alter database " + database + " with allow_connections false");
    terminateWriter();

    Awaitility.await()
        .atMost(PATIENCE)
        .until(
            () ->
                awaitFailure(writer.write(List.of(text(talk, 2)))).outcome()
                    == Outcome.NOT_APPLIED);

    TestPostgres.run("alter database " + database + " with allow_connections true");
    writeUntilIn("bob", UUID.randomUUID());
    assertThat(talkWith("bob").tail()).isEqualTo(2);
  }

  @Test
  void afterAReconnectAnOwnerWhoseTailTheStoreHasLostIsLeftOut() throws SQLException {
    ConversationState lossy = talkWith("bob");
    ConversationState intact = talkWith("carol");
    write(text(lossy, 1), text(intact, 1));
    write(text(lossy, 2), text(intact, 2));
    terminateWriter();
    rivalRuns(
        "delete from messages where conversation = %d and seq = 2"
            .formatted(lossy.conversationKey()));
    Awaitility.await().atMost(PATIENCE).until(() -> backend("writer", "true").isPresent());

    Written written =
        Awaitility.await()
            .atMost(PATIENCE)
            .ignoreException(QuipuException.class)
            .until(() -> write(text(lossy, 3), text(intact, 3)), result -> true);

    assertThat(written.leftOut()).containsExactly(lossy.conversationKey());
    assertThat(write(text(lossy, 2), text(intact, 4)).leftOut()).isEmpty();
  }

  @Test
  void aLookDoesNotSkipWhatAnOlderTransactionCommitsLater() throws SQLException {
    ConversationState slow = talkWith("bob");
    ConversationState quick = talkWith("carol");
    UserId alice = new UserId("alice");
    var device = await(postgres.directory().openSession(alice, new DeviceId("phone"), 0, 9));
    long mark = await(postgres.messageLog().recentCommits(0, List.of())).nextMark();
    rivalInserts(slow, 1);
    write(text(quick, 1));

    var first = await(postgres.messageLog().recentCommits(mark, List.of(device.deviceKey())));
    assertThat(first.behind())
        .containsExactly(new DeviceBehind(device.deviceKey(), id("carol"), 0, 1));
    rival.commit();

    var second =
        await(postgres.messageLog().recentCommits(first.nextMark(), List.of(device.deviceKey())));
    assertThat(second.behind()).contains(new DeviceBehind(device.deviceKey(), id("bob"), 0, 1));
    var third =
        await(postgres.messageLog().recentCommits(second.nextMark(), List.of(device.deviceKey())));
    assertThat(third.behind()).isEmpty();
  }

  @Test
  void aReaderThatIsFrozenIsReplaced() {
    Postgres narrow = await(Postgres.open(vertx, uri, limits(1, 10)));
    await(narrow.directory().ping());
    long frozen = backend("reader", "true").orElseThrow();
    signal("STOP", frozen);
    try {
      assertThat(awaitFailure(narrow.directory().ping()).code()).isEqualTo(ErrorCode.STORE_DOWN);
      await(narrow.directory().ping());
    } finally {
      signal("CONT", frozen);
    }
    await(narrow.close());
  }

  /** As few readers, and as few who wait, as a test wants. */
  private static Configuration.Postgres limits(int readConnections, int maxWaiting) {
    Configuration.Postgres limits = TestPostgres.limits();
    return new Configuration.Postgres(
        limits.uri(),
        readConnections,
        limits.connectTimeoutMs(),
        limits.statementTimeoutMs(),
        limits.lockTimeoutMs(),
        limits.idleInTransactionTimeoutMs(),
        maxWaiting,
        false);
  }

  @Test
  void answersComeOnTheContextThatAsked() {
    ConversationState talk = talkWith("bob");
    Context asking = vertx.getOrCreateContext();
    Promise<JournalWriter> opened = Promise.promise();
    Promise<List<Context>> answered = Promise.promise();
    asking.runOnContext(
        start -> {
          JournalWriter ofContext = journal.openWriter();
          opened.complete(ofContext);
          Future.join(
                  postgres.directory().ping().transform(end -> context()),
                  journal.load(id("bob"), question()).transform(end -> context()),
                  ofContext.write(List.of(text(talk, 1))).transform(end -> context()))
              .map(all -> all.<Context>list())
              .onComplete(answered);
        });

    assertThat(await(answered.future())).allSatisfy(one -> assertThat(one).isSameAs(asking));
    await(opened.future().compose(JournalWriter::close));
  }

  private static Future<Context> context() {
    return Future.succeededFuture(Vertx.currentContext());
  }

  @Test
  void soManyMayWaitForAReaderAndNoMore() {
    Postgres narrow = await(Postgres.open(vertx, uri, limits(1, 3)));
    List<Future<Void>> pings = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      pings.add(narrow.directory().ping());
    }
    await(Future.join(pings).otherwiseEmpty());

    assertThat(pings.stream().filter(Future::succeeded)).hasSizeGreaterThanOrEqualTo(3);
    assertThat(pings.stream().filter(Future::failed).map(Future::cause))
        .isNotEmpty()
        .allSatisfy(
            cause -> assertThat(((QuipuException) cause).outcome()).isEqualTo(Outcome.NOT_APPLIED));
    await(narrow.close());
  }
}
