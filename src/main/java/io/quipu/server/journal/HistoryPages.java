package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.QuipuException;
import io.quipu.model.ReactionCount;
import io.quipu.model.UserId;
import io.quipu.server.journal.MessageLog.HistorySlice;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;

/**
 * Pages of history with the reactions to their messages, the same for frames and for HTTP. A page
 * with more reactions than fit into a frame beside it has fewer messages.
 */
public final class HistoryPages {
  /** Of one page: 80 bytes each as JSON, so that with a full page of bodies they fit a frame. */
  private static final int MAX_COUNTS = 128;

  private final MessageLog messages;
  private final Lists lists;
  private final int pageMessages;
  private final int pageBytes;

  /**
   * @param pageMessages most messages of one page
   * @param pageBytes most bytes of their contents
   */
  public HistoryPages(MessageLog messages, Lists lists, int pageMessages, int pageBytes) {
    this.messages = messages;
    this.lists = lists;
    this.pageMessages = pageMessages;
    this.pageBytes = pageBytes;
  }

  /**
   * What of a conversation is asked for: the newest messages below {@code beforeSeq} (0 = below the
   * end); or, if {@code afterSeq} is not 0, the oldest above it; or, if {@code aroundSeq} is not 0,
   * this one with as many on both sides.
   *
   * @param limit messages; 0 = as many as a page holds
   */
  public record Question(
      ConversationId conversation, long beforeSeq, long afterSeq, long aroundSeq, int limit) {
    /**
     * @throws QuipuException INVALID_REQUEST
     */
    public Question {
      if (beforeSeq < 0 || afterSeq < 0 || aroundSeq < 0 || limit < 0) {
        throw new QuipuException(ErrorCode.INVALID_REQUEST, "a seq or limit below 0");
      }
    }
  }

  /**
   * @param more there is more in the direction that was asked for; around a seq, above
   * @param moreBefore around a seq, there is more below
   */
  public record Page(
      MessageRange range, boolean more, boolean moreBefore, List<ReactionCount> reactions) {
    public Page {
      reactions = List.copyOf(reactions);
    }
  }

  /** CONVERSATION_UNKNOWN if the reader was never a member. */
  public Future<Page> read(UserId reader, Question question) {
    int most = question.limit() == 0 ? pageMessages : Math.min(question.limit(), pageMessages);
    return read(reader, question, most);
  }

  private Future<Page> read(UserId reader, Question question, int most) {
    return slice(reader, question, most).compose(page -> withReactions(reader, question, page));
  }

  private Future<Page> withReactions(UserId reader, Question question, Page page) {
    List<Message> read = page.range().messages();
    if (read.isEmpty()) {
      return Future.succeededFuture(page);
    }
    return lists
        .reactionCounts(
            reader, question.conversation(), read.get(0).seq(), read.get(read.size() - 1).seq())
        .compose(
            counts ->
                counts.size() > MAX_COUNTS && read.size() > 1
                    ? read(reader, question, read.size() / 2)
                    : Future.succeededFuture(
                        new Page(page.range(), page.more(), page.moreBefore(), counts)));
  }

  private Future<Page> slice(UserId reader, Question question, int most) {
    if (question.aroundSeq() != 0) {
      return around(reader, question.conversation(), question.aroundSeq(), most);
    }
    return messages
        .history(
            reader,
            question.conversation(),
            question.beforeSeq(),
            question.afterSeq(),
            most,
            pageBytes)
        .map(slice -> new Page(slice.range(), slice.more(), false, List.of()));
  }

  /** Two reads that meet below {@code seq}, or above it where it is the first. */
  private Future<Page> around(UserId reader, ConversationId conversation, long seq, int most) {
    long meeting = Math.max(2, seq);
    int above = seq == 1 ? most - 1 : most - most / 2;
    return messages
        .history(reader, conversation, 0, meeting - 1, Math.max(1, above), pageBytes / 2)
        .compose(
            upper -> {
              boolean unasked = above == 0 && !upper.range().messages().isEmpty();
              int below = most - (unasked ? 0 : upper.range().messages().size());
              return messages
                  .history(reader, conversation, meeting, 0, Math.max(1, below), pageBytes / 2)
                  .map(lower -> joined(lower, upper, below == 0, unasked));
            });
  }

  /** Without what one side gave only to tell that there is something. */
  private static Page joined(
      HistorySlice lower, HistorySlice upper, boolean withoutLower, boolean withoutUpper) {
    MessageRange below = lower.range();
    MessageRange above = upper.range();
    boolean isAbove = above.toSeq() >= above.fromSeq();
    if (withoutUpper || !isAbove) {
      return new Page(below, isAbove, lower.more(), List.of());
    }
    if (withoutLower) {
      return new Page(above, upper.more(), !below.messages().isEmpty(), List.of());
    }
    List<Message> messages = new ArrayList<>(below.messages());
    messages.addAll(above.messages());
    List<Gap> gaps = new ArrayList<>(below.gaps());
    gaps.addAll(above.gaps());
    return new Page(
        new MessageRange(below.conversation(), below.fromSeq(), above.toSeq(), messages, gaps),
        upper.more(),
        lower.more(),
        List.of());
  }
}
