package io.quipu.server.session;

import io.quipu.model.UserId;

/** Whether a user may send now. Decides from memory; nothing waits for it. */
public interface SendPace {
  /**
   * Asked once for each send that is about to go to an owner.
   *
   * @param creates it creates a group
   * @return 0: it may go, and it counts; else not before so many milliseconds
   */
  int send(UserId user, boolean creates);
}
