package io.quipu.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.Lifecycle.Effect;
import io.quipu.client.Lifecycle.Event;
import io.quipu.client.Lifecycle.State;
import io.quipu.model.Advice;
import io.quipu.model.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LifecycleTest {
  private final Lifecycle lifecycle =
      new Lifecycle(
          new Lifecycle.Settings(10_000, 2_000, 5_000),
          new Backoff(100, 5_000, new SplittableRandom(3)));
  private final List<Effect> effects = new ArrayList<>();
  private long nowMs = 1_000;
  private int attempt;

  private void step(Event event) {
    for (Effect effect : lifecycle.step(event, nowMs)) {
      effects.add(effect);
      if (effect instanceof Effect.FetchToken fetch) {
        attempt = fetch.attempt();
      }
    }
  }

  private void waitMs(long ms) {
    nowMs += ms;
    step(new Event.Tick());
  }

  private void open() {
    step(new Event.TokenReady(attempt));
    step(new Event.Dialed(attempt));
    step(new Event.Greeted(20_000, 1_000_000));
    assertThat(lifecycle.state()).isEqualTo(State.OPEN);
    effects.clear();
  }

  private <T extends Effect> T only(Class<T> kind) {
    List<T> found = effects.stream().filter(kind::isInstance).map(kind::cast).toList();
    assertThat(found).as(kind.getSimpleName() + " in " + effects).hasSize(1);
    effects.clear();
    return found.get(0);
  }

  @Test
  void failuresWaitLongerAndLongerUpToTheBound() {
    step(new Event.Start());
    long last = 0;
    for (int i = 0; i < 12; i++) {
      step(new Event.Failed(attempt, "refused"));
      long inMs = only(Effect.Down.class).inMs();
      assertThat(inMs).isBetween(Math.min(2_500, 50L << Math.min(i, 10)), 5_000L);
      last = inMs;
      waitMs(inMs - 1);
      assertThat(effects).isEmpty();
      waitMs(1);
      only(Effect.FetchToken.class);
    }
    assertThat(last).isGreaterThanOrEqualTo(2_500);
  }

  @Test
  void aConnectionThatHeldMakesFailuresForgotten() {
    step(new Event.Start());
    for (int i = 0; i < 8; i++) {
      step(new Event.Failed(attempt, "refused"));
      waitMs(5_000);
    }
    open();
    nowMs += 5_000;
    step(new Event.Ended(attempt, Optional.empty()));
    assertThat(only(Effect.Down.class).inMs()).isLessThanOrEqualTo(100);
  }

  @Test
  void aConnectionThatBreaksAtOnceDoesNotHammer() {
    step(new Event.Start());
    long inMs = 0;
    for (int i = 0; i < 8; i++) {
      open();
      step(new Event.Ended(attempt, Optional.empty()));
      inMs = only(Effect.Down.class).inMs();
      waitMs(inMs);
    }
    assertThat(inMs).isGreaterThanOrEqualTo(2_500);
  }

  @Test
  void stopMeansStop() {
    step(new Event.Start());
    open();
    step(new Event.Told(ErrorCode.REPLACED.code(), Advice.STOP, 0, "replaced"));
    assertThat(effects)
        .containsExactly(
            new Effect.Hangup(), new Effect.Stopped(ErrorCode.REPLACED.code(), "replaced"));
    effects.clear();
    step(new Event.Ended(attempt, Optional.empty()));
    waitMs(1_000_000);
    step(new Event.Start());
    assertThat(effects).isEmpty();
  }

  @Test
  void goAwayDrainsThenWaitsAsLongAsToldAndMore() {
    step(new Event.Start());
    open();
    step(new Event.Told(ErrorCode.DRAINING.code(), Advice.RECONNECT, 3_000, "restart"));
    only(Effect.Drain.class);
    step(new Event.Quiet());
    assertThat(only(Effect.Down.class).inMs()).isBetween(3_000L, 3_100L);
  }

  @Test
  void whatIsStillInFlightHoldsTheLeavingUpForALimitedTime() {
    step(new Event.Start());
    open();
    step(new Event.Told(ErrorCode.DRAINING.code(), Advice.RECONNECT, 0, "restart"));
    effects.clear();
    waitMs(1_999);
    assertThat(effects).isEmpty();
    waitMs(1);
    only(Effect.Down.class);
  }

  @Test
  void pingsWhenItIsQuietAndLeavesAServerThatDoesNotAnswer() {
    step(new Event.Start());
    open();
    waitMs(14_999);
    assertThat(effects).isEmpty();
    waitMs(1);
    only(Effect.Ping.class);
    lifecycle.heard(nowMs + 10);
    lifecycle.wrote(nowMs);
    nowMs += 15_000;
    step(new Event.Tick());
    only(Effect.Ping.class);
    waitMs(10_000);
    assertThat(only(Effect.Down.class).reason()).contains("silent");
  }

  @Test
  void writingAloneDoesNotProveThatTheServerLives() {
    step(new Event.Start());
    open();
    for (int i = 0; i < 30; i++) {
      nowMs += 1_000;
      lifecycle.wrote(nowMs);
      step(new Event.Tick());
    }
    assertThat(effects).anyMatch(Effect.Down.class::isInstance);
  }

  @Test
  void theTokenIsRenewedBeforeItsEnd() {
    step(new Event.Start());
    step(new Event.TokenReady(attempt));
    step(new Event.Dialed(attempt));
    step(new Event.Greeted(20_000, 10_000));
    effects.clear();
    waitMs(7_999);
    assertThat(effects).isEmpty();
    waitMs(1);
    only(Effect.Renew.class);
    step(new Event.Renewed(1_000_000));
    waitMs(5_000);
    assertThat(effects).isEmpty();
  }

  @Test
  void noConnectionInTimeIsAFailure() {
    step(new Event.Start());
    step(new Event.TokenReady(attempt));
    step(new Event.Dialed(attempt));
    effects.clear();
    waitMs(10_000);
    assertThat(only(Effect.Down.class).reason()).contains("GREETING");
  }

  @Test
  void whatAnEarlierAttemptBringsCountsForNothing() {
    step(new Event.Start());
    int old = attempt;
    waitMs(10_000);
    waitMs(10_000);
    assertThat(attempt).isNotEqualTo(old);
    effects.clear();
    step(new Event.TokenReady(old));
    step(new Event.Ended(old, Optional.of(ErrorCode.REPLACED)));
    assertThat(effects).isEmpty();
    assertThat(lifecycle.state()).isEqualTo(State.TOKEN);
  }

  @Test
  void delaysStayBetweenHalfAndAllOfTheBound() {
    Backoff backoff = new Backoff(100, 800, new SplittableRandom(5));
    for (int failures = 0; failures < 50; failures++) {
      long bound = Math.min(800, 100L << Math.min(failures, 20));
      assertThat(backoff.delayMs(failures)).isBetween(bound / 2, bound);
    }
  }
}
