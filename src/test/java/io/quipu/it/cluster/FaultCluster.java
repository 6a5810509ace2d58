package io.quipu.it.cluster;

import io.quipu.model.UserId;
import io.quipu.server.adapter.postgres.EmbeddedPostgres;
import io.quipu.server.adapter.redis.EmbeddedRedis;
import io.quipu.server.config.Configuration;
import io.quipu.server.config.ConfigurationLoader;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.SystemClock;
import io.quipu.tools.node.ClusterPlan;
import io.quipu.tools.node.NodeProcess;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * Nodes, PostgreSQL and Redis as processes, each node on a host of its own where this machine can
 * make such; and every way to harm them.
 */
final class FaultCluster implements AutoCloseable {
  private static final String SECRET = "a secret of the fault runs, of thirty-two bytes or more";
  private static final int TOKEN_S = 3_600;
  private static final int BASE = 7_310;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Seen to be lost while a frozen node still sleeps; clients notice a silent node in seconds. */
  private static final JsonObject SETTINGS =
      new JsonObject()
          .put("auth", new JsonObject().put("hs256Secret", SECRET))
          .put("admin", new JsonObject().put("token", "token-of-the-fault-runs"))
          .put("node", new JsonObject().put("eventLoops", 2))
          .put("cluster", new JsonObject().put("lostAfterSeconds", 5))
          .put("connection", new JsonObject().put("heartbeatMs", 3_000));

  /** Many short-lived JVMs on few processors: what they compile is hardly used. */
  private static final Map<String, String> ENVIRONMENT =
      Map.of("JDK_JAVA_OPTIONS", "-Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1");

  private final Path folder;
  private final Optional<NetworkNamespaces> network;
  private final ClusterPlan plan;
  private final NodeProcess[] nodes;
  private final DevelopmentTokens tokens;
  private final Thread atExit = new Thread(this::end, "fault-cluster-at-exit");
  private EmbeddedPostgres postgres;
  private EmbeddedRedis redis;

  private FaultCluster(Path folder, Optional<NetworkNamespaces> network, int places) {
    this.folder = folder;
    this.network = network;
    this.plan =
        network.isPresent()
            ? ClusterPlan.onHosts(hosts(network.get(), places), BASE)
            : ClusterPlan.onFreePorts(places);
    this.nodes = new NodeProcess[places];
    Configuration configuration =
        ConfigurationLoader.withoutFile(Map.of("QUIPU_AUTH_HS256_SECRET", SECRET));
    this.tokens = new DevelopmentTokens(configuration, new SystemClock());
  }

  private static List<String> hosts(NetworkNamespaces network, int places) {
    List<String> hosts = new ArrayList<>();
    for (int i = 0; i < places; i++) {
      hosts.add(network.node(i));
    }
    return hosts;
  }

  /**
   * @param running of them are started
   * @param places for nodes; all of them are in everybody's configuration
   */
  static FaultCluster start(Path folder, int running, int places) throws Exception {
    Optional<NetworkNamespaces> network =
        Namespaces.possible()
            ? Optional.of(NetworkNamespaces.make(places))
            : Optional.<NetworkNamespaces>empty();
    FaultCluster cluster = new FaultCluster(folder, network, places);
    Runtime.getRuntime().addShutdownHook(cluster.atExit);
    try {
      cluster.startStores();
      for (int i = 0; i < running; i++) {
        cluster.launch(i);
      }
      for (int i = 0; i < running; i++) {
        cluster.nodes[i].awaitReady();
      }
      cluster.awaitAllReady();
      return cluster;
    } catch (Exception e) {
      cluster.close();
      throw e;
    }
  }

  private void startStores() throws IOException {
    startPostgres();
    if (network.isPresent()) {
      postgres.close();
      Path database = data().resolve("postgres");
      Files.writeString(
          database.resolve("postgresql.conf"),
          "listen_addresses = '127.0.0.1,%s'\n".formatted(network.get().postgres()),
          StandardOpenOption.APPEND);
      Files.writeString(
          database.resolve("pg_hba.conf"),
          "host all all %s scram-sha-256\n".formatted(network.get().range()),
          StandardOpenOption.APPEND);
      startPostgres();
    }
    startRedis();
  }

