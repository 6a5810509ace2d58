package io.quipu.server.cluster;

import io.quipu.model.UserId;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One node that is the whole system: no peers, and nobody is connected elsewhere. */
public final class Alone implements Peers, Whereabouts {
  private static final Optional<Set<NodeId>> NOWHERE_ELSE = Optional.of(Set.of());

  private final NodeId self;
  private final List<Peer> peers;

  public Alone(NodeId self, int instances) {
    this.self = self;
    this.peers = List.of(new Peer(self, instances, State.SERVING, false));
  }

  @Override
  public NodeId self() {
    return self;
  }

  @Override
  public List<Peer> now() {
    return peers;
  }

  @Override
  public void onChange(Runnable listener) {
    // nothing ever changes
  }

  @Override
  public Optional<Set<NodeId>> nodesOf(UserId user) {
    return NOWHERE_ELSE;
  }

  @Override
  public void came(Registry.Entry entry) {
    // there is nobody to tell
  }

  @Override
  public void left(Registry.Entry entry) {
    // there is nobody to tell
  }
}
