package io.quipu.it;

import io.quipu.server.adapter.postgres.EmbeddedPostgres;
import io.quipu.server.adapter.postgres.Postgres;
import io.quipu.server.config.Configuration;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One real PostgreSQL for all tests of this JVM, started when first asked for and gone with it, and
 * a database with the schema for whoever wants one of his own.
 */
public final class TestPostgres {
  private static final Path PARENT = Path.of("target");

  private static EmbeddedPostgres server;
  private static int databases;

  private TestPostgres() {}

  /** The URI of a new, empty database with the newest schema. */
  public static synchronized String freshDatabase() {
    String name = "test_" + ++databases;
    run("create database " + name + " template schema_template");
    return uri(name);
  }

  /** For tests that want to stop, freeze or look at it. */
  public static synchronized EmbeddedPostgres server() {
    if (server == null) {
      server = start();
    }
    return server;
  }

  /** Limits as in the default configuration, but for time-outs, which tests wait for. */
  public static Configuration.Postgres limits() {
    return new Configuration.Postgres(
        Optional.empty(), 4, 2_000, 1_500, 1_000, 1_500, 1_000, false);
  }

  /** Runs statements as an administrator of the server, outside of any test's database. */
  public static void run(String sql) {
    try (Connection connection = connect(server().uri());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A plain connection to what {@link #freshDatabase} gave. */
  public static Connection connect(String uri) throws SQLException {
    String[] parts = uri.substring("postgresql://".length()).split("[:@]", 3);
    return DriverManager.getConnection("jdbc:postgresql://" + parts[2], parts[0], parts[1]);
  }

  private static String uri(String database) {
    String uri = server().uri();
    return uri.substring(0, uri.lastIndexOf('/') + 1) + database;
  }

  private static EmbeddedPostgres start() {
    Path directory = PARENT.resolve("test-postgres-" + ProcessHandle.current().pid());
    EmbeddedPostgres started = EmbeddedPostgres.start(directory, PARENT.resolve("test-engine"));
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  started.crash();
                  deleteTree(directory);
                },
                "stop test PostgreSQL"));
    try (Connection connection = connect(started.uri());
        Statement statement = connection.createStatement()) {
      statement.execute("create database schema_template");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    migrate(started.uri().replaceFirst("/quipu$", "/schema_template"));
    return started;
  }

  private static void migrate(String uri) {
    Vertx vertx = Vertx.vertx();
    try {
      get(Postgres.open(vertx, uri, limits()).compose(Postgres::close));
      get(vertx.close());
    } catch (Exception e) {
      throw new IllegalStateException("no schema for tests", e);
    }
  }

  private static void get(Future<?> future) throws Exception {
    future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  private static void deleteTree(Path root) {
    try (Stream<Path> paths = Files.walk(root)) {
      paths
          .sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.deleteIfExists(path);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
