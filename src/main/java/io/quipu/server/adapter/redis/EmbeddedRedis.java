package io.quipu.server.adapter.redis;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import redis.embedded.core.ExecutableProvider;

/**
 * A Redis of one's own, for a cluster on one machine: a real server, reachable on the address that
 * it is given. It keeps nothing on the disk, since all that it holds are hints. All calls block.
 *
 * <pre>
 *  redis-server-…      the program, while its starter runs
 *  redis.conf          written at each start
 *  redis.pid           its process id
 *  redis.log           what it says
 * </pre>
 *
 * <p>It runs in a session of its own, so a Ctrl-C in the terminal that started it does not reach
 * it. Whoever started it and is killed leaves it running: the next start on the same folder ends
 * it.
 */
public final class EmbeddedRedis implements AutoCloseable {
  private static final String SETTINGS =
      """
      bind %s
      port %d
      dir "%s"
      daemonize yes
      pidfile "%s"
      logfile "%s"
      save ""
      appendonly no
      """;

  private static final long START_MS = 10_000;
  private static final long STOP_MS = 10_000;
  private static final long LOOK_MS = 50;
  private static final int LOG_LINES = 5;

  private final ProcessHandle process;
  private final String host;
  private final int port;

  private EmbeddedRedis(ProcessHandle process, String host, int port) {
    this.process = process;
    this.host = host;
    this.port = port;
  }

  /**
   * Starts it, and waits until it listens.
   *
   * @param folder its own; made if it is not there
   * @param host the address to listen on, without a password: loopback, or a network of nobody else
   * @throws IOException says why it does not run
   */
  public static EmbeddedRedis start(Path folder, String host, int port) throws IOException {
    Path home = Files.createDirectories(folder).toRealPath();
    Path pidFile = home.resolve("redis.pid");
    Path log = home.resolve("redis.log");
    stopOrphan(home, pidFile);
    Path program = ExecutableProvider.newJarResourceProvider(home.toFile()).get().toPath();
    Files.deleteIfExists(pidFile);
    Files.deleteIfExists(log);
    Path settings = home.resolve("redis.conf");
    Files.writeString(settings, SETTINGS.formatted(host, port, home, pidFile, log));
    try (WatchService changes = home.getFileSystem().newWatchService()) {
      home.register(
          changes, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
      int code =
          new ProcessBuilder(program.toString(), settings.toString())
              .redirectErrorStream(true)
              .redirectOutput(home.resolve("redis.out").toFile())
              .start()
              .waitFor();
      // It leaves its first process when it goes to the background, and writes the file when it
      // listens.
      long waitedMs = 0;
      while (code == 0
          && running(pidFile).isEmpty()
          && waitedMs < START_MS
          && !says(log, "Failed")) {
        WatchKey change = changes.poll(LOOK_MS, TimeUnit.MILLISECONDS);
        if (change == null) {
          waitedMs += LOOK_MS;
        } else {
          change.pollEvents();
          change.reset();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while Redis was starting", e);
    } catch (ClosedWatchServiceException e) {
      throw new IOException("the folder " + home + " went away while Redis was starting", e);
    }
    Optional<ProcessHandle> started = running(pidFile);
    if (started.isEmpty()) {
      throw new IOException(
          "Redis does not start on %s:%d: %s".formatted(host, port, lastLines(log)));
    }
    return new EmbeddedRedis(started.get(), host, port);
  }

  /** What somebody who was killed has left. A pid may be another program's by now. */
  private static void stopOrphan(Path home, Path pidFile) throws IOException {
    Optional<ProcessHandle> orphan = running(pidFile);
    if (orphan.isPresent() && worksIn(home, orphan.get())) {
      end(orphan.get());
    }
  }

  private static boolean worksIn(Path home, ProcessHandle process) {
    try {
      return Path.of("/proc", Long.toString(process.pid()), "cwd").toRealPath().equals(home);
    } catch (IOException e) {
      // No /proc: then its name decides.
      return process.info().command().filter(name -> name.contains("redis-server")).isPresent();
    }
  }

  private static Optional<ProcessHandle> running(Path pidFile) {
    try {
      return ProcessHandle.of(Long.parseLong(Files.readString(pidFile).strip()))
          .filter(ProcessHandle::isAlive);
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static boolean says(Path log, String word) throws IOException {
    return Files.exists(log) && Files.readString(log).contains(word);
  }

  private static String lastLines(Path log) throws IOException {
    if (!Files.exists(log)) {
      return "it said nothing";
    }
    List<String> lines = Files.readAllLines(log);
    return String.join("; ", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
  }

  /** {@code redis://host:port}. */
  public String uri() {
    return "redis://" + host + ":" + port;
  }

  public long pid() {
    return process.pid();
  }

  /** kill -9. */
  public void kill() {
    process.destroyForcibly();
    ended(process);
  }

  /** Ends it; what it held is gone. */
  @Override
  public void close() {
    end(process);
  }

  private static void end(ProcessHandle process) {
    process.destroy();
    if (!ended(process)) {
      process.destroyForcibly();
      ended(process);
    }
  }

  private static boolean ended(ProcessHandle process) {
    try {
      process.onExit().get(STOP_MS, TimeUnit.MILLISECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (TimeoutException | ExecutionException e) {
      return false;
    }
  }
}
