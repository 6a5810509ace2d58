package io.quipu.server.journal;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node can reach the store. Told when that changes: away after {@code FAILURES}
 * failures in a row, back after one answer.
 */
public final class StoreWatch extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(StoreWatch.class);

  /** One may be a pool that is being filled again after a restart of PostgreSQL. */
  private static final int FAILURES = 2;

  private final Supplier<Future<Void>> ping;
  private final int everyMs;
  private final int timeoutMs;
  private final Consumer<Boolean> reachable;
  private int failures;
  private boolean asking;

  /**
   * @param ping asks the store something cheap
   * @param timeoutMs of one question
   * @param reachable hears of each change; at first it counts as reachable
   */
  public StoreWatch(
      Supplier<Future<Void>> ping, int everyMs, int timeoutMs, Consumer<Boolean> reachable) {
    this.ping = ping;
    this.everyMs = everyMs;
    this.timeoutMs = timeoutMs;
    this.reachable = reachable;
  }

  @Override
  public Future<?> start() {
    vertx.setPeriodic(everyMs, tick -> ask());
    return Future.succeededFuture();
  }

  private void ask() {
    if (asking) {
      return;
    }
    asking = true;
    ping.get()
        .timeout(timeoutMs, TimeUnit.MILLISECONDS)
        .onComplete(done -> context.runOnContext(here -> answered(done.succeeded())));
  }

  private void answered(boolean answered) {
    asking = false;
    if (answered) {
      if (failures >= FAILURES) {
        log.info("the store answers again: this node takes its conversations back");
        reachable.accept(true);
      }
      failures = 0;
    } else if (++failures == FAILURES) {
      log.warn("the store does not answer this node: other nodes take its conversations");
      reachable.accept(false);
    }
  }
}
