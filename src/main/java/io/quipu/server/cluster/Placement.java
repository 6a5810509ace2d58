package io.quipu.server.cluster;

import io.quipu.model.ConversationId;
import java.util.function.Predicate;

/** Conversation to shard to owner. A hint: two nodes may see it differently for a while. */
public interface Placement {
  /** From 0, below the number of shards; the same on every node, for ever. */
  int shardOf(ConversationId conversation);

  /** Where appends to this conversation go, in this node's view. */
  Route routeOf(ConversationId conversation);

  /** This node's own, whoever should be the owner. */
  Address.Owner ownHere(ConversationId conversation);

  /** True if this node should be the owner, in its own view. */
  boolean isOwner(ConversationId conversation);

  /**
   * @param listener hears which conversations have lost their owner: it is silent, gone, or cannot
   *     serve; on any thread, does not block
   */
  void onLoss(Listener listener);

  /** Hears that owners are gone. */
  interface Listener {
    void lost(Predicate<ConversationId> conversations);
  }

  /**
   * @param betterRankedTried nodes that come before it are silent
   */
  record Route(Address.Owner owner, boolean betterRankedTried) {}
}
