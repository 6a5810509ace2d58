package io.quipu.server.time;

import java.util.concurrent.ThreadLocalRandom;

/** The JDK's random source. */
public final class SystemChance implements Chance {
  @Override
  public int below(int bound) {
    return ThreadLocalRandom.current().nextInt(bound);
  }

  @Override
  public long any() {
    return ThreadLocalRandom.current().nextLong();
  }
}
