package io.quipu.server.adapter.postgres;

import io.quipu.server.config.Configuration;
import io.quipu.server.journal.AgedBodies;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.Devices;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.Erasures;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.Lists;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.Mutes;
import io.quipu.server.journal.Receipts;
import io.quipu.server.journal.RetentionRules;
import io.quipu.server.journal.Revocations;
import io.quipu.server.journal.StoreUnfitException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A PostgreSQL that was found fit, with the newest schema, behind all ports of the journal. */
public final class Postgres {
  private static final Logger LOG = LoggerFactory.getLogger(Postgres.class);

  /** The oldest that its makers still repair; the statements need 13 (pg_current_xact_id). */
  static final int MIN_MAJOR_VERSION = 14;

  /** With the check after it, an operator gets his answer within 10 s. */
  private static final int START_TIMEOUT_MS = 6_000;

  private static final int START_ATTEMPT_MS = 3_000;
  private static final int START_PAUSE_MS = 500;

  private static final String STATE_OF_SERVER =
      """
      select current_setting('server_version_num')::int, current_setting('server_version'),
          current_setting('fsync'), current_setting('full_page_writes'),
          current_setting('synchronous_commit'), pg_is_in_recovery(),
          current_setting('server_encoding')
      """;

  private final Vertx vertx;
  private final String uri;
  private final Configuration.Postgres limits;
  private final Reads reads;
  private final MessageLog messageLog;
  private final StoreSecret secret;
  private final Directory directory;
  private final PostgresLists lists;
  private final PostgresPeople people;
  private final Erasures erasures;

  private Postgres(Vertx vertx, String uri, Configuration.Postgres limits) {
    this.vertx = vertx;
    this.uri = uri;
    this.limits = limits;
    reads = new Reads(vertx, uri, limits);
    messageLog = new PostgresMessageLog(reads);
    directory = new PostgresDirectory(reads);
    secret = new StoreSecret(reads);
    lists = new PostgresLists(reads, secret);
    people = new PostgresPeople(reads, secret);
    erasures = new PostgresErasures(reads);
  }

  /**
   * Checks that PostgreSQL is there, new enough and durable (P1), brings the schema up to date, and
   * opens the ports. Fails with {@link StoreUnfitException}, which says what an operator should do,
   * within 10 s.
   *
   * @param uri {@code postgresql://user:password@host:port/database}
   */
  public static Future<Postgres> open(Vertx vertx, String uri, Configuration.Postgres limits) {
    PgConnectOptions options;
    try {
      options = PgConnectOptions.fromUri(uri);
    } catch (RuntimeException e) {
      return Future.failedFuture(
          new StoreUnfitException(
              "postgres.uri is not understood; allowed is"
                  + " postgresql://USER:PASSWORD@HOST:PORT/DATABASE ("
                  + e.getMessage()
                  + ")"));
    }
    return new Approach(vertx, options)
        .connection()
        .compose(connection -> check(connection, options, limits))
        .compose(
            fit ->
                vertx.<Void>executeBlocking(
                    () -> {
                      Migrations.run(options);
                      return null;
                    }))
        .map(migrated -> new Postgres(vertx, uri, limits));
  }

  /** The first connection, tried for while PostgreSQL may only be starting. */
  private static final class Approach {
    private final Vertx vertx;
    private final PgConnectOptions options;
    private Throwable lastFailure = new TimeoutException();
    private boolean over;

    private Approach(Vertx vertx, PgConnectOptions options) {
      this.vertx = vertx;
      this.options = options;
    }

    Future<PgConnection> connection() {
      return attempt()
          .timeout(START_TIMEOUT_MS, TimeUnit.MILLISECONDS)
          .onComplete(result -> over = true)
          .recover(failure -> Future.failedFuture(unreachable(options, lastFailure)));
    }

    private Future<PgConnection> attempt() {
      Future<PgConnection> attempt = PgConnection.connect(vertx, options);
      return attempt
          .timeout(START_ATTEMPT_MS, TimeUnit.MILLISECONDS)
          .recover(
              failure -> {
                attempt.onSuccess(Connections::sever);
                lastFailure = failure;
                return over || isFinal(failure)
                    ? Future.failedFuture(failure)
                    : vertx.timer(START_PAUSE_MS).compose(fired -> attempt());
              });
    }

