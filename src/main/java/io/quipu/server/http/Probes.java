package io.quipu.server.http;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.journal.Directory;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Alive, and ready. Anybody may ask, so asking often costs no more than asking once a second.
 * Belongs to one event loop.
 */
final class Probes {
  static final String ALIVE = "{\"status\":\"alive\"}";
  static final String READY = "{\"status\":\"ready\"}";

  private static final long KEPT_MS = 1_000;
  private static final long PING_MS = 2_000;

  private final Directory directory;
  private final Clock clock;
  private final BooleanSupplier draining;
  private final BooleanSupplier placed;
  private Future<Void> store = Future.failedFuture("never asked");
  private long storeAskedMs;

  /**
   * @param placed this node knows its place among the others, and they know it
   */
  Probes(Directory directory, Clock clock, BooleanSupplier draining, BooleanSupplier placed) {
    this.directory = directory;
    this.clock = clock;
    this.draining = draining;
    this.placed = placed;
    this.storeAskedMs = clock.nowMs() - KEPT_MS;
  }

  /**
   * Completes if this node should get traffic. Fails with DRAINING, STORE_DOWN, or
   * OWNER_UNREACHABLE: it does not know yet who owns what.
   */
  Future<Void> ready() {
    if (draining.getAsBoolean()) {
      return Future.failedFuture(new QuipuException(ErrorCode.DRAINING, "this node is going down"));
    }
    long nowMs = clock.nowMs();
    if (store.isComplete() && nowMs - storeAskedMs >= KEPT_MS) {
      storeAskedMs = nowMs;
      store =
          directory
              .ping()
              .timeout(PING_MS, TimeUnit.MILLISECONDS)
              .recover(
                  e ->
                      Future.failedFuture(
                          new QuipuException(
                              ErrorCode.STORE_DOWN, "the message store does not answer")));
    }
    return store.compose(
        answers ->
            placed.getAsBoolean()
                ? Future.succeededFuture()
                : Future.failedFuture(
                    new QuipuException(
                        ErrorCode.OWNER_UNREACHABLE, "this node joins the others just now")));
  }
}
