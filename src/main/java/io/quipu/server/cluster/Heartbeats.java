package io.quipu.server.cluster;

import io.quipu.server.time.Clock;
import io.vertx.core.Context;
import io.vertx.core.Vertx;

/** The bus' own clock, on one event loop: two looks for each heartbeat. */
final class Heartbeats {
  private static final long NO_TIMER = -1;

  private final Vertx vertx;
  private final Context context;
  private final ClusterView view;
  private final Crossing crossing;
  private final Clock clock;
  private final int lookMs;
  private long timer = NO_TIMER;
  private long lookedAtMs;
  private boolean beatNext;

  Heartbeats(
      Vertx vertx,
      Context context,
      ClusterView view,
      Crossing crossing,
      BusLimits limits,
      Clock clock) {
    this.vertx = vertx;
    this.context = context;
    this.view = view;
    this.crossing = crossing;
    this.clock = clock;
    this.lookMs = Math.max(1, limits.heartbeatMs() / 2);
  }

  /** Where all of it runs. */
  Context context() {
    return context;
  }

  /** On the context. */
  void start() {
    lookedAtMs = clock.nowMs();
    timer = vertx.setPeriodic(lookMs, fired -> look());
    view.onChange(() -> context.runOnContext(turn -> tellNews()));
    crossing.beat();
  }

  void stop() {
    context.runOnContext(
        turn -> {
          vertx.cancelTimer(timer);
          timer = NO_TIMER;
        });
  }

  private void look() {
    long nowMs = clock.nowMs();
    long lateMs = nowMs - lookedAtMs - lookMs;
    lookedAtMs = nowMs;
    // A timer is always a little late; a whole turn of it means that this node was asleep.
    crossing.look(lateMs > lookMs ? lateMs : 0);
    beatNext = !beatNext;
    if (beatNext) {
      crossing.beat();
    }
  }

  private void tellNews() {
    if (timer != NO_TIMER && crossing.hasNews()) {
      crossing.beat();
    }
  }
}
