package io.quipu.server.adapter.postgres;

import io.quipu.model.ConversationId;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes a dense stretch out of the messages that a reader may see: what he may not see becomes
 * gaps.
 *
 * @param intervals of his membership, in order, without overlap; those that have an end beyond the
 *     tail end there
 */
record VisibleLog(ConversationId conversation, List<Interval> intervals) {
  /** Both ends included. */
  record Interval(long fromSeq, long toSeq) {}

  VisibleLog {
    intervals = List.copyOf(intervals);
  }

  /** The last seq that he may see; 0 = none yet. */
  long lastSeq() {
    long last = 0;
    for (Interval interval : intervals) {
      if (interval.toSeq() >= interval.fromSeq()) {
        last = interval.toSeq();
      }
    }
    return last;
  }

  /**
   * From {@code fromSeq} to {@code toSeq}, at most to his last seq.
   *
   * @param messages every one that he may see of that stretch, in order
   */
  MessageRange stretch(long fromSeq, long toSeq, List<Message> messages) {
    long end = Math.max(fromSeq - 1, Math.min(toSeq, lastSeq()));
    List<Gap> gaps = new ArrayList<>();
    long next = fromSeq;
    int seen = 0;
    for (Interval interval : intervals) {
      long from = Math.max(interval.fromSeq(), fromSeq);
      long to = Math.min(interval.toSeq(), end);
      if (to < from) {
        continue;
      }
      if (from > next) {
        gaps.add(new Gap(next, from - 1, Gap.Reason.NOT_VISIBLE));
      }
      for (long seq = from; seq <= to; seq++, seen++) {
        if (seen >= messages.size() || messages.get(seen).seq() != seq) {
          throw new IllegalStateException(conversation + " has no message at seq " + seq);
        }
      }
      next = to + 1;
    }
    if (next <= end) {
      gaps.add(new Gap(next, end, Gap.Reason.NOT_VISIBLE));
    }
    return new MessageRange(conversation, fromSeq, end, messages, gaps);
  }
}
