package io.quipu.tools.node;

import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * PostgreSQL and Redis of a cluster on this machine, held by a process that ends both when it is
 * closed, and when this process is killed.
 */
public final class StoresProcess implements AutoCloseable {
  /** PostgreSQL writes a checkpoint at its end. */
  private static final Duration END = Duration.ofSeconds(90);

  private static final Duration ORPHAN_END = Duration.ofSeconds(20);

  private final ChildProcess child;

  /** A handle knows its process from a later one with the same number. */
  private volatile Optional<ProcessHandle> postgres = Optional.empty();

  private volatile Optional<ProcessHandle> redis = Optional.empty();

  private StoresProcess(ChildProcess child) {
    this.child = child;
  }

  /** Starts them and does not wait. */
  static StoresProcess launch(Path data, int redisPort, Path log) {
    return new StoresProcess(
        ChildProcess.launch(
            "PostgreSQL and Redis",
            List.of(),
            List.of(
                "stores",
                "--data",
                data.toAbsolutePath().toString(),
                "--redis-port",
                Integer.toString(redisPort)),
            // It holds two programs and does nothing.
            Map.of("JDK_JAVA_OPTIONS", "-Xmx64m -XX:+UseSerialGC"),
            log));
  }

  /**
   * @throws NodeFailedException if they do not start
   */
  void awaitReady() throws InterruptedException {
    JsonObject ready = child.awaitReady();
    postgres = ProcessHandle.of(ready.getLong("postgres_pid"));
    redis = ProcessHandle.of(ready.getLong("redis_pid"));
  }

  /** With the password. */
  public String postgresUri() {
    return child.ready().getString("postgres");
  }

  public String redisUri() {
    return child.ready().getString("redis");
  }

  /** The postmaster, if it runs. */
  public Optional<ProcessHandle> postgres() {
    return postgres.filter(ProcessHandle::isAlive);
  }

  public Optional<ProcessHandle> redis() {
    return redis.filter(ProcessHandle::isAlive);
  }

  CompletableFuture<Integer> onExit() {
    return child.process().onExit().thenApply(Process::exitValue);
  }

  /** Ends Redis, then PostgreSQL. */
  @Override
  public void close() {
    try {
      child.end(END);
      // Only if it was killed.
      if (redis().isPresent()) {
        ChildProcess.endOrphan(redis.get(), ORPHAN_END);
      }
      if (postgres().isPresent()) {
        ChildProcess.endOrphan(postgres.get(), ORPHAN_END);
      }
    } catch (InterruptedException e) {
      child.process().destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
