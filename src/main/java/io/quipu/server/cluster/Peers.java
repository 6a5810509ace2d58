package io.quipu.server.cluster;

import java.util.List;

/**
 * What this node knows of the nodes of its cluster: who is a member, what each says of itself, and
 * which of them are silent. A hint.
 */
public interface Peers {
  NodeId self();

  /** This node among them; in the order of their ids; never changed afterwards. */
  List<Peer> now();

  /**
   * @param listener hears that {@link #now} may have changed, on any thread; does not block
   */
  void onChange(Runnable listener);

  /**
   * @param instances event loops, so owner, loop and post addresses, from index 0
   * @param silent it has been sent something and has not said that it came, for too long
   */
  record Peer(NodeId id, int instances, State state, boolean silent) {}

  /** What a node says of itself. */
  enum State {
    /** Not to be an owner now: it starts, cannot reach the store, or has not been heard yet. */
    JOINING,
    /** Takes shards. */
    SERVING,
    /** Gives its shards away, and finishes what it has taken. */
    LEAVING
  }
}
