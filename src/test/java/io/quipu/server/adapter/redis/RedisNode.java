package io.quipu.server.adapter.redis;

import io.quipu.it.TestRedis;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.GivingWay;
import io.quipu.server.cluster.LocalRegistry;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.NodeParcel.Newcomer;
import io.quipu.server.cluster.OnlineUsers;
import io.quipu.server.cluster.Peers;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.cluster.Whereabouts;
import io.quipu.server.config.Configuration;
import io.quipu.server.limits.SharedBuckets;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.SystemChance;
import io.quipu.server.time.SystemClock;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** As much of a node as the adapter sees. */
public final class RedisNode implements AutoCloseable {
  /** Nothing in it heals by time alone within a test's patience. */
  public static final Configuration.Registry REGISTRY =
      new Configuration.Registry(1_000, 600_000, 600_000, 0, 100_000);

  public final NodeId id;
  public final LocalRegistry local = new LocalRegistry();
  public final List<Told> told = new CopyOnWriteArrayList<>();
  public final List<UserId> changes = new CopyOnWriteArrayList<>();
  public final Metrics metrics = new Metrics("test", "test");
  private final AtomicLong sessions = new AtomicLong();
  private final Vertx vertx = Vertx.vertx();
  private final SharedRedis redis;

  /**
   * @param node empty = all
   */
  public record Told(Optional<NodeId> node, Newcomer newcomer) {}

  /** Those that all nodes of a test see; it says when they have changed. */
  public static final class Cluster implements Peers {
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile List<Peer> now = List.of();

    public void are(NodeId... members) {
      now =
          List.of(members).stream()
              .map(member -> new Peer(member, 2, State.SERVING, false))
              .toList();
      listeners.forEach(Runnable::run);
    }

    @Override
    public NodeId self() {
      throw new UnsupportedOperationException("of all nodes of a test");
    }

    @Override
    public List<Peer> now() {
      return now;
    }

    @Override
    public void onChange(Runnable listener) {
      listeners.add(listener);
    }
  }

  public static Configuration.Redis config(String mode, List<String> uris, int timeoutMs) {
    return new Configuration.Redis(
        mode,
        uris,
        "mymaster",
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        "test",
        timeoutMs,
        50);
  }

  public static RedisNode at(TestRedis redis, String name, Cluster cluster) {
    return new RedisNode(
        config("standalone", List.of(redis.uri()), 2_000), REGISTRY, name, cluster);
  }

  public RedisNode(
      Configuration.Redis config, Configuration.Registry registry, String name, Cluster cluster) {
    this.id = new NodeId(name);
    GivingWay givingWay =
        new GivingWay() {
          @Override
          public void tell(NodeId node, Newcomer newcomer) {
            told.add(new Told(Optional.of(node), newcomer));
          }

          @Override
          public void tellAll(Newcomer newcomer) {
            told.add(new Told(Optional.empty(), newcomer));
          }
        };
    this.redis =
        SharedRedis.open(
            vertx,
            id,
            config,
            registry,
            new SharedRedis.Surroundings(cluster, local, givingWay),
            new SystemClock(),
            new SystemChance(),
            metrics);
    redis.online().onChange(changes::add);
  }

  public Whereabouts whereabouts() {
    return redis.whereabouts();
  }

  public OnlineUsers online() {
    return redis.online();
  }

  public SharedBuckets buckets() {
    return redis.buckets();
  }

  public Registry.Entry comes(String user, String device, long generation) {
    Registry.Entry entry = entry(user, device, generation);
    local.register(entry);
    redis.whereabouts().came(entry);
    return entry;
  }

  public Registry.Entry entry(String user, String device, long generation) {
    return new Registry.Entry(
        new UserId(user),
        new DeviceId(device),
        generation,
        new SessionAddress(new Address.Loop(id, 0), sessions.incrementAndGet()));
  }

  public void leaves(Registry.Entry entry) {
    local.unregister(entry);
    redis.whereabouts().left(entry);
  }

  public Optional<Set<NodeId>> nodesOf(String user) {
    return redis.whereabouts().nodesOf(new UserId(user));
  }

  /** The value of one line of the metrics. */
  public double metric(String name) {
    return metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  @Override
  public void close() {
    try {
      redis.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
      vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** As a node that is killed: nothing is taken out of Redis. */
  public void crash() {
    try {
      vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
