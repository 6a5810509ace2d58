package io.quipu.tools.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * One node, started with the java and the class path of this very process. Whoever starts it closes
 * it: that ends the node and, if the node was killed, the PostgreSQL that it left behind. When this
 * process is killed itself, the node ends as at SIGTERM.
 */
public final class NodeProcess implements AutoCloseable {
  private static final Duration END = Duration.ofSeconds(20);
  private static final int POSTMASTER_DEPTH = 4;
  private static final String SERVE = "serve";
  private static final String JSON = "--json";
  private static final String WITH_US = "--until-input-ends";

  private final ChildProcess child;
  private final Optional<Path> data;

  /** SIGSTOP was sent: it has to wake before it can hear of anything else. */
  private volatile boolean frozen;

  private NodeProcess(ChildProcess child, Optional<Path> data) {
    this.child = child;
    this.data = data;
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

  /** Starts a node with a PostgreSQL of its own and does not wait. */
  static NodeProcess launch(Path folder, Map<String, String> settings) {
    Path data = folder.resolve("data");
    Map<String, String> all = new HashMap<>();
    all.put("QUIPU_NODE_DATA_DIRECTORY", data.toString());
    // Beside any node of the user, and beside other nodes of this run.
    all.put("QUIPU_ADMIN_PORT", "0");
    all.putAll(settings);
    ChildProcess child =
        ChildProcess.launch(
            "the node", List.of(), List.of(SERVE, JSON, WITH_US), all, folder.resolve("node.log"));
    return new NodeProcess(child, Optional.of(data));
  }

  /**
   * Starts a node of a cluster and does not wait.
   *
   * @param name for messages
   * @param prefix a program that becomes the node's process, such as one that enters a namespace
   * @param configuration its file
   * @param settings environment variables beside it
   * @param log where its log is added
   */
  public static NodeProcess launch(
      String name,
      List<String> prefix,
      Path configuration,
      Map<String, String> settings,
      Path log) {
    List<String> arguments =
        List.of(SERVE, JSON, WITH_US, "--conf", configuration.toAbsolutePath().toString());
    return new NodeProcess(
        ChildProcess.launch(name, prefix, arguments, settings, log), Optional.empty());
  }

  /**
   * @throws NodeFailedException if it does not become ready
   */
  public void awaitReady() throws InterruptedException {
    child.awaitReady();
  }

  /** The command line that runs Quipu with these arguments, as this process runs. */
  public static List<String> command(String... arguments) {
    return ChildProcess.command(arguments);
  }

  public long pid() {
    return child.process().pid();
  }

  public int tcpPort() {
    return child.ready().getInteger("tcp_port");
  }

  public int httpPort() {
    return child.ready().getInteger("http_port");
  }

  public int adminPort() {
    return child.ready().getInteger("admin_port");
  }

  public String postgresDescription() {
    return child.ready().getString("postgres");
  }

  /** The postmaster of the embedded PostgreSQL, if it has one and that runs. */
  public Optional<ProcessHandle> postgres() {
    if (data.isEmpty() || !Files.isDirectory(data.get())) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.walk(data.get(), POSTMASTER_DEPTH)) {
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
    return child.process().isAlive();
  }

  /** Completes with its exit code when it has ended: 128 and more for a signal. */
  public CompletableFuture<Integer> onExit() {
    return child.process().onExit().thenApply(Process::exitValue);
  }

  /** kill -9: no goodbye. Its PostgreSQL runs on. */
  public void kill() throws InterruptedException {
    child.process().destroyForcibly().waitFor();
  }

  /** SIGTERM. */
  public void terminate() {
    child.terminate();
  }

  /** SIGSTOP: it stands still, with its sockets open, until {@link #thaw}. */
  public void freeze() throws InterruptedException {
    frozen = true;
    signal("STOP");
  }

  /** SIGCONT. */
  public void thaw() throws InterruptedException {
    frozen = false;
    signal("CONT");
  }

  private void signal(String name) throws InterruptedException {
    try {
      int code = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor();
      if (code != 0) {
        throw new NodeFailedException("SIG" + name + " does not reach process " + pid());
      }
    } catch (IOException e) {
      throw new NodeFailedException("there is no program kill: " + e.getMessage());
    }
  }

  /** Its exit code, if it ends within this time. */
  public Optional<Integer> exit(Duration within) throws InterruptedException {
    return child.exit(within);
  }

  /** Ends the node, gently at first, and what it left behind. */
  @Override
  public void close() {
    try {
      if (frozen && isAlive()) {
        thaw();
      }
      child.end(END);
      Optional<ProcessHandle> orphan = postgres();
      if (orphan.isPresent()) {
        ChildProcess.endOrphan(orphan.get(), END);
      }
    } catch (InterruptedException e) {
      child.process().destroyForcibly();
      postgres().ifPresent(ProcessHandle::destroyForcibly);
      Thread.currentThread().interrupt();
    }
  }
}
