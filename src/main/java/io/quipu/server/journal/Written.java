package io.quipu.server.journal;

import java.util.Set;

/**
 * What one statement has committed: every batch but those left out.
 *
 * @param storedAtMs Unix time by the store's clock, one for the whole statement
 * @param leftOut keys of conversations with a taken seq or id: nothing of them was written
 */
public record Written(long storedAtMs, Set<Long> leftOut) {
  public Written {
    leftOut = Set.copyOf(leftOut);
  }
}
