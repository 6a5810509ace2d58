package io.quipu.server.session;

import io.quipu.model.ConversationId;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The sends of one session that were refused for now: per conversation, in the order in which they
 * must come again. All of them, not the oldest alone: the client may not have read of the second
 * refusal yet when it sends the first one again and something new behind it. Pure.
 */
final class Unresolved {
  private final int maxConversations;
  private final int maxIds;
  private final Map<ConversationId, LinkedHashSet<UUID>> waiting = new HashMap<>();
  private int ids;
  private boolean overrun;

  Unresolved(int maxConversations, int maxIds) {
    this.maxConversations = maxConversations;
    this.maxIds = maxIds;
  }

  /** The only one that may come now; empty if any may. */
  Optional<UUID> next(ConversationId conversation) {
    LinkedHashSet<UUID> known = waiting.get(conversation);
    return known == null ? Optional.empty() : Optional.of(known.iterator().next());
  }

  /** These had been sent on, so they stand before all that were refused meanwhile. */
  void addFirst(ConversationId conversation, List<UUID> sentOn) {
    LinkedHashSet<UUID> all = new LinkedHashSet<>(sentOn);
    Collection<UUID> known = waiting.getOrDefault(conversation, new LinkedHashSet<>());
    int before = known.size();
    all.addAll(known);
    waiting.put(conversation, all);
    ids += all.size() - before;
  }

  /**
   * This one was refused at once. Beyond the limit it cannot be remembered, and then nothing that
   * comes behind it may be taken: so many refusals a client in order has read before it sends more,
   * another one begins anew.
   */
  void addLast(ConversationId conversation, UUID refused) {
    LinkedHashSet<UUID> known = waiting.get(conversation);
    if (known == null) {
      addFirst(conversation, List.of(refused));
    } else if (!known.contains(refused)) {
      overrun |= ids >= maxIds;
      if (!overrun) {
        known.add(refused);
        ids++;
      }
    }
  }

  /** It has come again, or its fate is known for good. */
  void settled(ConversationId conversation, UUID id) {
    LinkedHashSet<UUID> known = waiting.get(conversation);
    if (known != null && known.remove(id)) {
      ids--;
      if (known.isEmpty()) {
        waiting.remove(conversation);
      }
    }
  }

  /** More than a client has who sends again what was refused. */
  boolean tooMany() {
    return overrun || waiting.size() > maxConversations || ids > 2 * maxIds;
  }
}
