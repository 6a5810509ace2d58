package io.quipu.tools.node;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
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

/**
 * A process with the java and the class path of this very one, which says with one line of JSON
 * that it is ready. It ends when this process has gone, however that happens: its standard input
 * ends then.
 */
final class ChildProcess {
  private static final Duration START = Duration.ofMinutes(2);
  private static final int LOG_LINES = 15;

  private final String name;
  private final Process process;
  private final Path log;
  private final CompletableFuture<JsonObject> ready = new CompletableFuture<>();
  private boolean terminated;

  private ChildProcess(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /**
   * Starts it and does not wait.
   *
   * @param name for messages
   * @param prefix a program that becomes the process, with its arguments; mostly none
   * @param log where its standard error is added
   */
  static ChildProcess launch(
      String name,
      List<String> prefix,
      List<String> arguments,
      Map<String, String> settings,
      Path log) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(command(arguments.toArray(String[]::new)));
    ProcessBuilder builder = new ProcessBuilder(command);
    // What the user has set for a node of his own is not meant for this one.
    builder.environment().keySet().removeIf(variable -> variable.startsWith("QUIPU_"));
    builder.environment().putAll(settings);
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    try {
      ChildProcess child = new ChildProcess(name, builder.start(), log);
      Thread reader = new Thread(child::read, name + "-output");
      reader.setDaemon(true);
      reader.start();
      return child;
    } catch (IOException e) {
      throw new NodeFailedException(name + " cannot be started: " + e.getMessage());
    }
  }

  /** The command line that runs Quipu with these arguments, as this process runs. */
  static List<String> command(String... arguments) {
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

  /**
   * @throws NodeFailedException if it does not become ready
   */
  JsonObject awaitReady() throws InterruptedException {
    try {
      return ready.get(START.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new NodeFailedException(
          name + " was not ready within " + START.toSeconds() + " s:\n" + lastLines());
    } catch (ExecutionException e) {
      throw new NodeFailedException(
          name + " did not start: " + e.getCause().getMessage() + "\n" + lastLines());
    }
  }

  /** What it said when it was ready. */
  JsonObject ready() {
    return ready.join();
  }

  Process process() {
    return process;
  }

  /** Its exit code, if it ends within this time. */
  Optional<Integer> exit(Duration within) throws InterruptedException {
    return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)
        ? Optional.of(process.exitValue())
        : Optional.empty();
  }

  /** SIGTERM, once: a second one would cut short what the first began. */
  synchronized void terminate() {
    if (!terminated) {
      terminated = true;
      process.destroy();
    }
  }

  /** SIGTERM, and kill -9 if that does not end it in time. */
  void end(Duration within) throws InterruptedException {
    terminate();
    if (exit(within).isEmpty()) {
      process.destroyForcibly().waitFor();
    }
  }

  /** Ends a process that a child has left behind. */
  static void endOrphan(ProcessHandle orphan, Duration within) throws InterruptedException {
    orphan.destroy();
    if (!ended(orphan, within)) {
      orphan.destroyForcibly();
      ended(orphan, within);
    }
  }

  private static boolean ended(ProcessHandle process, Duration within) throws InterruptedException {
    try {
      process.onExit().get(within.toMillis(), TimeUnit.MILLISECONDS);
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

  private String lastLines() {
    try {
      List<String> lines = Files.readAllLines(log);
      return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    } catch (IOException e) {
      return "(no log: " + e.getMessage() + ")";
    }
  }
}
