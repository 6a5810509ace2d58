package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * PostgreSQL stands still, dies, blocks or is full while people talk and others flood the node:
 * queues stay within their bounds, who finds no place is told so, nothing is acked that is not
 * stored, and all goes on by itself.
 */
final class StoreUnderLoadTest {
  /** PostgreSQL's code of a unique violation. */
  private static final String TAKEN = "23505";

  private static final int PLACE_TRIES = 20;

  private static final int WITHOUT_END = 1_000_000;
  private static final int FROZEN_MS = Integer.getInteger("quipu.test.frozenMs", 3_000);
  private static final int PATIENCE_S = 60;

  /** Not tighter than a busy machine allows; what it took is reported. */
  private static final long MOST_MS_TO_RESUME = 20_000;

  private static final int WINDOW = 128;
  private static final int FLOODERS = 4;

  private static final Map<String, String> IMPATIENT =
      Map.of(
          "QUIPU_POSTGRES_CONNECT_TIMEOUT_MS", "500",
          "QUIPU_POSTGRES_STATEMENT_TIMEOUT_MS", "500",
          "QUIPU_POSTGRES_LOCK_TIMEOUT_MS", "500",
          "QUIPU_POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS", "1500",
          "QUIPU_JOURNAL_GIVE_UP_MS", "1000",
          "QUIPU_SESSION_SEND_TIMEOUT_MS", "1500",
          "QUIPU_SESSION_APPEND_RETRY_MS", "300",
          "QUIPU_SESSION_SEND_WINDOW_MESSAGES", Integer.toString(WINDOW),
          "QUIPU_SEQUENCER_MAX_QUEUED", Integer.toString(WINDOW));

  @TempDir private static Path folder;

  private static TroubledPostgres postgres;

  private final Vertx vertx = Vertx.vertx();
  private final List<SdkDevice> devices = new ArrayList<>();
  private final List<RawClient> clients = new ArrayList<>();
  private TestNode node;
  private ConversationId group;
  private Chatter chatter;

  @BeforeAll
  static void startPostgres() {
    postgres = TroubledPostgres.in(folder);
  }

  @AfterAll
  static void stopPostgres() {
    postgres.close();
  }

  @BeforeEach
  void startTalking() {
    node = TestNode.start(postgres.freshDatabase(), IMPATIENT);
    for (String scheme : List.of("tcp", "ws", "ws+json")) {
      devices.add(node.device(vertx, "user-" + devices.size(), scheme).start());
    }
    group = devices.get(0).createGroup(List.of("user-1", "user-2"));
    chatter = Chatter.start(group, devices, WITHOUT_END);
    SdkDevice.until(() -> chatter.acks() > 50);
  }

  @AfterEach
  void close() {
    clients.forEach(RawClient::close);
    devices.forEach(SdkDevice::close);
    node.close();
    SdkDevice.await(vertx.close());
  }

