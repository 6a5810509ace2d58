package io.quipu.server.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.junit.jupiter.api.Test;

final class RateLimitsTest {
  private static final UserId ANN = new UserId("ann");
  private static final UserId BOB = new UserId("bob");

  /** Six logins of a user and twelve from an address a minute, ten sends and requests a second. */
  private static final Configuration.Limits LIMITS =
      new Configuration.Limits(6, 12, 10, 3, 10, 1_600);

  private final Metrics metrics = new Metrics("test", "test");
  private long nowMs = 1_000_000;
  private final Clock clock =
      new Clock() {
        @Override
        public long nowMs() {
          return nowMs;
        }

        @Override
        public long unixMs() {
          return nowMs;
        }
      };
  private final Shared shared = new Shared();

  /** What all nodes share, answering when the test says so. */
  private final class Shared implements SharedBuckets {
    private final Map<String, Double> fullAtMs = new HashMap<>();
    private final Queue<Runnable> answers = new ArrayDeque<>();
    private boolean up = true;
    private boolean atOnce = true;
    private int asked;

    @Override
    public boolean isUp() {
      return up;
    }

    @Override
    public Future<Grant> take(Budget budget, String who, int owed, int wanted) {
      asked++;
      Promise<Grant> promise = Promise.promise();
      Runnable answer =
          () -> {
            if (!up) {
              promise.fail("away");
              return;
            }
            double interval = budget.intervalMicros() / 1_000;
            double full =
                Math.max((double) nowMs, fullAtMs.getOrDefault(budget.name() + who, 0.0))
                    + owed * interval;
            int there = (int) Math.floor((nowMs + interval * budget.burst() - full) / interval);
            int taken = Math.max(0, Math.min(there, wanted));
            full += taken * interval;
            fullAtMs.put(budget.name() + who, full);
            double early = full + interval - interval * budget.burst() - nowMs;
            promise.complete(new Grant(taken, (int) Math.max(0, Math.ceil(early))));
          };
      if (atOnce) {
        answer.run();
      } else {
        answers.add(answer);
      }
      return promise.future();
    }

    void answer() {
      while (!answers.isEmpty()) {
        answers.remove().run();
      }
    }
  }

  private RateLimits alone() {
    return new RateLimits(LIMITS, Optional.empty(), clock, metrics);
  }

  private RateLimits node() {
    return new RateLimits(LIMITS, Optional.of(shared), clock, metrics);
  }

  private int sendsOf(RateLimits node, UserId user, int tries) {
    int sent = 0;
    for (int i = 0; i < tries; i++) {
      sent += node.send(user, false) == 0 ? 1 : 0;
    }
    return sent;
  }

  private int loginsOf(RateLimits node, UserId user, int tries) {
    int done = 0;
    for (int i = 0; i < tries; i++) {
      done += node.loginOf(user).result() == 0 ? 1 : 0;
    }
    return done;
  }

  @Test
  void aBurstPassesAndThenAsManyAsTheLimitSays() {
    RateLimits node = alone();
    assertThat(sendsOf(node, ANN, 500)).isEqualTo(100);
    nowMs += 1_000;
    assertThat(sendsOf(node, ANN, 500)).isEqualTo(10);
    nowMs += 3_600_000;
    assertThat(sendsOf(node, ANN, 500)).isEqualTo(100);
  }

  @Test
  void whoIsRefusedIsToldWhenThereIsOneMore() {
    RateLimits node = alone();
    assertThat(loginsOf(node, ANN, 6)).isEqualTo(6);
    assertThat(node.loginOf(ANN).result()).isEqualTo(10_000);
    nowMs += 4_000;
    assertThat(node.loginOf(ANN).result()).isEqualTo(6_000);
    nowMs += 6_000;
    assertThat(node.loginOf(ANN).result()).isZero();
  }

  @Test
  void oneUsersLimitIsNotAnothersAndRefusalsAreCounted() {
    RateLimits node = alone();
    sendsOf(node, ANN, 200);
    assertThat(sendsOf(node, BOB, 100)).isEqualTo(100);
    assertThat(node.request(ANN)).isZero();
    assertThat(metrics.scrape()).contains("quipu_limits_reached_total{limit=\"sendsPerUser\"} 100");
  }

