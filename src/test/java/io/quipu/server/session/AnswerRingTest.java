package io.quipu.server.session;

import static io.quipu.server.session.SessionFixture.ack;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AnswerRingTest {
  private final AnswerRing ring = new AnswerRing(3);

  @Test
  void itKeepsTheLastAnswersOnly() {
    for (int i = 1; i <= 4; i++) {
      ring.put(i, ack(i, i, i));
    }
    assertThat(ring.get(1)).isEmpty();
    assertThat(ring.get(2)).contains(ack(2, 2, 2));
    assertThat(ring.get(4)).contains(ack(4, 4, 4));
    assertThat(ring.get(5)).isEmpty();
  }
}
