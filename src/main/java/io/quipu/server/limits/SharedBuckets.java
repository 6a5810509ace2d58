package io.quipu.server.limits;

import io.vertx.core.Future;

/** Buckets that all nodes take from. A hint: away, each node has only its own. */
public interface SharedBuckets {
  /** Whether it makes sense to ask now. */
  boolean isUp();

  /**
   * Takes from a bucket. Fails soon if it cannot be asked.
   *
   * @param owed was used before; taken in any case, also from what is not there yet
   * @param wanted taken as far as it is there
   */
  Future<Grant> take(Budget budget, String who, int owed, int wanted);

  /**
   * @param tokens of those wanted
   * @param waitMs until there is one more; 0 if there is one now
   */
  record Grant(int tokens, int waitMs) {}
}
