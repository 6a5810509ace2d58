package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import java.util.HashMap;
import java.util.Map;

/**
 * Where looks have found one session's device behind: acted upon when the acks that were under way
 * have had time. Costs nothing while there are none.
 */
final class Suspects {
  private final int max;
  private final int graceMs;
  private Map<ConversationId, Suspect> found = Map.of();
  private long dueMs = Outstanding.NEVER;

  /**
   * What a look found; {@code cursor} rises with the acks that come meanwhile, and then nothing is
   * left out any more.
   */
  private record Suspect(long cursor, long tail, long older) {
    Suspect risen(long seq) {
      return seq > cursor ? new Suspect(seq, tail, 0) : this;
    }

    Suspect and(Suspect later) {
      Suspect higher = later.cursor >= cursor ? later : this;
      return new Suspect(higher.cursor, Math.max(tail, later.tail), higher.older);
    }
  }

  /** Takes what is due. */
  interface Taker {
    void take(ConversationId conversation, long cursor, long tail, long older);
  }

  /**
   * @param max conversations
   */
  Suspects(int max, int graceMs) {
    this.max = max;
    this.graceMs = graceMs;
  }

  /**
   * @param ackedSeq what the device is known to have acked, stored or not
   * @return false: there is no room for it
   */
  boolean add(DeviceBehind behind, long ackedSeq, long nowMs) {
    if (found.size() >= max && !found.containsKey(behind.conversation())) {
      return false;
    }
    if (found.isEmpty()) {
      found = new HashMap<>();
    }
    Suspect suspect = new Suspect(behind.cursor(), behind.tail(), behind.older()).risen(ackedSeq);
    found.merge(behind.conversation(), suspect, Suspect::and);
    dueMs = Math.min(dueMs, nowMs + graceMs);
    return true;
  }

  void acked(ConversationId conversation, long seq) {
    if (!found.isEmpty()) {
      found.computeIfPresent(conversation, (c, s) -> seq >= s.tail ? null : s.risen(seq));
    }
  }

  long dueMs() {
    return dueMs;
  }

  /** Hands all of them over, and forgets them. */
  void take(Taker taker) {
    Map<ConversationId, Suspect> taken = found;
    found = Map.of();
    dueMs = Outstanding.NEVER;
    taken.forEach((conversation, s) -> taker.take(conversation, s.cursor, s.tail, s.older));
  }
}
