package io.quipu.server.adapter.hazelcast;

import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import io.quipu.server.cluster.MemberNode;
import io.quipu.server.cluster.Membership;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.config.Configuration;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The members of a Hazelcast cluster that are nodes of Quipu. What a member calls itself, and how
 * many event loops it has, comes with its registration at the bus, a little after it has joined.
 */
public final class HazelcastMembership implements Membership {
  private static final Logger LOG = LoggerFactory.getLogger(HazelcastMembership.class);
  private static final String NODE = "quipuNode";
  private static final String INSTANCES = "instances";

  /** Between two questions to a member that has not registered yet. */
  private static final int ASK_AGAIN_MS = 100;

  /** The event bus' own check that a connection is alive; its defaults are 20 s each. */
  private static final int PING_MS = 2_000;

  private static final int CONNECT_TIMEOUT_MS = 2_000;

  private final MemberNode self;
  private final HazelcastClusterManager manager;
  private final Map<String, MemberNode> known = new ConcurrentHashMap<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile List<MemberNode> members;
  private Optional<Vertx> vertx = Optional.empty();

  private HazelcastMembership(NodeId self, int instances, HazelcastClusterManager manager) {
    this.manager = manager;
    this.self = new MemberNode(self, instances);
    this.members = List.of(this.self);
  }

  /**
   * Joins, or begins, the cluster. Fails when a port is taken or an address is not this machine's.
   *
   * @param options of the Vert.x that becomes clustered
   */
  public static Future<HazelcastMembership> join(
      VertxOptions options, Configuration.Cluster cluster, NodeId self, int instances) {
    HazelcastClusterManager manager =
        new HazelcastClusterManager(HazelcastConfiguration.of(cluster));
    HazelcastMembership made = new HazelcastMembership(self, instances, manager);
    options.setEventBusOptions(busOptions(cluster, self, instances));
    return Vertx.builder()
        .with(options)
        .withClusterManager(manager)
        .buildClustered()
        .map(
            vertx -> {
              made.watch(vertx);
              return made;
            });
  }

  private static EventBusOptions busOptions(
      Configuration.Cluster cluster, NodeId self, int instances) {
    EventBusOptions options =
        new EventBusOptions()
            .setHost(cluster.host())
            .setPort(cluster.busPort())
            .setClusterPublicHost(cluster.host())
            .setClusterPublicPort(cluster.busPort())
            .setClusterPingInterval(PING_MS)
            .setClusterPingReplyInterval(PING_MS)
            .setConnectTimeout(CONNECT_TIMEOUT_MS)
            .setClusterNodeMetadata(
                new JsonObject().put(NODE, self.value()).put(INSTANCES, instances));
    if (cluster.tlsCertificate().isPresent()) {
      options
          .setSsl(true)
          .setClientAuth(ClientAuth.REQUIRED)
          .setKeyCertOptions(
              new PemKeyCertOptions()
                  .setCertPath(cluster.tlsCertificate().get())
                  .setKeyPath(cluster.tlsKey().orElseThrow()))
          .setTrustOptions(
              new PemTrustOptions().addCertPath(cluster.tlsAuthorities().orElseThrow()));
    }
    return options;
  }

  /** Clustered; to be closed by whoever joined. */
  public Vertx vertx() {
    return vertx.orElseThrow();
  }

  private void watch(Vertx clustered) {
    vertx = Optional.of(clustered);
    manager
        .getHazelcastInstance()
        .getCluster()
        .addMembershipListener(
            new MembershipListener() {
              @Override
              public void memberAdded(MembershipEvent event) {
                look();
              }

              @Override
              public void memberRemoved(MembershipEvent event) {
                look();
              }
            });
    look();
  }

  @Override
  public List<MemberNode> members() {
    return members;
  }

  @Override
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  private void look() {
    if (!manager.isActive()) {
      return;
    }
    List<String> alive = manager.getNodes();
    known.keySet().retainAll(alive);
    for (String node : alive) {
      if (!known.containsKey(node)) {
        ask(node);
      }
    }
    publish();
  }

  private void ask(String node) {
    Promise<NodeInfo> asked = Promise.promise();
    manager.getNodeInfo(node, asked);
    asked
        .future()
        .onComplete(
            answer -> {
              if (answer.succeeded() && answer.result() != null && isOne(answer.result())) {
                JsonObject told = answer.result().metadata();
                known.put(
                    node,
                    new MemberNode(new NodeId(told.getString(NODE)), told.getInteger(INSTANCES)));
                if (manager.getNodes().contains(node)) {
                  publish();
                } else {
                  known.remove(node);
                }
              } else if (answer.succeeded() && answer.result() != null) {
                LOG.atWarn()
                    .addKeyValue("member", node)
                    .log("a member of the cluster is not a node of Quipu");
              } else {
                vertx().setTimer(ASK_AGAIN_MS, again -> look());
              }
            });
  }

  private static boolean isOne(NodeInfo told) {
    return told.metadata() != null
        && told.metadata().getString(NODE) != null
        && told.metadata().getInteger(INSTANCES, 0) > 0;
  }

  private void publish() {
    List<MemberNode> before;
    synchronized (this) {
      before = members;
      List<MemberNode> now = new ArrayList<>();
      now.add(self);
      for (MemberNode member : known.values()) {
        if (!member.id().equals(self.id())) {
          now.add(member);
        }
      }
      now.sort(Comparator.comparing(member -> member.id().value()));
      members = List.copyOf(now);
    }
    if (!before.equals(members)) {
      LOG.atInfo().addKeyValue("members", ids(members)).log("the members of the cluster");
      listeners.forEach(Runnable::run);
    }
  }

  private static String ids(List<MemberNode> members) {
    return String.join(" ", members.stream().map(member -> member.id().value()).toList());
  }
}
