package io.quipu.client;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Message;
import io.quipu.model.UserId;

/**
 * A message at its turn: the application gets each conversation's messages in the order of their
 * seqs, its own among them.
 *
 * @param own sent by this user, from this device or another one
 */
public record ReceivedMessage(ConversationId conversation, Message message, boolean own) {
  /** Its place in the conversation. */
  public long seq() {
    return message.seq();
  }

  /** Who sent it. */
  public UserId sender() {
    return message.sender();
  }

  /** What it holds: text, bytes, a change, or nothing any more. */
  public Content content() {
    return message.content();
  }

  /** The text, or an empty string if the content is something else. */
  public String text() {
    return message.content() instanceof Content.Text text ? text.text() : "";
  }
}
