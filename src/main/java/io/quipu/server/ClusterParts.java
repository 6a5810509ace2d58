package io.quipu.server;

import io.quipu.server.adapter.hazelcast.HazelcastMembership;
import io.quipu.server.adapter.redis.SharedRedis;
import io.quipu.server.cluster.Alone;
import io.quipu.server.cluster.AnnouncedRegistry;
import io.quipu.server.cluster.AnyNode;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusLimits;
import io.quipu.server.cluster.ClusterView;
import io.quipu.server.cluster.GivingWay;
import io.quipu.server.cluster.LocalRegistry;
import io.quipu.server.cluster.Newcomers;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.OnlineUsers;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.Peers;
import io.quipu.server.cluster.Placement;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.RendezvousPlacement;
import io.quipu.server.cluster.VertxBus;
import io.quipu.server.cluster.Whereabouts;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.StoreWatch;
import io.quipu.server.limits.SharedBuckets;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
import io.quipu.server.time.SystemChance;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * What a node stands on: its Vert.x, the bus, who its peers are, who is connected where, and which
 * conversations are whose. The composition of a cluster, as {@link QuipuServer} is that of a node.
 */
final class ClusterParts {
  private static final int STORE_PING_MS = 500;
  private static final int STORE_TIMEOUT_MS = 1_000;

  private final Vertx vertx;
  private final Bus bus;
  private final Peers peers;
  private final LocalRegistry sessions = new LocalRegistry();
  private final Optional<Joined> joined;
  private final Optional<SharedRedis> redis;
  private final Whereabouts whereabouts;
  private final Registry registry;
  private final Placement placement;
  private final int heartbeatMs;
  private final AtomicBoolean leaving = new AtomicBoolean();

  /** What a node has besides if it is one of several. */
  private record Joined(ClusterView view, VertxBus bus) {}

  /** A node that is the whole system. */
  private ClusterParts(Configuration configuration, Vertx vertx, Bus bus, Alone alone) {
    this.vertx = vertx;
    this.bus = bus;
    this.peers = alone;
    this.joined = Optional.empty();
    this.redis = Optional.empty();
    this.whereabouts = alone;
    this.heartbeatMs = 0;
    this.registry = sessions;
    this.placement = new RendezvousPlacement(peers, configuration.sequencer().shards());
  }

  /** One of several. */
  private ClusterParts(
      Configuration configuration,
      Vertx vertx,
      Bus bus,
      Joined joined,
      Clock clock,
      Metrics metrics) {
    this.vertx = vertx;
    this.bus = bus;
    this.peers = joined.view();
    this.joined = Optional.of(joined);
    this.heartbeatMs = configuration.cluster().heartbeatMs();
    GivingWay givingWay = new Newcomers(vertx.getOrCreateContext(), bus, sessions, peers);
    this.redis =
        configuration.redis().uris().isEmpty()
            ? Optional.empty()
            : Optional.of(
                SharedRedis.open(
                    vertx,
                    peers.self(),
                    configuration.redis(),
                    configuration.registry(),
                    new SharedRedis.Surroundings(peers, sessions, givingWay),
                    clock,
                    new SystemChance(),
                    metrics));
    this.whereabouts = redis.map(SharedRedis::whereabouts).orElseGet(() -> new AnyNode(givingWay));
    this.registry = new AnnouncedRegistry(sessions, whereabouts);
    this.placement = new RendezvousPlacement(peers, configuration.sequencer().shards());
  }

  /**
   * Joins the other nodes, if the configuration says so.
   *
   * @param wrapped makes the node's bus of the real one
   */
  static Future<ClusterParts> start(
      Configuration configuration,
      NodeId self,
      int eventLoops,
      Clock clock,
      Metrics metrics,
      UnaryOperator<Bus> wrapped) {
    VertxOptions options =
        new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(eventLoops);
    Configuration.Cluster cluster = configuration.cluster();
    if (!cluster.enabled()) {
      Vertx vertx = Vertx.builder().with(options).build();
      return Future.succeededFuture(
          new ClusterParts(
              configuration,
              vertx,
              wrapped.apply(new VertxBus(vertx, metrics)),
              new Alone(self, eventLoops)));
    }
    BusLimits limits =
        new BusLimits(
            cluster.windowMessages(),
            cluster.windowBytes(),
            cluster.heartbeatMs(),
            cluster.silentMs());
    return HazelcastMembership.join(options, cluster, self, eventLoops)
        .map(
            membership -> {
              Vertx vertx = membership.vertx();
              ClusterView view = new ClusterView(self, membership, limits, metrics);
              VertxBus bus = new VertxBus(vertx, metrics, view, limits, clock);
              return new ClusterParts(
                  configuration, vertx, wrapped.apply(bus), new Joined(view, bus), clock, metrics);
            });
  }

  /** Begins to hear from the other nodes, and they from this one. */
  Future<Void> open() {
    return joined.map(parts -> parts.bus().open()).orElse(Future.succeededFuture());
  }

  /**
   * Takes its share of the conversations, as long as it reaches the store.
   *
   * @param ping asks the store something cheap
   */
  void serve(Supplier<Future<Void>> ping) {
    joined.ifPresent(
        parts -> {
          parts.view().declare(Peers.State.SERVING);
          vertx.deployVerticle(
              new StoreWatch(
                  ping,
                  STORE_PING_MS,
                  STORE_TIMEOUT_MS,
                  reachable -> {
                    if (!leaving.get()) {
                      parts.view().declare(reachable ? Peers.State.SERVING : Peers.State.JOINING);
                    }
                  }));
        });
  }

  /** This node has its share of the conversations, and the others hear of it. */
  boolean isPlaced() {
    return peers.now().stream()
        .anyMatch(peer -> peer.id().equals(peers.self()) && peer.state() != Peers.State.JOINING);
  }

  /**
   * Gives its share away.
   *
   * @return completes when the others have had time to hear of it
   */
  Future<Void> leave() {
    leaving.set(true);
    if (joined.isEmpty()) {
      return Future.succeededFuture();
    }
    joined.get().view().declare(Peers.State.LEAVING);
    return vertx.timer(2L * heartbeatMs).mapEmpty();
  }

  /** Nobody is told any more that this node is there, nor that its users are. */
  Future<Void> close() {
    joined.ifPresent(parts -> parts.bus().close());
    return redis.map(SharedRedis::close).orElse(Future.succeededFuture());
  }

  Vertx vertx() {
    return vertx;
  }

  Bus bus() {
    return bus;
  }

  Peers peers() {
    return peers;
  }

  Placement placement() {
    return placement;
  }

  /** The sessions of this node. */
  Registry registry() {
    return registry;
  }

  /** On any node, as far as there is a Redis that knows. */
  OnlineUsers online() {
    return redis.map(SharedRedis::online).orElse(sessions);
  }

  /** What the nodes count together. */
  Optional<SharedBuckets> buckets() {
    return redis.map(SharedRedis::buckets);
  }

  /** For one verticle. */
  Outreach outreach(int index) {
    return new Outreach(index, bus, registry, whereabouts, peers);
  }
}
