package io.quipu.tools.demo;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.UUID;

/** A message as a sender's ack or a device's handler knows it. */
record Seen(ConversationId conversation, long seq, UserId sender, UUID id, String text) {}
