package io.quipu.model;

import java.util.List;

/**
 * A stretch of one conversation as one reader may see it: every seq from {@code fromSeq} to {@code
 * toSeq} stands either in {@code messages} or in {@code gaps}. Both in rising order. Empty when
 * {@code toSeq} is {@code fromSeq - 1}.
 */
public record MessageRange(
    ConversationId conversation, long fromSeq, long toSeq, List<Message> messages, List<Gap> gaps) {
  public MessageRange {
    if (fromSeq < 1 || toSeq < fromSeq - 1) {
      throw new IllegalArgumentException("range " + fromSeq + " to " + toSeq);
    }
    messages = List.copyOf(messages);
    gaps = List.copyOf(gaps);
  }
}
