package io.quipu.it.cluster;

import io.quipu.client.Stored;
import io.quipu.model.ConversationId;
import java.util.HashMap;
import java.util.Map;

/** What can be seen of one conversation from outside: when acks come, and how far everybody is. */
final class Talk {
  private final ConversationId conversation;
  private final Map<String, Long> taken = new HashMap<>();
  private long tail;
  private long acks;
  private long lastAckNanos = System.nanoTime();
  private long longestGapNanos;

  /**
   * @param stored the entry that made it
   */
  Talk(Stored stored, Iterable<String> members) {
    this.conversation = stored.conversation();
    this.tail = stored.seq();
    members.forEach(member -> taken.put(member, 0L));
  }

  ConversationId conversation() {
    return conversation;
  }

  synchronized void acked(long seq) {
    long now = System.nanoTime();
    longestGapNanos = Math.max(longestGapNanos, now - lastAckNanos);
    lastAckNanos = now;
    acks++;
    tail = Math.max(tail, seq);
  }

  synchronized void taken(String member, long seq) {
    taken.merge(member, seq, Math::max);
  }

  synchronized long tail() {
    return tail;
  }

  synchronized long acks() {
    return acks;
  }

  synchronized boolean allHave(long seq) {
    return taken.values().stream().allMatch(each -> each >= seq);
  }

  /** From now on. */
  synchronized void measure() {
    longestGapNanos = 0;
    lastAckNanos = System.nanoTime();
  }

  /** The longest time without an ack since {@link #measure}. */
  synchronized long longestGapMs() {
    return Math.max(longestGapNanos, System.nanoTime() - lastAckNanos) / 1_000_000;
  }
}
