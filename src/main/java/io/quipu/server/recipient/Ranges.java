package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Cutting and joining of ranges. */
final class Ranges {
  private Ranges() {}

  /** The answer for a conversation, unless there is none or it holds no seq. */
  static Optional<MessageRange> find(List<MessageRange> answers, ConversationId conversation) {
    for (MessageRange answer : answers) {
      if (answer.conversation().equals(conversation)) {
        return answer.toSeq() < answer.fromSeq() ? Optional.empty() : Optional.of(answer);
      }
    }
    return Optional.empty();
  }

  /** True if somebody else than this user sent some of it. */
  static boolean hasForeign(MessageRange range, UserId user) {
    List<Message> messages = range.messages();
    for (int i = 0; i < messages.size(); i++) {
      if (!messages.get(i).sender().equals(user)) {
        return true;
      }
    }
    return false;
  }

  /** The same range from {@code fromSeq} on, with a gap for what a new device is not sent. */
  static MessageRange withOlder(MessageRange range, long fromSeq, long readFromSeq) {
    if (fromSeq >= readFromSeq) {
      return range;
    }
    List<Gap> gaps = new ArrayList<>(range.gaps().size() + 1);
    gaps.add(new Gap(fromSeq, readFromSeq - 1, Gap.Reason.OLDER));
    gaps.addAll(range.gaps());
    return new MessageRange(range.conversation(), fromSeq, range.toSeq(), range.messages(), gaps);
  }

  /**
   * The maximal runs without these seqs.
   *
   * @param range without gaps
   * @param leftOut rising
   */
  static List<MessageRange> without(MessageRange range, List<Long> leftOut) {
    List<MessageRange> runs = new ArrayList<>(leftOut.size() + 1);
    long from = range.fromSeq();
    for (long seq : leftOut) {
      if (seq > from) {
        runs.add(part(range, from, seq - 1));
      }
      from = seq + 1;
    }
    if (from <= range.toSeq()) {
      runs.add(part(range, from, range.toSeq()));
    }
    return runs;
  }

  private static MessageRange part(MessageRange range, long fromSeq, long toSeq) {
    List<Message> messages =
        range
            .messages()
            .subList((int) (fromSeq - range.fromSeq()), (int) (toSeq - range.fromSeq() + 1));
    return new MessageRange(range.conversation(), fromSeq, toSeq, messages, List.of());
  }
}
