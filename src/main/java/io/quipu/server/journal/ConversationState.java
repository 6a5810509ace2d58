package io.quipu.server.journal;

import io.quipu.model.GroupSettings;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A conversation as it is committed, read in one snapshot.
 *
 * @param tail the last committed seq; 0 = none
 * @param settings both are set
 * @param members everybody who is a member or once was, one element per interval, oldest first
 * @param blockers of a direct conversation: who has blocked the other one
 * @param found those of the asked ids that have a row
 * @param targets those of the asked seqs that have a row
 */
public record ConversationState(
    long conversationKey,
    long tail,
    GroupSettings settings,
    List<Membership> members,
    Set<UserId> blockers,
    List<StoredId> found,
    Map<Aim, Target> targets) {
  public ConversationState {
    members = List.copyOf(members);
    blockers = Set.copyOf(blockers);
    found = List.copyOf(found);
    targets = Map.copyOf(targets);
  }

  /** Of which nothing else was asked, and where nobody has blocked anybody. */
  public ConversationState(
      long conversationKey, long tail, List<Membership> members, List<StoredId> found) {
    this(conversationKey, tail, GroupSettings.DEFAULT, members, Set.of(), found, Map.of());
  }

  /**
   * One interval of seqs that a user may see, both ends included; empty if toSeq is fromSeq - 1.
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
   * @param digest {@link ContentDigest} of what was stored, also after its body was erased, edited
   *     or taken back; empty for a void row
   */
  public record StoredId(EntryId id, long seq, long storedAtMs, ContentDigest digest) {
    public boolean isVoid() {
      return seq < 0;
    }
  }

  /**
   * What somebody wants to do something to.
   *
   * @param seq of a message of the conversation
   * @param actorKey who wants to
   * @param reaction the key of a reaction; empty if it is none
   */
  public record Aim(long seq, long actorKey, String reaction) {}

  /**
   * The row that an {@link Aim} names, and what the actor has to do with it.
   *
   * @param visible it lies in one of the actor's intervals
   * @param message it is text or bytes, no change
   * @param own the actor sent it
   * @param erased its body is gone, by retention or with its sender
   * @param ageMs since it was stored, by the store's clock
   * @param otherReactions keys with which the actor has reacted, the one of the aim left out
   */
  public record Target(
      boolean visible,
      boolean message,
      boolean own,
      boolean recalled,
      boolean erased,
      long ageMs,
      int otherReactions) {}
}
