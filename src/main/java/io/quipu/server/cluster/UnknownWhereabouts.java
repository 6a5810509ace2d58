package io.quipu.server.cluster;

import io.quipu.model.UserId;
import java.util.Optional;
import java.util.Set;

/** Nothing is known, as without a Redis: every node is asked about every user. */
public final class UnknownWhereabouts implements Whereabouts {
  @Override
  public Optional<Set<NodeId>> nodesOf(UserId user) {
    return Optional.empty();
  }

  @Override
  public void came(Registry.Entry entry) {
    // nobody keeps it
  }

  @Override
  public void left(Registry.Entry entry) {
    // nobody keeps it
  }
}
