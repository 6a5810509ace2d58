package io.quipu.server.adapter.postgres;

import io.quipu.server.config.Configuration;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.SocketConnectionBase;
import io.vertx.sqlclient.internal.Connection;
import io.vertx.sqlclient.internal.SqlConnectionInternal;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a connection to PostgreSQL is opened, and how it is cut. */
final class Connections {
  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

  /**
   * A statement is given up this much later on our side than on PostgreSQL's, so that its own
   * answer, which is definite, wins if it still can speak.
   */
  static final int GRACE_MS = 500;

  /** Below the application name, which an operator sees in pg_stat_activity. */
  private static final Map<String, String> COMMON =
      Map.of(
          "timezone", "UTC",
          "client_encoding", "UTF8",
          // All statements are prepared and find rows by index: one plan each, made once.
          "plan_cache_mode", "force_generic_plan",
          // Compiling a plan costs more than any statement here.
          "jit", "off",
          // A node that is gone is noticed in 5 s, and what it holds is released.
          "tcp_keepalives_idle", "2",
          "tcp_keepalives_interval", "1",
          "tcp_keepalives_count", "3");

  private Connections() {}

  /**
   * @param purpose of the connection, for pg_stat_activity
   */
  static PgConnectOptions options(String uri, Configuration.Postgres limits, String purpose) {
    PgConnectOptions options = PgConnectOptions.fromUri(uri);
    COMMON.forEach(options::addProperty);
    options
        .addProperty("application_name", "quipu " + purpose)
        .addProperty("statement_timeout", Integer.toString(limits.statementTimeoutMs()))
        .addProperty("lock_timeout", Integer.toString(limits.lockTimeoutMs()))
        .addProperty(
            "idle_in_transaction_session_timeout",
            Integer.toString(limits.idleInTransactionTimeoutMs()));
    options
        .setPipeliningLimit(1)
        .setCachePreparedStatements(true)
        // The default leaves out statements of 2,048 characters and more.
        .setPreparedStatementCacheSqlFilter(sql -> true);
    return options;
  }

  /**
   * What PostgreSQL says when it ends a connection goes to the log: without a handler, the driver
   * prints it to the console. Whoever waits for an answer is told in any case.
   */
  static void logEnd(SqlConnection connection) {
    connection.exceptionHandler(
        e -> LOG.debug("a connection to PostgreSQL ends: {}", e.getMessage()));
  }

  /**
   * Closes the socket at once. The driver's own {@code close()} waits for the answer of a statement
   * that is under way, and its codec makes even a close of the channel wait until PostgreSQL has
   * said goodbye; a frozen one never does. So this begins before the codec.
   */
  static void sever(SqlConnection connection) {
    if (connection instanceof SqlConnectionInternal internal) {
      Connection inner = internal.unwrap();
      if (inner.unwrap() != null) {
        inner = inner.unwrap(); // out of the pool's wrapping
      }
      if (inner instanceof SocketConnectionBase socketConnection) {
        var unused =
            socketConnection.socket().channelHandlerContext().pipeline().firstContext().close();
        return;
      }
    }
    throw new IllegalStateException("a connection without a socket: " + connection);
  }
}
