package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.tools.node.NodeProcess;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tools as a user runs them: processes of their own, with nodes of their own. */
@Timeout(120)
final class ToolsTest {
  @TempDir private Path folder;

  private record Result(int code, String out) {}

  private Result run(String... arguments) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(NodeProcess.command(arguments));
    // Their nodes live in the system's folder for temporary files, which is this one.
    builder.environment().put("JDK_JAVA_OPTIONS", "-Djava.io.tmpdir=" + folder);
    Process process = builder.redirectError(folder.resolve("err.txt").toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
    return new Result(process.exitValue(), out);
  }

  private void nothingIsLeftBehind() throws IOException {
    try (var left = Files.list(folder)) {
      assertThat(left.filter(path -> path.getFileName().toString().startsWith("quipu-"))).isEmpty();
    }
    assertThat(
            ProcessHandle.allProcesses()
                .filter(
                    process -> process.info().commandLine().orElse("").contains(folder.toString())))
        .isEmpty();
  }

  private JsonObject goodAndWhole(Path history) throws IOException, InterruptedException {
    Result check = run("check", "--json", history.toString());
    assertThat(check.code()).as(check.out()).isZero();
    JsonObject verdict = new JsonObject(check.out());
    assertThat(verdict.getLong("sends")).isPositive();
    return verdict;
  }

  @Test
  void theDemoEndsWellAndLeavesNothingBehind() throws Exception {
    Path history = folder.resolve("demo.history");
    Result demo = run("demo", "--history", history.toString());

    assertThat(demo.out())
        .contains("kill -9 of the node")
        .contains("Nothing was lost, nothing came twice, everybody saw the same order.");
    assertThat(demo.code()).isZero();
    assertThat(demo.out().lines().filter(line -> line.contains("every acked one once, in order")))
        .hasSize(4);
    goodAndWhole(history);
    nothingIsLeftBehind();
  }

  @Test
  void aShortRunOfIdleSessionsSaysWhatEachCostsBesideABareServer() throws Exception {
    Result idle =
        run("bench", "idle", "--sessions", "20", "--seconds", "1", "--conversations", "3");

    assertThat(idle.code()).isZero();
    assertThat(idle.out())
        .contains("node, 20 over TCP: heap ")
        .contains("node, 20 over WEBSOCKET: heap ")
        .contains("bare echo server, 20 over TCP: heap ")
        .contains("bare echo server, 20 over WEBSOCKET: heap ")
        .contains("objects of Quipu's classes for each session, 3 conversations: ");
    nothingIsLeftBehind();
  }

  @Test
  void aShortRunOfSyncsCountsPagesBytesAndProcessorTime() throws Exception {
    Result sync =
        run("bench", "sync", "--conversations", "30", "--messages", "4", "--devices", "2");

    assertThat(sync.code()).isZero();
    assertThat(sync.out())
        .contains("30 conversations x 4 messages, 2 devices")
        .contains("  2 pages,")
        .contains("120 messages")
        .contains("CPU of one sync: node ");
    nothingIsLeftBehind();
  }

  @Test
  void theDemoOnThreeNodesEndsWellAndLeavesNothingBehind() throws Exception {
    Path history = folder.resolve("demo.history");
    Result demo = run("demo", "--nodes", "3", "--history", history.toString());

    assertThat(demo.out())
        .contains("3 nodes are ready", "kill -9 of the node")
        .contains("Nothing was lost, nothing came twice, everybody saw the same order.");
    assertThat(demo.code()).isZero();
    goodAndWhole(history);
    nothingIsLeftBehind();
  }

  @Test
  void pairsAcrossTwoNodesAreMeasuredLikeOnOne() throws Exception {
    Path report = folder.resolve("report.json");

    Result bench =
        run(
            "bench",
            "pairs",
            "--nodes",
            "2",
            "--connections",
            "8",
            "--window",
            "4",
            "--seconds",
            "1",
            "--warmup",
            "0",
            "--json",
            report.toString());

    assertThat(bench.out()).contains("0 lost, 0 duplicates, 0 out of order");
    assertThat(bench.code()).isZero();
    JsonObject json = new JsonObject(Files.readString(report));
    assertThat(json.getLong("acked")).isPositive().isEqualTo(json.getLong("stored"));
    assertThat(json.getDouble("node_cpu_us")).isPositive();
    assertThat(json.getDouble("postgres_cpu_us")).isPositive();
    nothingIsLeftBehind();
  }

  @Test
  void aShortRunOfPairsReportsWhatTheIssueNames() throws Exception {
    Path report = folder.resolve("report.json");
    Path history = folder.resolve("bench.history");

    Result bench =
        run(
            "bench",
            "pairs",
            "--connections",
            "8",
            "--window",
            "4",
            "--seconds",
            "1",
            "--warmup",
            "0",
            "--history",
            history.toString(),
            "--json",
            report.toString());

    assertThat(bench.out()).contains("0 lost, 0 duplicates, 0 out of order");
    assertThat(bench.code()).isZero();
    JsonObject json = new JsonObject(Files.readString(report));
    assertThat(json.fieldNames())
        .containsAll(
            List.of(
                "acked_per_s",
                "delivered_per_s",
                "ack_ms",
                "deliver_ms",
                "node_cpu_us",
                "postgres_cpu_us",
                "sent",
                "acked",
                "delivered",
                "stored",
                "lost",
                "duplicates",
                "out_of_order"));
    assertThat(json.getJsonObject("ack_ms").fieldNames())
        .containsExactly("p50", "p95", "p99", "max");
    assertThat(json.getLong("acked")).isPositive().isEqualTo(json.getLong("stored"));
    assertThat(json.getDouble("node_cpu_us")).isPositive();
    assertThat(json.getDouble("postgres_cpu_us")).isPositive();
    assertThat(goodAndWhole(history).getLong("acks")).isEqualTo(json.getLong("acked"));
    nothingIsLeftBehind();
  }
}
