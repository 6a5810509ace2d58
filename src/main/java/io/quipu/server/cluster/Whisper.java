package io.quipu.server.cluster;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;

/**
 * A user is writing: for the other members who are connected, by way of the owner, who knows them.
 * A hint: nobody waits for it, nobody sends it again.
 *
 * @param origin the session that is not told
 */
public record Whisper(SessionAddress origin, ConversationId conversation, UserId user)
    implements BusMessage {}
