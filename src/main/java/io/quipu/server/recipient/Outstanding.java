package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import java.util.Arrays;

/**
 * One conversation of a session with something outstanding: {@code acked <= pushed <= seen}. Owned
 * by its {@link DeliveryWindow}, and gone from there when {@code acked} reaches {@code seen}.
 */
final class Outstanding {
  static final long NEVER = Long.MAX_VALUE;

  final ConversationId conversation;

  /** Up to here the device has everything, or (not {@code certain}) is believed to. */
  long acked;

  /** The device has said so on this session, by an ack or a sync, or the store holds it. */
  boolean certain;

  /** Up to here it was sent, or its SendAcks were, on this session. */
  long pushed;

  /** Up to here there are committed entries. */
  long seen;

  /** A new device, or a new member, is not sent what is not above this: a gap stands for it. */
  long older;

  /** The highest pushed seq of another user. */
  long lastForeign;

  /** What an ack timer asked to be sent again, both ends included; 0 = nothing. */
  long repeatFrom;

  long repeatTo;

  long deadlineMs = NEVER;
  int tries;

  /** The session's progress when the timer was last set. */
  long progressThen;

  boolean queued;
  boolean dropped;

  /** A direct read did not fit: the next one waits for so many bytes. */
  long wantedBytes;

  /** Un-acked pushes, oldest first: the last seq of each, and its messages and bytes. */
  private long[] chunks = new long[4];

  private int head;
  private int count;

  Outstanding(ConversationId conversation, long acked, boolean certain) {
    this.conversation = conversation;
    this.acked = acked;
    this.certain = certain;
    this.pushed = acked;
    this.seen = acked;
  }

  boolean behind() {
    return seen > pushed;
  }

  /** Places that are not pushed yet, what a gap stands for left out. */
  long unpushed() {
    return seen - Math.max(pushed, older);
  }

  boolean settled() {
    return acked >= seen;
  }

  void addChunk(long toSeq, int messages, int bytes) {
    if (head + count == chunks.length / 2) {
      if (head > 0) {
        System.arraycopy(chunks, head * 2, chunks, 0, count * 2);
        head = 0;
      } else {
        chunks = Arrays.copyOf(chunks, chunks.length * 2);
      }
    }
    int at = (head + count) * 2;
    chunks[at] = toSeq;
    chunks[at + 1] = (long) messages << 32 | bytes;
    count++;
  }

  /** Removes the oldest chunk if all of it is at or below {@code seq}: its size, or -1. */
  long pollChunk(long seq) {
    if (count == 0 || chunks[head * 2] > seq) {
      return -1;
    }
    long size = chunks[head * 2 + 1];
    head++;
    count--;
    if (count == 0) {
      head = 0;
    }
    return size;
  }

  int messages() {
    int sum = 0;
    for (int i = head; i < head + count; i++) {
      sum += messagesOf(chunks[i * 2 + 1]);
    }
    return sum;
  }

  long bytes() {
    long sum = 0;
    for (int i = head; i < head + count; i++) {
      sum += bytesOf(chunks[i * 2 + 1]);
    }
    return sum;
  }

  static int messagesOf(long size) {
    return (int) (size >>> 32);
  }

  static int bytesOf(long size) {
    return (int) size;
  }
}
