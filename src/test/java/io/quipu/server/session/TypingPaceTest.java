package io.quipu.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import org.junit.jupiter.api.Test;

class TypingPaceTest {
  private final TypingPace pace = new TypingPace();

  private static ConversationId with(int friend) {
    return ConversationId.direct(new UserId("alice"), new UserId("friend-" + friend));
  }

  @Test
  void oneASecondPassesInEachConversation() {
    assertThat(pace.mayWhisper(with(1), 5_000)).isTrue();
    assertThat(pace.mayWhisper(with(2), 5_500)).isTrue();
    assertThat(pace.mayWhisper(with(1), 5_999)).isFalse();
    assertThat(pace.mayWhisper(with(1), 6_000)).isTrue();
    assertThat(pace.mayWhisper(with(2), 6_499)).isFalse();
    assertThat(pace.mayWhisper(with(2), 6_500)).isTrue();
  }

  @Test
  void nobodyWritesInManyConversationsAtOnce() {
    for (int friend = 1; friend <= 16; friend++) {
      assertThat(pace.mayWhisper(with(friend), 5_000)).isTrue();
    }
    assertThat(pace.mayWhisper(with(17), 5_999)).isFalse();
    assertThat(pace.mayWhisper(with(17), 6_000)).isTrue();
  }
}
