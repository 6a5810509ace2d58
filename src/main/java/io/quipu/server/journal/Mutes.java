package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.vertx.core.Future;

/** Until when a user wants no notifications of a conversation. */
public interface Mutes {
  /**
   * CONVERSATION_UNKNOWN for who was never a member.
   *
   * @param untilMs Unix time; 0 = not muted
   */
  Future<Void> mute(UserId user, ConversationId conversation, long untilMs);
}
