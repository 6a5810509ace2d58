package io.quipu.server.http;

import io.quipu.model.UserId;

/** Whether a user may ask now. Decides from memory; nothing waits for it. */
public interface RequestPace {
  /**
   * @return 0: he may, and it counts; else not before so many milliseconds
   */
  int request(UserId user);
}
