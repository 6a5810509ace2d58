package io.quipu.server;

import io.quipu.server.cluster.Bus;
import io.quipu.server.config.Configuration;
import io.vertx.core.Future;
import java.util.function.UnaryOperator;

/**
 * Starts a node whose bus is a test's: only tests may, so this is not public in the node itself.
 */
public final class NodeOnBus {
  private NodeOnBus() {}

  /**
   * @param wrapped makes the node's bus of the real one
   */
  public static Future<QuipuServer> start(Configuration configuration, UnaryOperator<Bus> wrapped) {
    return QuipuServer.start(configuration, wrapped);
  }
}
