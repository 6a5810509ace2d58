package io.quipu.server.metrics;

import io.quipu.server.time.Clock;
import io.vertx.core.Vertx;

/**
 * Watches how late the event loop that starts it runs its timers: what every frame of that loop
 * waits. Costs ten timers a second.
 */
public final class EventLoopLag {
  private static final int EVERY_MS = 100;

  private final Vertx vertx;
  private final Clock clock;
  private final Metrics metrics;
  private long timer;
  private long dueMs;

  private EventLoopLag(Vertx vertx, Clock clock, Metrics metrics) {
    this.vertx = vertx;
    this.clock = clock;
    this.metrics = metrics;
  }

  /** Starts on the event loop that calls; it ends with the verticle, or by {@link #stop}. */
  public static EventLoopLag watch(Vertx vertx, Clock clock, Metrics metrics) {
    EventLoopLag lag = new EventLoopLag(vertx, clock, metrics);
    lag.again();
    return lag;
  }

  private void again() {
    dueMs = clock.nowMs() + EVERY_MS;
    timer =
        vertx.setTimer(
            EVERY_MS,
            id -> {
              metrics.eventLoopWasLate(Math.max(0, clock.nowMs() - dueMs));
              again();
            });
  }

  public void stop() {
    vertx.cancelTimer(timer);
  }
}
