package io.quipu.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RendezvousPlacementTest {
  private static final int SHARDS = 1_024;
  private static final int INSTANCES = 2;
  private static final List<NodeId> FIVE = nodes("a", "b", "c", "d", "e");

  private static List<NodeId> nodes(String... names) {
    return List.of(names).stream().map(NodeId::new).toList();
  }

  private static RendezvousPlacement placement(List<NodeId> members) {
    return new RendezvousPlacement(members.get(0), SHARDS, INSTANCES, () -> members);
  }

  @Test
  void everyNodeSeesTheSameOwnerWhateverTheOrderOfItsView() {
    List<NodeId> other = new ArrayList<>(FIVE);
    Collections.reverse(other);
    for (int shard = 0; shard < SHARDS; shard++) {
      assertThat(placement(FIVE).ownerOf(shard, 0)).isEqualTo(placement(other).ownerOf(shard, 0));
    }
  }

  @Test
  void whenANodeGoesOnlyItsShardsMoveAndToTheNextByRank() {
    List<NodeId> four = FIVE.subList(0, 4);
    NodeId gone = FIVE.get(4);
    int moved = 0;
    for (int shard = 0; shard < SHARDS; shard++) {
      Address.Owner before = placement(FIVE).ownerOf(shard, 0);
      Address.Owner after = placement(four).ownerOf(shard, 0);
      if (before.node().equals(gone)) {
        moved++;
        assertThat(after).isEqualTo(placement(FIVE).ownerOf(shard, 1));
      } else {
        assertThat(after).isEqualTo(before);
      }
    }
    assertThat(moved).isPositive();
  }

  @Test
  void everyNodeHasItsShare() {
    Map<NodeId, Integer> shares = new HashMap<>();
    for (int shard = 0; shard < SHARDS; shard++) {
      shares.merge(placement(FIVE).ownerOf(shard, 0).node(), 1, Integer::sum);
    }
    assertThat(shares).hasSize(5);
    assertThat(shares.values())
        .allSatisfy(share -> assertThat(share).isBetween(SHARDS / 5 / 2, SHARDS / 5 * 3 / 2));
  }

  @Test
  void ranksAreDifferentNodesAndTheLastOneHolds() {
    for (int shard = 0; shard < 50; shard++) {
      List<NodeId> ranked = new ArrayList<>();
      for (int rank = 0; rank < 5; rank++) {
        ranked.add(placement(FIVE).ownerOf(shard, rank).node());
      }
      assertThat(ranked).containsExactlyInAnyOrderElementsOf(FIVE);
      assertThat(placement(FIVE).ownerOf(shard, 9).node()).isEqualTo(ranked.get(4));
    }
  }

  @Test
  void oneNodeOwnsEverythingOnAllItsInstances() {
    RendezvousPlacement alone = placement(nodes("a"));
    assertThat(alone.ownerOf(6, 0)).isEqualTo(new Address.Owner(new NodeId("a"), 0));
    assertThat(alone.ownerOf(7, 3)).isEqualTo(new Address.Owner(new NodeId("a"), 1));
    assertThat(alone.self()).isEqualTo(new NodeId("a"));
  }

  @Test
  void theShardOfAConversationIsTheSameForEver() {
    // CRC-32C of the name, modulo the shards; another value would split the owners of a cluster
    // between two versions.
    ConversationId conversation = ConversationId.direct(new UserId("alice"), new UserId("bob"));
    assertThat(placement(FIVE).shardOf(conversation)).isEqualTo(SHARD_OF_ALICE_AND_BOB);
  }

  private static final int SHARD_OF_ALICE_AND_BOB = 229;
}
