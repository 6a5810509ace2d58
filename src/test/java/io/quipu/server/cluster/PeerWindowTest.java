package io.quipu.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PeerWindowTest {
  private static final int SILENT_MS = 1_500;
  private static final int HEARTBEAT_MS = 500;

  private final PeerWindow window = window(3, 100);

  private static PeerWindow window(int messages, int bytes) {
    return new PeerWindow(new BusLimits(messages, bytes, HEARTBEAT_MS, SILENT_MS), 0);
  }

  @Test
  void numbersRiseByOneOverMessagesAndProbes() {
    assertThat(window.take(1, 0)).isEqualTo(1);
    assertThat(window.probe(0)).isEqualTo(2);
    assertThat(window.take(1, 0)).isEqualTo(3);
  }

  @Test
  void moreMessagesThanTheWindowHoldsAreRefusedUntilOneIsTaken() {
    for (int i = 0; i < 3; i++) {
      assertThat(window.take(1, 0)).isNotEqualTo(PeerWindow.REFUSED);
    }
    assertThat(window.hasRoom()).isFalse();
    assertThat(window.take(1, 0)).isEqualTo(PeerWindow.REFUSED);
    assertThat(window.acked(1, 0)).isTrue();
    assertThat(window.take(1, 0)).isEqualTo(4);
    assertThat(window.take(1, 0)).isEqualTo(PeerWindow.REFUSED);
  }

  @Test
  void moreBytesThanTheWindowHoldsAreRefusedButOneBigMessageAlone() {
    assertThat(window.take(60, 0)).isEqualTo(1);
    assertThat(window.take(41, 0)).isEqualTo(PeerWindow.REFUSED);
    assertThat(window.take(40, 0)).isEqualTo(2);
    assertThat(window.hasRoom()).isFalse();
    window.acked(2, 0);
    assertThat(window.bytes()).isZero();
    assertThat(window.take(1_000, 0)).isEqualTo(3);
    assertThat(window.take(1, 0)).isEqualTo(PeerWindow.REFUSED);
  }

  @Test
  void aRefusedMessageUsesNoNumber() {
    window.take(100, 0);
    window.take(1, 0);
    window.acked(1, 0);
    assertThat(window.take(1, 0)).isEqualTo(2);
  }

  @Test
  void anAckFreesAllUpToItSoThatLostMessagesAndLostAcksCostNoRoom() {
    window.take(10, 0);
    window.take(10, 0);
    window.take(10, 0);
    long probe = window.probe(0);
    assertThat(window.acked(probe, 0)).isTrue();
    assertThat(window.messages()).isZero();
    assertThat(window.bytes()).isZero();
  }

  @Test
  void anOlderAckChangesNothingAndOneOfTheFutureIsNoAck() {
    window.take(1, 0);
    window.take(1, 0);
    window.acked(2, 0);
    assertThat(window.acked(1, 0)).isTrue();
    assertThat(window.messages()).isZero();
    assertThat(window.acked(3, 0)).isFalse();
    assertThat(window.take(1, 0)).isEqualTo(3);
    assertThat(window.messages()).isEqualTo(1);
  }

  @Test
  void whoTakesNothingForTooLongIsSilentUntilHeTakesSomething() {
    assertThat(window.silent(1_000_000)).isFalse();
    window.take(1, 1_000);
    window.take(1, 2_000);
    assertThat(window.silent(1_000 + SILENT_MS - 1)).isFalse();
    assertThat(window.silent(1_000 + SILENT_MS)).isTrue();
    window.acked(1, 3_000);
    assertThat(window.silent(3_000)).isFalse();
    assertThat(window.silent(3_000 + SILENT_MS)).isTrue();
    window.acked(2, 6_000);
    assertThat(window.silent(1_000_000)).isFalse();
  }

  @Test
  void aProbeAloneMakesSilenceKnown() {
    window.probe(0);
    assertThat(window.silent(SILENT_MS)).isTrue();
  }

  @Test
  void theOwnSleepIsNotTheSilenceOfOthers() {
    window.take(1, 0);
    window.excuse(20_000, 20_100);
    assertThat(window.silent(20_100)).isFalse();
    assertThat(window.silent(20_000 + SILENT_MS)).isTrue();
    // What was sent after it woke is not excused into the future.
    PeerWindow later = window(3, 100);
    later.take(1, 20_050);
    later.excuse(20_000, 20_100);
    assertThat(later.silent(20_100 + SILENT_MS)).isTrue();
  }

  @Test
  void onlyWhatHasBeenQuietNeedsAProbe() {
    assertThat(window.needsProbe(0, HEARTBEAT_MS)).as("nothing went there").isTrue();
    window.take(1, 100);
    assertThat(window.needsProbe(500, HEARTBEAT_MS)).as("something went there").isFalse();
    assertThat(window.needsProbe(1_000, HEARTBEAT_MS)).as("nothing since").isTrue();
    window.take(1, 1_100);
    assertThat(window.needsProbe(1_500, HEARTBEAT_MS)).as("nothing comes back").isTrue();
    window.acked(2, 1_600);
    window.take(1, 1_700);
    assertThat(window.needsProbe(2_000, HEARTBEAT_MS)).as("it goes and comes").isFalse();
  }

  @Test
  void numbersBeginAboveThoseOfAnEarlierMembership() {
    PeerWindow again = new PeerWindow(new BusLimits(3, 100, HEARTBEAT_MS, SILENT_MS), 5_000);
    assertThat(again.silent(1_000_000)).isFalse();
    assertThat(again.take(1, 0)).isEqualTo(5_001);
    assertThat(again.acked(5_000, 0)).isTrue();
    assertThat(again.messages()).isEqualTo(1);
  }

  /** Against the obvious list, through many growths and turns of the ring. */
  @Test
  void roomIsWhatIsNotTakenWhateverTheOrder() {
    long seed = Long.getLong("quipu.seed", 5L);
    Random random = new Random(seed);
    PeerWindow ring = window(200, 10_000);
    Deque<long[]> model = new ArrayDeque<>();
    long last = 0;
    long taken = 0;
    for (int step = 0; step < 50_000; step++) {
      int what = random.nextInt(10);
      if (what < 6) {
        int size = random.nextInt(200);
        long bytes = model.stream().mapToLong(one -> one[1]).sum();
        boolean room = model.isEmpty() || model.size() < 200 && bytes + size <= 10_000;
        long number = ring.take(size, step);
        assertThat(number != PeerWindow.REFUSED).as("seed %s, step %s", seed, step).isEqualTo(room);
        if (room) {
          assertThat(number).isEqualTo(++last);
          model.add(new long[] {number, size});
        }
      } else if (what < 7) {
        assertThat(ring.probe(step)).isEqualTo(++last);
      } else {
        long upTo = taken + random.nextInt((int) (last - taken) + 1);
        ring.acked(upTo, step);
        taken = Math.max(taken, upTo);
        while (!model.isEmpty() && model.peek()[0] <= upTo) {
          model.remove();
        }
      }
      assertThat(ring.messages()).as("seed %s, step %s", seed, step).isEqualTo(model.size());
      assertThat(ring.bytes()).isEqualTo(model.stream().mapToLong(one -> one[1]).sum());
    }
  }
}
