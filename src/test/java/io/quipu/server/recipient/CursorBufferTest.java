package io.quipu.server.recipient;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.recipient.CursorBuffer.Flying;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What waits, what flies, and what is forgotten. */
final class CursorBufferTest {
  private static final ConversationId TALK = Scene.TALK;

  private final CursorBuffer buffer = new CursorBuffer(2, 3);
  private final CursorBuffer.Holder phone = join(1);

  private CursorBuffer.Holder join(long device) {
    return buffer.join(device, Scene.ALICE, 1, device);
  }

  private static ConversationId talkWith(int i) {
    return ConversationId.direct(Scene.ALICE, new UserId("peer" + i));
  }

  private List<Long> take() {
    return buffer.take(10).stream().map(Flying::seq).toList();
  }

  @Test
  void onlyTheHighestOfEachConversationIsStored() {
    phone.put(TALK, 1, true, 1);
    phone.put(TALK, 3, false, 1);
    phone.put(TALK, 2, false, 1);
    List<Flying> batch = buffer.take(10);
    assertThat(batch).extracting(Flying::seq).containsExactly(3L);
    assertThat(batch.get(0).tell()).isTrue();
    assertThat(buffer.isEmpty()).isTrue();
  }

  @Test
  void aHigherOneThatComesDuringTheStatementIsStoredNext() {
    phone.put(TALK, 1, true, 1);
    List<Flying> batch = buffer.take(10);
    phone.put(TALK, 2, true, 1);
    buffer.settled(batch);
    assertThat(phone.pendingSeq(TALK)).isEqualTo(2);
    assertThat(take()).containsExactly(2L);
  }

  @Test
  void whatFailedWaitsAgainAndKeepsWhoIsToBeTold() {
    phone.put(TALK, 1, true, 1);
    List<Flying> batch = buffer.take(10);
    phone.put(TALK, 4, false, 1);
    buffer.failed(batch);
    List<Flying> next = buffer.take(10);
    assertThat(next).extracting(Flying::seq).containsExactly(4L);
    assertThat(next.get(0).tell()).isTrue();
  }

  @Test
  void thereIsABoundForOneDeviceAndForAll() {
    CursorBuffer.Holder tablet = join(2);
    assertThat(phone.put(talkWith(1), 1, true, 1)).isTrue();
    assertThat(phone.put(talkWith(2), 1, true, 1)).isTrue();
    assertThat(phone.put(talkWith(3), 1, true, 1)).isFalse();
    assertThat(phone.put(talkWith(2), 2, true, 1)).isTrue();
    assertThat(tablet.put(talkWith(1), 1, true, 2)).isTrue();
    assertThat(tablet.put(talkWith(2), 1, true, 2)).isFalse();
    assertThat(buffer.pending()).isEqualTo(3);
    buffer.settled(buffer.take(10));
    assertThat(buffer.pending()).isZero();
    assertThat(tablet.put(talkWith(2), 1, true, 2)).isTrue();
  }

  @Test
  void theNextSessionOfADeviceFindsWhatIsNotYetStored() {
    phone.put(TALK, 5, true, 1);
    phone.left();
    CursorBuffer.Holder again = join(1);
    assertThat(again.pendingSeq(TALK)).isEqualTo(5);
    buffer.settled(buffer.take(10));
    again.left();
    assertThat(join(1)).isNotSameAs(again);
  }
}
