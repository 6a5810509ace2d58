package io.quipu.server.journal;

import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.util.List;

/**
 * A conversation as it is committed, read in one snapshot.
 *
 * @param tail the last committed seq; 0 = none
 * @param members everybody who is a member or once was, one element per interval, oldest first
 * @param found those of the asked ids that have a row
 */
public record ConversationState(
    long conversationKey, long tail, List<Membership> members, List<StoredId> found) {

  /**
   * One interval of seqs that a user may see, both ends included.
   *
   * @param toSeq {@link #OPEN} while he is a member
   */
  public record Membership(long userKey, UserId user, Role role, long fromSeq, long toSeq) {
    public static final long OPEN = Long.MAX_VALUE;

    public boolean isOpen() {
      return toSeq == OPEN;
    }
  }

  /**
   * A row of the unique index.
   *
   * @param seq negative if the row is void: this id is not stored and never will be
   * @param digest {@link ContentDigest} of what was stored, also after its body was erased; empty
   *     for a void row
   */
  public record StoredId(EntryId id, long seq, long storedAtMs, ContentDigest digest) {
    public boolean isVoid() {
      return seq < 0;
    }
  }
}
