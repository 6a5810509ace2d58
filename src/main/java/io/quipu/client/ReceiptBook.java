package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How far this user's messages have come, by what receipts said. Watermarks only rise, and each
 * state includes the ones before it. Pure. The least recently touched conversations are forgotten
 * beyond a bound: receipts are hints.
 */
final class ReceiptBook {
  private final Map<ConversationId, Map<UserId, Map<ReceiptState, Long>>> marks;

  ReceiptBook(int maxConversations) {
    this.marks =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(
              Map.Entry<ConversationId, Map<UserId, Map<ReceiptState, Long>>> eldest) {
            return size() > maxConversations;
          }
        };
  }

  /** Returns what is new in it, if anything is. */
  Optional<ClientEvent.Receipt> take(ClientEvent.Receipt receipt) {
    Map<ReceiptState, Long> ofUser =
        marks
            .computeIfAbsent(receipt.conversation(), conversation -> new LinkedHashMap<>())
            .computeIfAbsent(receipt.user(), user -> new EnumMap<>(ReceiptState.class));
    for (Map.Entry<ReceiptState, Long> known : ofUser.entrySet()) {
      boolean includes = known.getKey().compareTo(receipt.state()) >= 0;
      if (includes && known.getValue() >= receipt.seq()) {
        return Optional.empty();
      }
    }
    ofUser.put(receipt.state(), receipt.seq());
    return Optional.of(receipt);
  }

  /** The highest seq that has come so far with this user; 0 = none is known. */
  long upTo(ConversationId conversation, UserId user, ReceiptState state) {
    long highest = 0;
    Map<ReceiptState, Long> ofUser =
        marks.getOrDefault(conversation, Map.of()).getOrDefault(user, Map.of());
    for (Map.Entry<ReceiptState, Long> known : ofUser.entrySet()) {
      if (known.getKey().compareTo(state) >= 0) {
        highest = Math.max(highest, known.getValue());
      }
    }
    return highest;
  }
}
