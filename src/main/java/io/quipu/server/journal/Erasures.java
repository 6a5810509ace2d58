package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/**
 * The store's side of erasing a user, in steps that can all be made again: begin; an entry of his
 * in each conversation to leave; every stretch of every place; finish.
 */
public interface Erasures {
  /**
   * From now on the name is refused, and so is every token of the user; to be made good for a name
   * that {@link #finish} has taken away too. Empty if there never was such a user.
   */
  Future<Optional<Erasure>> begin(UserId user);

  /**
   * @param user his name; his pseudonym when all is done
   * @param pseudonym what stands in its place afterwards
   * @param done nothing is left to do
   */
  record Erasure(long userKey, UserId user, UserId pseudonym, boolean done) {}

  /** Those that were begun and not finished. */
  Future<List<Erasure>> unfinished(int limit);

  /**
   * Conversations in which he is present or whose name bears his, in the order of their keys.
   *
   * @param afterKey 0 for the first ones
   */
  Future<List<Place>> toLeave(Erasure erasure, long afterKey, int limit);

  /** All conversations in which he is or once was a member. */
  Future<List<Place>> places(Erasure erasure, long afterKey, int limit);

  /**
   * @param tail its last seq
   */
  record Place(long key, ConversationId conversation, long tail) {}

  /**
   * Erases what he wrote there, and puts the pseudonym in the place of his name in changes. Digests
   * stay those of what was sent. Both ends included.
   */
  Future<Void> eraseStretch(Erasure erasure, long placeKey, long fromSeq, long toSeq);

  /** Takes his devices, marks and mutes away, and his name. */
  Future<Void> finish(Erasure erasure);
}
