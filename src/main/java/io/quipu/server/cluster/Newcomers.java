package io.quipu.server.cluster;

import io.vertx.core.Context;

/** Tells the nodes by the bus; on an event loop of its own. */
public final class Newcomers implements GivingWay {
  private final Context context;
  private final Bus bus;
  private final Peers peers;
  private final LocalPost here;

  /**
   * @param context where it works
   * @param registry the sessions of this node
   */
  public Newcomers(Context context, Bus bus, Registry registry, Peers peers) {
    this.context = context;
    this.bus = bus;
    this.peers = peers;
    this.here = new LocalPost(bus, registry);
  }

  @Override
  public void tell(NodeId node, NodeParcel.Newcomer newcomer) {
    context.runOnContext(
        turn -> {
          if (node.equals(peers.self())) {
            here.newcomer(newcomer);
            here.flush();
          } else {
            send(node, newcomer);
          }
        });
  }

  @Override
  public void tellAll(NodeParcel.Newcomer newcomer) {
    context.runOnContext(
        turn -> {
          for (Peers.Peer peer : peers.now()) {
            if (!peer.id().equals(peers.self())) {
              send(peer.id(), newcomer);
            }
          }
        });
  }

  private void send(NodeId node, NodeParcel.Newcomer newcomer) {
    bus.send(new Address.Post(node, 0), NodeParcel.ofNewcomer(newcomer));
  }
}
