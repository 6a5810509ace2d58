package io.quipu.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import org.junit.jupiter.api.Test;

class ReceiptBookTest {
  private static final UserId BOB = new UserId("bob");
  private static final ConversationId AB = ConversationId.direct(new UserId("alice"), BOB);

  private final ReceiptBook book = new ReceiptBook(2);

  private boolean isNew(ConversationId conversation, ReceiptState state, long seq) {
    return book.take(new ClientEvent.Receipt(conversation, BOB, state, seq)).isPresent();
  }

  @Test
  void aWatermarkOnlyRises() {
    assertThat(isNew(AB, ReceiptState.DELIVERED, 5)).isTrue();
    assertThat(isNew(AB, ReceiptState.DELIVERED, 5)).isFalse();
    assertThat(isNew(AB, ReceiptState.DELIVERED, 3)).isFalse();
    assertThat(isNew(AB, ReceiptState.DELIVERED, 6)).isTrue();
    assertThat(book.upTo(AB, BOB, ReceiptState.DELIVERED)).isEqualTo(6);
  }

  @Test
  void aStateIncludesTheOnesBeforeIt() {
    assertThat(isNew(AB, ReceiptState.READ, 4)).isTrue();
    assertThat(isNew(AB, ReceiptState.DELIVERED, 4)).isFalse();
    assertThat(isNew(AB, ReceiptState.STORED_OFFLINE, 2)).isFalse();
    assertThat(isNew(AB, ReceiptState.DELIVERED, 7)).isTrue();
    assertThat(book.upTo(AB, BOB, ReceiptState.STORED_OFFLINE)).isEqualTo(7);
    assertThat(book.upTo(AB, BOB, ReceiptState.READ)).isEqualTo(4);
  }

  @Test
  void theLeastRecentlyTouchedConversationIsForgotten() {
    ConversationId ac = ConversationId.direct(BOB, new UserId("carol"));
    ConversationId ad = ConversationId.direct(BOB, new UserId("dave"));
    isNew(AB, ReceiptState.READ, 1);
    isNew(ac, ReceiptState.READ, 1);
    isNew(AB, ReceiptState.READ, 2);
    isNew(ad, ReceiptState.READ, 1);
    assertThat(book.upTo(AB, BOB, ReceiptState.READ)).isEqualTo(2);
    assertThat(book.upTo(ac, BOB, ReceiptState.READ)).isZero();
  }
}
