package io.quipu.server.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class StoreWatchTest {
  private static final Future<Void> ANSWERS = Future.succeededFuture();
  private static final Future<Void> FAILS = Future.failedFuture("down");

  private final List<Boolean> told = new CopyOnWriteArrayList<>();
  private final AtomicInteger asked = new AtomicInteger();

  @Test
  void oneFailureSaysNothing(Vertx vertx) {
    List<Future<Void>> answers = List.of(ANSWERS, FAILS, ANSWERS, FAILS, ANSWERS);
    watch(vertx, answers);
    await().until(() -> asked.get() > answers.size() + 1);
    assertThat(told).isEmpty();
  }

  @Test
  void twoFailuresInARowMeanAwayAndOneAnswerMeansBack(Vertx vertx) {
    List<Future<Void>> answers = List.of(FAILS, FAILS, FAILS, ANSWERS);
    watch(vertx, answers);
    await().until(() -> asked.get() > answers.size() + 1);
    assertThat(told).as("each change once").containsExactly(false, true);
  }

  @Test
  void whatDoesNotAnswerInTimeIsAway(Vertx vertx) {
    Promise<Void> never = Promise.promise();
    List<Future<Void>> answers = List.of(never.future(), never.future(), ANSWERS);
    watch(vertx, answers);
    await().until(() -> told.size() == 2);
    assertThat(told).containsExactly(false, true);
  }

  /** These answers, and good ones ever after. */
  private void watch(Vertx vertx, List<Future<Void>> answers) {
    StoreWatch watch =
        new StoreWatch(
            () -> {
              int number = asked.getAndIncrement();
              return number < answers.size() ? answers.get(number) : ANSWERS;
            },
            5,
            20,
            told::add);
    vertx.deployVerticle(watch).toCompletionStage().toCompletableFuture().join();
  }
}
