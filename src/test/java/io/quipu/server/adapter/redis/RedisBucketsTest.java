package io.quipu.server.adapter.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quipu.it.TestRedis;
import io.quipu.server.limits.Budget;
import io.quipu.server.limits.SharedBuckets;
import io.quipu.server.limits.SharedBuckets.Grant;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class RedisBucketsTest {
  private static final Budget SIX_A_MINUTE = new Budget("logins", 6, 60_000, 6);
  private static final Budget FAST = new Budget("sends", 1_000_000, 1_000, 10_000_000);

  private final TestRedis redis = TestRedis.start();
  private final RedisNode.Cluster cluster = new RedisNode.Cluster();
  private final RedisNode a = RedisNode.at(redis, "a-1", cluster);
  private final RedisNode b = RedisNode.at(redis, "b-1", cluster);

  @AfterEach
  void close() {
    a.close();
    b.close();
    redis.close();
  }

  private static Grant get(Future<Grant> grant) throws Exception {
    return grant.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private SharedBuckets up(RedisNode node) {
    await().atMost(Duration.ofSeconds(20)).until(() -> node.buckets().isUp());
    return node.buckets();
  }

  @Test
  void twoNodesTakeFromOneBucketAndNeverTooMuch() throws Exception {
    SharedBuckets one = up(a);
    SharedBuckets two = up(b);
    List<Future<Grant>> all = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      all.add(one.take(SIX_A_MINUTE, "ann", 0, 1));
      all.add(two.take(SIX_A_MINUTE, "ann", 0, 1));
    }
    int taken = 0;
    for (Future<Grant> grant : all) {
      taken += get(grant).tokens();
    }
    assertThat(taken).isEqualTo(6);
    assertThat(get(one.take(SIX_A_MINUTE, "ann", 0, 1)).waitMs()).isBetween(1, 10_000);
    assertThat(get(one.take(SIX_A_MINUTE, "bob", 0, 4)).tokens()).isEqualTo(4);
    assertThat(get(two.take(SIX_A_MINUTE, "bob", 0, 4)).tokens()).isEqualTo(2);
  }

  @Test
  void whatIsOwedIsTakenAlsoFromWhatIsNotThereYet() throws Exception {
    SharedBuckets one = up(a);
    assertThat(get(one.take(SIX_A_MINUTE, "ann", 9, 3)).tokens()).isZero();
    assertThat(get(one.take(SIX_A_MINUTE, "ann", 0, 1)).waitMs()).isBetween(30_001, 40_000);
  }

  @Test
  void aBucketThatIsFullAgainHasNoKey() throws Exception {
    SharedBuckets one = up(a);
    assertThat(get(one.take(FAST, "ann", 0, 1)).tokens()).isEqualTo(1);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> redis.says("EXISTS test:limit:sends:{ann}").startsWith(":0"));
    assertThat(get(one.take(SIX_A_MINUTE, "ann", 0, 1)).tokens()).isEqualTo(1);
    assertThat(redis.says("PTTL test:limit:logins:{ann}")).matches(":\\d{4,5}\r\n");
  }

  @Test
  void awayItFailsAtOnce() {
    up(a);
    redis.kill();
    await().atMost(Duration.ofSeconds(20)).until(() -> !a.buckets().isUp());
    assertThat(a.buckets().take(FAST, "ann", 0, 1))
        .satisfies(grant -> await().atMost(Duration.ofSeconds(20)).until(grant::failed));
  }
}
