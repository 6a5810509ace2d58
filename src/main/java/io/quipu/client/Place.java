package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Where one device stands in one conversation.
 *
 * <pre>
 *        cursor            received              seen
 * ---------|------------------|--------------------|----
 *  taken   | buffer, in order | missing, or held   | not heard of
 * </pre>
 */
final class Place {
  /** A message for the handler, or (without one) a stretch of seqs that the cursor moves over. */
  record Item(long fromSeq, long toSeq, Optional<Message> message) {
    static Item of(Message message) {
      return new Item(message.seq(), message.seq(), Optional.of(message));
    }

    static Item of(Gap gap) {
      return new Item(gap.fromSeq(), gap.toSeq(), Optional.empty());
    }

    static Item rewind(long seq) {
      return new Item(seq, seq, Optional.empty());
    }

    int sizeBytes() {
      return message.isPresent() ? 64 + PendingSend.contentBytes(message.get().content()) : 0;
    }
  }

  enum State {
    /** Nothing is going on. */
    IDLE,
    /** The handler has the head of the buffer. */
    HANDLING,
    /** The handler has succeeded; the cursor store has the head's seq. */
    KEEPING,
    /** One of the two has failed and will be tried again. */
    PAUSED,
    /** It has failed too often. */
    HALTED
  }

  static final long UNCONFIRMED = -1;

  final ConversationId conversation;

  /** False while neither the cursor store nor the server has said where this device stands. */
  boolean known;

  long cursor;
  long received;
  long seen;
  long confirmed = UNCONFIRMED;

  final ArrayDeque<Item> buffer = new ArrayDeque<>(4);
  long bufferedBytes;

  /** Own messages whose place is not next yet. */
  final TreeMap<Long, Message> held = new TreeMap<>();

  State state = State.IDLE;

  /** Of the present or last attempt to hand over or to keep. */
  long run;

  /** The handler is done with the head; only the cursor store is not. */
  boolean handled;

  /** What is in the handler now is of before a reset: its result does not count. */
  boolean outdated;

  int failures;
  long retryAtMs;

  /** Something did not fit the buffer; it is fetched again when the buffer is empty. */
  boolean overflowed;

  /** The server contradicted this cursor. */
  boolean doubtful;

  /** Synced is told when the cursor is here; 0 = it does not wait for this one. */
  long syncTarget;

  Place(ConversationId conversation) {
    this.conversation = conversation;
  }

  void knownAt(long seq) {
    known = true;
    cursor = seq;
    received = seq;
    seen = Math.max(seen, seq);
  }

  /** Something is missing that only a sync brings. */
  boolean behind() {
    return state != State.HALTED && (doubtful || (!overflowed && received < seen));
  }

  boolean drained() {
    return buffer.isEmpty() && received >= seen;
  }

  boolean busy() {
    return state == State.HANDLING || state == State.KEEPING;
  }

  void append(Item item) {
    buffer.addLast(item);
    bufferedBytes += item.sizeBytes();
    received = item.toSeq();
    seen = Math.max(seen, received);
  }

  /** Drops what is not taken yet; returns how many items that were. */
  int clear() {
    int dropped = buffer.size();
    buffer.clear();
    bufferedBytes = 0;
    held.clear();
    received = cursor;
    handled = false;
    failures = 0;
    overflowed = false;
    return dropped;
  }
}
