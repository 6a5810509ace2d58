package io.quipu.model;

/**
 * How many users have reacted to a message with this key.
 *
 * @param seq of the message
 * @param own the reader is one of them
 */
public record ReactionCount(long seq, String key, int count, boolean own) {}
