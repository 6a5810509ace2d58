package io.quipu.server.cluster;

import io.quipu.model.ConversationId;
import io.quipu.model.Message;
import io.quipu.model.UserId;
import java.util.List;

/**
 * Entries of one conversation that have just been committed, for users who may be connected to the
 * node that gets this.
 *
 * @param messages consecutive, at least one
 * @param origins the session that sent each of them, in the same order
 * @param audience users who may see all of them
 */
public record Announcement(
    ConversationId conversation,
    List<Message> messages,
    List<SessionAddress> origins,
    List<UserId> audience) {
  public Announcement {
    messages = List.copyOf(messages);
    origins = List.copyOf(origins);
    audience = List.copyOf(audience);
  }
}
