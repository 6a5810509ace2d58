package io.quipu.client;

import io.quipu.model.MessageRange;

/**
 * A piece of a conversation's past.
 *
 * @param range in rising order of seq, whichever way was read
 * @param more there is more in that direction
 */
public record HistorySlice(MessageRange range, boolean more) {}