  private Path data() {
    return folder.resolve("data");
  }

  boolean hasHosts() {
    return network.isPresent();
  }

  ClusterPlan plan() {
    return plan;
  }

  String token(String user) {
    return tokens.issue(new UserId(user), TOKEN_S);
  }

  // ---- nodes

  private void launch(int node) throws IOException {
    ClusterPlan.Place place = plan.nodes().get(node);
    String uri = postgres.uri();
    if (network.isPresent()) {
      uri = uri.replace("@127.0.0.1:", "@" + network.get().postgres() + ":");
    }
    Path file = folder.resolve(place.name() + ".json");
    JsonObject configuration =
        plan.configuration(place, uri, redis.uri(), 5_000).mergeIn(SETTINGS, true);
    Files.writeString(file, configuration.encodePrettily());
    nodes[node] =
        NodeProcess.launch(
            place.name(),
            network.map(hosts -> hosts.on(node)).orElse(List.of()),
            file,
            ENVIRONMENT,
            log(node));
  }

  Path log(int node) {
    return folder.resolve(plan.nodes().get(node).name() + ".log");
  }

  void startNode(int node) throws IOException, InterruptedException {
    launch(node);
    nodes[node].awaitReady();
  }

  NodeProcess node(int index) {
    return nodes[index];
  }

  boolean runs(int node) {
    return nodes[node] != null && nodes[node].isAlive();
  }

  /** Every node that runs says that it is ready. */
  void awaitAllReady() {
    Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(100, TimeUnit.MILLISECONDS)
        .until(
            () -> {
              for (int i = 0; i < nodes.length; i++) {
                if (runs(i) && !isReady(i)) {
                  return false;
                }
              }
              return true;
            });
  }

  boolean isReady(int node) {
    ClusterPlan.Place place = plan.nodes().get(node);
    URI uri = URI.create("http://%s:%d/readyz".formatted(place.host(), place.adminPort()));
    try {
      return HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(2)).build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  // ---- the network

  /** Nothing passes between these two, in both directions. */
  void split(int one, int other) throws IOException {
    hosts().cut(hosts().node(one), hosts().node(other));
  }

  void cutOneWay(int from, int to) throws IOException {
    hosts().cutOneWay(hosts().node(from), hosts().node(to));
  }

  void cutFromPostgres(int node) throws IOException {
    hosts().cut(hosts().node(node), hosts().postgres());
  }

  void cutFromRedis(int node) throws IOException {
    hosts().cut(hosts().node(node), hosts().redis());
  }

  void heal() throws IOException {
    hosts().heal();
  }

  private NetworkNamespaces hosts() {
    return network.orElseThrow();
  }

  // ---- the stores

  private void startPostgres() {
    postgres = EmbeddedPostgres.start(data(), Path.of("target", "test-engine"));
  }

  /** All connections break, and nothing is flushed; then it is back. */
  void restartPostgres() {
    postgres.crash();
    startPostgres();
  }

  Connection sql() throws SQLException {
    String[] parts = postgres.uri().substring("postgresql://".length()).split("[:@]", 3);
    return DriverManager.getConnection("jdbc:postgresql://" + parts[2], parts[0], parts[1]);
  }

  /** Where the statements of a node come from, if nodes have addresses of their own. */
  Optional<String> address(int node) {
    return network.map(hosts -> hosts.node(node));
  }

  void startRedis() throws IOException {
    redis =
        EmbeddedRedis.start(
            folder.resolve("redis"),
            network.map(NetworkNamespaces::redis).orElse("127.0.0.1"),
            plan.redisPort());
  }

  void killRedis() {
    redis.kill();
  }

  // ---- the end

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(atExit);
    end();
  }

  private void end() {
    for (NodeProcess node : nodes) {
      if (node != null) {
        node.terminate();
      }
    }
    for (NodeProcess node : nodes) {
      if (node != null) {
        node.close();
      }
    }
    if (redis != null) {
      redis.close();
    }
    if (postgres != null) {
      postgres.crash();
    }
    network.ifPresent(NetworkNamespaces::close);
  }
}
