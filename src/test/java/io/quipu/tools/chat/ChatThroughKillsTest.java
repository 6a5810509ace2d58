package io.quipu.tools.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.UserId;
import io.quipu.server.config.ConfigurationLoader;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.SystemClock;
import io.quipu.tools.node.NodeProcess;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Chats, a node that is killed, and chats that are killed: nothing that was entered is lost. */
@Timeout(180)
final class ChatThroughKillsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String CTRL_D = "\u0004";

  private final int tcp = freePort();
  private final Map<String, String> settings =
      Map.of(
          "QUIPU_TCP_PORT", Integer.toString(tcp),
          "QUIPU_HTTP_PORT", "0",
          "QUIPU_NODE_DRAIN_MS", "1000");
  private final String server = "tcp://127.0.0.1:" + tcp;
  private final List<Process> processes = new ArrayList<>();

  @TempDir private Path folder;

  /** Null until a test starts one: a chat without a server is a case too. */
  private NodeProcess node;

  @AfterEach
  void end() {
    processes.forEach(Process::destroyForcibly);
    if (node != null) {
      node.close();
    }
  }

  private Pane pane(String user, String other) {
    return new Pane(folder.resolve("home"), user, other, server, () -> token(user));
  }

  private static String token(String user) {
    return new DevelopmentTokens(ConfigurationLoader.withoutFile(Map.of()), new SystemClock())
        .issue(new UserId(user), 3_600);
  }

  @Test
  void twoTerminalsAndAKilledServerLoseNothingAndShowNothingTwice() throws Exception {
    node = NodeProcess.start(folder, settings);
    try (Pane bob = pane("bob", "alice")) {
      try (Pane alice = pane("alice", "bob")) {
        alice.enter("one");
        bob.awaitMessages(1);
        alice.awaitText("✓✓ read #1");
        bob.keys("half a th"); // what comes must leave it there
        alice.enter("two");
        bob.awaitMessages(2);
        alice.awaitMessages(2);
        node.kill();
        alice.enter("three, while it is away");
        alice.awaitText("◷ [1] three, while it is away");
        alice.awaitText("(connecting…)");
        assertThat(alice.messages()).containsExactly("1 alice one", "2 alice two");
      } // and this terminal is gone too
      node = NodeProcess.start(folder, settings);
      try (Pane alice = pane("alice", "bob")) {
        alice.awaitText("1 message from last time");
        bob.awaitMessages(3);
        bob.enter("ought");
        alice.awaitMessages(4);
        bob.awaitMessages(4);
        alice.enter("/quit");
        bob.keys(CTRL_D);
        assertThat(alice.exitCode()).isZero();
        assertThat(bob.exitCode()).isZero();
        List<String> all =
            List.of(
                "1 alice one",
                "2 alice two",
                "3 alice three, while it is away",
                "4 bob half a thought");
        assertThat(alice.messages()).isEqualTo(all);
        assertThat(bob.messages()).isEqualTo(all);
      }
    }
  }

  @Test
  void aKilledScriptsLinesAreSentOnceByTheNextRun() throws Exception {
    node = NodeProcess.start(folder, settings);
    Path heard = folder.resolve("heard.txt");
    Process listener = chat("bob", "alice", heard);
    Process first = chat("alice", "bob", folder.resolve("first.txt"));
    BufferedWriter lines = first.outputWriter(StandardCharsets.UTF_8);
    write(lines, 1, 50);
    Awaitility.await().atMost(PATIENCE).until(() -> text(heard).contains("line 50 "));

    node.kill();
    write(lines, 51, 80);
    Awaitility.await().atMost(PATIENCE).until(() -> outboxHas("line 80 "));
    first.destroyForcibly().waitFor();
    node = NodeProcess.start(folder, settings);
    Process second = chat("alice", "bob", folder.resolve("second.txt"));
    write(second.outputWriter(StandardCharsets.UTF_8), 81, 90);
    second.outputWriter(StandardCharsets.UTF_8).close();

    assertThat(second.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).as(text(folder.resolve("second.txt.err"))).isZero();
    listener.outputWriter(StandardCharsets.UTF_8).close();
    assertThat(listener.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(listener.exitValue()).isZero();
    assertThat(text(heard).lines().map(line -> line.replaceAll("\\d\\d:\\d\\d ", "").strip()))
        .containsExactlyElementsOf(
            IntStream.rangeClosed(1, 90)
                .mapToObj(i -> "#" + i + " alice: line " + i + " .")
                .toList());
  }

  @Test
  void aScriptWithoutAServerKeepsItsLinesAndSaysSo() throws Exception {
    Process script = chat("alice", "bob", folder.resolve("out.txt"), "--wait", "1");
    BufferedWriter lines = script.outputWriter(StandardCharsets.UTF_8);
    write(lines, 1, 2);
    lines.close();

    assertThat(script.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(script.exitValue()).isEqualTo(1);
    assertThat(text(folder.resolve("out.txt.err")))
        .contains("No connection to " + server, "2 messages", "line 1 .", "line 2 .")
        .doesNotContain("\tat ");
    assertThat(outboxHas("line 2 ")).isTrue();
  }

  @Test
  void aSecondChatOfTheSameDeviceIsToldWhoHasIt() throws Exception {
    Process first = chat("alice", "bob", folder.resolve("first.txt"));
    Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(device().resolve("outbox")));

    Process second = chat("alice", "bob", folder.resolve("second.txt"));

    assertThat(second.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).isEqualTo(1);
    assertThat(text(folder.resolve("second.txt.err"))).contains("process " + first.pid());
  }

  private Process chat(String user, String other, Path out, String... more) throws IOException {
    List<String> command =
        new ArrayList<>(
            NodeProcess.command(
                "chat",
                "--user",
                user,
                "--to",
                other,
                "--server",
                server,
                "--device",
                "script",
                "--home",
                folder.resolve("home").toString()));
    command.addAll(List.of(more));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("QUIPU_"));
    builder.environment().put("LC_ALL", "C");
    builder.redirectOutput(out.toFile());
    builder.redirectError(out.resolveSibling(out.getFileName() + ".err").toFile());
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  private static void write(BufferedWriter lines, int from, int to) throws IOException {
    for (int i = from; i <= to; i++) {
      lines.write("line " + i + " .\n");
    }
    lines.flush();
  }

  private Path device() {
    return folder.resolve("home/127.0.0.1_" + tcp + "/alice/script");
  }

  private boolean outboxHas(String text) throws IOException {
    return Files.readString(device().resolve("outbox"), StandardCharsets.ISO_8859_1).contains(text);
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file);
  }

  /** Below those that the system gives to clients: none takes it while the node is away. */
  private static int freePort() {
    RandomGenerator random = RandomGenerator.getDefault();
    while (true) {
      int port = random.nextInt(20_000, 32_000);
      try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return free.getLocalPort();
      } catch (IOException e) {
        // Taken: another one.
      }
    }
  }
}
