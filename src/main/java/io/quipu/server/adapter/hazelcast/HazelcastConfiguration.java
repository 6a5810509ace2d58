package io.quipu.server.adapter.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MultiMapConfig;
import com.hazelcast.config.NetworkConfig;
import io.quipu.server.config.Configuration;

/** Hazelcast as a node of Quipu needs it: few copies, quick to see a death, quick to merge. */
final class HazelcastConfiguration {
  /** Where the event bus of Vert.x keeps who serves which address. */
  private static final String SUBSCRIPTIONS = "__vertx.subs";

  private static final String NODES = "__vertx.nodeInfo";

  /** So that two nodes may be killed at once, and no survivor's addresses are forgotten. */
  private static final int BACKUPS = 2;

  private HazelcastConfiguration() {}

  static Config of(Configuration.Cluster cluster) {
    Config config = new Config();
    config.setClusterName(cluster.name());
    config
        .setProperty("hazelcast.logging.type", "slf4j")
        .setProperty("hazelcast.phone.home.enabled", "false")
        // The node has an order of its own in which it ends.
        .setProperty("hazelcast.shutdownhook.enabled", "false")
        .setProperty("hazelcast.socket.bind.any", "false")
        .setProperty("hazelcast.heartbeat.interval.seconds", "1")
        .setProperty(
            "hazelcast.max.no.heartbeat.seconds", Integer.toString(cluster.lostAfterSeconds()))
        // After a split, or when a frozen node wakes; 300 and 120 are Hazelcast's own.
        .setProperty("hazelcast.merge.first.run.delay.seconds", "10")
        .setProperty("hazelcast.merge.next.run.delay.seconds", "5")
        // Nodes that start together find each other by retrying; 5 s of waiting are for crowds.
        .setProperty("hazelcast.wait.seconds.before.join", "1");
    network(config.getNetworkConfig(), cluster);
    config.addMultiMapConfig(
        new MultiMapConfig(SUBSCRIPTIONS)
            .setBackupCount(BACKUPS)
            .setValueCollectionType(MultiMapConfig.ValueCollectionType.SET));
    config.addMapConfig(new MapConfig(NODES).setBackupCount(BACKUPS));
    config.getJetConfig().setEnabled(false);
    return config;
  }

  private static void network(NetworkConfig network, Configuration.Cluster cluster) {
    network.setPort(cluster.port()).setPortAutoIncrement(false).setReuseAddress(true);
    network.setPublicAddress(cluster.host() + ":" + cluster.port());
    network.getInterfaces().setEnabled(true).addInterface(cluster.host());
    JoinConfig join = network.getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    if (cluster.discovery().equals("kubernetes")) {
      join.getKubernetesConfig()
          .setEnabled(true)
          .setProperty("service-dns", cluster.kubernetesService().orElseThrow())
          .setProperty("service-port", Integer.toString(cluster.port()));
    } else {
      join.getTcpIpConfig()
          .setEnabled(true)
          .setConnectionTimeoutSeconds(2)
          .setMembers(cluster.members());
    }
  }
}
