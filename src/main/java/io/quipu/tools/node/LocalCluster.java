package io.quipu.tools.node;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * A whole cluster as processes on this machine: PostgreSQL and Redis, then one process for each
 * node, with its configuration and its log in files that can be looked at. Closing it ends the
 * nodes first, together, then Redis, then PostgreSQL. When this process is killed, they all end by
 * themselves.
 *
 * <pre>
 *  postgres/              the data, as a single node has it
 *  cluster/node-1.json    a configuration, with the password of PostgreSQL
 *  cluster/node-1.log     what the node says
 *  cluster/stores.log     what the process says that holds PostgreSQL and Redis
 * </pre>
 */
public final class LocalCluster implements AutoCloseable {
  /** The name of the process that holds PostgreSQL and Redis. */
  public static final String STORES = "stores";

  private final Path folder;
  private final ClusterPlan plan;
  private final Settings settings;
  private final StoresProcess stores;
  private final List<NodeProcess> nodes = new ArrayList<>();
  private boolean closed;

  /**
   * @param drainMs of each node
   * @param configuration merged into each node's
   * @param environment of each node
   */
  public record Settings(int drainMs, JsonObject configuration, Map<String, String> environment) {}

  private LocalCluster(Path folder, ClusterPlan plan, Settings settings, StoresProcess stores) {
    this.folder = folder;
    this.plan = plan;
    this.settings = settings;
    this.stores = stores;
  }

  /**
   * Begins: PostgreSQL and Redis are being started. Close it, whatever comes.
   *
   * @param data made if it is not there
   */
  public static LocalCluster launch(Path data, ClusterPlan plan, Settings settings)
      throws IOException {
    Path folder = Files.createDirectories(data.resolve("cluster"));
    StoresProcess stores =
        StoresProcess.launch(data, plan.redisPort(), emptied(folder.resolve("stores.log")));
    return new LocalCluster(folder, plan, settings, stores);
  }

  /** A log of this run only, so that what it says last is of this run. */
  private static Path emptied(Path log) throws IOException {
    Files.deleteIfExists(log);
    return log;
  }

  /**
   * Waits until everything is ready.
   *
   * @throws NodeFailedException if something does not become so
   */
  public void awaitReady() throws IOException, InterruptedException {
    stores.awaitReady();
    for (ClusterPlan.Place place : plan.nodes()) {
      writeConfiguration(place);
      emptied(log(place));
      add(launch(place));
    }
    for (NodeProcess node : nodes()) {
      node.awaitReady();
    }
  }

  private void writeConfiguration(ClusterPlan.Place place) throws IOException {
    JsonObject configuration =
        plan.configuration(place, stores.postgresUri(), stores.redisUri(), settings.drainMs())
            .mergeIn(settings.configuration(), true);
    Path file = configuration(place);
    Files.deleteIfExists(file);
    Files.createFile(file);
    if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
    Files.writeString(file, configuration.encodePrettily() + "\n");
  }

  private NodeProcess launch(ClusterPlan.Place place) {
    return NodeProcess.launch(
        place.name(), List.of(), configuration(place), settings.environment(), log(place));
  }

  private synchronized void add(NodeProcess node) {
    if (closed) {
      node.close();
      throw new NodeFailedException("the run is at its end");
    }
    nodes.add(node);
  }

  /** The file of a node's configuration: {@code serve --conf} takes it. */
  public Path configuration(ClusterPlan.Place place) {
    return folder.resolve(place.name() + ".json");
  }

  public Path log(ClusterPlan.Place place) {
    return folder.resolve(place.name() + ".log");
  }

  public ClusterPlan plan() {
    return plan;
  }

  public StoresProcess stores() {
    return stores;
  }

  public synchronized List<NodeProcess> nodes() {
    return List.copyOf(nodes);
  }

  public synchronized NodeProcess node(int index) {
    return nodes.get(index);
  }

  /** Starts a node again after its end, and waits until it is ready. */
  public void startAgain(int index) throws InterruptedException {
    NodeProcess again = launch(plan.nodes().get(index));
    synchronized (this) {
      if (closed) {
        again.close();
        throw new NodeFailedException("the run is at its end");
      }
      nodes.set(index, again);
    }
    again.awaitReady();
  }

  /** Tells of each process that ends from now on, with its name and its exit code. */
  public void onExit(BiConsumer<String, Integer> told) {
    for (int i = 0; i < plan.nodes().size(); i++) {
      ClusterPlan.Place place = plan.nodes().get(i);
      var ignored = node(i).onExit().thenAccept(code -> told.accept(place.name(), code));
    }
    var ignored = stores.onExit().thenAccept(code -> told.accept(STORES, code));
  }

  /** It is ending, or has ended. */
  public synchronized boolean isClosed() {
    return closed;
  }

  /** Ends the nodes, which drain together; then Redis, then PostgreSQL. */
  @Override
  public void close() {
    List<NodeProcess> ending;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      ending = List.copyOf(nodes);
    }
    ending.forEach(NodeProcess::terminate);
    ending.forEach(NodeProcess::close);
    stores.close();
  }
}