  /** It goes on by itself; nothing is lost, doubled or out of order. */
  private void goesOnAndIsWhole(TestReporter reporter) {
    long fromNs = System.nanoTime();
    int before = chatter.acks();
    SdkDevice.until(() -> chatter.acks() > before);
    long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - fromNs);
    reporter.publishEntry("ms until sends were acked again", Long.toString(tookMs));
    assertThat(tookMs).isLessThan(MOST_MS_TO_RESUME);
    SdkDevice.until(() -> chatter.acks() > before + 100);
    chatter.stop();
    chatter.verdict(chatter.tail());
    assertThat(
            node.count(
                "select count(*) from messages where seq > 0 and conversation ="
                    + " (select id from conversations where name = '%s')".formatted(group)))
        .isEqualTo(chatter.tail());
  }

  private static void passes(int ms) {
    long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
    waitFor(() -> System.nanoTime() > untilNs);
  }

  private static void waitFor(BooleanSupplier condition) {
    Awaitility.await().atMost(PATIENCE_S, TimeUnit.SECONDS).until(condition::getAsBoolean);
  }

  // ---- it stands still

  @Test
  void whileItStandsStillTheQueuesAreBoundedAndNothingIsAcked(TestReporter reporter) {
    ConversationId flooded = ConversationId.direct(new UserId("ann"), new UserId("ben"));
    for (int i = 0; i < FLOODERS; i++) {
      clients.add(RawClient.live(node, List.of(Dress.values()).get(i % 3), "ann", "device-" + i));
    }
    clients.get(0).acked(flooded, "so that the conversation is there");
    List<List<UUID>> flood = new ArrayList<>();
    postgres.freeze();
    try {
      long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(FROZEN_MS);
      for (RawClient client : clients) {
        flood.add(new ArrayList<>());
        for (int i = 0; i <= WINDOW; i++) {
          UUID id = UUID.randomUUID();
          flood.get(flood.size() - 1).add(id);
          client.send(id, flooded, Content.Text.of("flood"), false);
        }
      }
      Set<ErrorCode> allowed =
          Set.of(
              ErrorCode.STORE_DOWN,
              ErrorCode.OWNER_BUSY,
              ErrorCode.EARLIER_SEND_UNRESOLVED,
              ErrorCode.SEND_WINDOW_FULL);
      int down = 0;
      for (int c = 0; c < clients.size(); c++) {
        int already = c == 0 ? 1 : 0;
        for (int i = 1; i <= flood.get(c).size(); i++) {
          Frame.SendRejected no = clients.get(c).rejectionOf(already + i);
          assertThat(no.code()).isIn(allowed);
          assertThat(no.outcome()).isEqualTo(Outcome.UNKNOWN);
          assertThat(no.retryAfterMs()).isPositive();
          down += no.code() == ErrorCode.STORE_DOWN ? 1 : 0;
        }
      }
      reporter.publishEntry("of the flood got STORE_DOWN", Integer.toString(down));
      assertThat(down).as("sends that were queued and given up").isPositive();
      try (RawClient newcomer = RawClient.open(node, Dress.TCP)) {
        newcomer.send(RawClient.connectFrame(node.token("cem"), "phone"));
        assertThat(newcomer.await(Frame.GoAway.class).code())
            .isEqualTo(ErrorCode.STORE_DOWN.code());
      }
      waitFor(() -> System.nanoTime() > untilNs);
    } finally {
      postgres.thaw();
    }
    goesOnAndIsWhole(reporter);
    floodAgain(flooded, flood);
  }

  /**
   * The same ids in their order, one after the other: each is stored once, at a place of its own.
   */
  private void floodAgain(ConversationId flooded, List<List<UUID>> flood) {
    List<Long> all = new ArrayList<>();
    for (int c = 0; c < clients.size(); c++) {
      List<Long> seqs = new ArrayList<>();
      for (UUID id : flood.get(c)) {
        seqs.add(
            clients
                .get(c)
                .ackOf(clients.get(c).send(id, flooded, Content.Text.of("flood"), true))
                .seq());
      }
      assertThat(seqs).as("order of sender %d", c).isSorted();
      all.addAll(seqs);
    }
    assertThat(all).doesNotHaveDuplicates().hasSize(FLOODERS * (WINDOW + 1));
    assertThat(all.stream().mapToLong(Long::longValue).max()).hasValue(all.size() + 1L);
  }

  @Test
  void aWriterThatStandsStillInTheMiddleOfItsStatementMayCommitItLater(TestReporter reporter) {
    for (int i = 0; i < 2; i++) {
      long writer =
          node.count(
              "select pid from pg_stat_activity where datname = current_database()"
                  + " and application_name = 'quipu writer' order by state, random() limit 1");
      int before = chatter.acks();
      TroubledPostgres.freeze(writer);
      try {
        passes(800); // longer than a node waits for it
      } finally {
        TroubledPostgres.thaw(writer);
      }
      SdkDevice.until(() -> chatter.acks() > before + 30);
    }
    goesOnAndIsWhole(reporter);
  }

  // ---- it dies

  @Test
  void aStoreThatIsKilledComesBackWithAllThatWasAcked(TestReporter reporter) {
    int before = chatter.acks();
    postgres.crash();
    postgres.start();
    SdkDevice.until(() -> chatter.acks() > before + 30);
    postgres.crash();
    passes(1_200); // some sends are given up, and come again
    postgres.start();
    goesOnAndIsWhole(reporter);
  }

  // ---- it blocks

  @Test
  void statementsThatTimeOutAreJudgedAnewFromWhatIsStored(TestReporter reporter)
      throws SQLException {
    for (int i = 0; i < 2; i++) {
      int before;
      try (Connection other = TestPostgres.connect(node.databaseUri());
          Statement statement = other.createStatement()) {
        other.setAutoCommit(false);
        statement.execute("lock table messages in exclusive mode");
        before = chatter.acks();
        assertThat(chatter.inFlight()).isPositive();
        passes(1_100); // twice the statement's time: tried and failed, and tried again
        assertThat(chatter.acks()).isLessThanOrEqualTo(before + chatter.inFlight());
      }
      SdkDevice.until(() -> chatter.acks() > before + 30);
    }
    goesOnAndIsWhole(reporter);
  }

  /** A frozen node has inserted the next place, and holds it until PostgreSQL ends it. */
  @Test
  void aFrozenPeersTransactionHoldsAConversationNoLongerThanPostgresLetsIt(TestReporter reporter)
      throws SQLException {
    try (Bystanders bystanders = Bystanders.of(node);
        Connection peer = TestPostgres.connect(node.databaseUri());
        Statement statement = peer.createStatement()) {
      SdkDevice.until(() -> bystanders.exchanged() > 3);
      statement.execute("set idle_in_transaction_session_timeout = 1500");
      peer.setAutoCommit(false);
      takeAPlaceAhead(peer, statement);
      waitFor(
          () ->
              node.count(
                      "select count(*) from pg_stat_activity where datname = current_database()"
                          + " and application_name = 'quipu writer' and wait_event_type = 'Lock'")
                  > 0);
      long before = bystanders.exchanged();
      goesOnAndIsWhole(reporter);
      reporter.publishEntry(
          "messages of bystanders meanwhile", Long.toString(bystanders.exchanged() - before));
      SdkDevice.until(() -> bystanders.exchanged() > before + 3);
    }
  }

  /** Inserts a place that the writers come to soon; again, if they were faster. */
  private void takeAPlaceAhead(Connection peer, Statement statement) throws SQLException {
    for (int tries = 0; tries < PLACE_TRIES; tries++) {
      try {
        statement.execute(
            "insert into messages (conversation, seq, sender, client_message_id, kind, body)"
                + " select conversation, max(seq) + 100, 1, gen_random_uuid(), 1, 'frozen'"
                + " from messages where conversation ="
                + " (select id from conversations where name = '%s') group by 1".formatted(group));
        return;
      } catch (SQLException e) {
        if (!TAKEN.equals(e.getSQLState())) {
          throw e;
        }
        peer.rollback();
      }
    }
    throw new AssertionError("the writers were faster " + PLACE_TRIES + " times");
  }
}
