package io.quipu.model;

import java.util.UUID;

/**
 * A message at its place in a conversation.
 *
 * @param seq from 1, dense
 * @param clientMessageId the identity of its send, chosen by the sender's client
 * @param storedAtMs Unix time by PostgreSQL's clock; for people, never for order
 * @param amendedBySeq the latest edit or recall, whose outcome the content is; 0 = as it was sent
 */
public record Message(
    long seq,
    UserId sender,
    UUID clientMessageId,
    long storedAtMs,
    Content content,
    long amendedBySeq) {
  public Message {
    if (seq < 1 || amendedBySeq != 0 && amendedBySeq <= seq) {
      throw new IllegalArgumentException("seq " + seq + ", amended by " + amendedBySeq);
    }
  }

  /** As it was sent. */
  public Message(long seq, UserId sender, UUID clientMessageId, long storedAtMs, Content content) {
    this(seq, sender, clientMessageId, storedAtMs, content, 0);
  }
}
