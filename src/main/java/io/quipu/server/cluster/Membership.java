package io.quipu.server.cluster;

import java.util.List;

/**
 * Which nodes are there, in this node's view. A hint: two nodes may see it differently for a while,
 * and a node that is frozen is still a member.
 */
public interface Membership {
  /** This node among them; never changed afterwards. */
  List<MemberNode> members();

  /**
   * @param listener hears that {@link #members} may have changed, on any thread; does not block
   */
  void onChange(Runnable listener);
}
