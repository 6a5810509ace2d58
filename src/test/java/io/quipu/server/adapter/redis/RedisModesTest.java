package io.quipu.server.adapter.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quipu.it.TestRedis;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.config.Configuration;
import io.quipu.server.limits.Budget;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.SelfSignedCertificate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same over sentinels, over a Redis cluster of three, and with a password. */
final class RedisModesTest {
  private static final NodeId A = new NodeId("a-1");
  private static final NodeId B = new NodeId("b-1");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final List<AutoCloseable> started = new ArrayList<>();
  private final RedisNode.Cluster cluster = new RedisNode.Cluster();

  @AfterEach
  void close() throws Exception {
    for (int i = started.size(); i-- > 0; ) {
      started.get(i).close();
    }
  }

  private TestRedis server(String... arguments) {
    TestRedis server = TestRedis.start(arguments);
    started.add(server);
    return server;
  }

  private RedisNode node(Configuration.Redis config, NodeId id) {
    RedisNode node = new RedisNode(config, RedisNode.REGISTRY, id.value(), cluster);
    started.add(node);
    return node;
  }

  private static void isOn(RedisNode asking, String user, NodeId... nodes) {
    await().atMost(PATIENCE).until(() -> asking.nodesOf(user).equals(Optional.of(Set.of(nodes))));
  }

  /** Who comes, goes, makes others give way, and is limited. */
  private void works(Configuration.Redis config) {
    cluster.are(A, B);
    RedisNode a = node(config, A);
    RedisNode b = node(config, B);
    for (int i = 0; i < 30; i++) {
      a.comes("user" + i, "phone", 1);
    }
    for (int i = 0; i < 30; i++) {
      isOn(b, "user" + i, A);
    }
    b.comes("user7", "phone", 2);
    isOn(a, "user7", B);
    await().atMost(PATIENCE).until(() -> b.told.size() == 1);
    for (int i = 0; i < 10; i++) {
      var grant = a.buckets().take(new Budget("logins", 6, 60_000, 6), "user" + i, 0, 9);
      await().atMost(PATIENCE).until(grant::isComplete);
      assertThat(grant.result().tokens()).isEqualTo(6);
    }
  }

  @Test
  void oneServerWithAPassword() {
    TestRedis redis = server("--requirepass", "secret");
    Configuration.Redis open = RedisNode.config("standalone", List.of(redis.uri()), 2_000);
    works(
        new Configuration.Redis(
            open.mode(),
            open.uris(),
            open.masterName(),
            Optional.empty(),
            Optional.of("secret"),
            Optional.empty(),
            open.keyPrefix(),
            open.timeoutMs(),
            open.retryMs()));
  }

  @Test
  void sentinelsNameTheServer(@TempDir Path folder) throws Exception {
    TestRedis redis = server();
    Path conf = folder.resolve("sentinel.conf");
    Files.writeString(conf, "sentinel monitor mymaster 127.0.0.1 " + redis.port() + " 1\n");
    TestRedis sentinel = server(conf.toString(), "--sentinel");
    works(RedisNode.config("sentinel", List.of(sentinel.uri()), 2_000));
  }

  @Test
  void aClusterHasTheKeysOfUsersOnAllItsNodes() {
    List<TestRedis> nodes = new ArrayList<>();
    int[] firstSlots = {0, 5_461, 10_923, 16_384};
    for (int i = 0; i < 3; i++) {
      TestRedis one = server("--cluster-enabled", "yes", "--cluster-config-file", "slots");
      nodes.add(one);
      StringBuilder slots = new StringBuilder("CLUSTER ADDSLOTS");
      for (int slot = firstSlots[i]; slot < firstSlots[i + 1]; slot++) {
        slots.append(' ').append(slot);
      }
      assertThat(one.says(slots.toString())).startsWith("+OK");
    }
    for (TestRedis other : nodes.subList(1, 3)) {
      nodes.get(0).says("CLUSTER MEET 127.0.0.1 " + other.port());
    }
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                nodes.stream()
                    .allMatch(
                        one ->
                            one.says("CLUSTER INFO").contains("cluster_state:ok")
                                && one.says("CLUSTER INFO").contains("cluster_known_nodes:3")));
    works(RedisNode.config("cluster", List.of(nodes.get(1).uri()), 5_000));
    assertThat(nodes).allSatisfy(one -> assertThat(one.says("DBSIZE")).isNotEqualTo(":0\r\n"));
  }

  @Test
  void overTlsTheServerIsVouchedForByTheConfiguredAuthority() throws Exception {
    TestRedis redis = server();
    SelfSignedCertificate certificate = SelfSignedCertificate.create("localhost");
    started.add(certificate::delete);
    Vertx vertx = Vertx.vertx();
    started.add(() -> vertx.close().toCompletionStage().toCompletableFuture().get());
    NetClient plain = vertx.createNetClient();
    NetServer front =
        vertx
            .createNetServer(
                new NetServerOptions()
                    .setSsl(true)
                    .setHost("localhost")
                    .setKeyCertOptions(certificate.keyCertOptions()))
            .connectHandler(
                outer -> {
                  outer.pause();
                  plain
                      .connect(redis.port(), "127.0.0.1")
                      .onSuccess(
                          inner -> {
                            outer.pipeTo(inner);
                            inner.pipeTo(outer);
                          });
                });
    int port =
        front.listen(0, "localhost").toCompletionStage().toCompletableFuture().get().actualPort();
    List<String> uris = List.of("rediss://localhost:" + port);
    Configuration.Redis open = RedisNode.config("standalone", uris, 5_000);
    RedisNode stranger = node(open, new NodeId("s-1"));
    works(
        new Configuration.Redis(
            open.mode(),
            open.uris(),
            open.masterName(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(certificate.certificatePath()),
            open.keyPrefix(),
            open.timeoutMs(),
            open.retryMs()));
    assertThat(stranger.metric("quipu_redis_up")).isZero(); // the JDK's authorities do not know it
  }
}
