package io.quipu.server;

import io.quipu.server.adapter.hazelcast.HazelcastMembership;
import io.quipu.server.cluster.Alone;
import io.quipu.server.cluster.AnnouncedRegistry;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusLimits;
import io.quipu.server.cluster.ClusterView;
import io.quipu.server.cluster.LocalRegistry;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.OnlineUsers;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.Peers;
import io.quipu.server.cluster.Placement;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.RendezvousPlacement;
import io.quipu.server.cluster.AnyNode;
import io.quipu.server.cluster.VertxBus;
import io.quipu.server.cluster.Whereabouts;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.StoreWatch;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
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
  private static final int STORE_PING_MS = 1_000;
  private static final int STORE_TIMEOUT_MS = 2_000;

  private final Vertx vertx;
  private final Bus bus;
  private final Peers peers;
  private final Whereabouts whereabouts;
  private final LocalRegistry sessions = new LocalRegistry();
  private final Registry registry;
  private final Placement placement;
  private final Optional<Joined> joined;
  private final int heartbeatMs;
  private final AtomicBoolean leaving = new AtomicBoolean();

  /** What a node has besides if it is one of several. */
  private record Joined(ClusterView view, VertxBus bus) {}

  private ClusterParts(
      Configuration configuration,
      Vertx vertx,
      Bus bus,
      Peers peers,
      Whereabouts whereabouts,
      Optional<Joined> joined) {
    this.vertx = vertx;
    this.bus = bus;
    this.peers = peers;
    this.whereabouts = whereabouts;
    this.joined = joined;
    this.heartbeatMs = configuration.cluster().heartbeatMs();
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
    if (!configuration.cluster().enabled()) {
      Vertx vertx = Vertx.builder().with(options).build();
      Alone alone = new Alone(self, eventLoops);
      return Future.succeededFuture(
          new ClusterParts(
              configuration,
              vertx,
              wrapped.apply(new VertxBus(vertx, metrics)),
              alone,
              alone,
              Optional.empty()));
    }
    Configuration.Cluster cluster = configuration.cluster();
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
                  configuration,
                  vertx,
                  wrapped.apply(bus),
                  view,
                  new AnyNode(givingWay),
                  Optional.of(new Joined(view, bus)));
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
                      parts
                          .view()
                          .declare(reachable ? Peers.State.SERVING : Peers.State.JOINING);
                    }
                  }));
        });
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

  /** Nobody is told any more that this node is there. */
  void close() {
    joined.ifPresent(parts -> parts.bus().close());
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

  OnlineUsers online() {
    return sessions;
  }

  /** For one verticle. */
  Outreach outreach(int index) {
    return new Outreach(index, bus, registry, whereabouts, peers);
  }
}
