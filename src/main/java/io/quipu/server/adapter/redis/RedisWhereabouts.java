package io.quipu.server.adapter.redis;

import io.quipu.model.UserId;
import io.quipu.server.cluster.GivingWay;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.OnlineUsers;
import io.quipu.server.cluster.Peers;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.Whereabouts;
import io.quipu.server.metrics.Metrics;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the users of all nodes are, by Redis. What it says of other nodes is believed while Redis
 * answers, notices are heard, and both have been so for {@code registry.settleMs}; else nothing is
 * known, and all nodes are asked. Questions are answered by any thread from memory; all else
 * happens on one event loop.
 *
 * <pre>
 * event                          effect
 * Redis up                       all sessions of this node are registered again; not believed yet
 * notices are heard              what is remembered begins anew, watched users are read again
 * Redis away, or no notices      not believed; who is online stays so
 * settleMs after the last of     believed
 *   up, heard, and emptied
 * Redis was emptied              as up
 * </pre>
 */
final class RedisWhereabouts
    implements Whereabouts, OnlineUsers, Link.Listener, Notices.Listener, Lookups.Listener {
  private static final Logger log = LoggerFactory.getLogger(RedisWhereabouts.class);

  /** Users whose presence is read again, in each tick. */
  private static final int READS = 200;

  private static final int SWEEP_TICKS = 100;

  private final Vertx vertx;
  private final Context context;
  private final RedisParts parts;
  private final Peers peers;
  private final OnlineUsers here;
  private final Metrics metrics;
  private final Link link;
  private final Notices notices;
  private final Lookups lookups;
  private final Registrations registrations;
  private final KnownNodes known;
  private final Attended attended;
  private final List<Consumer<UserId>> listeners = new CopyOnWriteArrayList<>();
  private final Map<UserId, List<Promise<Void>>> learning = new HashMap<>();
  private Optional<String> epoch = Optional.empty();
  private boolean heard;
  private long settledMs;
  private long ticks;
  private long timer;
  private boolean closed;
  private volatile boolean believed;

  /** Of the last tick: exact enough for an age, and free. */
  private volatile long nowMs;

  RedisWhereabouts(
      Vertx vertx,
      Context context,
      RedisParts parts,
      Peers peers,
      OnlineUsers here,
      GivingWay givingWay,
      Metrics metrics) {
    this.vertx = vertx;
    this.context = context;
    this.parts = parts;
    this.peers = peers;
    this.here = here;
    this.metrics = metrics;
    this.link = new Link(vertx, context, parts, metrics, this);
    this.notices = new Notices(vertx, context, parts, link, this);
    this.lookups = new Lookups(context, parts, link, metrics, this);
    this.registrations = new Registrations(parts, link, givingWay, metrics);
    this.known = new KnownNodes(parts.registry().maxCachedUsers(), parts.registry().cacheMs());
    this.attended =
        new Attended(parts.self(), parts.registry().maxCachedUsers(), this::tellListeners);
    this.nowMs = parts.clock().nowMs();
  }

  /** On the event loop. */
  void start() {
    peers.onChange(() -> context.runOnContext(now -> look()));
    here.onChange(this::tellListeners);
    look();
    timer = vertx.setPeriodic(Registrations.TICK_MS, tick -> tick());
    link.start();
  }

  /** On the event loop: this node's sessions go from Redis, if it answers. */
  Future<Void> close() {
    if (closed) {
      return Future.succeededFuture();
    }
    closed = true;
    vertx.cancelTimer(timer);
    return registrations
        .leave()
        .onComplete(
            left -> {
              notices.stop();
              link.close();
            });
  }

  Link link() {
    return link;
  }

  private void look() {
    Set<NodeId> members = peers.now().stream().map(Peers.Peer::id).collect(Collectors.toSet());
    known.membersAre(members);
    attended.membersAre(members);
  }

  private void tick() {
    nowMs = parts.clock().nowMs();
    ticks++;
    registrations.tick(nowMs);
    boolean nowBelieved = link.isUp() && heard && nowMs - settledMs >= 0;
    if (nowBelieved != believed) {
      believe(nowBelieved);
    }
    if (heard) {
      attended.next(READS).forEach(lookups::ask);
    }
    if (ticks % SWEEP_TICKS == 0) {
      attended.forgetUnasked(nowMs);
    }
    metrics.whereaboutsCached(known.size());
  }

  private void believe(boolean now) {
    believed = now;
    attended.believes(now);
    log.info(now ? "on which nodes users are is known" : "on which nodes users are is not known");
  }

  private void settle() {
    if (believed) {
      believe(false);
    }
    settledMs = parts.clock().nowMs() + parts.registry().settleMs();
  }

  // ---- Whereabouts

  @Override
  public Optional<Set<NodeId>> nodesOf(UserId user) {
    if (!believed) {
      metrics.whereaboutsUnknown();
      return Optional.empty();
    }
    Optional<Set<NodeId>> nodes = known.nodesOf(user, nowMs, lookups::ask);
    if (nodes.isPresent()) {
      metrics.whereaboutsKnown();
    } else {
      metrics.whereaboutsNotCached();
    }
    return nodes;
  }

  @Override
  public void came(Registry.Entry entry) {
    context.runOnContext(now -> registrations.came(entry));
  }

  @Override
  public void left(Registry.Entry entry) {
    context.runOnContext(now -> registrations.left(entry));
  }

  // ---- OnlineUsers

  @Override
  public boolean isOnline(UserId user) {
    boolean elsewhere = attended.isOnline(user, nowMs, parts.registry().cacheMs(), lookups::ask);
    return elsewhere || here.isOnline(user);
  }

  @Override
  public void onChange(Consumer<UserId> listener) {
    listeners.add(listener);
  }

  private void tellListeners(UserId user) {
    listeners.forEach(listener -> listener.accept(user));
  }

  @Override
  public Future<Void> learn(Collection<UserId> users) {
    List<UserId> unknown = new ArrayList<>();
    for (UserId user : users) {
      isOnline(user); // attended from now on
      if (!attended.isKnown(user)) {
        unknown.add(user);
      }
    }
    if (unknown.isEmpty() || !link.isUp()) {
      return Future.succeededFuture();
    }
    Promise<Void> all = Promise.promise();
    context.runOnContext(
        now -> {
          List<Future<Void>> each = new ArrayList<>();
          for (UserId user : unknown) {
            if (!attended.isKnown(user) && lookups.ask(user)) {
              Promise<Void> one = Promise.promise();
              learning.computeIfAbsent(user, first -> new ArrayList<>(1)).add(one);
              each.add(one.future());
            }
          }
          Future.join(each).<Void>mapEmpty().onComplete(all);
        });
    return all.future();
  }

  private void learnt(UserId user) {
    List<Promise<Void>> waiting = learning.remove(user);
    if (waiting != null) {
      waiting.forEach(Promise::tryComplete);
    }
  }

  // ---- what Redis says

  @Override
  public void isUp(String name) {
    seen(name);
    registrations.newEra();
    settle();
    notices.start();
  }

  @Override
  public void isAway() {
    if (believed) {
      believe(false);
    }
    notices.stop();
  }

  @Override
  public void epochIs(String name) {
    if (seen(name)) {
      registrations.newEra();
      settle();
    }
    notices.pulsed();
  }

  /** True if this Redis was emptied since it was last seen. */
  private boolean seen(String name) {
    boolean emptied = epoch.isPresent() && !epoch.get().equals(name);
    epoch = Optional.of(name);
    if (emptied) {
      metrics.whereaboutsEmptied();
      log.warn("Redis was emptied: this node registers its sessions again");
    }
    return emptied;
  }

  @Override
  public void hears() {
    heard = true;
    lookups.newEra();
    known.clear();
    attended.readAgain();
  }

  @Override
  public void isDeaf() {
    heard = false;
    if (believed) {
      believe(false);
    }
  }

  @Override
  public void news(String text) {
    String[] words = text.split(" ", -1);
    if (words.length < 2) {
      return;
    }
    metrics.whereaboutsNoticed();
    Set<NodeId> nodes = new HashSet<>();
    for (int i = 2; i < words.length; i++) {
      if (!words[i].isEmpty()) {
        nodes.add(new NodeId(words[i]));
      }
    }
    heardOf(new UserId(words[1]), Long.parseLong(words[0]), nodes);
  }

  private void heardOf(UserId user, long version, Set<NodeId> nodes) {
    long now = parts.clock().nowMs();
    known.put(user, version, nodes, now);
    attended.isOn(user, version, nodes, now);
    learnt(user);
  }

  @Override
  public void found(UserId user, long version, Set<NodeId> nodes) {
    if (heard) {
      heardOf(user, version, nodes);
    }
    learnt(user);
  }

  @Override
  public void notFound(UserId user) {
    learnt(user);
  }
}
