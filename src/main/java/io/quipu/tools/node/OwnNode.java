package io.quipu.tools.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A node for one run of a tool: free ports, an empty store in a temporary folder. Nothing of it is
 * left when it is closed, or when the tool ends in another way (Ctrl-C, an error).
 */
public final class OwnNode implements AutoCloseable {
  /** A tool's node has nobody to wait for when it ends. */
  private static final String DRAIN_MS = "2000";

  private final TemporaryFolder folder;
  private final Map<String, String> settings;
  private final Thread atExit = new Thread(this::removeAll, "own-node-at-exit");
  private Optional<NodeProcess> node = Optional.empty();
  private boolean removed;

  private OwnNode(TemporaryFolder folder, Map<String, String> settings) {
    this.folder = folder;
    this.settings = settings;
  }

  /**
   * @param settings environment variables of the node
   * @throws NodeFailedException if it does not become ready
   */
  public static OwnNode start(String name, Map<String, String> settings)
      throws IOException, InterruptedException {
    Map<String, String> all = new HashMap<>();
    all.put("QUIPU_TCP_PORT", "0");
    all.put("QUIPU_HTTP_PORT", "0");
    all.put("QUIPU_NODE_DRAIN_MS", DRAIN_MS);
    all.putAll(settings);
    OwnNode own = new OwnNode(TemporaryFolder.create(name + "-"), all);
    // First of all, since an end may come before the node is ready.
    Runtime.getRuntime().addShutdownHook(own.atExit);
    try {
      own.launch(all).awaitReady();
      return own;
    } catch (NodeFailedException | InterruptedException e) {
      own.close();
      throw e;
    }
  }

  public synchronized NodeProcess node() {
    return node.orElseThrow();
  }

  /** Starts it again after its end: the same ports, the same data. */
  public void startAgain() throws InterruptedException {
    Map<String, String> samePorts = new HashMap<>(settings);
    samePorts.put("QUIPU_TCP_PORT", String.valueOf(node().tcpPort()));
    samePorts.put("QUIPU_HTTP_PORT", String.valueOf(node().httpPort()));
    launch(samePorts).awaitReady();
  }

  private synchronized NodeProcess launch(Map<String, String> environment) {
    if (removed) {
      throw new NodeFailedException("the run is at its end");
    }
    NodeProcess launched = NodeProcess.launch(folder.path(), environment);
    node = Optional.of(launched);
    return launched;
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
      node.ifPresent(NodeProcess::close);
      folder.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
