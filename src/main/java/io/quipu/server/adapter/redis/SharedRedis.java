package io.quipu.server.adapter.redis;

import io.quipu.server.cluster.GivingWay;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.OnlineUsers;
import io.quipu.server.cluster.Peers;
import io.quipu.server.cluster.Whereabouts;
import io.quipu.server.config.Configuration;
import io.quipu.server.limits.SharedBuckets;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Chance;
import io.quipu.server.time.Clock;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;

/** A Redis that all nodes share, as ports. It may be away at any time, at the start too. */
public final class SharedRedis {
  private final Context context;
  private final RedisWhereabouts whereabouts;
  private final SharedBuckets buckets;

  /**
   * @param peers the nodes whose sessions count
   * @param here the users of this node, which this node knows itself
   * @param givingWay tells nodes that older sessions end
   */
  public record Surroundings(Peers peers, OnlineUsers here, GivingWay givingWay) {}

  private SharedRedis(Vertx vertx, RedisParts parts, Surroundings surroundings, Metrics metrics) {
    this.context = vertx.getOrCreateContext();
    this.whereabouts =
        new RedisWhereabouts(
            vertx,
            context,
            parts,
            surroundings.peers,
            surroundings.here,
            surroundings.givingWay,
            metrics);
    this.buckets = new RedisBuckets(context, parts.keys(), whereabouts.link());
  }

  /**
   * Begins to use it; never fails: what is away is tried again. Works on the event loop that calls,
   * or on one of its own.
   */
  public static SharedRedis open(
      Vertx vertx,
      NodeId self,
      Configuration.Redis redis,
      Configuration.Registry registry,
      Surroundings surroundings,
      Clock clock,
      Chance chance,
      Metrics metrics) {
    RedisParts parts =
        new RedisParts(self, redis, registry, new Keys(redis.keyPrefix()), clock, chance);
    SharedRedis opened = new SharedRedis(vertx, parts, surroundings, metrics);
    opened.context.runOnContext(now -> opened.whereabouts.start());
    return opened;
  }

  public Whereabouts whereabouts() {
    return whereabouts;
  }

  /** Of this node and all others. */
  public OnlineUsers online() {
    return whereabouts;
  }

  public SharedBuckets buckets() {
    return buckets;
  }

  /** Takes this node's sessions out of it, if it answers, and lets go of it. */
  public Future<Void> close() {
    Promise<Void> closed = Promise.promise();
    context.runOnContext(now -> whereabouts.close().onComplete(closed));
    return closed.future();
  }
}
