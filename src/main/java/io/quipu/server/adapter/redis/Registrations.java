package io.quipu.server.adapter.redis;

import io.quipu.server.cluster.GivingWay;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.NodeParcel;
import io.quipu.server.cluster.Registry;
import io.quipu.server.metrics.Metrics;
import io.vertx.core.Future;
import io.vertx.redis.client.Response;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The sessions of this node in Redis: registered when they come, confirmed from time to time, taken
 * out when they leave; and all of them again, at a bounded rate, when Redis may have forgotten
 * them. Its size is that of the open sessions. On the link's event loop.
 *
 * <pre>
 * event                     effect
 * came, Redis up            registered; who is found there with an older generation gives way
 * came, Redis away          all nodes are told of the newcomer
 * registration unanswered   the same, and it is registered again when Redis is back
 * a newer one is found      this one gives way
 * left                      taken out, if it is still this one; else it expires
 * confirmation due          as came, but nobody is told if it fails
 * </pre>
 */
final class Registrations {
  private static final int CONFIRMATIONS_IN_TTL = 3;
  static final int TICK_MS = 100;
  private static final int TICKS_PER_SECOND = 1_000 / TICK_MS;

  private final RedisParts parts;
  private final Link link;
  private final GivingWay givingWay;
  private final Metrics metrics;
  private final Map<Registry.Entry, Mine> sessions = new HashMap<>();

  /** Those that are confirmed next come first; those of an earlier era stand before all others. */
  private final ArrayDeque<Mine> line = new ArrayDeque<>();

  private long era;

  private static final class Mine {
    final Registry.Entry entry;
    boolean gone;
    long era;
    long dueMs;

    Mine(Registry.Entry entry) {
      this.entry = entry;
    }
  }

  Registrations(RedisParts parts, Link link, GivingWay givingWay, Metrics metrics) {
    this.parts = parts;
    this.link = link;
    this.givingWay = givingWay;
    this.metrics = metrics;
  }

  void came(Registry.Entry entry) {
    Mine mine = new Mine(entry);
    sessions.put(entry, mine);
    metrics.whereaboutsRegistered();
    register(mine)
        .onFailure(
            away ->
                givingWay.tellAll(
                    new NodeParcel.Newcomer(entry.user(), entry.device(), entry.generation())));
  }

  void left(Registry.Entry entry) {
    Mine mine = sessions.remove(entry);
    if (mine != null) {
      mine.gone = true;
      unregister(entry);
    }
  }

  /** Redis may have forgotten all of them. */
  void newEra() {
    era++;
  }

  /** Confirms those whose time has come, as many as this tick allows. */
  void tick(long nowMs) {
    int most = Math.max(1, parts.registry().confirmsPerSecond() / TICKS_PER_SECOND);
    while (most > 0 && link.isUp() && !line.isEmpty() && isDue(line.peek(), nowMs)) {
      Mine next = line.remove();
      if (!next.gone) {
        most--;
        metrics.whereaboutsConfirmed();
        register(next);
      }
    }
  }

  private boolean isDue(Mine mine, long nowMs) {
    return mine.gone || mine.era != era || mine.dueMs <= nowMs;
  }

  /** Takes all of them out, for a node that stops; ends with the last, or when Redis is away. */
  Future<Void> leave() {
    List<Future<?>> leaving = new ArrayList<>();
    for (Mine mine : sessions.values()) {
      mine.gone = true;
      leaving.add(unregister(mine.entry));
    }
    sessions.clear();
    line.clear();
    return Future.join(leaving).transform(left -> Future.succeededFuture());
  }

  private Future<?> register(Mine mine) {
    long asked = era;
    return link.call(Script.REGISTER, key(mine.entry), args(mine.entry))
        .onComplete(
            done -> {
              if (mine.gone) {
                if (done.succeeded()) {
                  // It may have come to Redis after its end did.
                  unregister(mine.entry);
                }
                return;
              }
              if (done.succeeded()) {
                mine.era = asked;
                judge(mine.entry, done.result());
              } else {
                mine.era = -1;
              }
              mine.dueMs =
                  parts.clock().nowMs() + parts.registry().entryTtlMs() / CONFIRMATIONS_IN_TTL;
              if (mine.era == era) {
                line.addLast(mine);
              } else {
                line.addFirst(mine);
              }
            });
  }

  private void judge(Registry.Entry entry, Response answer) {
    boolean taken = answer.get(0).toInteger() == 1;
    long generation = answer.get(1).toLong();
    NodeId node = new NodeId(Link.text(answer, 2));
    if (!taken) {
      givingWay.tell(
          parts.self(), new NodeParcel.Newcomer(entry.user(), entry.device(), generation));
    } else if (generation > 0 && !node.equals(parts.self())) {
      givingWay.tell(
          node, new NodeParcel.Newcomer(entry.user(), entry.device(), entry.generation()));
    }
  }

  private Future<?> unregister(Registry.Entry entry) {
    return link.call(Script.UNREGISTER, key(entry), args(entry));
  }

  private String key(Registry.Entry entry) {
    return parts.keys().sessions(entry.user());
  }

  private String[] args(Registry.Entry entry) {
    return new String[] {
      parts.keys().news(),
      Integer.toString(parts.registry().entryTtlMs()),
      entry.user().value(),
      entry.device().value(),
      Long.toString(entry.generation()),
      Integer.toString(entry.address().loop().index()),
      Long.toString(entry.address().session()),
      parts.self().value()
    };
  }
}
