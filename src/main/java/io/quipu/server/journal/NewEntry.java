package io.quipu.server.journal;

import io.quipu.model.Content;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.util.List;

/**
 * One row to be written.
 *
 * @param members what this entry does to the side tables, in the same transaction; empty for a
 *     message
 */
public record NewEntry(long seq, EntryId id, Content content, List<MemberChange> members) {

  /** A step of a membership, fenced by the entry that makes it. */
  public sealed interface MemberChange {
    UserId user();

    /** Sees the conversation from this entry on. */
    record Joined(UserId user, Role role) implements MemberChange {}

    /** This entry is the last one that he sees. */
    record Left(UserId user) implements MemberChange {}
  }
}
