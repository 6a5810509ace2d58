package io.quipu.server.cluster;

import com.hazelcast.config.Config;
import com.hazelcast.multimap.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Two Vert.x instances of this JVM in one Hazelcast cluster, over loopback. */
final class HazelcastPair {
  /** Below the ports that the system gives away: one of those might be taken meanwhile. */
  private static final int FIRST_PORT = 21_000;

  private static final int LAST_PORT = 32_000;

  final Vertx a;
  final Vertx b;
  private final List<HazelcastClusterManager> managers = new ArrayList<>();

  HazelcastPair() throws Exception {
    String name = "test-" + UUID.randomUUID();
    int portA = freePort(FIRST_PORT);
    int portB = freePort(portA + 1);
    this.a = start(name, portA, portB);
    this.b = start(name, portB, portA);
  }

  private Vertx start(String cluster, int port, int other) throws Exception {
    Config config = new Config().setClusterName(cluster);
    config.setProperty("hazelcast.logging.type", "slf4j");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.wait.seconds.before.join", "0");
    config.getMultiMapConfig("__vertx.subs").setBackupCount(1).setValueCollectionType("SET");
    config.getNetworkConfig().setPort(port).setPortAutoIncrement(false);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config
        .getNetworkConfig()
        .getJoin()
        .getTcpIpConfig()
        .setEnabled(true)
        .addMember("127.0.0.1:" + port)
        .addMember("127.0.0.1:" + other);
    HazelcastClusterManager manager = new HazelcastClusterManager(config);
    managers.add(manager);
    VertxOptions options = new VertxOptions().setEventLoopPoolSize(2);
    options.getEventBusOptions().setHost("127.0.0.1");
    return Vertx.builder()
        .with(options)
        .withClusterManager(manager)
        .buildClustered()
        .toCompletionStage()
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  private static int freePort(int from) {
    for (int port = from; port < LAST_PORT; port++) {
      try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return free.getLocalPort();
      } catch (IOException taken) {
        // the next one
      }
    }
    throw new AssertionError("no free port");
  }

  /** Somebody forgets that this address is served. */
  void forgetRegistrations(String address) {
    registrations().remove(address);
  }

  boolean knowsRegistration(String address) {
    return registrations().containsKey(address);
  }

  private MultiMap<String, Object> registrations() {
    return managers.get(0).getHazelcastInstance().getMultiMap("__vertx.subs");
  }

  void close() throws Exception {
    for (Vertx vertx : List.of(a, b)) {
      vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
  }
}
