package io.quipu.client;

import java.util.random.RandomGenerator;

/** How long to wait before trying again: doubling, bounded, half of it by chance. */
public final class Backoff {
  private static final int MOST_DOUBLINGS = 30;

  private final long firstMs;
  private final long maxMs;
  private final RandomGenerator random;

  /**
   * @param firstMs the longest wait after the first failure, at least 1
   * @param maxMs the longest wait of all
   * @param random spreads clients that failed together
   */
  public Backoff(long firstMs, long maxMs, RandomGenerator random) {
    if (firstMs < 1 || maxMs < firstMs) {
      throw new IllegalArgumentException("back-off from " + firstMs + " to " + maxMs + " ms");
    }
    this.firstMs = firstMs;
    this.maxMs = maxMs;
    this.random = random;
  }

  /**
   * Between half and all of the bound that holds after so many failures in a row.
   *
   * @param failures before this one, from 0
   */
  public long delayMs(int failures) {
    long bound = firstMs;
    for (int i = 0; i < Math.min(failures, MOST_DOUBLINGS) && bound < maxMs; i++) {
      bound = Math.min(maxMs, bound * 2);
    }
    return spread(bound);
  }

  /** Between half and all of a given time, and at least 1. */
  public long spread(long ms) {
    return Math.max(1, ms - random.nextLong(ms / 2 + 1));
  }
}
