package io.quipu.client;

import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Makes UUIDv7s: time first, so that the server's index stays compact. Rising within one client.
 */
final class ClientIds {
  private static final int COUNTER_BITS = 12;

  private final RandomGenerator random;
  private long lastMs;
  private int counter;

  ClientIds(RandomGenerator random) {
    this.random = random;
  }

  /**
   * @param unixMs now; where it goes back or stands still, a counter goes on
   */
  synchronized UUID next(long unixMs) {
    if (unixMs > lastMs) {
      lastMs = unixMs;
      counter = random.nextInt(1 << (COUNTER_BITS - 1));
    } else if (++counter == 1 << COUNTER_BITS) {
      lastMs++;
      counter = 0;
    }
    long high = lastMs << 16 | 0x7000L | counter;
    long low = random.nextLong() & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }
}
