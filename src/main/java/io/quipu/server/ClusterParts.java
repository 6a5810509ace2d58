package io.quipu.server;

import io.quipu.server.adapter.hazelcast.HazelcastMembership;
import io.quipu.server.cluster.Alone;
import io.quipu.server.cluster.AnnouncedRegistry;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.LocalRegistry;
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
import io.quipu.server.metrics.Metrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.function.UnaryOperator;

/**
 * What a node stands on: its Vert.x, the bus, who its peers are, who is connected where, and which
 * conversations are whose. The composition of a cluster, as {@link QuipuServer} is that of a node.
 */
final class ClusterParts {
  private final Vertx vertx;
  private final Bus bus;
  private final Peers peers;
  private final Whereabouts whereabouts;
  private final LocalRegistry sessions = new LocalRegistry();
  private final Registry registry;
  private final Placement placement;

  private ClusterParts(
      Configuration configuration, Vertx vertx, Bus bus, Peers peers, Whereabouts whereabouts) {
    this.vertx = vertx;
    this.bus = bus;
    this.peers = peers;
    this.whereabouts = whereabouts;
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
      Metrics metrics,
      UnaryOperator<Bus> wrapped) {
    VertxOptions options =
        new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(eventLoops);
    if (!configuration.cluster().enabled()) {
      Vertx vertx = Vertx.builder().with(options).build();
      Alone alone = new Alone(self, eventLoops);
      return Future.succeededFuture(
          new ClusterParts(
              configuration, vertx, wrapped.apply(new VertxBus(vertx, metrics)), alone, alone));
    }
    return HazelcastMembership.join(options, configuration.cluster(), self, eventLoops)
        .map(
            membership -> {
              Vertx vertx = membership.vertx();
              Alone alone = new Alone(self, eventLoops);
              return new ClusterParts(
                  configuration, vertx, wrapped.apply(new VertxBus(vertx, metrics)), alone, alone);
            });
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
