package io.quipu.server.adapter.redis;

import io.quipu.model.UserId;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.metrics.Metrics;
import io.vertx.core.Context;
import io.vertx.redis.client.Response;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Asks Redis where users are: each once at a time, a number of them in flight, a number waiting;
 * who is beyond that is asked for when he is needed again. Asked by any thread.
 */
final class Lookups {
  private static final int MAX_IN_FLIGHT = 64;
  private static final int MAX_WAITING = 10_000;

  private final Context context;
  private final RedisParts parts;
  private final Link link;
  private final Metrics metrics;
  private final Listener listener;
  private final Set<UserId> asked = ConcurrentHashMap.newKeySet();
  private final AtomicInteger askedNow = new AtomicInteger();
  private final Queue<UserId> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean woken = new AtomicBoolean();
  private int inFlight;
  private long era;

  /** Hears of each user who was asked for, on the link's event loop. */
  interface Listener {
    void found(UserId user, long version, Set<NodeId> nodes);

    void notFound(UserId user);
  }

  Lookups(Context context, RedisParts parts, Link link, Metrics metrics, Listener listener) {
    this.context = context;
    this.parts = parts;
    this.link = link;
    this.metrics = metrics;
    this.listener = listener;
  }

  /** False if it will not be asked: too much is, or Redis is away. */
  boolean ask(UserId user) {
    if (!link.isUp()) {
      return false;
    }
    if (!asked.add(user)) {
      return true;
    }
    if (askedNow.incrementAndGet() > MAX_WAITING) {
      forget(user);
      return false;
    }
    waiting.add(user);
    if (woken.compareAndSet(false, true)) {
      context.runOnContext(
          now -> {
            woken.set(false);
            askNext();
          });
    }
    return true;
  }

  /** What is in flight may be older than what is heard from now on: it is asked once more. */
  void newEra() {
    era++;
  }

  private void forget(UserId user) {
    asked.remove(user);
    askedNow.decrementAndGet();
  }

  private void askNext() {
    while (inFlight < MAX_IN_FLIGHT) {
      UserId user = waiting.poll();
      if (user == null) {
        return;
      }
      inFlight++;
      metrics.whereaboutsLookedUp();
      ask(user, era);
    }
  }

  private void ask(UserId user, long asked) {
    link.call(Script.NODES, parts.keys().sessions(user))
        .onComplete(
            done -> {
              if (done.succeeded() && asked != era) {
                ask(user, era);
                return;
              }
              inFlight--;
              forget(user);
              if (done.succeeded()) {
                found(user, done.result());
              } else {
                listener.notFound(user);
              }
              askNext();
            });
  }

  private void found(UserId user, Response answer) {
    Set<NodeId> nodes = new HashSet<>();
    for (int i = 1; i < answer.size(); i++) {
      nodes.add(new NodeId(Link.text(answer, i)));
    }
    listener.found(user, Long.parseLong(Link.text(answer, 0)), nodes);
  }
}
