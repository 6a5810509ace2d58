package io.quipu.server.cluster;

import io.quipu.model.ConversationId;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/**
 * Highest-random-weight hashing: every node computes the same owner from the same members, and when
 * one goes only its own shards move. (Thaler and Ravishankar, 1998.)
 */
public final class RendezvousPlacement implements Placement {
  private final NodeId self;
  private final int shards;
  private final int instances;
  private final Supplier<List<NodeId>> members;

  /**
   * @param shards the same on all nodes, for ever
   * @param instances sequencer verticles of each node
   * @param members those alive now, this node among them
   */
  public RendezvousPlacement(
      NodeId self, int shards, int instances, Supplier<List<NodeId>> members) {
    this.self = self;
    this.shards = shards;
    this.instances = instances;
    this.members = members;
  }

  @Override
  public NodeId self() {
    return self;
  }

  @Override
  public int shardOf(ConversationId conversation) {
    // Not String.hashCode: the shard of a conversation is the same in every language and version.
    CRC32C crc = new CRC32C();
    crc.update(conversation.value().getBytes(StandardCharsets.UTF_8));
    return (int) (crc.getValue() % shards);
  }

  @Override
  public Address.Owner ownerOf(int shard, int rank) {
    List<NodeId> alive = members.get();
    NodeId node = self;
    if (alive.size() > 1) {
      node =
          alive.stream()
              .sorted(Comparator.comparingLong((NodeId one) -> weight(one, shard)).reversed())
              .skip(Math.min(rank, alive.size() - 1))
              .findFirst()
              .orElse(self);
    }
    return new Address.Owner(node, shard % instances);
  }

  private static long weight(NodeId node, int shard) {
    CRC32C crc = new CRC32C();
    crc.update(node.value().getBytes(StandardCharsets.UTF_8));
    crc.update(shard >>> 8);
    crc.update(shard);
    // CRC alone is linear: spread it, or neighbours would rank alike (splitmix64's finalizer).
    long z = crc.getValue() * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (z ^ (z >>> 31)) >>> 1;
  }
}
