package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.tools.node.ClusterPlan;
import io.quipu.tools.node.NodeProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code cluster} as a user has it: a process that starts others, and gets signals. */
@Timeout(300)
final class ClusterCommandTest {
  private static final int PATIENCE_S = 120;

  @TempDir private Path folder;

  private final List<Process> commands = new ArrayList<>();

  @AfterEach
  void nothingSurvives() {
    // Their children end with them.
    commands.forEach(Process::destroyForcibly);
    Awaitility.await().atMost(Duration.ofSeconds(PATIENCE_S)).until(() -> ours().isEmpty());
  }

  private List<ProcessHandle> ours() {
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(folder.toString()))
        .filter(ProcessHandle::isAlive)
        .toList();
  }

  private Process cluster(int nodes, int base) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            NodeProcess.command(
                "cluster",
                "--json",
                "--nodes",
                Integer.toString(nodes),
                "--port-base",
                Integer.toString(base),
                "--data",
                folder.resolve("data").toString()));
    Process command = builder.redirectError(folder.resolve("err-" + base).toFile()).start();
    commands.add(command);
    return command;
  }

  private static int freeBase(int nodes) {
    return ClusterPlan.onFreePorts(nodes).nodes().get(0).tcpPort();
  }

  private static int status(String url) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private JsonObject next(BufferedReader out, String event) throws IOException {
    JsonObject line = new JsonObject(Optional.ofNullable(out.readLine()).orElse("{}"));
    assertThat(line.getString("event")).as(line.encode()).isEqualTo(event);
    return line;
  }

  @Test
  void itSaysWhereEverythingIsAndWhoDiesAndEndsAllInOrder() throws Exception {
    Process command = cluster(2, freeBase(2));
    try (BufferedReader out = command.inputReader(StandardCharsets.UTF_8)) {
      JsonObject ready = next(out, "ready");
      JsonArray nodes = ready.getJsonArray("nodes");
      assertThat(nodes).hasSize(2);
      for (int i = 0; i < 2; i++) {
        JsonObject node = nodes.getJsonObject(i);
        assertThat(node.fieldNames())
            .containsExactly("name", "pid", "tcp", "websocket", "http", "admin", "conf", "log");
        assertThat(status(node.getString("admin") + "/readyz")).isEqualTo(200);
        assertThat(Path.of(node.getString("log"))).isNotEmptyFile();
        Path conf = Path.of(node.getString("conf"));
        assertThat(new JsonObject(Files.readString(conf)).getJsonObject("node").getString("name"))
            .isEqualTo(node.getString("name"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(conf)))
            .as("it holds the password of PostgreSQL")
            .isEqualTo("rw-------");
      }

      Process second = cluster(1, freeBase(1));
      assertThat(second.waitFor(PATIENCE_S, TimeUnit.SECONDS)).isTrue();
      assertThat(second.exitValue()).as("a second one on the same data").isEqualTo(1);

      long pid = nodes.getJsonObject(1).getLong("pid");
      assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
      JsonObject ended = next(out, "ended");
      assertThat(ended.getString("name")).isEqualTo("node-2");
      assertThat(ended.getInteger("code")).isEqualTo(128 + 9);

      command.toHandle().destroy(); // destroy() of a Process closes its streams too

      next(out, "stopped");
      assertThat(command.waitFor(PATIENCE_S, TimeUnit.SECONDS)).isTrue();
      assertThat(command.exitValue()).isZero();
      assertThat(ours()).isEmpty();
      assertThat(Files.readString(Path.of(nodes.getJsonObject(0).getString("log"))))
          .contains("the node has stopped in order")
          .doesNotContain(" ERROR ");
    }
  }

  @Test
  void nothingOutlivesACommandThatIsKilledAndTheNextOneStartsOnItsData() throws Exception {
    int base = freeBase(1);
    Process command = cluster(1, base);
    JsonObject ready = next(command.inputReader(StandardCharsets.UTF_8), "ready");

    command.destroyForcibly();

    for (String process : List.of("redis_pid", "postgres_pid")) {
      ProcessHandle.of(ready.getLong(process))
          .ifPresent(handle -> handle.onExit().orTimeout(PATIENCE_S, TimeUnit.SECONDS).join());
    }
    Awaitility.await().atMost(Duration.ofSeconds(PATIENCE_S)).until(() -> ours().isEmpty());

    Process again = cluster(1, base);
    next(again.inputReader(StandardCharsets.UTF_8), "ready");
  }

  @Test
  void whenNoNodeIsLeftItEndsWithAFailure() throws Exception {
    Process command = cluster(1, freeBase(1));
    try (BufferedReader out = command.inputReader(StandardCharsets.UTF_8)) {
      long pid = next(out, "ready").getJsonArray("nodes").getJsonObject(0).getLong("pid");
      assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
      next(out, "ended");
      next(out, "stopped");
      assertThat(command.waitFor(PATIENCE_S, TimeUnit.SECONDS)).isTrue();
      assertThat(command.exitValue()).isEqualTo(1);
    }
  }

  @Test
  void aPortThatIsTakenIsNamedBeforeAnythingStarts() throws Exception {
    int base = freeBase(1);
    try (ServerSocket taken = new ServerSocket(base, 1, InetAddress.getLoopbackAddress())) {
      Process command = cluster(1, taken.getLocalPort());
      assertThat(command.waitFor(PATIENCE_S, TimeUnit.SECONDS)).isTrue();
      assertThat(command.exitValue()).isEqualTo(1);
      assertThat(Files.readString(folder.resolve("err-" + base)))
          .contains("port " + base + " of node-1", "--port-base");
      assertThat(folder.resolve("data")).doesNotExist();
    }
  }
}
