package io.quipu.server.fanout;

import io.quipu.model.ConversationId;
import io.quipu.model.Message;
import io.quipu.model.UserId;
import io.quipu.server.cluster.SessionAddress;
import java.util.List;

/**
 * One batch of a conversation, after its commit.
 *
 * @param messages consecutive
 * @param origins the session that sent each of them, in the same order
 * @param audience everybody who may see all of them
 */
public record Committed(
    ConversationId conversation,
    List<Message> messages,
    List<SessionAddress> origins,
    List<UserId> audience) {
  public Committed {
    messages = List.copyOf(messages);
    origins = List.copyOf(origins);
    audience = List.copyOf(audience);
  }
}
