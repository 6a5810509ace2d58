package io.quipu.tools.node;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * One node, started with the java and the class path of this very process. Whoever starts it closes
 * it: that ends the node and, if the node was killed, the PostgreSQL that it left behind.
 */
public final class NodeProcess implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofSeconds(20);
  private static final int POSTMASTER_DEPTH = 4;
  private static final int LOG_LINES = 15;

  private final Process process;
  private final Path data;
  private final Path log;
  private final CompletableFuture<JsonObject> ready = new CompletableFuture<>();

  private NodeProcess(Process process, Path data, Path log) {
    this.process = process;
    this.data = data;
    this.log = log;
  }

  /**
   * Starts a node and waits until it is ready.
   *
   * @param folder its data is in {@code folder/data}, its log in {@code folder/node.log}
   * @param settings its environment variables that begin with QUIPU_, and any others
   * @throws NodeFailedException if it does not become ready; nothing of it is left
   */
  public static NodeProcess start(Path folder, Map<String, String> settings)
      throws InterruptedException {
    NodeProcess node = launch(folder, settings);
    try {
      node.awaitReady();
      return node;
    } catch (NodeFailedException e) {
      node.close();
      throw e;
    }
  }

  /** Starts a node and does not wait. */
  static NodeProcess launch(Path folder, Map<String, String> settings) {
    Path data = folder.resolve("data");
    Path log = folder.resolve("node.log");
    ProcessBuilder builder = new ProcessBuilder(command("serve", "--json"));
    // What the user has set for a node of his own is not meant for this one.
    builder.environment().keySet().removeIf(name -> name.startsWith("QUIPU_"));
    builder.environment().put("QUIPU_NODE_DATA_DIRECTORY", data.toString());
    // Beside any node of the user, and beside other nodes of this run.
    builder.environment().put("QUIPU_ADMIN_PORT", "0");
    builder.environment().putAll(settings);
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    try {
      NodeProcess node = new NodeProcess(builder.start(), data, log);
      Thread reader = new Thread(node::read, "node-output");
      reader.setDaemon(true);
      reader.start();
      return node;
    } catch (IOException e) {
      throw new NodeFailedException("no node can be started: " + e.getMessage());
    }
  }

  /**
   * @throws NodeFailedException if it does not become ready
   */
  void awaitReady() throws InterruptedException {
    try {
      ready.get(START.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new NodeFailedException(
          "the node was not ready within " + START.toSeconds() + " s:\n" + lastLines(log));
    } catch (ExecutionException e) {
      throw new NodeFailedException(
          "the node did not start: " + e.getCause().getMessage() + "\n" + lastLines(log));
    }
  }

  /** The command line that runs Quipu with these arguments, as this process runs. */
  public static List<String> command(String... arguments) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classPath = System.getProperty("java.class.path");
    List<String> command = new ArrayList<>(List.of(java));
    if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
      command.addAll(List.of("-jar", classPath));
    } else {
      // A test's class path has a log configuration of its own, before the one of the jar.
      command.add("-Dlogback.configurationFile=logback.xml");
      command.addAll(List.of("-cp", classPath, "io.quipu.Main"));
    }
    command.addAll(List.of(arguments));
    return command;
  }

  public long pid() {
    return process.pid();
  }

  public int tcpPort() {
    return ready.join().getInteger("tcp_port");
  }

  public int httpPort() {
    return ready.join().getInteger("http_port");
  }

  public int adminPort() {
    return ready.join().getInteger("admin_port");
  }

  public String postgresDescription() {
    return ready.join().getString("postgres");
  }

  /** The postmaster of the embedded PostgreSQL, if it runs. */
  public Optional<ProcessHandle> postgres() {
    if (!Files.isDirectory(data)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.walk(data, POSTMASTER_DEPTH)) {
      Optional<Path> pidFile = files.filter(file -> file.endsWith("postmaster.pid")).findFirst();
      if (pidFile.isEmpty()) {
        return Optional.empty();
      }
      String pid = Files.readAllLines(pidFile.get()).get(0).strip();
      return ProcessHandle.of(Long.parseLong(pid)).filter(NodeProcess::isPostgres);
    } catch (IOException
        | UncheckedIOException
        | NumberFormatException
        | IndexOutOfBoundsException e) {
      return Optional.empty(); // it goes away under our eyes
    }
  }

  /** A pid file may outlive its process, and the number then belongs to somebody else. */
  private static boolean isPostgres(ProcessHandle process) {
    return process
        .info()
        .command()
        .map(command -> command.endsWith("postgres") || command.endsWith("postgres.exe"))
        .orElse(false);
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** kill -9: no goodbye. Its PostgreSQL runs on. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGTERM. */
  public void terminate() {
    process.destroy();
  }

  /** Its exit code, if it ends within this time. */
  public Optional<Integer> exit(Duration within) throws InterruptedException {
    return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)
        ? Optional.of(process.exitValue())
        : Optional.empty();
  }

  /** Ends the node, gently at first, and what it left behind. */
  @Override
  public void close() {
    try {
      end();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      postgres().ifPresent(ProcessHandle::destroyForcibly);
      Thread.currentThread().interrupt();
    }
  }

  private void end() throws InterruptedException {
    terminate();
    if (exit(END).isEmpty()) {
      kill();
    }
    Optional<ProcessHandle> orphan = postgres();
    if (orphan.isPresent()) {
      orphan.get().destroy();
      if (!ended(orphan.get())) {
        orphan.get().destroyForcibly();
        ended(orphan.get());
      }
    }
  }

  private static boolean ended(ProcessHandle process) throws InterruptedException {
    try {
      process.onExit().get(END.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException | ExecutionException e) {
      return false;
    }
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!ready.isDone()) {
          ready.complete(new JsonObject(line));
        }
      }
      ready.completeExceptionally(new NodeFailedException("it ended"));
    } catch (IOException | DecodeException e) {
      ready.completeExceptionally(e);
    }
  }

  private static String lastLines(Path file) {
    try {
      List<String> lines = Files.readAllLines(file);
      return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    } catch (IOException e) {
      return "(no log: " + e.getMessage() + ")";
    }
  }
}
