package io.quipu.server.time;

/** The time, in two forms. */
public interface Clock {
  /** Milliseconds that only rise, from an arbitrary start: for time-outs. */
  long nowMs();

  /** The same clock in nanoseconds, for measuring. */
  default long nowNanos() {
    return nowMs() * 1_000_000;
  }

  /** Unix time in milliseconds, which may jump: for people and for tokens. */
  long unixMs();
}
