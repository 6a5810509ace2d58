package io.quipu.server.limits;

/**
 * How often something may be done: {@code most} times in a period, evenly, and {@code burst} times
 * at once after a pause.
 *
 * @param name of the limit, in keys and metrics
 * @param most at least 1, at most 1,000,000 a second
 * @param burst at least 1
 */
public record Budget(String name, int most, int periodMs, int burst) {
  private static final long NANOS_PER_MS = 1_000_000;

  /** A tenth of a burst at a time is asked of a bucket that all nodes share. */
  private static final int CHUNK_PART = 10;

  public Budget {
    if (most < 1 || burst < 1 || periodMs < 1) {
      throw new IllegalArgumentException(name + ": " + most + ", " + burst);
    }
  }

  /** After so long there is one more. */
  public double intervalMicros() {
    return periodMs * 1_000.0 / most;
  }

  long intervalNanos() {
    return periodMs * NANOS_PER_MS / most;
  }

  /** What a node uses before the shared bucket has answered, and what it leases at a time. */
  int chunk() {
    return Math.max(1, burst / CHUNK_PART);
  }
}
