package io.quipu.model;

import java.util.UUID;

/**
 * A message at its place in a conversation.
 *
 * @param seq from 1, dense
 * @param clientMessageId the identity of its send, chosen by the sender's client
 * @param storedAtMs Unix time by PostgreSQL's clock; for people, never for order
 */
public record Message(
    long seq, UserId sender, UUID clientMessageId, long storedAtMs, Content content) {
  public Message {
    if (seq < 1) {
      throw new IllegalArgumentException("seq " + seq);
    }
  }
}
