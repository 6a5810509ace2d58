package io.quipu.tools.checker;

import java.util.ArrayList;
import java.util.List;

/**
 * When a device could be given a message at once: connected, synced, and not behind with its acks.
 * Only stretches longer than the bound can make a delivery late, so only those are kept.
 */
final class Attention {
  private static final long NOT = Long.MIN_VALUE;

  private final long boundUs;
  private final List<long[]> stretches = new ArrayList<>();
  private long sinceUs = NOT;

  Attention(long boundUs) {
    this.boundUs = boundUs;
  }

  void begins(long atUs) {
    if (sinceUs == NOT) {
      sinceUs = atUs;
    }
  }

  void ends(long atUs) {
    if (sinceUs != NOT && atUs - sinceUs > boundUs) {
      stretches.add(new long[] {sinceUs, atUs});
    }
    sinceUs = NOT;
  }

  /** The longest time between these two at which it had the device's attention throughout. */
  long waitedUs(long fromUs, long toUs) {
    long longest = sinceUs == NOT ? 0 : toUs - Math.max(fromUs, sinceUs);
    for (int i = stretches.size() - 1; i >= 0 && stretches.get(i)[1] > fromUs; i--) {
      long[] stretch = stretches.get(i);
      longest = Math.max(longest, Math.min(toUs, stretch[1]) - Math.max(fromUs, stretch[0]));
    }
    return longest;
  }

  /** The end of the last stretch longer than the bound; empty history: the least number. */
  long lastUs() {
    return stretches.isEmpty() ? Long.MIN_VALUE : stretches.get(stretches.size() - 1)[1];
  }
}
