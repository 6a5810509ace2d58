package io.quipu.contract;

import io.quipu.fake.FakeWhereabouts;
import io.quipu.it.TestRedis;
import io.quipu.server.adapter.redis.RedisNode;
import io.quipu.server.cluster.GivingWay;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.NodeParcel.Newcomer;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.Whereabouts;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** The contract holds for both. */
enum WhereaboutsUnderTest {
  FAKE {
    @Override
    Pair open() {
      FakeWhereabouts.Shared shared = new FakeWhereabouts.Shared();
      FakeNode a = new FakeNode(shared, A);
      FakeNode b = new FakeNode(shared, B);
      return new Pair(
          new Node(a.whereabouts, a.told),
          new Node(b.whereabouts, b.told),
          () -> shared.setAway(true),
          () -> shared.setAway(false),
          () -> {});
    }
  },
  REDIS {
    @Override
    Pair open() {
      TestRedis redis = TestRedis.start();
      RedisNode.Cluster cluster = new RedisNode.Cluster();
      cluster.are(A, B);
      RedisNode a = RedisNode.at(redis, A.value(), cluster);
      RedisNode b = RedisNode.at(redis, B.value(), cluster);
      return new Pair(
          new Node(a.whereabouts(), a.told),
          new Node(b.whereabouts(), b.told),
          redis::kill,
          redis::startAgain,
          () -> {
            a.close();
            b.close();
            redis.close();
          });
    }
  };

  static final NodeId A = new NodeId("a-1");
  static final NodeId B = new NodeId("b-1");

  /** Two nodes that know nobody. */
  abstract Pair open();

  record Node(Whereabouts whereabouts, List<RedisNode.Told> told) {
    void comes(Registry.Entry entry) {
      whereabouts.came(entry);
    }

    void leaves(Registry.Entry entry) {
      whereabouts.left(entry);
    }
  }

  /**
   * @param away what the nodes share is not there any more
   * @param back it is there again, and empty
   */
  record Pair(Node a, Node b, Runnable away, Runnable back, Runnable close) {}

  private static final class FakeNode {
    final List<RedisNode.Told> told = new CopyOnWriteArrayList<>();
    final Whereabouts whereabouts;

    FakeNode(FakeWhereabouts.Shared shared, NodeId self) {
      this.whereabouts =
          new FakeWhereabouts(
              shared,
              self,
              new GivingWay() {
                @Override
                public void tell(NodeId node, Newcomer newcomer) {
                  told.add(new RedisNode.Told(Optional.of(node), newcomer));
                }

                @Override
                public void tellAll(Newcomer newcomer) {
                  told.add(new RedisNode.Told(Optional.empty(), newcomer));
                }
              });
    }
  }
}
