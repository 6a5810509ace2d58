package io.quipu.fake;

import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.Peers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What a test says of the nodes; listeners hear of each change on the thread that made it. */
public final class FakePeers implements Peers {
  private final NodeId self;
  private final List<Runnable> listeners = new ArrayList<>();
  private List<Peer> now;

  public FakePeers(NodeId self, Peer... now) {
    this.self = self;
    this.now = List.of(now);
  }

  /** A good owner. */
  public static Peer serving(String id, int instances) {
    return new Peer(new NodeId(id), instances, State.SERVING, false);
  }

  public static Peer silent(String id, int instances) {
    return new Peer(new NodeId(id), instances, State.SERVING, true);
  }

  public static Peer in(State state, String id, int instances) {
    return new Peer(new NodeId(id), instances, state, false);
  }

  public void become(Peer... peers) {
    now = List.of(peers).stream().sorted(Comparator.comparing(peer -> peer.id().value())).toList();
    listeners.forEach(Runnable::run);
  }

  @Override
  public NodeId self() {
    return self;
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
