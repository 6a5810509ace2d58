package io.quipu.server.limits;

/**
 * What this node may do in one name: its own bucket, which is the whole limit, and what it has of
 * the shared one. Pure; guarded by its own monitor.
 *
 * <pre>
 * the own bucket is empty            not now
 * the shared one is away             what the own bucket says
 * tokens, or less than a chunk owed  now; more are asked for when half of them are gone
 * a chunk owed, or told to wait      not now
 * </pre>
 *
 * So all nodes together do at most the limit and a chunk for each of them, and that chunk is paid
 * back: over time it is the limit.
 */
final class Lease {
  /** An answer of the shared bucket comes sooner. */
  private static final int ANSWER_MS = 20;

  private final Budget budget;
  private final Bucket own;
  private int tokens;
  private boolean asking;
  private boolean barred;
  private long barredUntilNanos;

  Lease(Budget budget) {
    this.budget = budget;
    this.own = new Bucket(budget);
  }

  /**
   * Takes one.
   *
   * @param shared whether the shared bucket can be asked
   * @return 0, or the milliseconds until it makes sense to try again
   */
  synchronized int take(long nowNanos, boolean shared) {
    if (shared) {
      barred = barred && barredUntilNanos - nowNanos > 0;
      if (barred) {
        return (int) ((barredUntilNanos - nowNanos) / 1_000_000) + 1;
      }
      if (tokens <= -budget.chunk()) {
        return ANSWER_MS;
      }
    }
    int waitMs = own.take(nowNanos);
    if (waitMs == 0 && shared) {
      tokens--;
    }
    return waitMs;
  }

  /** Takes one of the own bucket, which the shared one has granted or does not know of. */
  synchronized int takeOwn(long nowNanos) {
    return own.take(nowNanos);
  }

  /** Whether it is time to ask; then it counts as asked. */
  synchronized boolean begins(long nowNanos) {
    boolean low = tokens < budget.chunk() / 2 || tokens <= 0;
    boolean begins = low && !asking && !(barred && barredUntilNanos - nowNanos > 0);
    asking = asking || begins;
    return begins;
  }

  /** What was used in advance. */
  synchronized int owed() {
    return Math.max(0, -tokens);
  }

  /**
   * The answer.
   *
   * @param owed as it was asked
   */
  synchronized void granted(int owed, SharedBuckets.Grant grant, long nowNanos) {
    asking = false;
    tokens += owed + grant.tokens();
    if (grant.tokens() == 0) {
      barred = true;
      barredUntilNanos = nowNanos + Math.max(1, grant.waitMs()) * 1_000_000L;
    }
  }

  /** No answer. What is owed stays owed. */
  synchronized void notGranted() {
    asking = false;
  }

  /** Nothing would be lost with it: what it has leased is in the shared bucket again by now. */
  synchronized boolean isIdle(long nowNanos) {
    return own.isFull(nowNanos - budget.chunk() * budget.intervalNanos()) && !asking;
  }
}
