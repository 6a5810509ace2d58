package io.quipu.it;

import io.quipu.model.UserId;
import io.quipu.server.NodeOnBus;
import io.quipu.server.QuipuServer;
import io.quipu.server.cluster.Bus;
import io.quipu.server.config.Configuration;
import io.quipu.server.config.ConfigurationLoader;
import io.quipu.server.people.People;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.Clock;
import io.quipu.server.time.SystemClock;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A real node in this JVM, on free ports. Whoever starts it closes it. */
final class TestNode implements AutoCloseable {
  private static final int PATIENCE_S = 60;
  private static final int TOKEN_S = 3_600;
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final String databaseUri;
  private final Configuration configuration;
  private final QuipuServer server;

  private TestNode(String databaseUri, Configuration configuration, QuipuServer server) {
    this.databaseUri = databaseUri;
    this.configuration = configuration;
    this.server = server;
  }

  /**
   * @param settings as in the environment: {@code QUIPU_…}
   */
  static TestNode start(String databaseUri, Map<String, String> settings) {
    return start(databaseUri, settings, UnaryOperator.identity());
  }

  /**
   * @param bus wraps the node's own
   */
  static TestNode start(String databaseUri, Map<String, String> settings, UnaryOperator<Bus> bus) {
    Map<String, String> environment = new HashMap<>();
    environment.put("QUIPU_TCP_PORT", "0");
    environment.put("QUIPU_HTTP_PORT", "0");
    environment.put("QUIPU_ADMIN_PORT", "0");
    environment.put("QUIPU_NODE_DRAIN_MS", "500");
    environment.put("QUIPU_POSTGRES_URI", databaseUri);
    environment.putAll(settings);
    Configuration configuration = ConfigurationLoader.withoutFile(environment);
    try {
      QuipuServer server =
          NodeOnBus.start(configuration, bus)
              .toCompletionStage()
              .toCompletableFuture()
              .get(PATIENCE_S, TimeUnit.SECONDS);
      return new TestNode(databaseUri, configuration, server);
    } catch (Exception e) {
      throw new IllegalStateException("the node did not start", e);
    }
  }

  /** With a new database. */
  static TestNode start(Map<String, String> settings) {
    return start(TestPostgres.freshDatabase(), settings);
  }

  /** A name that no other test uses. */
  static String fresh(String name) {
    return name + "-" + NAMES.incrementAndGet();
  }

  int tcpPort() {
    return server.tcpPort();
  }

  int httpPort() {
    return server.httpPort();
  }

  int adminPort() {
    return server.adminPort();
  }

  People people() {
    return server.people();
  }

  String databaseUri() {
    return databaseUri;
  }

  /**
   * A device of the SDK on this node, not yet started.
   *
   * @param scheme tcp, ws or ws+json
   */
  SdkDevice device(Vertx vertx, String user, String scheme) {
    String address =
        scheme.equals("tcp")
            ? "127.0.0.1:" + tcpPort()
            : "127.0.0.1:" + httpPort() + RawSocket.PATH;
    return new SdkDevice(vertx, scheme + "://" + address, () -> token(user), "phone");
  }

  String token(String user) {
    return token(user, TOKEN_S);
  }

  String token(String user, int ttlSeconds) {
    return new DevelopmentTokens(configuration, new SystemClock())
        .issue(new UserId(user), ttlSeconds);
  }

  /** Of a service with this name. */
  String serviceToken(String name) {
    return new DevelopmentTokens(configuration, new SystemClock()).issueForService(name, TOKEN_S);
  }

  /** Signed with a key that this node does not know. */
  String foreignToken(String user) {
    Configuration elsewhere =
        ConfigurationLoader.withoutFile(
            Map.of("QUIPU_AUTH_HS256_SECRET", "another secret, of thirty-two bytes or more"));
    return new DevelopmentTokens(elsewhere, new SystemClock()).issue(new UserId(user), TOKEN_S);
  }

  /** Good until a minute ago. */
  String expiredToken(String user) {
    Clock now = new SystemClock();
    Clock past =
        new Clock() {
          @Override
          public long nowMs() {
            return now.nowMs();
          }

          @Override
          public long unixMs() {
            return now.unixMs() - 120_000;
          }
        };
    return new DevelopmentTokens(configuration, past).issue(new UserId(user), 60);
  }

  /** The one number that this statement answers. */
  long count(String sql) {
    try (Connection connection = TestPostgres.connect(databaseUri);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  void execute(String sql) {
    try (Connection connection = TestPostgres.connect(databaseUri);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  @Override
  public void close() {
    try {
      server.stop().toCompletionStage().toCompletableFuture().get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException("the node did not stop", e);
    }
  }
}
