package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.client.QuipuClient;
import io.quipu.model.UserId;
import io.quipu.tools.node.NodeFailedException;
import io.quipu.tools.node.NodeProcess;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A node as an operator has it: a process that gets signals. */
@ExtendWith(VertxExtension.class)
@Timeout(120)
final class NodeProcessTest {
  private static final Map<String, String> FREE_PORTS =
      Map.of(
          "QUIPU_TCP_PORT", "0",
          "QUIPU_HTTP_PORT", "0",
          "QUIPU_ADMIN_PORT", "0",
          "QUIPU_NODE_DRAIN_MS", "1000");

  @TempDir private Path folder;

  @Test
  void sigtermEndsTheNodeWithExitCodeZeroAndItsPostgresToo() throws Exception {
    try (NodeProcess node = NodeProcess.start(folder, FREE_PORTS)) {
      ProcessHandle postgres = node.postgres().orElseThrow();
      assertThat(status(node, "/readyz")).isEqualTo(200);

      node.terminate();

      assertThat(node.exit(Duration.ofSeconds(30))).contains(0);
      postgres.onExit().get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void whatWasAckedBeforeAKillIsThereAfterTheNextStart(Vertx vertx) throws Exception {
    UserId bob = new UserId("bob");
    ProcessHandle orphan;
    try (NodeProcess node = NodeProcess.start(folder, FREE_PORTS)) {
      QuipuClient alice = client(vertx, node, "alice", new CopyOnWriteArrayList<>());
      done(alice.start());
      for (int i = 1; i <= 3; i++) {
        assertThat(done(alice.send(bob, "message " + i)).seq()).isEqualTo(i);
      }
      orphan = node.postgres().orElseThrow();

      node.kill();
      assertThat(orphan.isAlive()).as("PostgreSQL outlives a killed node").isTrue();

      try (NodeProcess again = NodeProcess.start(folder, FREE_PORTS)) {
        List<String> taken = new CopyOnWriteArrayList<>();
        QuipuClient bobsPhone = client(vertx, again, "bob", taken);
        done(bobsPhone.start().compose(up -> bobsPhone.awaitSynced()));

        assertThat(taken).containsExactly("message 1", "message 2", "message 3");
        done(alice.close());
        done(bobsPhone.close());
      }
    }
    orphan.onExit().get(10, TimeUnit.SECONDS);
  }

  @Test
  void aSecondNodeOnTheSameDataDoesNotStartAndSaysWhy() throws Exception {
    try (NodeProcess node = NodeProcess.start(folder, FREE_PORTS)) {
      Path log = folder.resolve("node.log");
      Files.writeString(log, "");

      assertThatThrownBy(() -> startBeside(log))
          .isInstanceOf(NodeFailedException.class)
          .hasMessageContaining("in use by another node (process " + node.pid() + ")");
      assertThat(Files.readString(log)).doesNotContain("\tat ");
      assertThat(status(node, "/readyz")).as("the first one goes on").isEqualTo(200);
    }
  }

  /** As {@link NodeProcess#start}, but its clean-up must not touch the first node's PostgreSQL. */
  private void startBeside(Path log) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(NodeProcess.command("serve", "--json"));
    builder.environment().putAll(FREE_PORTS);
    builder.environment().put("QUIPU_NODE_DATA_DIRECTORY", folder.resolve("data").toString());
    Process second = builder.redirectError(log.toFile()).start();
    assertThat(second.getInputStream().readAllBytes()).isEmpty();
    assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).isEqualTo(1);
    throw new NodeFailedException(Files.readString(log));
  }

  @Test
  void aPortThatIsTakenIsNamedAndNothingIsLeftRunning() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      String port = String.valueOf(taken.getLocalPort());

      assertThatThrownBy(
              () ->
                  NodeProcess.start(folder, Map.of("QUIPU_TCP_PORT", port, "QUIPU_HTTP_PORT", "0")))
          .isInstanceOf(NodeFailedException.class)
          .hasMessageContaining("127.0.0.1:" + port);
    }
    assertThat(folder.resolve("data/postgres/postmaster.pid")).doesNotExist();
  }

  @Test
  void aStoreThatIsNotThereIsSaidSoon() throws Exception {
    long start = System.nanoTime();

    assertThatThrownBy(
            () ->
                NodeProcess.start(
                    folder, Map.of("QUIPU_POSTGRES_URI", "postgresql://u:geheim@127.0.0.1:1/d")))
        .isInstanceOf(NodeFailedException.class)
        .hasMessageContaining("127.0.0.1:1")
        .hasMessageNotContaining("geheim");
    // 10 s are promised; the rest is for a JVM that starts on a busy machine.
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
  }

  @Test
  void thePortFileHoldsThePortsOnceTheNodeIsReady() throws Exception {
    Path portFile = folder.resolve("ports.json");
    ProcessBuilder builder =
        new ProcessBuilder(NodeProcess.command("serve", "--port-file", portFile.toString()));
    builder.environment().putAll(FREE_PORTS);
    builder.environment().put("QUIPU_NODE_DATA_DIRECTORY", folder.resolve("data").toString());
    Process node =
        builder
            .redirectOutput(folder.resolve("banner.txt").toFile())
            .redirectError(folder.resolve("node.log").toFile())
            .start();
    try {
      Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> Files.exists(portFile));
      assertThat(Files.readString(portFile)).contains("\"tcp_port\":").contains("\"http_port\":");
    } finally {
      node.destroy();
      assertThat(node.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(Files.readString(folder.resolve("banner.txt")))
        .contains("is ready", "token --user alice", "demo", "Stopped.");
  }

  private static int status(NodeProcess node, String path)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + node.httpPort() + path)).build();
    return HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private QuipuClient client(Vertx vertx, NodeProcess node, String user, List<String> taken)
      throws IOException, InterruptedException {
    Process token =
        new ProcessBuilder(NodeProcess.command("token", "--user", user))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String jwt = new String(token.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(token.waitFor()).isZero();
    return QuipuClient.builder(vertx)
        .server("tcp://127.0.0.1:" + node.tcpPort())
        .token(jwt)
        .device("phone")
        .onMessage(
            message -> {
              taken.add(message.text());
              return Future.succeededFuture();
            })
        .build();
  }

  private static <T> T done(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
