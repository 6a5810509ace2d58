package io.quipu.server.cluster;

import io.quipu.model.UserId;
import java.util.Optional;
import java.util.Set;

/**
 * On which nodes a user is connected; and tells the other nodes who is on this one. A hint: stale
 * or empty, it costs time only.
 */
public interface Whereabouts {
  /**
   * The nodes with sessions of this user, this one among them or not; empty = not known now: then
   * all must be asked. Answers from memory; may begin to ask, so that it is known soon.
   */
  Optional<Set<NodeId>> nodesOf(UserId user);

  /** A session of this node has begun; what is older on other nodes gives way. Never fails. */
  void came(Registry.Entry entry);

  /** It has ended. Never fails. */
  void left(Registry.Entry entry);
}
