package io.quipu.server.sequencer;

import static io.quipu.server.sequencer.SequencerFixture.ALICE;
import static io.quipu.server.sequencer.SequencerFixture.BOB;
import static io.quipu.server.sequencer.SequencerFixture.entryId;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DedupeWindowTest {
  private final DedupeWindow window = new DedupeWindow(2);

  @Test
  void itKnowsTheLastOnesAndForgetsTheOldest() {
    window.committed(entryId(ALICE, 1));
    window.committed(entryId(ALICE, 2));
    window.committed(entryId(ALICE, 3));
    assertThat(window.probablyStored(entryId(ALICE, 1))).isFalse();
    assertThat(window.probablyStored(entryId(ALICE, 2))).isTrue();
    assertThat(window.probablyStored(entryId(ALICE, 3))).isTrue();
  }

  @Test
  void anotherSendersEqualIdIsNotKnown() {
    window.committed(entryId(ALICE, 1));
    assertThat(window.probablyStored(entryId(BOB, 1))).isFalse();
  }
}
