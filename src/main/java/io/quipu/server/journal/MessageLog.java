package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * ④ as readers see it. Every read is bounded by the reader's membership intervals in the same
 * statement as the rows. Failures of the store are {@code QuipuException(STORE_DOWN)}.
 */
public interface MessageLog {
  /**
   * Reads several ranges for one reader in one statement. Each answer starts at its request's
   * fromSeq and ends at its toSeq, or earlier where a limit bites (never at nothing: one message
   * always fits). What he may not see is a gap; of a message that was edited or taken back by an
   * entry that he may not see, the new content is not shown: it reads as erased. Unknown and
   * foreign conversations are absent from the answer. Nothing beyond the last seq that he may see
   * is in an answer.
   */
  Future<List<MessageRange>> read(
      UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes);

  /** Both ends included. */
  record RangeRequest(ConversationId conversation, long fromSeq, long toSeq) {}

  /**
   * The newest messages below {@code beforeSeq} (0 = below the end), or, if {@code afterSeq} is not
   * 0, the oldest above it. CONVERSATION_UNKNOWN if the reader was never a member.
   */
  Future<HistorySlice> history(
      UserId reader,
      ConversationId conversation,
      long beforeSeq,
      long afterSeq,
      int maxMessages,
      int maxBytes);

  /**
   * @param more there is more in that direction
   */
  record HistorySlice(MessageRange range, boolean more) {}

  /**
   * The conversations of a user that hold something beyond the device's cursor; the cursor is the
   * higher one of what is stored and of {@code claimed}, or exactly 0 where 0 is claimed, or the
   * tail where the claim is beyond it.
   *
   * @param onlyClaimed only the conversations of {@code claimed}, which then count as they are,
   *     even if they are below the stored ones
   */
  Future<List<Behind>> behind(
      UserId user, long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part);

  /**
   * A part of what is behind. An answer of fewer than {@code most} holds the last of them.
   *
   * @param most conversations, at least 1
   * @param above empty: those with a claim beyond the tail, then the most recently active ones, the
   *     latest first; else all whose ids stand behind this one, in the order of their bytes. That
   *     order does not change while somebody writes: who goes on from the last one of each answer
   *     passes over none
   */
  record Part(int most, Optional<String> above) {
    public static Part mostRecent(int most) {
      return new Part(most, Optional.empty());
    }

    /** Every one of them, beginning with the lowest id. */
    public static Part all(int most) {
      return new Part(most, Optional.of(""));
    }

    public Part goOnAbove(ConversationId last) {
      return new Part(most, Optional.of(last.value()));
    }
  }

  /**
   * @param cursor where reading starts: the seq before the first one to send
   * @param storedCursor what the store holds for this device; 0 = nothing
   * @param tail the last committed seq that the user may see
   * @param rolledBack the claimed cursor is beyond the conversation's tail
   * @param older the user has joined and sees what was written before, up to here: nothing to be
   *     pushed at him, but to be read when he asks for it; 0 = nothing is like that, or the device
   *     is in the midst of it, or wants everything from 0
   */
  record Behind(
      ConversationId conversation,
      long cursor,
      long storedCursor,
      long tail,
      boolean rolledBack,
      long older) {
    /** With nothing older. */
    public Behind(
        ConversationId conversation,
        long cursor,
        long storedCursor,
        long tail,
        boolean rolledBack) {
      this(conversation, cursor, storedCursor, tail, rolledBack, 0);
    }
  }

  /**
   * The periodic look: conversations with rows of transactions at or after {@code mark}, and for
   * each of these users' devices that is behind there, its stored cursor. The next mark is the
   * snapshot horizon of this look: the transaction id below which all have ended.
   *
   * @param mark 0 for the first look: only the next mark is read
   */
  Future<RecentCommits> recentCommits(long mark, Collection<Long> deviceKeys);

  /** The answer of a look. */
  record RecentCommits(long nextMark, List<DeviceBehind> behind) {}

  /**
   * @param tail the last committed seq that this device's user may see
   * @param older as in {@link Behind}
   */
  record DeviceBehind(
      long deviceKey, ConversationId conversation, long cursor, long tail, long older) {
    /** With nothing older. */
    public DeviceBehind(long deviceKey, ConversationId conversation, long cursor, long tail) {
      this(deviceKey, conversation, cursor, tail, 0);
    }
  }
}
