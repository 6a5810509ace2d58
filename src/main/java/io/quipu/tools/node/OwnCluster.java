package io.quipu.tools.node;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A cluster for one run of a tool: free ports, an empty store in a temporary folder. Nothing of it
 * is left when it is closed, or when the tool ends in another way (Ctrl-C, an error).
 */
public final class OwnCluster implements AutoCloseable {
  /** A tool's nodes have nobody to wait for when they end. */
  private static final int DRAIN_MS = 2_000;

  private final TemporaryFolder folder;
  private final Thread atExit = new Thread(this::removeAll, "own-cluster-at-exit");
  private Optional<LocalCluster> cluster = Optional.empty();
  private boolean removed;

  private OwnCluster(TemporaryFolder folder) {
    this.folder = folder;
  }

  /**
   * @param name of the tool
   * @param settings environment variables of each node
   * @throws NodeFailedException if something does not become ready
   */
  public static OwnCluster start(String name, int nodes, Map<String, String> settings)
      throws IOException, InterruptedException {
    OwnCluster own = new OwnCluster(TemporaryFolder.create(name + "-"));
    // First of all, since an end may come before the nodes are ready.
    Runtime.getRuntime().addShutdownHook(own.atExit);
    try {
      own.launch(nodes, settings).awaitReady();
      return own;
    } catch (IOException | NodeFailedException | InterruptedException e) {
      own.close();
      throw e;
    }
  }

  private synchronized LocalCluster launch(int nodes, Map<String, String> settings)
      throws IOException {
    if (removed) {
      throw new NodeFailedException("the run is at its end");
    }
    JsonObject development =
        new JsonObject().put("auth", new JsonObject().put("development", true));
    LocalCluster launched =
        LocalCluster.launch(
            folder.path(),
            ClusterPlan.onFreePorts(nodes),
            new LocalCluster.Settings(DRAIN_MS, development, settings));
    cluster = Optional.of(launched);
    return launched;
  }

  public synchronized LocalCluster cluster() {
    return cluster.orElseThrow();
  }

  public List<ClusterPlan.Place> places() {
    return cluster().plan().nodes();
  }

  @Override
  public void close() {
    removeAll();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      return; // the exit has begun, and the hook with it
    }
  }

  private synchronized void removeAll() {
    if (removed) {
      return;
    }
    removed = true;
    try {
      cluster.ifPresent(LocalCluster::close);
      folder.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
