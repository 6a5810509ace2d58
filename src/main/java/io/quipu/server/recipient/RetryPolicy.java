package io.quipu.server.recipient;

/**
 * How long an un-acked delivery waits before it goes out again: {@code ackTimeoutMs}, and twice as
 * long with every try, up to {@code ackTries} of them. Then the connection closes.
 *
 * @param ackTimeoutMs 1 or more
 * @param ackTries retransmissions, 1 or more
 */
record RetryPolicy(int ackTimeoutMs, int ackTries) {
  /** Ten doublings of the shortest sensible time-out are hours. */
  private static final int MAX_DOUBLINGS = 10;

  RetryPolicy {
    if (ackTimeoutMs < 1 || ackTries < 1) {
      throw new IllegalArgumentException(ackTimeoutMs + " ms, " + ackTries + " tries");
    }
  }

  /** Milliseconds until the next try. {@code tries} is how many retransmissions there were. */
  long delayMs(int tries) {
    return (long) ackTimeoutMs << Math.min(tries, MAX_DOUBLINGS);
  }

  boolean exhausted(int tries) {
    return tries >= ackTries;
  }

  /** From the first delivery to the close, without any ack. */
  long patienceMs() {
    long sumMs = 0;
    for (int tries = 0; tries <= ackTries; tries++) {
      sumMs += delayMs(tries);
    }
    return sumMs;
  }
}
