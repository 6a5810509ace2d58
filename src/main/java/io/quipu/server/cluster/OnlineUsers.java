package io.quipu.server.cluster;

import io.quipu.model.UserId;
import java.util.function.Consumer;

/** Who is connected, anywhere. A hint: stale or empty, somebody looks absent for a while. */
public interface OnlineUsers {
  boolean isOnline(UserId user);

  /**
   * @param listener hears of each user who may have come or gone, on any thread; does not block
   */
  void onChange(Consumer<UserId> listener);
}
