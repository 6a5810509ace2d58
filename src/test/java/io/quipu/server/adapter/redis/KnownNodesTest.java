package io.quipu.server.adapter.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.UserId;
import io.quipu.server.cluster.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class KnownNodesTest {
  private static final NodeId A = new NodeId("a");
  private static final NodeId B = new NodeId("b");
  private static final UserId ANN = new UserId("ann");

  private final KnownNodes known = new KnownNodes(3, 1_000);
  private final List<UserId> asked = new ArrayList<>();

  KnownNodesTest() {
    known.membersAre(Set.of(A, B));
  }

  private Optional<Set<NodeId>> nodesOf(UserId user, long nowMs) {
    return known.nodesOf(user, nowMs, asked::add);
  }

  @Test
  void aLateAnswerDoesNotReplaceNewerNews() {
    known.put(ANN, 7, Set.of(B), 0);
    known.put(ANN, 6, Set.of(A), 0);
    assertThat(nodesOf(ANN, 0)).contains(Set.of(B));
    known.put(ANN, 7, Set.of(A), 0);
    assertThat(nodesOf(ANN, 0)).contains(Set.of(A));
  }

  @Test
  void whoIsNotRememberedIsAskedForAndNotKnown() {
    assertThat(nodesOf(ANN, 0)).isEmpty();
    assertThat(asked).containsExactly(ANN);
    known.put(ANN, 1, Set.of(), 0);
    assertThat(nodesOf(ANN, 0)).contains(Set.of());
    assertThat(asked).hasSize(1);
  }

  @Test
  void halfOfItsTimeOldItIsAskedForAndStillAnswered() {
    known.put(ANN, 1, Set.of(A), 0);
    assertThat(nodesOf(ANN, 500)).contains(Set.of(A));
    assertThat(asked).isEmpty();
    assertThat(nodesOf(ANN, 501)).contains(Set.of(A));
    assertThat(asked).containsExactly(ANN);
    assertThat(nodesOf(ANN, 1_001)).isEmpty();
    known.put(ANN, 1, Set.of(A), 1_001);
    assertThat(nodesOf(ANN, 1_001)).contains(Set.of(A));
  }

  @Test
  void whoWasAskedForStaysAndTheOthersMakeRoom() {
    for (int i = 0; i < 20; i++) {
      known.put(ANN, i, Set.of(A), 0);
      nodesOf(ANN, 0);
      known.put(new UserId("user" + i), 1, Set.of(B), 0);
      assertThat(known.size()).isLessThanOrEqualTo(3);
      assertThat(nodesOf(ANN, 0)).contains(Set.of(A));
    }
  }

  @Test
  void nodesThatAreNoMembersAreLeftOutUntilTheyAreAgain() {
    known.put(ANN, 1, Set.of(A, B), 0);
    known.membersAre(Set.of(A));
    assertThat(nodesOf(ANN, 0)).contains(Set.of(A));
    known.membersAre(Set.of(A, B));
    assertThat(nodesOf(ANN, 0)).contains(Set.of(A, B));
  }

  @Test
  void itStaysBoundedWhateverNodesComeAndGo() {
    for (int i = 0; i < 10_000; i++) {
      known.put(ANN, i, Set.of(new NodeId("node" + i), A), 0);
    }
    assertThat(nodesOf(ANN, 0)).contains(Set.of(A));
    assertThat(known.size()).isOne();
  }
}
