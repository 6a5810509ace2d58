package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.MemberReceipt;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How far this user's messages have come, by what receipts said. Watermarks only rise, and each
 * state includes the ones before it. Pure. The least recently touched conversations are forgotten
 * beyond a bound: receipts are hints.
 */
final class ReceiptBook {
  /** Of one conversation: pages of a big group are read by who shows them, and not kept here. */
  private static final int MAX_USERS = 100;

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
    Map<UserId, Map<ReceiptState, Long>> ofConversation =
        marks.computeIfAbsent(receipt.conversation(), conversation -> new LinkedHashMap<>());
    if (ofConversation.size() >= MAX_USERS && !ofConversation.containsKey(receipt.user())) {
      return Optional.of(receipt);
    }
    Map<ReceiptState, Long> ofUser =
        ofConversation.computeIfAbsent(receipt.user(), user -> new EnumMap<>(ReceiptState.class));
    for (Map.Entry<ReceiptState, Long> known : ofUser.entrySet()) {
      boolean includes = known.getKey().compareTo(receipt.state()) >= 0;
      if (includes && known.getValue() >= receipt.seq()) {
        return Optional.empty();
      }
    }
    ofUser.put(receipt.state(), receipt.seq());
    return Optional.of(receipt);
  }

  /** The same for the others of a page that was asked for; what is known to be further stays. */
  List<ClientEvent.Receipt> take(Frame.ReceiptsPage page, Optional<UserId> self) {
    List<ClientEvent.Receipt> news = new ArrayList<>();
    for (MemberReceipt entry : page.entries()) {
      if (self.equals(Optional.of(entry.user()))) {
        continue;
      }
      take(page.conversation(), entry.user(), ReceiptState.READ, entry.readSeq())
          .ifPresent(news::add);
      take(page.conversation(), entry.user(), ReceiptState.DELIVERED, entry.deliveredFirstSeq())
          .ifPresent(news::add);
    }
    return news;
  }

  private Optional<ClientEvent.Receipt> take(
      ConversationId conversation, UserId user, ReceiptState state, long seq) {
    return seq == 0
        ? Optional.empty()
        : take(new ClientEvent.Receipt(conversation, user, state, seq));
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
