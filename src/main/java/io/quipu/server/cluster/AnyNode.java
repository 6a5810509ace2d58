package io.quipu.server.cluster;

import io.quipu.model.UserId;
import java.util.Optional;
import java.util.Set;

/**
 * Several nodes, and nothing that knows who is where: everybody may be anywhere. What a node has
 * for a user goes to all of them, and every newcomer is made known to all.
 */
public final class AnyNode implements Whereabouts {
  private final GivingWay givingWay;

  public AnyNode(GivingWay givingWay) {
    this.givingWay = givingWay;
  }

  @Override
  public Optional<Set<NodeId>> nodesOf(UserId user) {
    return Optional.empty();
  }

  @Override
  public void came(Registry.Entry entry) {
    givingWay.tellAll(new NodeParcel.Newcomer(entry.user(), entry.device(), entry.generation()));
  }

  @Override
  public void left(Registry.Entry entry) {
    // Nobody else knew of it.
  }
}