    /** PostgreSQL has answered and said no: a wrong password does not become right. */
    private static boolean isFinal(Throwable failure) {
      return failure instanceof PgException refusal && !refusal.getSqlState().startsWith("57P");
    }
  }

  private static StoreUnfitException unreachable(PgConnectOptions options, Throwable failure) {
    String reason =
        failure instanceof PgException refusal
            ? "it answers: " + refusal.getErrorMessage() + " (" + refusal.getSqlState() + ")"
            : failure instanceof TimeoutException
                ? "no answer within " + START_ATTEMPT_MS + " ms"
                : String.valueOf(failure.getMessage());
    return new StoreUnfitException(
        "PostgreSQL at %s, database \"%s\", user \"%s\" cannot be used: %s. Is postgres.uri right, and does the server run?"
            .formatted(address(options), options.getDatabase(), options.getUser(), reason));
  }

  private static String address(PgConnectOptions options) {
    return options.getHost() + ":" + options.getPort();
  }

  private static Future<Void> check(
      PgConnection connection, PgConnectOptions options, Configuration.Postgres limits) {
    return connection
        .query(STATE_OF_SERVER)
        .execute()
        .timeout(START_ATTEMPT_MS, TimeUnit.MILLISECONDS)
        .recover(failure -> Future.failedFuture(unreachable(options, failure)))
        .map(answer -> answer.iterator().next())
        .eventually(connection::close)
        .map(
            row -> {
              judge(row, options, limits.iAcceptLosingAckedMessages());
              return null;
            });
  }

  private static void judge(Row row, PgConnectOptions options, boolean acceptLoss) {
    String server = "PostgreSQL " + row.getString(1) + " at " + address(options);
    if (row.getInteger(0) < MIN_MAJOR_VERSION * 10_000) {
      throw new StoreUnfitException(
          server + " is too old: Quipu needs version " + MIN_MAJOR_VERSION + " or later");
    }
    if (row.getBoolean(5)) {
      throw new StoreUnfitException(
          server + " is a standby and takes no writes: postgres.uri must name the primary");
    }
    if (!row.getString(6).equals("UTF8")) {
      throw new StoreUnfitException(
          "database \"%s\" of %s has encoding %s: create one with encoding UTF8"
              .formatted(options.getDatabase(), server, row.getString(6)));
    }
    List<String> lossy = new ArrayList<>();
    String[] settings = {"fsync", "full_page_writes", "synchronous_commit"};
    for (int i = 0; i < settings.length; i++) {
      if (row.getString(2 + i).equals("off")) {
        lossy.add(settings[i] + " = off");
      }
    }
    if (lossy.isEmpty()) {
      return;
    }
    String finding =
        server + " would lose acknowledged messages in a crash: " + String.join(", ", lossy);
    if (!acceptLoss) {
      throw new StoreUnfitException(
          finding
              + ". Set them on (ALTER SYSTEM SET … = on; SELECT pg_reload_conf()), or accept the"
              + " loss with postgres.iAcceptLosingAckedMessages = true");
    }
    LOG.warn("{}; accepted by postgres.iAcceptLosingAckedMessages", finding);
  }

  public Journal journal(Journal.Quotas quotas) {
    return new PostgresJournal(vertx, uri, limits, quotas, reads);
  }

  public MessageLog messageLog() {
    return messageLog;
  }

  /**
   * @param receiptMembers of a group, at most, for receipts to be told
   */
  public Cursors cursors(int receiptMembers) {
    return new PostgresCursors(reads, receiptMembers);
  }

  /** The same as {@link #cursors}, for who asks. */
  public Receipts receipts(int receiptMembers) {
    return new PostgresReceipts(reads, secret, receiptMembers);
  }

  public Directory directory() {
    return directory;
  }

  public Lists lists() {
    return lists;
  }

  public Mutes mutes() {
    return lists;
  }

  public Devices devices() {
    return people;
  }

  public Revocations revocations() {
    return people;
  }

  public Erasures erasures() {
    return erasures;
  }

  public AgedBodies agedBodies(RetentionRules rules) {
    return new PostgresAgedBodies(vertx, uri, limits, rules, reads);
  }

  /** Closes what reads; writers are closed by who opened them. */
  public Future<Void> close() {
    return reads.close();
  }
}
