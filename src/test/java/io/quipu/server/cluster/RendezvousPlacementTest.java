package io.quipu.server.cluster;

import static io.quipu.fake.FakePeers.in;
import static io.quipu.fake.FakePeers.serving;
import static io.quipu.fake.FakePeers.silent;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.fake.FakePeers;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Peers.Peer;
import io.quipu.server.cluster.Peers.State;
import io.quipu.server.cluster.Placement.Route;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class RendezvousPlacementTest {
  private static final int SHARDS = 1_024;
  private static final List<ConversationId> CONVERSATIONS = conversations();

  private static List<ConversationId> conversations() {
    List<ConversationId> some = new ArrayList<>();
    for (int i = 0; i < 4_000; i++) {
      some.add(ConversationId.direct(new UserId("alice"), new UserId("user" + i)));
    }
    return some;
  }

  private static RendezvousPlacement placement(Peer... peers) {
    return new RendezvousPlacement(new FakePeers(peers[0].id(), peers), SHARDS);
  }

  private static Peer[] five() {
    return new Peer[] {
      serving("a", 2), serving("b", 2), serving("c", 2), serving("d", 2), serving("e", 2)
    };
  }

  @Test
  void everyNodeSeesTheSameOwnerWhateverTheOrderOfItsView() {
    RendezvousPlacement one = placement(five());
    RendezvousPlacement other =
        placement(
            serving("e", 2), serving("c", 2), serving("b", 2), serving("a", 2), serving("d", 2));
    assertThat(CONVERSATIONS)
        .allSatisfy(
            conversation ->
                assertThat(one.routeOf(conversation)).isEqualTo(other.routeOf(conversation)));
  }

  @Test
  void whenANodeGoesOnlyItsShardsMove() {
    RendezvousPlacement before = placement(five());
    RendezvousPlacement after =
        placement(serving("a", 2), serving("b", 2), serving("c", 2), serving("d", 2));
    int moved = 0;
    for (ConversationId conversation : CONVERSATIONS) {
      Route was = before.routeOf(conversation);
      if (was.owner().node().value().equals("e")) {
        moved++;
      } else {
        assertThat(after.routeOf(conversation)).isEqualTo(was);
      }
    }
    assertThat(moved).isPositive();
  }

  @Test
  void everyNodeHasItsShareAndEachOfItsInstances() {
    RendezvousPlacement placement = placement(five());
    Map<Address.Owner, Integer> shares = new HashMap<>();
    CONVERSATIONS.forEach(one -> shares.merge(placement.routeOf(one).owner(), 1, Integer::sum));
    assertThat(shares).hasSize(10);
    assertThat(shares.values())
        .allSatisfy(
            share ->
                assertThat(share)
                    .isBetween(CONVERSATIONS.size() / 10 / 2, CONVERSATIONS.size() / 10 * 3 / 2));
  }

  @Test
  void theNextByRankServesForASilentNodeAndSaysThatTheBetterOneWasTried() {
    RendezvousPlacement all = placement(serving("a", 2), serving("b", 2), serving("c", 2));
    RendezvousPlacement withoutB = placement(serving("a", 2), serving("c", 2));
    RendezvousPlacement silentB = placement(serving("a", 2), silent("b", 2), serving("c", 2));
    for (ConversationId conversation : CONVERSATIONS) {
      boolean ofB = all.routeOf(conversation).owner().node().value().equals("b");
      assertThat(silentB.routeOf(conversation))
          .isEqualTo(new Route(withoutB.routeOf(conversation).owner(), ofB));
    }
  }

  @Test
  void ifAllAreSilentTheBestOneIsTriedAllTheSame() {
    RendezvousPlacement good = placement(serving("a", 2), serving("b", 2));
    RendezvousPlacement bad = placement(silent("a", 2), silent("b", 2));
    assertThat(CONVERSATIONS)
        .allSatisfy(one -> assertThat(bad.routeOf(one)).isEqualTo(good.routeOf(one)));
  }

  @Test
  void whoJoinsOrLeavesOwnsNothingWhileAnybodyServes() {
    RendezvousPlacement placement =
        placement(serving("a", 2), in(State.JOINING, "b", 2), in(State.LEAVING, "c", 2));
    assertThat(CONVERSATIONS)
        .allSatisfy(
            one -> assertThat(placement.routeOf(one).owner().node()).isEqualTo(new NodeId("a")));
    RendezvousPlacement left = placement(in(State.LEAVING, "c", 2), in(State.JOINING, "b", 2));
    assertThat(CONVERSATIONS)
        .as("nobody else is left")
        .allSatisfy(one -> assertThat(left.routeOf(one).owner().node()).isEqualTo(new NodeId("c")));
  }

  @Test
  void ifNobodyServesAllAgreeOnWhoWould() {
    RendezvousPlacement serve = placement(serving("a", 2), serving("b", 2));
    RendezvousPlacement one = placement(in(State.JOINING, "a", 2), in(State.JOINING, "b", 2));
    assertThat(CONVERSATIONS)
        .allSatisfy(two -> assertThat(one.routeOf(two)).isEqualTo(serve.routeOf(two)));
  }

  @Test
  void aNodeAloneOwnsEverythingWhateverItsState() {
    for (State state : State.values()) {
      RendezvousPlacement alone = placement(in(state, "a", 2));
      assertThat(CONVERSATIONS).allSatisfy(one -> assertThat(alone.isOwner(one)).isTrue());
    }
  }

  @Test
  void aLossIsToldOfWhatHadASilentOrGoneOwnerAndOfNothingElse() {
    FakePeers peers =
        new FakePeers(new NodeId("a"), serving("a", 1), serving("b", 1), serving("c", 1));
    RendezvousPlacement placement = new RendezvousPlacement(peers, SHARDS);
    List<Predicate<ConversationId>> losses = new ArrayList<>();
    placement.onLoss(losses::add);
    Map<ConversationId, NodeId> before = new HashMap<>();
    CONVERSATIONS.forEach(one -> before.put(one, placement.routeOf(one).owner().node()));

    peers.become(serving("a", 1), silent("b", 1), serving("c", 1));
    assertThat(losses).hasSize(1);
    assertThat(CONVERSATIONS)
        .allSatisfy(
            one ->
                assertThat(losses.get(0).test(one))
                    .isEqualTo(before.get(one).equals(new NodeId("b"))));

    peers.become(serving("a", 1), serving("c", 1));
    assertThat(losses).as("they had moved already").hasSize(1);
    peers.become(serving("a", 1), in(State.LEAVING, "c", 1));
    assertThat(losses).as("who leaves in order finishes what it has taken").hasSize(1);
    peers.become(serving("a", 1));
    assertThat(losses).hasSize(1);
    peers.become(serving("a", 1), serving("b", 1));
    peers.become(serving("a", 1), in(State.JOINING, "b", 1));
    assertThat(losses).as("it cannot reach the store").hasSize(2);
  }

  @Test
  void theShardOfAConversationIsTheSameForEver() {
    // CRC-32C of the name, modulo the shards; another value would split the owners of a cluster
    // between two versions.
    ConversationId conversation = ConversationId.direct(new UserId("alice"), new UserId("bob"));
    assertThat(placement(five()).shardOf(conversation)).isEqualTo(SHARD_OF_ALICE_AND_BOB);
  }

  private static final int SHARD_OF_ALICE_AND_BOB = 229;
}
