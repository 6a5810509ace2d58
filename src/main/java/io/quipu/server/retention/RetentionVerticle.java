package io.quipu.server.retention;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.journal.AgedBodies;
import io.quipu.server.journal.AgedBodies.Step;
import io.quipu.server.journal.AgedBodies.Turn;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a turn at the store's aged bodies every {@code roundMs}, unless another node is at it, and
 * goes through it piece by piece: after each it waits as long as so many rows may take. One per
 * node.
 *
 * <pre>
 *  state     event                          next
 *  waiting   roundMs over                   working, if the turn is to be had
 *  working   piece done, there is more      working, after a pause
 *  working   piece done, no more; failed    waiting
 *  any       stop                           stopped, after the piece under way
 * </pre>
 */
public final class RetentionVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(RetentionVerticle.class);

  private static final int SECOND_MS = 1_000;

  private final AgedBodies bodies;
  private final Pace pace;
  private final IntConsumer erased;
  private final LongConsumer lag;
  private Optional<Future<Void>> working = Optional.empty();
  private Optional<Promise<Void>> pausing = Optional.empty();
  private long round;
  private boolean stopping;
  private boolean failing;

  /**
   * @param roundMs between two turns
   * @param rowsPerSecond bodies to erase, and pages to read
   */
  public record Pace(int roundMs, int rowsPerSecond) {}

  /**
   * @param erased hears of bodies that were erased
   * @param lag hears after each round for how many ms something has been due, on every node
   */
  public RetentionVerticle(AgedBodies bodies, Pace pace, IntConsumer erased, LongConsumer lag) {
    this.bodies = bodies;
    this.pace = pace;
    this.erased = erased;
    this.lag = lag;
  }

  @Override
  public Future<?> start() {
    round = vertx.setPeriodic(0, pace.roundMs(), id -> round());
    return Future.succeededFuture();
  }

  /** The piece under way ends first. */
  @Override
  public Future<?> stop() {
    stopping = true;
    vertx.cancelTimer(round);
    pausing.ifPresent(Promise::tryComplete);
    return working.orElse(Future.succeededFuture());
  }

  private void round() {
    if (working.isPresent()) {
      return;
    }
    Future<Void> turn =
        here(bodies.begin())
            .compose(begun -> begun.map(this::work).orElse(Future.succeededFuture()))
            .compose(worked -> here(bodies.lagMs()))
            .map(
                ms -> {
                  lag.accept(ms);
                  failing = false;
                  return (Void) null;
                })
            .onFailure(this::report)
            .otherwiseEmpty();
    working = Optional.of(turn);
    turn.onComplete(done -> working = Optional.empty());
  }

  private Future<Void> work(Turn turn) {
    return pieces(turn).eventually(() -> here(turn.end()));
  }

  private Future<Void> pieces(Turn turn) {
    if (stopping) {
      return Future.succeededFuture();
    }
    return here(turn.step())
        .compose(
            step -> {
              erased.accept(step.erased());
              return step.more()
                  ? pauseAfter(step).compose(paused -> pieces(turn))
                  : Future.succeededFuture();
            });
  }

  private Future<Void> pauseAfter(Step step) {
    long rows = (long) step.erased() + step.looked();
    Promise<Void> over = Promise.promise();
    pausing = Optional.of(over);
    vertx.setTimer(Math.max(1, rows * SECOND_MS / pace.rowsPerSecond()), id -> over.tryComplete());
    return over.future();
  }

  /** The same, ending on this verticle's event loop. */
  private <T> Future<T> here(Future<T> elsewhere) {
    Promise<T> promise = Promise.promise();
    elsewhere.onComplete(ended -> context.runOnContext(now -> promise.handle(ended)));
    return promise.future();
  }

  private void report(Throwable failure) {
    if (failure instanceof QuipuException known && known.code() == ErrorCode.STORE_DOWN) {
      if (!failing) {
        log.warn("retention goes on later: {}", known.getMessage());
      }
    } else {
      log.error("retention failed, and tries again", failure);
    }
    failing = true;
  }
}
