package io.quipu.server.adapter.postgres;

import io.quipu.server.journal.StoreUnfitException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL of the node's own, for who has none: a real and durable server whose data outlives
 * this process. Reachable on loopback only, with a password that stands in the data directory. All
 * calls block.
 *
 * <pre>
 *  node.lock           held while a node uses the directory; contains its process id
 *  engine-…/           the programs
 *  postgres/           the database; postgres/postmaster.pid begins with PostgreSQL's process id
 *  postgres.password   of the user "quipu"; only the owner may read it
 *  postgres.out        what PostgreSQL's programs said last
 * </pre>
 *
 * <p>A node that is killed leaves PostgreSQL running. The next start on the same directory stops it
 * and starts it anew.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);

  private static final String USER = "quipu";
  private static final String DATABASE = "quipu";

  /** Recovery after a crash reads up to max_wal_size of log. */
  private static final int START_SECONDS = 120;

  private static final int STOP_SECONDS = 60;
  private static final int PORT_ATTEMPTS = 5;
  private static final int MAX_REPORT_BYTES = 2_000;

  /**
   * The server's log leaves out errors, which the node gets as answers, and details, which quote
   * rows. It is one file for each day of the week.
   */
  private static final String SETTINGS =
      """
      # Written at each start by Quipu. Your own settings go below the line that includes this file.
      listen_addresses = '127.0.0.1'
      port = %d
      unix_socket_directories = ''
      max_connections = 100

      # An acknowledged message is on the disk.
      fsync = on
      synchronous_commit = on
      full_page_writes = on

      shared_buffers = 256MB
      wal_compression = on
      wal_buffers = 16MB
      min_wal_size = 256MB
      max_wal_size = 2GB
      checkpoint_timeout = 15min
      autovacuum_naptime = 10s
      max_parallel_workers_per_gather = 0
      jit = off

      logging_collector = on
      log_directory = 'log'
      log_filename = 'postgresql-%%a.log'
      log_truncate_on_rotation = on
      log_rotation_age = 1d
      log_rotation_size = 0
      log_min_messages = log
      log_error_verbosity = terse
      log_checkpoints = off
      log_timezone = 'UTC'
      timezone = 'UTC'
      """;

  private final Path home;
  private final Path database;
  private final Engine engine;
  private final FileChannel lockFile;
  private final FileLock lock;
  private final String password;
  private final int port;
  private boolean closed;

  private EmbeddedPostgres(
      Path home, Engine engine, FileChannel lockFile, FileLock lock, String password, int port) {
    this.home = home;
    this.database = home.resolve("postgres");
    this.engine = engine;
    this.lockFile = lockFile;
    this.lock = lock;
    this.password = password;
    this.port = port;
  }

  /**
   * Starts it on this directory, which is made if it is not there.
   *
   * @throws StoreUnfitException says what an operator should do; among others when another node
   *     uses the directory
   */
  public static EmbeddedPostgres start(Path dataDirectory) {
    return start(dataDirectory, dataDirectory);
  }

  /**
   * The same, with the programs unpacked below another directory.
   *
   * @param engines may be shared by several
   */
  public static EmbeddedPostgres start(Path dataDirectory, Path engines) {
    Path home = dataDirectory.toAbsolutePath().normalize();
    try {
      Files.createDirectories(home);
      FileChannel lockFile =
          FileChannel.open(
              home.resolve("node.lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      FileLock lock = null;
      try {
        lock = lock(lockFile, home);
        Engine engine = Engine.unpack(engines.toAbsolutePath().normalize());
        return new Start(home, engine).run(lockFile, lock);
      } catch (IOException | RuntimeException e) {
        if (lock != null) {
          lock.release();
        }
        lockFile.close();
        throw e;
      }
    } catch (IOException e) {
      throw new StoreUnfitException(
          "the data directory %s cannot be used: %s".formatted(home, e.toString()));
    }
  }

  private static FileLock lock(FileChannel lockFile, Path home) throws IOException {
    FileLock lock;
    try {
      lock = lockFile.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      ByteBuffer holder = ByteBuffer.allocate(20);
      lockFile.read(holder, 0);
      String pid = new String(holder.array(), 0, holder.position(), StandardCharsets.UTF_8).trim();
      throw new StoreUnfitException(
          "the data directory %s is in use by another node (process %s): stop it, or set node.dataDirectory to another one"
              .formatted(home, pid.isEmpty() ? "unknown" : pid));
    }
    lockFile.truncate(0);
    lockFile.write(
        ByteBuffer.wrap(
            Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)),
        0);
    return lock;
  }

  /** {@code postgresql://…}, with the password. */
  public String uri() {
    return uri(DATABASE);
  }

  String uri(String databaseName) {
    return "postgresql://%s:%s@127.0.0.1:%d/%s".formatted(USER, password, port, databaseName);
  }

  /** The process that all others of this PostgreSQL are children of. */
  public long pid() {
    return processId(database)
        .orElseThrow(() -> new IllegalStateException("PostgreSQL does not run"));
  }

  /** Stops PostgreSQL; everything committed stays. */
  @Override
  public void close() {
    end(List.of("fast", "immediate"));
  }

  /** The same as a crash: nothing is flushed, and the next start recovers what was committed. */
  public void crash() {
    end(List.of("immediate"));
  }

  private void end(List<String> modes) {
    if (closed) {
      return;
    }
    closed = true;
    try {
      stop(home, database, engine, modes);
    } catch (IOException e) {
      LOG.error("PostgreSQL could not be stopped: {}", e.toString());
    } finally {
      try {
        lock.release();
        lockFile.close();
      } catch (IOException e) {
        LOG.warn("the lock of {} could not be released: {}", home, e.toString());
      }
    }
  }

  private static void stop(Path home, Path database, Engine engine, List<String> modes)
      throws IOException {
    for (String mode : modes) {
      List<String> command =
          command(
              engine,
              "pg_ctl",
              List.of(
                  "stop",
                  "-D",
                  database.toString(),
                  "-w",
                  "-t",
                  Integer.toString(STOP_SECONDS),
                  "-m",
                  mode));
      if (run(home, command, STOP_SECONDS) == 0) {
        return;
      }
      LOG.warn("PostgreSQL did not stop ({}): {}", mode, report(home));
    }
    throw new IOException("PostgreSQL does not stop: " + report(home));
  }

  /** The first line of postmaster.pid. */
  private static Optional<Long> processId(Path database) {
    try {
      List<String> lines = Files.readAllLines(database.resolve("postmaster.pid"));
      return lines.isEmpty() ? Optional.empty() : Optional.of(Long.valueOf(lines.get(0).trim()));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * PostgreSQL refuses to run as root. As root it gets a user namespace, in which it is nobody,
   * while its files are root's outside.
   */
  private static List<String> command(Engine engine, String program, List<String> arguments) {
    List<String> command = new ArrayList<>();
    if (Engine.isLinux() && System.getProperty("user.name").equals("root")) {
      command.addAll(List.of("unshare", "--user"));
    }
    command.add(engine.program(program).toString());
    command.addAll(arguments);
    return command;
  }

  private static int run(Path home, List<String> command, int seconds) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(home.resolve("postgres.out").toFile())
            .start();
    process.getOutputStream().close();
    try {
      if (process.waitFor(seconds + 10L, TimeUnit.SECONDS)) {
        return process.exitValue();
      }
      process.destroyForcibly();
      throw new IOException(command + " did not end within " + (seconds + 10) + " s");
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for " + command);
    }
  }

  /** The end of what the last program said. */
  private static String report(Path home) throws IOException {
    byte[] output = Files.readAllBytes(home.resolve("postgres.out"));
    int from = Math.max(0, output.length - MAX_REPORT_BYTES);
    return new String(output, from, output.length - from, StandardCharsets.UTF_8)
        .trim()
        .replaceAll("\\s*\\R\\s*", "; ");
  }

  /** The steps from a locked directory to a running server. */
  private record Start(Path home, Path database, Engine engine) {
    Start(Path home, Engine engine) {
      this(home, home.resolve("postgres"), engine);
    }

    EmbeddedPostgres run(FileChannel lockFile, FileLock lock) throws IOException {
      stopOrphan();
      String password = password();
      if (!Files.isDirectory(database)) {
        initialize();
      }
      int port = startServer();
      EmbeddedPostgres started = new EmbeddedPostgres(home, engine, lockFile, lock, password, port);
      try {
        createDatabase(started);
      } catch (SQLException e) {
        stop(home, database, engine, List.of("fast"));
        throw new StoreUnfitException(
            "the embedded PostgreSQL in %s does not accept its own node: %s"
                .formatted(home, e.getMessage()));
      }
      return started;
    }

    /** What a killed node has left: its PostgreSQL, or only the file that says so. */
    private void stopOrphan() throws IOException {
      Optional<Long> pid = processId(database);
      if (pid.isEmpty()) {
        return;
      }
      if (isOurs(pid.get())) {
        LOG.info("stopping the PostgreSQL (process {}) that a killed node has left", pid.get());
        stop(home, database, engine, List.of("fast", "immediate"));
      } else {
        // The number may be another program's by now; PostgreSQL would take it for a rival.
        Files.deleteIfExists(database.resolve("postmaster.pid"));
      }
    }

    private boolean isOurs(long pid) {
      Optional<ProcessHandle> process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
      if (process.isEmpty()) {
        return false;
      }
      try {
        Path workingDirectory = Path.of("/proc", Long.toString(pid), "cwd").toRealPath();
        return workingDirectory.equals(database.toRealPath());
      } catch (IOException e) {
        // No /proc: then its name decides.
        return process.get().info().command().filter(name -> name.contains("postgres")).isPresent();
      }
    }

    private String password() throws IOException {
      Path file = home.resolve("postgres.password");
      try {
        return Files.readString(file).trim();
      } catch (NoSuchFileException e) {
        byte[] random = new byte[24];
        new SecureRandom().nextBytes(random);
        String password = HexFormat.of().formatHex(random);
        Path unfinished = home.resolve("postgres.password.new");
        Files.deleteIfExists(unfinished);
        Files.createFile(unfinished);
        if (Files.getFileStore(unfinished).supportsFileAttributeView("posix")) {
          Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rw-------"));
        }
        Files.writeString(unfinished, password);
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        return password;
      }
    }

    /** Beside its place first, so that a half-made database is never taken for one. */
    private void initialize() throws IOException {
      LOG.info("making a database in {}", database);
      Path unfinished = home.resolve("postgres.new");
      Engine.deleteTree(unfinished);
      List<String> command =
          command(
              engine,
              "initdb",
              List.of(
                  "-D",
                  unfinished.toString(),
                  "-U",
                  USER,
                  "-A",
                  "scram-sha-256",
                  "--pwfile=" + home.resolve("postgres.password"),
                  "-E",
                  "UTF8",
                  "--no-locale",
                  "--data-checksums"));
      if (EmbeddedPostgres.run(home, command, START_SECONDS) != 0) {
        throw new StoreUnfitException(
            "the embedded PostgreSQL cannot be set up in %s: %s%s"
                .formatted(home, report(home), hintForRoot()));
      }
      Files.writeString(
          unfinished.resolve("postgresql.conf"),
          "\ninclude 'quipu.conf'\n",
          StandardOpenOption.APPEND);
      Files.move(unfinished, database, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String hintForRoot() {
      return Engine.isLinux() && System.getProperty("user.name").equals("root")
          ? " (as root it needs the program unshare and user namespaces; any other user needs nothing)"
          : "";
    }

    /** The port of last time, if it is free, so that an operator's notes stay true. */
    private int startServer() throws IOException {
      Path settings = database.resolve("quipu.conf");
      int port = lastPort(settings).filter(Start::isFree).orElseGet(Start::freePort);
      for (int attempt = 1; ; attempt++) {
        Files.writeString(settings, SETTINGS.formatted(port));
        List<String> command =
            command(
                engine,
                "pg_ctl",
                List.of(
                    "start",
                    "-D",
                    database.toString(),
                    "-w",
                    "-t",
                    Integer.toString(START_SECONDS),
                    "-l",
                    home.resolve("postgres.start").toString()));
        Files.deleteIfExists(home.resolve("postgres.start"));
        if (EmbeddedPostgres.run(home, command, START_SECONDS) == 0) {
          return port;
        }
        if (attempt == PORT_ATTEMPTS || isFree(port)) {
          throw new StoreUnfitException(
              "the embedded PostgreSQL in %s does not start: %s"
                  .formatted(home, Files.readString(home.resolve("postgres.start")).trim()));
        }
        port = freePort();
      }
    }

    private static Optional<Integer> lastPort(Path settings) throws IOException {
      if (!Files.exists(settings)) {
        return Optional.empty();
      }
      return Files.readAllLines(settings).stream()
          .filter(line -> line.startsWith("port = "))
          .map(line -> Integer.valueOf(line.substring("port = ".length()).trim()))
          .findFirst();
    }

    private static boolean isFree(int port) {
      try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return probe.isBound();
      } catch (IOException e) {
        return false;
      }
    }

    private static int freePort() {
      try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        return probe.getLocalPort();
      } catch (IOException e) {
        throw new StoreUnfitException("no port is free on loopback: " + e.getMessage());
      }
    }

    private static void createDatabase(EmbeddedPostgres started) throws SQLException {
      try (Connection connection =
              DriverManager.getConnection(
                  "jdbc:postgresql://127.0.0.1:%d/postgres".formatted(started.port),
                  USER,
                  started.password);
          Statement statement = connection.createStatement()) {
        boolean exists =
            statement
                .executeQuery("select from pg_database where datname = '" + DATABASE + "'")
                .next();
        if (!exists) {
          statement.execute("create database " + DATABASE);
        }
      }
    }
  }
}
