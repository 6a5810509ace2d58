package io.quipu.server.time;

import java.util.concurrent.TimeUnit;

/** The machine's clock. */
public final class SystemClock implements Clock {
  @Override
  public long nowMs() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
  }

  @Override
  public long nowNanos() {
    return System.nanoTime();
  }

  @Override
  public long unixMs() {
    return System.currentTimeMillis();
  }
}
