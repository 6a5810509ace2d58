package io.quipu.client;

import io.quipu.model.MessageRange;
import io.quipu.model.ReactionCount;
import io.quipu.protocol.Frame;
import java.util.List;

/**
 * A piece of a conversation's past.
 *
 * @param range in rising order of seq, whichever way was read
 * @param more there is more in that direction; around a seq, above
 * @param moreBefore around a seq, there is more below
 * @param reactions to the messages of the range, as they were when it was read
 */
public record HistorySlice(
    MessageRange range, boolean more, boolean moreBefore, List<ReactionCount> reactions) {
  /** Copies the list. */
  public HistorySlice {
    reactions = List.copyOf(reactions);
  }

  static HistorySlice of(Frame.HistoryPage page) {
    return new HistorySlice(page.range(), page.more(), page.moreBefore(), page.reactions());
  }
}
