package io.quipu.client;

import java.security.SecureRandom;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** The machine's time and chance: the only place of the client that asks for them. */
final class ClientTime {
  private static final long NANOS_PER_MS = 1_000_000;

  private ClientTime() {}

  /** Milliseconds that never go back; their origin does not matter. */
  static long monotonicMs() {
    return System.nanoTime() / NANOS_PER_MS;
  }

  /** Unix time. */
  static long unixMs() {
    return System.currentTimeMillis();
  }

  /** Seeded so that no two clients in the world do the same. */
  static RandomGenerator random() {
    return new SplittableRandom(new SecureRandom().nextLong());
  }
}
