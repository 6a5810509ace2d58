package io.quipu.server.limits;

/**
 * One bucket of one node, as the generic cell rate algorithm keeps it (ITU-T I.371, annex A): one
 * number, the time at which it is full again. Pure; for one thread.
 */
final class Bucket {
  private static final long NANOS_PER_MS = 1_000_000;

  private final Budget budget;
  private boolean used;
  private long fullAtNanos;

  Bucket(Budget budget) {
    this.budget = budget;
  }

  /**
   * Takes one if there is one.
   *
   * @return 0, or the milliseconds until there is one
   */
  int take(long nowNanos) {
    long interval = budget.intervalNanos();
    long next = (isFull(nowNanos) ? nowNanos : fullAtNanos) + interval;
    long early = next - interval * budget.burst() - nowNanos;
    if (early > 0) {
      return (int) Math.min(Integer.MAX_VALUE, (early + NANOS_PER_MS - 1) / NANOS_PER_MS);
    }
    used = true;
    fullAtNanos = next;
    return 0;
  }

  /** Then it is as a new one. */
  boolean isFull(long nowNanos) {
    return !used || fullAtNanos - nowNanos <= 0;
  }
}
