package io.quipu.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import redis.embedded.core.ExecutableProvider;

/** A real Redis server of one test, on a free port of loopback. Whoever starts it closes it. */
public final class TestRedis implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static Path program;

  private final Path directory;
  private final int port;
  private final List<String> arguments;
  private Process process;

  private TestRedis(Path directory, int port, List<String> arguments) {
    this.directory = directory;
    this.port = port;
    this.arguments = arguments;
  }

  /**
   * @param arguments as on the command line
   */
  public static TestRedis start(String... arguments) {
    return at(freePort(), arguments);
  }

  public static TestRedis at(int port, String... arguments) {
    try {
      Path directory = Files.createTempDirectory(Path.of("target"), "redis-" + port + "-");
      TestRedis redis = new TestRedis(directory, port, List.of(arguments));
      redis.startAgain();
      return redis;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static int freePort() {
    // A cluster's own port is 10,000 above: it must be one too.
    for (int port = 20_000 + (int) (ProcessHandle.current().pid() % 5_000); ; port++) {
      try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
          ServerSocket beside =
              new ServerSocket(port + 10_000, 1, InetAddress.getLoopbackAddress())) {
        return probe.getLocalPort() + beside.getLocalPort() - port - 10_000;
      } catch (IOException taken) {
        // The next one.
      }
    }
  }

  private static synchronized Path program() throws IOException {
    if (program == null) {
      Path folder = Files.createDirectories(Path.of("target", "test-engine", "redis"));
      program =
          ExecutableProvider.newJarResourceProvider(
                  Files.createTempDirectory(folder, "program").toFile())
              .get()
              .toPath()
              .toAbsolutePath();
    }
    return program;
  }

  /** After {@link #kill}: at the same port, empty. */
  public void startAgain() {
    try {
      List<String> command = new ArrayList<>();
      command.add(program().toString());
      command.addAll(arguments.stream().filter(one -> one.endsWith(".conf")).toList());
      command.addAll(
          List.of("--port", Integer.toString(port), "--bind", "127.0.0.1", "--save", ""));
      command.addAll(arguments.stream().filter(one -> !one.endsWith(".conf")).toList());
      process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("out").toFile())
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> says("PING").matches("(?s)([+]PONG|-NOAUTH).*"));
  }

  /** The first bytes of the answer to a command without blanks in its words. */
  public String says(String command) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2_000);
      socket.setSoTimeout(5_000);
      socket.getOutputStream().write((command + "\r\n").getBytes(UTF_8));
      InputStream in = socket.getInputStream();
      byte[] answer = new byte[65_536];
      int read = in.read(answer);
      return read < 0 ? "" : new String(answer, 0, read, UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  public int port() {
    return port;
  }

  public String uri() {
    return "redis://127.0.0.1:" + port;
  }

  public void flush() {
    if (!says("FLUSHALL").startsWith("+OK")) {
      throw new IllegalStateException("not flushed");
    }
  }

  public void kill() {
    try {
      process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** SIGSTOP: it accepts, and says nothing. */
  public void freeze() {
    signal("-STOP");
  }

  public void thaw() {
    signal("-CONT");
  }

  private void signal(String name) {
    try {
      Process signal = new ProcessBuilder("kill", name, Long.toString(process.pid())).start();
      if (!signal.waitFor(10, TimeUnit.SECONDS) || signal.exitValue() != 0) {
        throw new IllegalStateException("kill " + name);
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Of its own CPU, user and system, until now. */
  public Duration cpu() {
    return process.toHandle().info().totalCpuDuration().orElseThrow();
  }

  @Override
  public void close() {
    kill();
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
