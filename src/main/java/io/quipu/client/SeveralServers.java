package io.quipu.client;

import io.quipu.protocol.FrameCodec;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The nodes of one system, tried in turn: each new connection goes to the next one, whatever ended
 * the one before. Every client has an order of its own, by chance, so that the clients of a node
 * that went away spread evenly over those that are left.
 */
final class SeveralServers implements Transport {
  private final List<Transport> servers;
  private int next;

  /**
   * @param servers at least one, all with the same codec
   */
  SeveralServers(List<? extends Transport> servers, RandomGenerator random) {
    if (servers.isEmpty()) {
      throw new IllegalArgumentException("no server");
    }
    this.servers = new ArrayList<>(servers);
    for (int i = this.servers.size() - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      this.servers.set(i, this.servers.set(other, this.servers.get(i)));
    }
  }

  @Override
  public FrameCodec codec() {
    return servers.get(0).codec();
  }

  @Override
  public Future<Line> open(Receiver receiver) {
    Transport chosen = servers.get(next);
    next = (next + 1) % servers.size();
    return chosen.open(receiver);
  }

  @Override
  public Future<Void> close() {
    return Future.join(servers.stream().map(Transport::close).toList()).mapEmpty();
  }
}
