package io.quipu.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.MemberReceipt;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.List;
import java.util.Optional;
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
  void aPageTellsWhatIsNewOfTheOthers() {
    UserId alice = new UserId("alice");
    isNew(AB, ReceiptState.DELIVERED, 5);
    Frame.ReceiptsPage page =
        new Frame.ReceiptsPage(
            1, AB, List.of(new MemberReceipt(alice, 9, 9, 9), new MemberReceipt(BOB, 5, 2, 4)), "");

    assertThat(book.take(page, Optional.of(alice)))
        .containsExactly(new ClientEvent.Receipt(AB, BOB, ReceiptState.READ, 4));
    assertThat(book.take(page, Optional.of(alice))).isEmpty();
    assertThat(book.upTo(AB, BOB, ReceiptState.DELIVERED)).isEqualTo(5);
    assertThat(book.upTo(AB, alice, ReceiptState.READ)).isZero();
  }

  @Test
  void ofABigGroupNotEverybodyIsRemembered() {
    for (int i = 0; i < 200; i++) {
      UserId user = new UserId("user" + i);
      var receipt = new ClientEvent.Receipt(AB, user, ReceiptState.READ, 1);
      assertThat(book.take(receipt)).contains(receipt);
    }
    assertThat(book.upTo(AB, new UserId("user99"), ReceiptState.READ)).isEqualTo(1);
    assertThat(book.upTo(AB, new UserId("user100"), ReceiptState.READ)).isZero();
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
