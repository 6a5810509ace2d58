package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.UUID;

/** Where a send goes. */
public sealed interface To {
  /** The name of the conversation, as soon as it is known who sends. */
  ConversationId conversation(UserId sender, UUID clientMessageId);

  /** A conversation by its name. */
  record Conversation(ConversationId id) implements To {
    @Override
    public ConversationId conversation(UserId sender, UUID clientMessageId) {
      return id;
    }
  }

  /** The direct conversation with this user; the first message makes it. */
  record User(UserId user) implements To {
    @Override
    public ConversationId conversation(UserId sender, UUID clientMessageId) {
      return ConversationId.direct(sender, user);
    }
  }

  /** The group that this send makes. */
  record NewGroup() implements To {
    @Override
    public ConversationId conversation(UserId sender, UUID clientMessageId) {
      return ConversationId.group(sender, clientMessageId);
    }
  }
}
