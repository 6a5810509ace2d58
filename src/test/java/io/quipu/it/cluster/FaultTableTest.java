package io.quipu.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.tools.checker.CheckCommand;
import io.quipu.tools.node.NodeProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;

/**
 * Every row of the table of faults, under the traffic of 200 clients and more, on one cluster of
 * real processes. What is promised is judged by {@code check}, at the end, on the history of all
 * rows; the times are printed beside their bounds, and judge nothing, since they are those of the
 * machine too.
 *
 * <p>{@code -Dcluster.faults=long} holds each fault for as long as the design names (20 s frozen),
 * instead of a few seconds.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, unit = TimeUnit.SECONDS)
final class FaultTableTest {
  private static final boolean LONG = "long".equals(System.getProperty("cluster.faults"));
  private static final int CLIENTS = 200;
  private static final int NODES = 3;
  private static final int SPARE = NODES;

  /** Longer than the time in which a member is put out, of 5 s. */
  private static final int FROZEN_MS = LONG ? 20_000 : 7_000;

  private static final int SPLIT_MS = LONG ? 20_000 : 10_000;
  private static final int CUT_MS = LONG ? 20_000 : 5_000;
  private static final int ENOUGH_ACKS = 3;

  private static final String HEAD =
      String.format(
          Locale.ROOT,
          "%-44s | %15s | %15s | %13s | %s",
          "fault",
          "no acks p50,p99",
          "going on 50,99",
          "refused, ?",
          "bound");

  private final List<String> table = new ArrayList<>();

  /** Stays, so that a verdict can be looked into: the history, and the log of each node. */
  private final Path folder = Path.of("target", "fault-runs");

  private FaultCluster cluster;
  private Crowd crowd;

  @BeforeAll
  void start() throws Exception {
    remove(folder);
    Files.createDirectories(folder);
    cluster = FaultCluster.start(folder, NODES, NODES + 1);
    crowd = Crowd.start(cluster, CLIENTS, folder.resolve("faults.history"));
    crowd.awaitAcks(ENOUGH_ACKS);
  }

  /** Something that is harmed, and is whole again at its end or later. */
  private interface Fault {
    void run() throws Exception;
  }

  /**
   * @param harm returns when it is over, or when others must do without what was harmed
   * @param bound of the design
   */
  private void row(String name, String bound, Fault harm) throws Exception {
    crowd.awaitAcks(1);
    crowd.awaitCaughtUp();
    crowd.measure();
    harm.run();
    long[] goingOnMs = crowd.awaitGoingOn();
    crowd.awaitAcks(ENOUGH_ACKS);
    long[] gapsMs = crowd.longestGapsMs();
    String line =
        String.format(
            Locale.ROOT,
            "%-44s | %6d | %6d | %6d | %6d | %5d | %5d | %s",
            name,
            Crowd.percentile(gapsMs, 50),
            Crowd.percentile(gapsMs, 99),
            Crowd.percentile(goingOnMs, 50),
            Crowd.percentile(goingOnMs, 99),
            crowd.refused(),
            crowd.unknown(),
            bound);
    table.add(line);
  }

  @AfterEach
  void makeWhole() throws Exception {
    if (cluster.hasHosts()) {
      cluster.heal();
    }
    for (int i = 0; i < NODES; i++) {
      if (!cluster.runs(i)) {
        cluster.startNode(i);
      }
    }
    cluster.awaitAllReady();
  }

  @AfterAll
  void everyPromiseHeldThroughAllRows() throws Exception {
    try {
      if (crowd != null) {
        crowd.quiet();
        crowd.readBack();
        crowd.close();
        judge();
      }
    } finally {
      if (cluster != null) {
        cluster.close();
      }
      remove(folder.resolve("data"));
    }
  }

  private static void remove(Path tree) throws IOException {
    if (Files.exists(tree)) {
      try (Stream<Path> paths = Files.walk(tree)) {
        for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  private void judge() throws Exception {
    StringWriter said = new StringWriter();
    int code =
        new CommandLine(new CheckCommand())
            .setOut(new PrintWriter(said))
            .execute(folder.resolve("faults.history").toString());
    String report =
        String.format(
            Locale.ROOT,
            "faults on %d nodes (%s), %s, times in ms%n%s%n%s%n%s",
            NODES,
            cluster.hasHosts() ? "each on a host of its own" : "all on one host",
            crowd,
            HEAD,
            String.join(System.lineSeparator(), table),
            said);
    Files.writeString(folder.resolve("report.txt"), report);
    System.out.println(report);
    for (int i = 0; i < NODES + 1; i++) {
      assertThat(bugs(cluster.log(i))).as("bugs in the log of node " + (i + 1)).isEmpty();
    }
    assertThat(code).as(said.toString()).isZero();
  }

  private static List<String> bugs(Path log) throws Exception {
    if (!Files.exists(log)) {
      return List.of(); // never started
    }
    return Files.readAllLines(log).stream()
        .filter(line -> line.contains("AssertionError") || line.contains("NullPointerException"))
        .toList();
  }

  /** A fault lasts; nobody waits for anything meanwhile but for the time to pass. */
  private static void lasts(int ms) {
    long endNanos = System.nanoTime() + ms * 1_000_000L;
    Awaitility.await()
        .atMost(Duration.ofMillis(ms + 60_000L))
        .until(() -> System.nanoTime() >= endNanos);
  }

  // ---- the rows

  @Test
  void aNodeIsKilled() throws Exception {
    row("kill -9 of a node", "sends 3 s, caught up 5 s", () -> cluster.node(2).kill());
  }

  @Test
  void twoOfThreeNodesAreKilledAtOnce() throws Exception {
    row(
        "kill -9 of two nodes of three",
        "sends 3 s, caught up 5 s",
        () -> {
          cluster.node(1).kill();
          cluster.node(2).kill();
          // The pairs need the second node: one of each is nowhere else.
          cluster.startNode(1);
        });
  }

  @Test
  void aNodeIsFrozenAndWakes() throws Exception {
    row(
        "SIGSTOP of a node for " + FROZEN_MS / 1_000 + " s, SIGCONT",
        "others 5 s, its own: heartbeat",
        () -> {
          cluster.node(2).freeze();
          lasts(FROZEN_MS);
          cluster.node(2).thaw();
        });
  }

  /** Its statement is committed while it sleeps, and its answer waits for it. */
  @Test
  void aNodeIsFrozenInTheMiddleOfAStatement() throws Exception {
    row(
        "SIGSTOP in the middle of a commit",
        "others 5 s, its own: heartbeat",
        () -> {
          try (Connection blocker = cluster.sql();
              Statement statement = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            statement.execute("lock table messages in share mode");
            Awaitility.await("a statement of the node waits for the lock")
                .atMost(Duration.ofSeconds(30))
                .until(() -> waits(cluster.address(1)));
            cluster.node(1).freeze();
            blocker.rollback();
          }
          lasts(FROZEN_MS);
          cluster.node(1).thaw();
        });
  }

  private boolean waits(Optional<String> address) throws SQLException {
    String sql =
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            + " and state = 'active' and (client_addr = ?::inet or ?::inet is null)";
    try (Connection connection = cluster.sql();
        PreparedStatement question = connection.prepareStatement(sql)) {
      question.setString(1, address.orElse(null));
      question.setString(2, address.orElse(null));
      try (ResultSet answer = question.executeQuery()) {
        // Without addresses: so many wait that the node is among them.
        return answer.next() && answer.getLong(1) >= (address.isPresent() ? 1 : NODES + 1);
      }
    }
  }

  /** Two owners at once: both sides go on, in the same conversations. */
  @Test
  void nodesThatDoNotReachEachOtherBothGoOn() throws Exception {
    Namespaces.assumePossible();
    row(
        "split of a node from the others for " + SPLIT_MS / 1_000 + " s",
        "10 s",
        () -> {
          cluster.split(0, 1);
          cluster.split(0, 2);
          long[] one = crowd.ackedInPairs(true);
          long[] other = crowd.ackedInPairs(false);
          lasts(SPLIT_MS);
          assertThat(increases(one, crowd.ackedInPairs(true)))
              .as("acks of each who sits on the one side")
              .allMatch(acks -> acks > 0);
          assertThat(increases(other, crowd.ackedInPairs(false)))
              .as("acks of his partner, on the other side")
              .allMatch(acks -> acks > 0);
          cluster.heal();
        });
  }

  private static List<Long> increases(long[] before, long[] after) {
    List<Long> increases = new ArrayList<>();
    for (int i = 0; i < before.length; i++) {
      increases.add(after[i] - before[i]);
    }
    return increases;
  }

  @Test
  void aNodeHearsAnotherThatDoesNotHearIt() throws Exception {
    Namespaces.assumePossible();
    row(
        "one-way split for " + SPLIT_MS / 1_000 + " s",
        "10 s",
        () -> {
          cluster.cutOneWay(1, 2);
          lasts(SPLIT_MS);
          cluster.heal();
        });
  }

  @Test
  void aNodeDoesNotReachPostgres() throws Exception {
    Namespaces.assumePossible();
    row(
        "a node cut from PostgreSQL for " + CUT_MS / 1_000 + " s",
        "5 s after it is back",
        () -> {
          cluster.cutFromPostgres(2);
          lasts(CUT_MS);
          cluster.heal();
        });
  }

  @Test
  void aNodeDoesNotReachRedis() throws Exception {
    Namespaces.assumePossible();
    row(
        "a node cut from Redis for " + CUT_MS / 1_000 + " s",
        "-",
        () -> {
          cluster.cutFromRedis(2);
          lasts(CUT_MS);
          cluster.heal();
        });
  }

  @Test
  void postgresCrashesAndComesBack() throws Exception {
    row(
        "PostgreSQL crashes and starts again",
        "5 s after it is back",
        () -> cluster.restartPostgres());
  }

  @Test
  void redisIsKilledAndComesBackEmpty() throws Exception {
    row(
        "Redis killed, back and empty " + CUT_MS / 1_000 + " s later",
        "-",
        () -> {
          cluster.killRedis();
          lasts(CUT_MS);
          cluster.startRedis();
        });
    assertThat(crowd.refused() + crowd.unknown()).as("sends that failed").isZero();
  }

  @Test
  void nodesAreStoppedInOrderAndStartedAgainOneByOne() throws Exception {
    row(
        "rolling restart",
        "no send fails",
        () -> {
          for (int i = 0; i < NODES; i++) {
            NodeProcess node = cluster.node(i);
            node.terminate();
            assertThat(node.exit(Duration.ofMinutes(1))).as("exit code").contains(0);
            cluster.startNode(i);
            cluster.awaitAllReady();
          }
        });
    assertThat(crowd.refused() + crowd.unknown()).as("sends that failed").isZero();
  }

  @Test
  void aNodeIsAddedUnderLoadAndTakenAwayAgain() throws Exception {
    row(
        "node added under load, and taken away",
        "no send fails",
        () -> {
          cluster.startNode(SPARE);
          cluster.awaitAllReady();
          crowd.awaitAcks(ENOUGH_ACKS);
          cluster.node(SPARE).terminate();
          assertThat(cluster.node(SPARE).exit(Duration.ofMinutes(1))).as("exit code").contains(0);
        });
    assertThat(crowd.refused() + crowd.unknown()).as("sends that failed").isZero();
  }
}
