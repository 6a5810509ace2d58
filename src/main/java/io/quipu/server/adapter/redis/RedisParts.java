package io.quipu.server.adapter.redis;

import io.quipu.server.cluster.NodeId;
import io.quipu.server.config.Configuration;
import io.quipu.server.time.Chance;
import io.quipu.server.time.Clock;

/** What all parts of this adapter need. */
record RedisParts(
    NodeId self,
    Configuration.Redis redis,
    Configuration.Registry registry,
    Keys keys,
    Clock clock,
    Chance chance) {
  /** Before the next try; spread, so that nodes do not come all at once. */
  int pauseMs() {
    return redis.retryMs() + chance.below(redis.retryMs() / 2 + 1);
  }
}
