package io.quipu.client;

import io.quipu.model.ConversationId;
import java.util.UUID;

/**
 * A send that the server has committed.
 *
 * @param seq its place in the conversation
 * @param storedAtMs Unix time; for people, never for order
 * @param duplicate an earlier copy of the same id had been stored; this is its place
 */
public record Stored(
    UUID clientMessageId,
    ConversationId conversation,
    long seq,
    long storedAtMs,
    boolean duplicate) {}
