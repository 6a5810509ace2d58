package io.quipu.tools.node;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Where the nodes of one cluster listen.
 *
 * @param nodes in their order
 * @param redisPort of the Redis that they share, on this machine
 */
public record ClusterPlan(List<Place> nodes, int redisPort) {
  /** A single node's, so that the first of a cluster is where a single one would be. */
  public static final int DEFAULT_BASE = 7310;

  public static final int MAX_NODES = 10;

  /** From one kind of port to the next: each has room for {@link #MAX_NODES}. */
  private static final int HTTP = 70;

  private static final int ADMIN = 80;
  private static final int MEMBER = 90;
  private static final int BUS = 100;
  private static final int REDIS = 110;

  /** From here on the system gives ports to clients: a client might have one when a node starts. */
  private static final int EPHEMERAL = 32_000;

  public static final int MAX_BASE = EPHEMERAL - REDIS;

  private static final int FREE_FROM = 10_000;
  private static final int FREE_ATTEMPTS = 100;

  /**
   * One node.
   *
   * @param host where all of its listeners are, and the other nodes find it
   * @param memberPort of Hazelcast
   * @param busPort of the event bus
   */
  public record Place(
      String name,
      String host,
      int tcpPort,
      int httpPort,
      int adminPort,
      int memberPort,
      int busPort) {
    public String tcp() {
      return "tcp://" + host + ":" + tcpPort;
    }

    public String webSocket() {
      return "ws://" + host + ":" + httpPort + "/v1/connect";
    }

    String member() {
      return host + ":" + memberPort;
    }
  }

  /**
   * All on loopback.
   *
   * @param count from 1 to {@link #MAX_NODES}
   * @param base the first node's TCP port; the others are up to 110 above it
   */
  public static ClusterPlan onThisMachine(int count, int base) {
    List<Place> nodes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      nodes.add(place(i, "127.0.0.1", base + i));
    }
    return new ClusterPlan(nodes, base + REDIS);
  }

  /** Each on a host of its own, all with the same ports. */
  public static ClusterPlan onHosts(List<String> hosts, int base) {
    List<Place> nodes = new ArrayList<>();
    for (int i = 0; i < hosts.size(); i++) {
      nodes.add(place(i, hosts.get(i), base));
    }
    return new ClusterPlan(nodes, base + REDIS);
  }

  private static Place place(int index, String host, int base) {
    return new Place(
        "node-" + (index + 1), host, base, base + HTTP, base + ADMIN, base + MEMBER, base + BUS);
  }

  /** On this machine, where all ports are free now. */
  public static ClusterPlan onFreePorts(int count) {
    RandomGenerator random = RandomGenerator.getDefault();
    for (int attempt = 0; attempt < FREE_ATTEMPTS; attempt++) {
      ClusterPlan plan = onThisMachine(count, random.nextInt(FREE_FROM, MAX_BASE));
      if (plan.taken().isEmpty()) {
        return plan;
      }
    }
    throw new NodeFailedException("there are no free ports below " + EPHEMERAL);
  }

  /** What stands in the way of the plan, if something does: a port that somebody has. */
  public Optional<String> taken() {
    if (!isFree("127.0.0.1", redisPort)) {
      return Optional.of("port " + redisPort + " for Redis");
    }
    for (Place node : nodes) {
      List<Integer> ports =
          List.of(node.tcpPort, node.httpPort, node.adminPort, node.memberPort, node.busPort);
      for (int port : ports) {
        if (!isFree(node.host, port)) {
          return Optional.of("port " + port + " of " + node.name);
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isFree(String host, int port) {
    try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getByName(host))) {
      return probe.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * The configuration of one node, as its file has it.
   *
   * @param drainMs of the node
   */
  public JsonObject configuration(Place node, String postgresUri, String redisUri, int drainMs) {
    JsonArray members = new JsonArray();
    nodes.forEach(each -> members.add(each.member()));
    return new JsonObject()
        .put("node", new JsonObject().put("name", node.name).put("drainMs", drainMs))
        .put("tcp", listener(node.host, node.tcpPort))
        .put("http", listener(node.host, node.httpPort))
        .put("admin", listener(node.host, node.adminPort))
        .put("postgres", new JsonObject().put("uri", postgresUri))
        .put("redis", new JsonObject().put("uris", new JsonArray().add(redisUri)))
        .put(
            "cluster",
            listener(node.host, node.memberPort)
                .put("enabled", true)
                // Never together with another cluster of this machine.
                .put("name", "quipu-" + nodes.get(0).memberPort)
                .put("busPort", node.busPort)
                .put("members", members));
  }

  private static JsonObject listener(String host, int port) {
    return new JsonObject().put("host", host).put("port", port);
  }
}
