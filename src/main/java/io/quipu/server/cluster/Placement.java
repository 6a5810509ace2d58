package io.quipu.server.cluster;

import io.quipu.model.ConversationId;

/** Conversation to shard to owner. A hint: two nodes may see it differently for a while. */
public interface Placement {
  NodeId self();

  /** From 0, below the number of shards; the same on every node, for ever. */
  int shardOf(ConversationId conversation);

  /**
   * The owner of a shard.
   *
   * @param rank 0 = the best in this node's view; 1 = the next one, and so on
   */
  Address.Owner ownerOf(int shard, int rank);

  default Address.Owner ownerOf(ConversationId conversation) {
    return ownerOf(shardOf(conversation), 0);
  }
}
