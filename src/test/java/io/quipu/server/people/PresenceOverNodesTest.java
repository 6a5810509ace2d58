package io.quipu.server.people;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quipu.it.TestRedis;
import io.quipu.model.UserId;
import io.quipu.server.adapter.redis.RedisNode;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.Devices.Look;
import io.quipu.server.people.PresenceBoard.Told;
import io.quipu.server.people.PresenceBoard.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who watches on one node sees who comes and goes on another. */
final class PresenceOverNodesTest {
  private static final NodeId A = new NodeId("a-1");
  private static final NodeId B = new NodeId("b-1");
  private static final UserId ANN = new UserId("ann");
  private static final UserId BOB = new UserId("bob");
  private static final SessionAddress BOBS = new SessionAddress(new Address.Loop(B, 0), 1);
  private static final Look LOOK = new Look(BOB, ANN);

  private final TestRedis redis = TestRedis.start();
  private final RedisNode.Cluster cluster = new RedisNode.Cluster();
  private final RedisNode a;
  private final RedisNode b;
  private final PresenceBoard board;
  private final List<Told> told = new ArrayList<>();
  private long nowMs = 1_000_000;

  PresenceOverNodesTest() {
    cluster.are(A, B);
    a = RedisNode.at(redis, A.value(), cluster);
    b = RedisNode.at(redis, B.value(), cluster);
    board = new PresenceBoard(0, 5_000, b.online()::isOnline);
  }

  @AfterEach
  void close() {
    a.close();
    b.close();
    redis.close();
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(20));
  }

  private void watch() throws Exception {
    board.watch(BOBS, BOB, List.of(ANN));
    List<Watch> next = board.nextToJudge(10);
    b.online()
        .learn(List.of(ANN))
        .toCompletionStage()
        .toCompletableFuture()
        .get(20, TimeUnit.SECONDS);
    told.addAll(board.judged(next, Map.of(LOOK, 77L), nowMs));
  }

  /** What the verticle does with what it hears. */
  private List<Told> hear() {
    List<UserId> changes = List.copyOf(b.changes);
    b.changes.removeAll(changes);
    for (UserId user : changes) {
      told.addAll(board.changed(user, nowMs, 99));
    }
    nowMs += 1;
    told.addAll(board.due(nowMs));
    return told;
  }

  private static Told online() {
    return new Told(BOBS, ANN, true, 0);
  }

  private static Told gone(long lastSeenMs) {
    return new Told(BOBS, ANN, false, lastSeenMs);
  }

  private void bothKnow() {
    soon().until(() -> a.nodesOf("bob").isPresent() && b.nodesOf("bob").isPresent());
  }

  @Test
  void whoIsOnAnotherNodeIsOnlineFromTheFirstWordOn() throws Exception {
    bothKnow();
    a.comes("ann", "phone", 1);
    soon().until(() -> b.nodesOf("ann").filter(nodes -> nodes.contains(A)).isPresent());
    watch();
    assertThat(told).containsExactly(online());
  }

  @Test
  void comingAndGoingOnAnotherNodeIsTold() throws Exception {
    bothKnow();
    watch();
    assertThat(told).containsExactly(gone(77));
    Registry.Entry phone = a.comes("ann", "phone", 1);
    soon().until(() -> hear().size() == 2);
    a.leaves(phone);
    soon().until(() -> hear().size() == 3);
    assertThat(told).containsExactly(gone(77), online(), gone(99));
  }

  @Test
  void whoIsOnTwoNodesGoesWithTheLast() throws Exception {
    bothKnow();
    Registry.Entry phone = a.comes("ann", "phone", 1);
    Registry.Entry laptop = b.comes("ann", "laptop", 1);
    soon().until(() -> a.nodesOf("ann").filter(nodes -> nodes.size() == 2).isPresent());
    watch();
    b.leaves(laptop);
    soon().until(() -> a.nodesOf("ann").filter(nodes -> nodes.size() == 1).isPresent());
    assertThat(hear()).containsExactly(online());
    a.leaves(phone);
    soon().until(() -> hear().size() == 2);
    assertThat(told).containsExactly(online(), gone(99));
  }

  @Test
  void nobodyGoesWhileRedisIsAway() throws Exception {
    bothKnow();
    a.comes("ann", "phone", 1);
    soon().until(() -> b.nodesOf("ann").filter(nodes -> nodes.contains(A)).isPresent());
    watch();
    redis.kill();
    soon().until(() -> b.nodesOf("ann").isEmpty());
    assertThat(hear()).containsExactly(online());
    redis.startAgain();
    soon().until(() -> b.nodesOf("ann").filter(nodes -> nodes.contains(A)).isPresent());
    assertThat(hear()).containsExactly(online());
  }

  @Test
  void whoIsNotRegisteredAgainYetHasNotGone() throws Exception {
    NodeId slowly = new NodeId("c-1");
    NodeId patiently = new NodeId("d-1");
    cluster.are(slowly, patiently);
    Configuration.Redis config = RedisNode.config("standalone", List.of(redis.uri()), 2_000);
    // One session in each tenth of a second: Ann's is registered again after a second.
    Configuration.Registry ten = new Configuration.Registry(1_000, 600_000, 600_000, 0, 10);
    Configuration.Registry later = new Configuration.Registry(1_000, 600_000, 600_000, 3_000, 10);
    try (RedisNode c = new RedisNode(config, ten, slowly.value(), cluster);
        RedisNode d = new RedisNode(config, later, patiently.value(), cluster)) {
      for (int i = 0; i < 10; i++) {
        c.comes("user" + i, "phone", 1);
      }
      c.comes("ann", "phone", 1);
      soon().until(() -> d.online().isOnline(ANN));
      d.changes.clear();
      redis.kill();
      soon().until(() -> d.metric("quipu_redis_up") == 0);
      double lookups = d.metric("quipu_whereabouts_lookups_total");
      redis.startAgain();
      soon().until(() -> d.metric("quipu_whereabouts_lookups_total") > lookups);
      soon().until(() -> d.nodesOf("user0").isPresent()); // believed again
      assertThat(d.online().isOnline(ANN)).isTrue();
      assertThat(d.changes).doesNotContain(ANN);
    }
  }

  @Test
  void whoCameOrWentUnheardIsFoundWhenNoticesAreHeardAgain() throws Exception {
    bothKnow();
    watch();
    redis.says("HSET test:sessions:{ann} phone \"9999999999999 1 0 1 a-1\""); // as A, unheard
    redis.says("CLIENT KILL TYPE pubsub");
    soon().until(() -> hear().contains(online()));
  }

  @Test
  void withItsNodeAUserGoes() throws Exception {
    bothKnow();
    a.comes("ann", "phone", 1);
    soon().until(() -> b.nodesOf("ann").filter(nodes -> nodes.contains(A)).isPresent());
    watch();
    cluster.are(B);
    soon().until(() -> hear().size() == 2);
    assertThat(told).containsExactly(online(), gone(99));
  }
}
