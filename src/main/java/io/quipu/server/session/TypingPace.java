package io.quipu.server.session;

import io.quipu.model.ConversationId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Of what a session says about its user's writing: one a second for each conversation. Pure. */
final class TypingPace {
  private static final int PAUSE_MS = 1_000;

  /** In how many conversations at once somebody can be believed to write. */
  private static final int CONVERSATIONS = 16;

  /** Whispered within the last second, oldest first. */
  private final Map<ConversationId, Long> recent = new LinkedHashMap<>(4);

  boolean mayWhisper(ConversationId conversation, long nowMs) {
    Iterator<Long> times = recent.values().iterator();
    while (times.hasNext() && nowMs - times.next() >= PAUSE_MS) {
      times.remove();
    }
    if (recent.size() >= CONVERSATIONS || recent.containsKey(conversation)) {
      return false;
    }
    recent.put(conversation, nowMs);
    return true;
  }
}
