package io.quipu.server.adapter.postgres;

import io.quipu.server.config.Configuration;
import io.quipu.server.journal.AgedBodies;
import io.quipu.server.journal.RetentionRules;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Erases bodies page by page, as the table lies on the disk. Which pages are due stands in
 * retention_segments: rows that were written are reckoned into it by their transactions, and each
 * look at a segment says when it is due next. So a page is read when its rows are written, and then
 * once for each rule that its rows are under.
 *
 * <p>Each piece is a statement, and so a transaction, of its own on a connection of the turn. The
 * turn is an advisory lock of that connection: it goes with it.
 */
final class PostgresAgedBodies implements AgedBodies {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresAgedBodies.class);

  /** At most 5,000 messages of 100 bytes, three statements of some 5 ms. */
  private static final int MAX_PAGES = 64;

  /** Older than any message. */
  private static final OffsetDateTime NEVER =
      OffsetDateTime.of(1970, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

  private final Vertx vertx;
  private final String uri;
  private final Configuration.Postgres limits;
  private final RetentionRules rules;
  private final Reads reads;

  /**
   * Fewer after a statement that failed, perhaps since it took too long: rows with bodies of their
   * own pages are many on one page.
   */
  private volatile int pagesAtOnce = MAX_PAGES;

  PostgresAgedBodies(
      Vertx vertx, String uri, Configuration.Postgres limits, RetentionRules rules, Reads reads) {
    this.vertx = vertx;
    this.uri = uri;
    this.limits = limits;
    this.rules = rules;
    this.reads = reads;
  }

  @Override
  public Future<Long> lagMs() {
    return reads
        .execute(RetentionStatements.LAG, Tuple.tuple())
        .map(answer -> answer.iterator().next().getLong(0));
  }

  @Override
  public Future<Optional<Turn>> begin() {
    PgConnectOptions options =
        Connections.options(uri, limits, "retention").setReconnectAttempts(0);
    Future<PgConnection> attempt = PgConnection.connect(vertx, options);
    return attempt
        .timeout(limits.connectTimeoutMs(), TimeUnit.MILLISECONDS)
        .onFailure(late -> attempt.onSuccess(Connections::sever))
        .recover(failure -> Future.failedFuture(SqlErrors.notSent(failure.getMessage())))
        .onSuccess(Connections::logEnd)
        .compose(
            connection -> {
              PageTurn turn = new PageTurn(connection);
              return turn.begin()
                  .compose(
                      begun ->
                          begun
                              ? Future.succeededFuture(Optional.<Turn>of(turn))
                              : turn.end().map(ended -> Optional.<Turn>empty()))
                  .recover(
                      failure ->
                          turn.end()
                              .compose(ended -> Future.<Optional<Turn>>failedFuture(failure)));
            });
  }

  /** The cut-offs of some pages. */
  private record CutOffs(
      OffsetDateTime now, List<Long> own, List<OffsetDateTime> ofOwn, OffsetDateTime ofOthers) {
    boolean mixed() {
      return !own.isEmpty();
    }

    Tuple addTo(Tuple values) {
      if (mixed()) {
        values
            .addArrayOfLong(own.toArray(Long[]::new))
            .addArrayOfOffsetDateTime(ofOwn.toArray(OffsetDateTime[]::new));
      }
      return values.addOffsetDateTime(ofOthers);
    }
  }

  /** A segment that is looked at, and how far. */
  private static final class Segment {
    private final long number;
    private final long changes;
    private long nextPage;
    private Optional<OffsetDateTime> nextDue = Optional.empty();

    Segment(long number, long changes) {
      this.number = number;
      this.changes = changes;
      this.nextPage = number * RetentionStatements.SEGMENT_PAGES;
    }

    long endPage() {
      return (number + 1) * RetentionStatements.SEGMENT_PAGES;
    }

    void dueAt(OffsetDateTime at) {
      nextDue = nextDue.isPresent() && nextDue.get().isBefore(at) ? nextDue : Optional.of(at);
    }
  }

  /**
   *
   *
   * <pre>
   * reckon   rows that were written since the last turn, window by window
   * change   conversations whose rule has changed, stretch by stretch
   * look     segments that are due, some pages at a time: count, then erase in passes
   * </pre>
   */
  private final class PageTurn implements Turn {
    private final PgConnection connection;
    private boolean ownRules;
    private long mark;
    private long horizon;
    private boolean changesLeft = true;
    private Optional<Segment> segment = Optional.empty();

    PageTurn(PgConnection connection) {
      this.connection = connection;
    }

    Future<Boolean> begin() {
      return execute(RetentionStatements.TAKE_TURN, Tuple.tuple())
          .compose(
              answer ->
                  answer.iterator().next().getBoolean(0)
                      ? execute(RetentionStatements.STANDING, Tuple.of(rules.defaultDays()))
                          .compose(this::begin)
                      : Future.succeededFuture(false));
    }

    private Future<Boolean> begin(RowSet<Row> standing) {
      Row row = standing.iterator().next();
      if (!row.getBoolean(0)) {
        return Future.succeededFuture(false);
      }
      Future<?> room =
          row.getBoolean(1)
              ? Future.succeededFuture()
              : unlessRefused(RetentionStatements.MAKE_ROOM);
      return room.compose(made -> unlessRefused(RetentionStatements.NO_WAL_COMPRESSION))
          .compose(set -> execute(RetentionStatements.BEGIN, Tuple.of(rules.toString())))
          .map(
              answer -> {
                Row begun = answer.iterator().next();
                if (begun.getBoolean(0)) {
                  LOG.info("retention looks at all messages anew, by {}", rules);
                }
                mark = begun.getLong(1);
                horizon = begun.getLong(2);
                return true;
              });
    }

    /** It makes the work cheaper, no more: not everybody may, and not always. */
    private Future<?> unlessRefused(String sql) {
      return execute(sql, Tuple.tuple())
          .<Object>mapEmpty()
          .recover(
              refused -> {
                LOG.debug("retention goes on without \"{}\": {}", sql, refused.getMessage());
                return Future.succeededFuture();
              });
    }

    @Override
    public Future<Step> step() {
      if (mark < horizon) {
        return reckon();
      }
      if (changesLeft) {
        return learnChange();
      }
      return segment.isPresent() ? lookAtPages(segment.get()) : findDue();
    }

    private Future<Step> reckon() {
      long end = Math.min(horizon, mark + RetentionStatements.WINDOW);
      return execute(
              RetentionStatements.RECKON,
              Tuple.of(rules.defaultDays(), rules.minDays(), rules.maxDays(), mark, end))
          .map(
              done -> {
                mark = end;
                return new Step(0, 0, true);
              });
    }

    private Future<Step> learnChange() {
      return execute(RetentionStatements.CHANGED, Tuple.tuple())
          .compose(
              answer -> {
                if (answer.size() == 0) {
                  changesLeft = false;
                  return Future.succeededFuture(new Step(0, 0, true));
                }
                Row row = answer.iterator().next();
                Integer own = row.getInteger(3);
                int days = own == null ? rules.defaultDays() : rules.days(own);
                return execute(
                        RetentionStatements.LEARN_CHANGE,
                        Tuple.of(row.getLong(0), row.getLong(1), row.getLong(2), days))
                    .map(new Step(0, RetentionStatements.CHANGED_ROWS / 10, true));
              });
    }

    private Future<Step> findDue() {
      return execute(RetentionStatements.DUE, Tuple.tuple())
          .map(
              answer -> {
                if (answer.size() > 0) {
                  Row row = answer.iterator().next();
                  segment = Optional.of(new Segment(row.getLong(0), row.getLong(1)));
                  // Not earlier: a rule that was learnt in this turn may be the first one.
                  ownRules = row.getBoolean(2);
                }
                return new Step(0, 0, segment.isPresent());
              });
    }

    private Future<Step> lookAtPages(Segment looked) {
      long from = looked.nextPage;
      long to = Math.min(looked.endPage(), from + pagesAtOnce);
      Tuple pages = Tuple.of("(" + from + ",0)", "(" + to + ",0)");
      String question = ownRules ? RetentionStatements.OWN_RULES : RetentionStatements.NO_RULES;
      return execute(question, ownRules ? pages : Tuple.tuple())
          .map(this::cutOffs)
          .compose(cutOffs -> lookAndErase(looked, pages, cutOffs))
          .compose(
              erased -> {
                looked.nextPage = to;
                Step step = new Step(erased, (int) (to - from), true);
                return to < looked.endPage() ? Future.succeededFuture(step) : end(looked).map(step);
              })
          .onSuccess(done -> pagesAtOnce = Math.min(MAX_PAGES, 2 * pagesAtOnce))
          .onFailure(failed -> pagesAtOnce = Math.max(1, pagesAtOnce / 2));
    }

    private CutOffs cutOffs(RowSet<Row> answer) {
      OffsetDateTime now = NEVER;
      List<Long> own = new ArrayList<>();
      List<OffsetDateTime> ofOwn = new ArrayList<>();
      for (Row row : answer) {
        now = row.getOffsetDateTime(0);
        if (row.getLong(1) != null) {
          own.add(row.getLong(1));
          ofOwn.add(cutOff(now, rules.days(row.getInteger(2))));
        }
      }
      return new CutOffs(now, own, ofOwn, cutOff(now, rules.defaultDays()));
    }

    private static OffsetDateTime cutOff(OffsetDateTime now, int days) {
      return days == 0 ? NEVER : now.minus(Duration.ofDays(days));
    }

    private Future<Integer> lookAndErase(Segment looked, Tuple pages, CutOffs cutOffs) {
      String look =
          cutOffs.mixed()
              ? RetentionStatements.LOOK_AT_MIXED_PAGES
              : RetentionStatements.LOOK_AT_PAGES;
      return execute(look, cutOffs.addTo(copy(pages)))
          .compose(
              answer -> {
                Row row = answer.iterator().next();
                Double stays = row.getDouble(1);
                if (stays != null) {
                  looked.dueAt(cutOffs.now().plus(Duration.ofMillis((long) (stays * 1_000) + 1)));
                }
                return row.getLong(0) == 0
                    ? Future.succeededFuture(0)
                    : erase(pages, cutOffs, 0, 0);
              });
    }

    private Future<Integer> erase(Tuple pages, CutOffs cutOffs, int pass, int before) {
      if (pass == RetentionStatements.PASSES.length) {
        return Future.succeededFuture(before);
      }
      String erase =
          cutOffs.mixed() ? RetentionStatements.ERASE_MIXED_PAGES : RetentionStatements.ERASE_PAGES;
      Tuple values = cutOffs.addTo(copy(pages)).addInteger(RetentionStatements.PASSES[pass]);
      return execute(erase, values)
          .compose(answer -> erase(pages, cutOffs, pass + 1, before + answer.rowCount()));
    }

    private static Tuple copy(Tuple pages) {
      return Tuple.of(pages.getString(0), pages.getString(1));
    }

    private Future<?> end(Segment looked) {
      segment = Optional.empty();
      return looked.nextDue.isPresent()
          ? execute(
              RetentionStatements.DONE_UNTIL,
              Tuple.of(looked.number, looked.changes, looked.nextDue.get()))
          : execute(RetentionStatements.DONE, Tuple.of(looked.number, looked.changes));
    }

    private Future<RowSet<Row>> execute(String sql, Tuple values) {
      return connection
          .preparedQuery(sql)
          .execute(values)
          .timeout(limits.statementTimeoutMs() + Connections.GRACE_MS, TimeUnit.MILLISECONDS)
          .recover(failure -> Future.failedFuture(SqlErrors.translate(failure)));
    }

    @Override
    public Future<Void> end() {
      return connection
          .close()
          .timeout(limits.connectTimeoutMs(), TimeUnit.MILLISECONDS)
          .onFailure(
              failure -> {
                if (failure instanceof TimeoutException) {
                  Connections.sever(connection);
                }
              })
          .otherwiseEmpty();
    }
  }
}
