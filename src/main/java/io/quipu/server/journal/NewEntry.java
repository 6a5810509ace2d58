package io.quipu.server.journal;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.util.List;
import java.util.Optional;

/**
 * One row to be written. What its content says of the conversation or of a message (title,
 * settings, edit, recall, reaction, who has blocked) goes into the side tables in the same
 * transaction.
 *
 * @param members what this entry does to the memberships, in the same transaction; empty for a
 *     message
 */
public record NewEntry(long seq, EntryId id, Content content, List<MemberChange> members) {

  /** A step of a membership, fenced by the entry that makes it. */
  public sealed interface MemberChange {
    UserId user();

    /**
     * Sees the conversation from this entry on.
     *
     * @param history what he sees of before, beside what he saw as a member then
     */
    record Joined(UserId user, Role role, List<Span> history) implements MemberChange {
      public Joined {
        history = List.copyOf(history);
      }

      public Joined(UserId user, Role role) {
        this(user, role, List.of());
      }
    }

    /** This entry is the last one that he sees. */
    record Left(UserId user) implements MemberChange {}

    /** Goes on as a member, with this role. */
    record Given(UserId user, Role role) implements MemberChange {}

    /** The entry before this one is the last one that he sees. */
    record Blocked(UserId user) implements MemberChange {}

    /** Sees the conversation again from the entry after this one on. */
    record Unblocked(UserId user) implements MemberChange {}

    /** Is no member, and sees this entry all the same: it is his own. */
    record Noted(UserId user) implements MemberChange {}

    /**
     * Left, if he was a member.
     *
     * @param renamed the name of the direct conversation without his own; empty for a group
     */
    record Erased(UserId user, Optional<ConversationId> renamed) implements MemberChange {}
  }

  /** Both ends included. */
  public record Span(long fromSeq, long toSeq) {}
}
