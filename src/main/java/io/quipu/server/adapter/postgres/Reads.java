package io.quipu.server.adapter.postgres;

import io.quipu.server.config.Configuration;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The connections for everything but the journal's writers: so many at once, so many waiting, and
 * each statement within its time. A statement has a connection for itself: behind a slow one others
 * would wait for nothing.
 */
final class Reads {
  private final Pool pool;
  private final int giveUpMs;

  Reads(Vertx vertx, String uri, Configuration.Postgres limits) {
    this.giveUpMs = limits.statementTimeoutMs() + Connections.GRACE_MS;
    this.pool =
        PgBuilder.pool()
            .with(
                new PoolOptions()
                    .setMaxSize(limits.readConnections())
                    .setMaxWaitQueueSize(limits.maxWaiting())
                    .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS)
                    .setConnectionTimeout(limits.connectTimeoutMs()))
            .connectingTo(Connections.options(uri, limits, "reader"))
            .using(vertx)
            .build();
  }

  /** Runs one statement, prepared once per connection. Fails with QuipuException only. */
  Future<RowSet<Row>> execute(String sql, Tuple values) {
    return executeOnAny(sql, values)
        .recover(failure -> Future.failedFuture(SqlErrors.translate(failure)));
  }

  /** The same; empty, and nothing written, if a key that the statement writes is taken. */
  Future<Optional<RowSet<Row>>> executeUnlessTaken(String sql, Tuple values) {
    return executeOnAny(sql, values)
        .map(Optional::of)
        .recover(
            failure ->
                SqlErrors.isUniqueViolation(failure)
                    ? Future.succeededFuture(Optional.empty())
                    : Future.failedFuture(SqlErrors.translate(failure)));
  }

  private Future<RowSet<Row>> executeOnAny(String sql, Tuple values) {
    return pool.getConnection()
        .recover(failure -> Future.failedFuture(SqlErrors.notSent(failure.getMessage())))
        .compose(connection -> executeOn(connection, sql, values));
  }

  private Future<RowSet<Row>> executeOn(SqlConnection connection, String sql, Tuple values) {
    Connections.logEnd(connection);
    return connection
        .preparedQuery(sql)
        .execute(values)
        .timeout(giveUpMs, TimeUnit.MILLISECONDS)
        .onComplete(
            done -> {
              if (done.failed() && done.cause() instanceof TimeoutException) {
                // The pool forgets a connection whose socket is closed; its late answer goes
                // nowhere.
                Connections.sever(connection);
              } else {
                var unused = connection.close();
              }
            });
  }

  Future<Void> close() {
    return pool.close();
  }
}