  @Test
  void ofIpv6TheNetworkCounts() {
    RateLimits node = alone();
    for (int i = 0; i < 12; i++) {
      assertThat(node.loginFrom("2001:db8:1:2::" + i).result()).isZero();
    }
    assertThat(node.loginFrom("2001:db8:1:2:aaaa::1").result()).isPositive();
    assertThat(node.loginFrom("2001:db8:1:3::1").result()).isZero();
    assertThat(node.loginFrom("192.0.2.1").result()).isZero();
  }

  @Test
  void withoutALimitNothingIsRefused() {
    RateLimits node =
        new RateLimits(
            new Configuration.Limits(0, 0, 0, 0, 0, 16), Optional.of(shared), clock, metrics);
    assertThat(sendsOf(node, ANN, 10_000)).isEqualTo(10_000);
    assertThat(loginsOf(node, ANN, 10_000)).isEqualTo(10_000);
    assertThat(shared.asked).isZero();
  }

  @Test
  void loginsOfTwoNodesTogetherKeepTheLimitExactly() {
    RateLimits one = node();
    RateLimits two = node();
    assertThat(loginsOf(one, ANN, 4) + loginsOf(two, ANN, 10)).isEqualTo(6);
    nowMs += 20_000;
    assertThat(loginsOf(one, ANN, 10) + loginsOf(two, ANN, 10)).isEqualTo(2);
  }

  @Test
  void sendsOfTwoNodesTogetherKeepTheLimitWithFewQuestions() {
    RateLimits one = node();
    RateLimits two = node();
    int sent = 0;
    for (int i = 0; i < 300; i++) {
      sent += sendsOf(one, ANN, 1) + sendsOf(two, ANN, 1);
    }
    assertThat(sent).isBetween(80, 100); // what is left of a lease is not used elsewhere
    assertThat(shared.asked).isLessThan(30);
    int later = 0;
    for (int second = 0; second < 60; second++) {
      nowMs += 1_000;
      later += sendsOf(one, ANN, 50) + sendsOf(two, ANN, 50);
    }
    assertThat(later).isBetween(580, 620);
  }

  @Test
  void untilTheSharedBucketAnswersANodeUsesAChunkInAdvance() {
    shared.atOnce = false;
    RateLimits node = node();
    assertThat(sendsOf(node, ANN, 50)).isEqualTo(10);
    assertThat(node.send(ANN, false)).isBetween(1, 100);
    shared.answer();
    assertThat(sendsOf(node, ANN, 50)).isEqualTo(1 + 10); // what is left, and a chunk
  }

  @Test
  void withTheSharedBucketsAwayEachNodeKeepsTheLimit() {
    shared.up = false;
    RateLimits one = node();
    RateLimits two = node();
    assertThat(sendsOf(one, ANN, 500)).isEqualTo(100);
    assertThat(sendsOf(two, ANN, 500)).isEqualTo(100);
    assertThat(loginsOf(one, ANN, 10)).isEqualTo(6);
  }

  @Test
  void aNodeGoesOnWithWhatItKnowsWhenTheSharedBucketsGo() {
    RateLimits node = node();
    assertThat(loginsOf(node, ANN, 5)).isEqualTo(5);
    shared.up = false;
    assertThat(loginsOf(node, ANN, 5)).isEqualTo(1);
  }

  @Test
  void anUnansweredQuestionIsAskedAgain() {
    shared.atOnce = false;
    RateLimits node = node();
    sendsOf(node, ANN, 50);
    shared.up = false;
    shared.answer();
    shared.up = true;
    shared.atOnce = true;
    nowMs += 60_000;
    assertThat(sendsOf(node, ANN, 500)).isGreaterThan(80);
  }

  @Test
  void moreNamesThanAreRememberedMakeTheOldestBeginAnew() {
    RateLimits node = alone();
    sendsOf(node, ANN, 100);
    assertThat(node.send(ANN, false)).isPositive();
    for (int i = 0; i < 20_000; i++) {
      node.send(new UserId("user" + i), false);
    }
    assertThat(node.send(ANN, false)).isZero();
  }

  @Test
  void groupsCountBesideTheSendThatEachIs() {
    RateLimits node = alone();
    for (int i = 0; i < 3; i++) {
      assertThat(node.send(ANN, true)).isZero();
    }
    assertThat(node.send(ANN, true)).isEqualTo(1_200_000);
    assertThat(node.send(ANN, false)).isZero();
  }
}
