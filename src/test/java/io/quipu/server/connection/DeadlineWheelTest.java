package io.quipu.server.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.server.connection.DeadlineWheel.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeadlineWheelTest {
  private static final int SLOTS = 8;
  private static final int SLOT_MS = 10;
  private static final long START_MS = 1_000;

  private final DeadlineWheel<String> wheel = new DeadlineWheel<>(SLOTS, SLOT_MS, START_MS);
  private final Entry<String> one = new Entry<>("one");
  private final Entry<String> two = new Entry<>("two");

  @Test
  void aDeadlineComesOnceAndNotBeforeItsTime() {
    wheel.set(one, START_MS + 25);
    assertThat(wheel.due(START_MS + 24)).isEmpty();
    assertThat(wheel.due(START_MS + 25 + SLOT_MS)).containsExactly("one");
    assertThat(wheel.due(START_MS + 500)).isEmpty();
  }

  @Test
  void aDeadlineMovesWhenItIsSetAgain() {
    wheel.set(one, START_MS + 25);
    wheel.set(one, START_MS + 75);
    assertThat(wheel.due(START_MS + 40)).isEmpty();
    assertThat(wheel.due(START_MS + 90)).containsExactly("one");
    wheel.set(one, START_MS + 500);
    wheel.set(one, START_MS + 120);
    assertThat(wheel.due(START_MS + 130)).containsExactly("one");
  }

  @Test
  void aDroppedDeadlineNeverComes() {
    wheel.set(one, START_MS + 25);
    wheel.set(two, START_MS + 25);
    wheel.drop(one);
    wheel.drop(one);
    assertThat(wheel.due(START_MS + 100)).containsExactly("two");
  }

  @Test
  void aDeadlineBeyondOneTurnWaitsForItsTurn() {
    long dueMs = START_MS + 3L * SLOTS * SLOT_MS + 5;
    wheel.set(one, dueMs);
    for (long nowMs = START_MS; nowMs < dueMs; nowMs += SLOT_MS) {
      assertThat(wheel.due(nowMs)).isEmpty();
    }
    assertThat(wheel.due(dueMs + SLOT_MS)).containsExactly("one");
  }

  @Test
  void aDeadlineInThePastIsDueAtTheNextLook() {
    assertThat(wheel.due(START_MS + 50)).isEmpty();
    wheel.set(one, START_MS);
    assertThat(wheel.due(START_MS + 60)).containsExactly("one");
  }

  @Test
  void aLongPauseLosesNothing() {
    wheel.set(one, START_MS + 5);
    wheel.set(two, START_MS + 7 * SLOT_MS);
    assertThat(wheel.due(START_MS + 100_000)).containsExactlyInAnyOrder("one", "two");
  }

  @Test
  void everyDeadlineComesWithinTwoSlotsWhateverIsSetAndMoved() {
    Random random = new Random(7);
    List<Entry<Integer>> entries = new ArrayList<>();
    long[] dueMs = new long[50];
    DeadlineWheel<Integer> many = new DeadlineWheel<>(SLOTS, SLOT_MS, START_MS);
    for (int i = 0; i < dueMs.length; i++) {
      entries.add(new Entry<>(i));
    }
    for (long nowMs = START_MS; nowMs < START_MS + 20_000; nowMs += SLOT_MS) {
      for (int taken : many.due(nowMs)) {
        assertThat(dueMs[taken]).isBetween(nowMs - 2 * SLOT_MS, nowMs);
        dueMs[taken] = 0;
      }
      int which = random.nextInt(dueMs.length);
      dueMs[which] = nowMs + random.nextInt(500);
      many.set(entries.get(which), dueMs[which]);
      for (long due : dueMs) {
        assertThat(due == 0 || due >= nowMs - 2 * SLOT_MS).as("forgotten").isTrue();
      }
    }
  }
}
