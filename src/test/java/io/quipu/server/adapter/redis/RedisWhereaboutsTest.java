package io.quipu.server.adapter.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quipu.it.TestRedis;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.server.adapter.redis.RedisNode.Told;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.NodeParcel.Newcomer;
import io.quipu.server.cluster.Registry;
import io.quipu.server.config.Configuration;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class RedisWhereaboutsTest {
  private static final NodeId A = new NodeId("a-1");
  private static final NodeId B = new NodeId("b-1");
  private static final UserId ANN = new UserId("ann");

  private final TestRedis redis = TestRedis.start();
  private final RedisNode.Cluster cluster = new RedisNode.Cluster();
  private final List<RedisNode> nodes = new ArrayList<>();

  @BeforeAll
  static void patience() {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(20));
    Awaitility.setDefaultPollInterval(Duration.ofMillis(10));
    Awaitility.setDefaultPollDelay(Duration.ZERO);
  }

  @AfterEach
  void close() {
    nodes.forEach(RedisNode::close);
    redis.close();
  }

  private RedisNode node(NodeId id) {
    return node(id, 2_000, RedisNode.REGISTRY);
  }

  private RedisNode node(NodeId id, int timeoutMs, Configuration.Registry registry) {
    RedisNode node =
        new RedisNode(
            RedisNode.config("standalone", List.of(redis.uri()), timeoutMs),
            registry,
            id.value(),
            cluster);
    nodes.add(node);
    return node;
  }

  private static void awaitNodes(RedisNode asking, String user, NodeId... where) {
    await().until(() -> asking.nodesOf(user).equals(Optional.of(Set.of(where))));
  }

  private static Configuration.Registry registry(
      int cached, int cacheMs, int ttlMs, int settleMs, int perSecond) {
    return new Configuration.Registry(cached, cacheMs, ttlMs, settleMs, perSecond);
  }

  private static Told tell(NodeId node, long generation) {
    return new Told(Optional.of(node), new Newcomer(ANN, new DeviceId("phone"), generation));
  }

  private static Told tellAll(long generation) {
    return new Told(Optional.empty(), new Newcomer(ANN, new DeviceId("phone"), generation));
  }

  @Test
  void whoCameToOneNodeIsKnownOnAnotherUntilHeLeaves() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    awaitNodes(b, "ann");
    Registry.Entry phone = a.comes("ann", "phone", 1);
    awaitNodes(b, "ann", A);
    Registry.Entry laptop = b.comes("ann", "laptop", 1);
    awaitNodes(b, "ann", A, B);
    awaitNodes(a, "ann", A, B);
    a.leaves(phone);
    awaitNodes(b, "ann", B);
    b.leaves(laptop);
    awaitNodes(a, "ann");
    assertThat(redis.says("DBSIZE")).startsWith(":1"); // the epoch alone
  }

  @Test
  void aNewcomerMakesTheOlderSessionOfItsDeviceGiveWayOnTheNodeThatHasIt() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    a.comes("ann", "laptop", 9);
    a.comes("ann", "phone", 1);
    awaitNodes(b, "ann", A);
    b.comes("ann", "phone", 2);
    await().until(() -> b.told.contains(tell(A, 2)));
    assertThat(a.told).filteredOn(told -> told.node().isPresent()).isEmpty();
    assertThat(b.told).filteredOn(told -> told.node().isPresent()).hasSize(1);
  }

  @Test
  void whoRegistersTooLateGivesWayItself() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    b.comes("ann", "phone", 2);
    awaitNodes(a, "ann", B);
    Registry.Entry late = a.comes("ann", "phone", 1);
    await().until(() -> a.told.contains(tell(A, 2)));
    a.leaves(late);
    a.comes("bob", "phone", 1); // what came before it is done when this one is known
    awaitNodes(b, "bob", A);
    awaitNodes(b, "ann", B);
  }

  @Test
  void ofTwoThatRaceForOneDeviceTheNewerStays() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    awaitNodes(a, "ann");
    awaitNodes(b, "ann");
    for (int i = 1; i < 100; i += 2) {
      long newer = i + 1L;
      a.comes("ann", "phone", i);
      b.comes("ann", "phone", newer);
      await().until(() -> b.told.contains(tell(A, newer)) || a.told.contains(tell(A, newer)));
    }
    awaitNodes(a, "ann", B);
  }

  @Test
  void aStaleUnregisterDoesNotTakeOutItsSuccessor() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    Registry.Entry older = a.comes("ann", "phone", 1);
    awaitNodes(b, "ann", A);
    b.comes("ann", "phone", 2);
    awaitNodes(a, "ann", B);
    a.leaves(older);
    a.comes("bob", "phone", 1);
    awaitNodes(b, "bob", A);
    awaitNodes(b, "ann", B);
    assertThat(redis.says("HEXISTS test:sessions:{ann} phone")).startsWith(":1");
  }

  @Test
  void nodesThatAreNoMembersAreNotThereUntilTheyAreAgain() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    b.comes("ann", "phone", 1);
    awaitNodes(a, "ann", B);
    cluster.are(A);
    awaitNodes(a, "ann");
    cluster.are(A, B);
    awaitNodes(a, "ann", B);
  }

  @Test
  void whatItsNodeDoesNotConfirmExpires() {
    cluster.are(A, B);
    RedisNode a = node(A, 2_000, registry(100, 100, 700, 0, 1_000));
    RedisNode b =
        new RedisNode(
            RedisNode.config("standalone", List.of(redis.uri()), 2_000),
            registry(100, 100, 700, 0, 1_000),
            "b-1",
            cluster);
    a.comes("ann", "laptop", 1);
    b.comes("ann", "phone", 1);
    awaitNodes(a, "ann", A, B);
    b.crash();
    awaitNodes(a, "ann", A);
    assertThat(a.metric("quipu_whereabouts_confirmations_total")).isPositive();
    assertThat(redis.says("HEXISTS test:sessions:{ann} laptop")).startsWith(":1");
    // Left out at once, and gone with the next confirmation of another session.
    await().until(() -> redis.says("HEXISTS test:sessions:{ann} phone").startsWith(":0"));
  }

  @Test
  void absentAtTheStartNothingIsKnownAndEveryNewcomerIsToldToAll() {
    redis.kill();
    cluster.are(A, B);
    RedisNode a = node(A);
    assertThat(a.nodesOf("ann")).isEmpty();
    a.comes("ann", "phone", 1);
    await().until(() -> a.told.contains(tellAll(1)));
    assertThat(a.metric("quipu_redis_up")).isZero();
    redis.startAgain();
    RedisNode b = node(B);
    awaitNodes(b, "ann", A);
    assertThat(a.metric("quipu_redis_up")).isOne();
  }

  @Test
  void killedItIsNotKnownUntilAllIsRegisteredAgain() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    a.comes("ann", "phone", 1);
    awaitNodes(b, "ann", A);
    redis.kill();
    await().until(() -> b.nodesOf("ann").isEmpty());
    await().until(() -> a.nodesOf("ann").isEmpty());
    a.comes("ann", "phone", 3);
    await().until(() -> a.told.contains(tellAll(3)));
    redis.startAgain();
    awaitNodes(b, "ann", A);
    assertThat(b.metric("quipu_redis_lost_total")).isPositive();
  }

  @Test
  void emptiedItIsNoticedAndEverySessionRegisteredAgain() {
    cluster.are(A, B);
    Configuration.Registry patient = registry(1_000, 60_000, 600_000, 0, 1_000);
    RedisNode a = node(A, 2_000, patient);
    RedisNode b = node(B, 2_000, patient);
    for (int i = 0; i < 300; i++) {
      a.comes("user" + i, "phone", 1);
    }
    awaitNodes(b, "user299", A);
    redis.flush();
    await().until(() -> redis.says("DBSIZE").startsWith(":301"));
    assertThat(a.metric("quipu_whereabouts_emptied_total")).isOne();
    awaitNodes(b, "user7", A);
  }

  @Test
  void afterItWasEmptiedItIsNotBelievedForAWhile() {
    cluster.are(A, B);
    RedisNode a = node(A, 2_000, registry(1_000, 60_000, 600_000, 600_000, 1_000));
    a.comes("ann", "phone", 1);
    await().until(() -> redis.says("DBSIZE").startsWith(":2"));
    assertThat(a.nodesOf("ann")).isEmpty();
    assertThat(a.metric("quipu_whereabouts_asked_total{result=\"UNKNOWN\"}")).isPositive();
  }

  @Test
  void slowItIsAwayAndNobodyWaitsForIt() {
    cluster.are(A, B);
    RedisNode a = node(A, 150, RedisNode.REGISTRY);
    a.comes("ann", "laptop", 1);
    awaitNodes(a, "ann", A);
    redis.freeze();
    a.comes("ann", "phone", 1);
    await().until(() -> a.told.contains(tellAll(1)));
    assertThat(a.nodesOf("ann")).isEmpty();
    assertThat(a.metric("quipu_redis_up")).isZero();
    a.comes("ann", "phone", 2); // at once: it is not asked
    await().until(() -> a.told.contains(tellAll(2)));
    redis.thaw();
    awaitNodes(a, "ann", A);
    await().until(() -> redis.says("HEXISTS test:sessions:{ann} phone").startsWith(":1"));
  }

  @Test
  void aLostSubscriptionMeansNotKnownUntilThereIsANewOne() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    a.comes("ann", "phone", 1);
    awaitNodes(b, "ann", A);
    double lookups = b.metric("quipu_whereabouts_lookups_total");
    assertThat(redis.says("CLIENT KILL TYPE pubsub")).startsWith(":2");
    await()
        .until(
            () -> {
              boolean known = b.nodesOf("ann").equals(Optional.of(Set.of(A)));
              // Asked again: what was remembered may be old.
              return known && b.metric("quipu_whereabouts_lookups_total") > lookups;
            });
    b.comes("ann", "laptop", 1);
    awaitNodes(a, "ann", A, B);
  }

  @Test
  void aLostNoticeHealsWhenWhatIsRememberedIsTooOld() {
    cluster.are(A, B);
    RedisNode b = node(B, 2_000, registry(100, 400, 30_000, 0, 1_000));
    awaitNodes(b, "ann");
    // As A would, but nobody is told.
    assertThat(redis.says("HSET test:sessions:{ann} phone \"9999999999999 1 0 1 a-1\""))
        .startsWith(":1");
    awaitNodes(b, "ann", A);
  }

  @Test
  void asManyUsersAreRememberedAsThereIsRoomFor() {
    cluster.are(A, B);
    RedisNode a = node(A, 2_000, registry(50, 60_000, 30_000, 0, 1_000));
    awaitNodes(a, "ann");
    for (int i = 0; i < 150; i++) {
      awaitNodes(a, "user" + i);
    }
    await().until(() -> a.metric("quipu_whereabouts_cached") == 50);
  }

  @Test
  void aNodeThatStopsTakesItsSessionsOut() {
    cluster.are(A, B);
    RedisNode a = node(A);
    RedisNode b = node(B);
    a.comes("ann", "phone", 1);
    awaitNodes(b, "ann", A);
    nodes.remove(a);
    a.close();
    awaitNodes(b, "ann");
    assertThat(redis.says("EXISTS test:sessions:{ann}")).startsWith(":0");
  }

  @Test
  void whoseEndOvertakesHisRegistrationIsTakenOutAllTheSame() {
    cluster.are(A, B);
    RedisNode a = node(A);
    Registry.Entry first = a.comes("ann", "phone", 1);
    awaitNodes(a, "ann", A);
    // From here on Redis knows the script of the end, and not that of the beginning.
    assertThat(redis.says("SCRIPT FLUSH")).startsWith("+OK");
    a.leaves(first);
    awaitNodes(a, "ann");
    a.leaves(a.comes("ann", "phone", 2));
    a.comes("bob", "phone", 1);
    awaitNodes(a, "bob", A);
    await().until(() -> redis.says("EXISTS test:sessions:{ann}").startsWith(":0"));
  }
}
