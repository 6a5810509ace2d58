package io.quipu.server.adapter.postgres;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.Written;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.PreparedStatement;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes batches on a connection of its own, one statement and so one transaction at a time, all on
 * the context that made it.
 *
 * <pre>
 *  state          event                        next
 *  connecting     connected, prepared          open
 *  connecting     failed or too late           pausing (a write that waits fails: NOT_APPLIED)
 *  pausing        pause over                   connecting
 *  pausing        write                        pausing (the write fails: NOT_APPLIED)
 *  open           write answered               open
 *  open           write not answered in time   connecting (socket cut, the write fails: UNKNOWN)
 *  open           connection lost              connecting (the write under way fails: UNKNOWN)
 *  any            close                        closed
 * </pre>
 *
 * <p>The usual statement is a plain insert. The excluding one takes its place after a unique
 * violation: it leaves out every conversation with a taken seq or id. It also leaves out a
 * conversation whose predecessor is missing, and so serves for the first write of each conversation
 * after a reconnect: the PostgreSQL that answers now may be a standby that has lost what an owner
 * believes to be the tail.
 */
final class PostgresJournalWriter implements JournalWriter {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresJournalWriter.class);

  private static final String ENTRIES =
      """
      unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::smallint[], $6::bytea[])
          as entry (conversation, seq, sender, client_message_id, kind, body)
      """;

  /** The transaction's id is asked for once, not by the column's default in each row. */
  private static final String PLAIN =
      """
      with written as (
        insert into messages (conversation, seq, sender, client_message_id, kind, body, tx)
        select conversation, seq, sender, client_message_id, kind, body,
            (select pg_current_xact_id()::text::bigint)
        from %s
      )
      select now(), '{}'::bigint[]
      """
          .formatted(ENTRIES);

  /**
   * Laterals with a limit: an index look-up per entry, whatever the planner thinks of the table.
   */
  private static final String ENTRIES_THAT_FIT =
      """
      entries as materialized (
        select * from %s
      ),
      left_out as materialized (
        select entry.conversation
        from entries entry
        cross join lateral (
          (select 1 from messages taken
           where taken.conversation = entry.conversation and taken.seq = entry.seq
           limit 1)
          union all
          (select 1 from messages taken
           where taken.client_message_id = entry.client_message_id
             and taken.sender = entry.sender
             and taken.conversation = entry.conversation
           limit 1)
        ) collision
        union
        select first.conversation
        from (select conversation, min(seq) as seq from entries group by conversation) first
        left join lateral (
          select true as there from messages previous
          where previous.conversation = first.conversation and previous.seq = first.seq - 1
          limit 1
        ) previous on true
        where first.seq > 1 and previous.there is null
      ),
      written as (
        insert into messages (conversation, seq, sender, client_message_id, kind, body, tx)
        select conversation, seq, sender, client_message_id, kind, body,
            (select pg_current_xact_id()::text::bigint)
        from entries
        where conversation not in (select conversation from left_out)
        order by conversation, seq
      )
      """
          .formatted(ENTRIES);

  private static final String EXCLUDING =
      """
      with %s
      select now(), (select coalesce(array_agg(conversation), '{}') from left_out)
      """
          .formatted(ENTRIES_THAT_FIT);

  private static final String EXCLUDING_WITH_CHANGES =
      """
      with %s,
      %s
      select now(), (select coalesce(array_agg(conversation), '{}') from left_out)
      """
          .formatted(ENTRIES_THAT_FIT, SideTables.PARTS);

  /** Each race is lost to another owner's commit; so many in a row are no races. */
  private static final int MAX_RACES = 8;

  private static final int FIRST_PAUSE_MS = 50;
  private static final int MAX_PAUSE_MS = 1_000;

  /** Beyond it all are checked again, which costs an index look-up each. */
  private static final int MAX_CHECKED = 100_000;

  private final Vertx vertx;
  private final PgConnectOptions options;
  private final int connectTimeoutMs;
  private final int giveUpMs;

  private Future<Line> connecting;
  private boolean pausing;
  private int pauseMs = FIRST_PAUSE_MS;
  private Optional<Line> open = Optional.empty();
  private String lastFailure = "not connected yet";
  private boolean writing;
  private boolean closed;

  /** Empty while this is the first connection: then there is nothing to distrust. */
  private Optional<Set<Long>> checkedSinceReconnect = Optional.empty();

  /** A connection with its statements. */
  private record Line(
      PgConnection connection,
      PreparedStatement plain,
      PreparedStatement excluding,
      PreparedStatement excludingWithChanges) {}

  PostgresJournalWriter(Vertx vertx, String uri, Configuration.Postgres limits) {
    this.vertx = vertx;
    this.options = Connections.options(uri, limits, "writer").setReconnectAttempts(0);
    this.connectTimeoutMs = limits.connectTimeoutMs();
    this.giveUpMs = limits.statementTimeoutMs() + Connections.GRACE_MS;
    this.connecting = connect();
  }

  @Override
  public Future<Written> write(List<Batch> batches) {
    if (writing) {
      throw new IllegalStateException("one statement at a time");
    }
    if (closed || pausing) {
      return Future.failedFuture(SqlErrors.notSent(lastFailure));
    }
    BatchRows rows = new BatchRows(batches);
    writing = true;
    return connecting
        .recover(failure -> Future.failedFuture(SqlErrors.notSent(lastFailure)))
        .compose(line -> commit(line, rows))
        .eventually(
            () -> {
              writing = false;
              return Future.succeededFuture();
            });
  }

  private Future<Written> commit(Line line, BatchRows rows) {
    Future<Written> written;
    if (rows.haveChanges()) {
      written =
          untilNoRace(line, line.excludingWithChanges(), rows.entriesAndChanges(), rows, MAX_RACES);
    } else if (mustCheck(rows)) {
      written = untilNoRace(line, line.excluding(), rows.entries(), rows, MAX_RACES);
    } else {
      written =
          execute(line, line.plain(), rows.entries())
              .recover(
                  failure ->
                      SqlErrors.isUniqueViolation(failure)
                          ? untilNoRace(line, line.excluding(), rows.entries(), rows, MAX_RACES)
                          : Future.failedFuture(failure));
    }
    return written
        .onSuccess(result -> remember(rows, result))
        .recover(failure -> Future.failedFuture(SqlErrors.translate(failure)));
  }

  /**
   * The statement leaves out what it sees; what it cannot see yet makes it fail, and it runs again.
   */
  private Future<Written> untilNoRace(
      Line line, PreparedStatement statement, Tuple values, BatchRows rows, int racesLeft) {
    return execute(line, statement, values)
        .recover(
            failure -> {
              if (!SqlErrors.isUniqueViolation(failure)) {
                return Future.failedFuture(failure);
              }
              if (racesLeft == 0 || rows.contradictThemselves()) {
                return Future.failedFuture(
                    new QuipuException(
                        ErrorCode.STORE_REFUSED, ((PgException) failure).getErrorMessage()));
              }
              return untilNoRace(line, statement, values, rows, racesLeft - 1);
            });
  }

  private Future<Written> execute(Line line, PreparedStatement statement, Tuple values) {
    return statement
        .query()
        .execute(values)
        .timeout(giveUpMs, TimeUnit.MILLISECONDS)
        .onFailure(
            failure -> {
              if (failure instanceof TimeoutException) {
                lost(line, "no answer within " + giveUpMs + " ms");
              }
            })
        .map(PostgresJournalWriter::written);
  }

  private static Written written(RowSet<Row> answer) {
    Row row = answer.iterator().next();
    return new Written(Rows.unixMs(row, 0), Set.of(row.getArrayOfLongs(1)));
  }

  private boolean mustCheck(BatchRows rows) {
    return checkedSinceReconnect.isPresent()
        && !rows.batches().stream()
            .allMatch(batch -> checkedSinceReconnect.get().contains(batch.conversationKey()));
  }

  private void remember(BatchRows rows, Written written) {
    checkedSinceReconnect.ifPresent(
        checked -> {
          if (checked.size() > MAX_CHECKED) {
            checked.clear();
          }
          for (Batch batch : rows.batches()) {
            if (!written.leftOut().contains(batch.conversationKey())) {
              checked.add(batch.conversationKey());
            }
          }
        });
  }

  private Future<Line> connect() {
    pausing = false;
    Future<PgConnection> attempt = PgConnection.connect(vertx, options);
    return attempt
        .timeout(connectTimeoutMs, TimeUnit.MILLISECONDS)
        .onSuccess(Connections::logEnd)
        .compose(PostgresJournalWriter::prepare)
        .timeout(connectTimeoutMs, TimeUnit.MILLISECONDS)
        .onComplete(
            result -> {
              if (result.failed() || closed) {
                // Also one that comes after its time.
                attempt.onSuccess(Connections::sever);
              }
              if (result.succeeded()) {
                opened(result.result());
              } else {
                pauseThenConnect(result.cause());
              }
            });
  }

  private static Future<Line> prepare(PgConnection connection) {
    return connection
        .prepare(PLAIN)
        .compose(
            plain ->
                connection
                    .prepare(EXCLUDING)
                    .compose(
                        excluding ->
                            connection
                                .prepare(EXCLUDING_WITH_CHANGES)
                                .map(changes -> new Line(connection, plain, excluding, changes))));
  }

  private void opened(Line line) {
    if (closed) {
      return;
    }
    open = Optional.of(line);
    pauseMs = FIRST_PAUSE_MS;
    line.connection().closeHandler(end -> lost(line, "connection closed"));
  }

  private void pauseThenConnect(Throwable failure) {
    lastFailure = "PostgreSQL is not reachable: " + failure.getMessage();
    if (closed) {
      return;
    }
    pausing = true;
    vertx.setTimer(
        pauseMs,
        timer -> {
          if (!closed) {
            connecting = connect();
          }
        });
    pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
  }

  @SuppressWarnings("ReferenceEquality") // two connections are never the same
  private boolean isOpen(Line line) {
    return open.isPresent() && open.get() == line;
  }

  /** Whatever still comes on this line answers nothing any more: its socket is cut. */
  private void lost(Line line, String why) {
    if (closed || !isOpen(line)) {
      return;
    }
    LOG.warn("a writer has lost its connection to PostgreSQL: {}", why);
    lastFailure = why;
    open = Optional.empty();
    Connections.sever(line.connection());
    checkedSinceReconnect = Optional.of(new HashSet<>());
    connecting = connect();
  }

  @Override
  public Future<Void> close() {
    closed = true;
    lastFailure = "the writer is closed";
    return open.map(Line::connection).map(SqlConnection::close).orElse(Future.succeededFuture());
  }
}
