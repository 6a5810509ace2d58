package io.quipu.it;

import io.quipu.server.adapter.postgres.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A PostgreSQL of a test's own, which may be stopped, killed, frozen and rolled back without harm
 * to other tests. Its address stays the same.
 */
final class TroubledPostgres implements AutoCloseable {
  private static final Path ENGINES = Path.of("target", "test-engine");

  private final Path folder;
  private EmbeddedPostgres server;
  private boolean running;
  private int databases;

  private TroubledPostgres(Path folder) {
    this.folder = folder;
    start();
  }

  static TroubledPostgres in(Path folder) {
    return new TroubledPostgres(folder);
  }

  /** The URI of a new, empty database. */
  String freshDatabase() {
    String name = "trouble_" + ++databases;
    run(server.uri(), "create database " + name);
    return server.uri().replaceFirst("/quipu$", "/" + name);
  }

  static void run(String uri, String sql) {
    try (Connection connection = TestPostgres.connect(uri);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  void start() {
    String uri = server == null ? "" : server.uri();
    server = EmbeddedPostgres.start(folder, ENGINES);
    running = true;
    if (!uri.isEmpty() && !uri.equals(server.uri())) {
      throw new IllegalStateException("another program has taken the port of " + uri);
    }
  }

  /**
   * Starts it with a disk of its own at this place, so small that a test can fill it. The disk is
   * in memory, and nobody else sees it; no privilege is needed.
   *
   * @return false if this machine does not allow it
   */
  boolean startWithSmallDisk(Path place, int megabytes) {
    try (Stream<Path> tree = Files.walk(ENGINES)) {
      Path control = tree.filter(path -> path.endsWith("bin/pg_ctl")).findFirst().orElseThrow();
      Files.createDirectories(place);
      // As root of a namespace it mounts, and in one below that PostgreSQL is not root.
      String script =
          "mount -t tmpfs -o size=%dm small %s && exec unshare --user %s start -D %s -w -l %s"
              .formatted(
                  megabytes,
                  place.toAbsolutePath(),
                  control.toAbsolutePath(),
                  folder.resolve("postgres").toAbsolutePath(),
                  folder.resolve("small-disk.out").toAbsolutePath());
      Process started =
          new ProcessBuilder("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("small-disk.log").toFile())
              .start();
      running = started.waitFor() == 0;
      return running;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  void stop() {
    server.close();
    running = false;
  }

  /** As by kill -9 or a power failure. */
  void crash() {
    server.crash();
    running = false;
  }

  /** All of it stands still: sockets stay open, and nobody answers. */
  void freeze() {
    signal("STOP", processes());
  }

  void thaw() {
    signal("CONT", processes());
  }

  /** This process of it alone stands still. */
  static void freeze(long pid) {
    signal("STOP", List.of(pid));
  }

  static void thaw(long pid) {
    signal("CONT", List.of(pid));
  }

  /** The postmaster first: while it stands still there are no new ones. */
  private List<Long> processes() {
    ProcessHandle postmaster = ProcessHandle.of(server.pid()).orElseThrow();
    List<Long> pids = new ArrayList<>(List.of(postmaster.pid()));
    postmaster.descendants().forEach(child -> pids.add(child.pid()));
    return pids;
  }

  private static void signal(String signal, List<Long> pids) {
    List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
    pids.forEach(pid -> command.add(Long.toString(pid)));
    try {
      // One that has ended meanwhile makes kill fail, and does no harm.
      new ProcessBuilder(command).start().waitFor();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A copy of what it holds now; it must be stopped. */
  void copyTo(Path copy) {
    if (running) {
      throw new IllegalStateException("PostgreSQL runs");
    }
    copyTree(folder.resolve("postgres"), copy);
  }

  /** What it holds is replaced by an earlier copy; it must be stopped. */
  void restoreFrom(Path copy) {
    if (running) {
      throw new IllegalStateException("PostgreSQL runs");
    }
    Path database = folder.resolve("postgres");
    try (Stream<Path> tree = Files.walk(database)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    copyTree(copy, database);
  }

  private static void copyTree(Path from, Path to) {
    try (Stream<Path> tree = Files.walk(from)) {
      for (Path path : tree.toList()) {
        Files.copy(
            path, to.resolve(from.relativize(path).toString()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (running) {
      thaw();
      ProcessHandle postmaster = ProcessHandle.of(server.pid()).orElseThrow();
      signal("QUIT", List.of(postmaster.pid()));
      postmaster.onExit().join();
      running = false;
    }
  }
}
