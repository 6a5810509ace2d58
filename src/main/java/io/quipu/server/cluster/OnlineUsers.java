package io.quipu.server.cluster;

import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.function.Consumer;

/** Who is connected, anywhere. A hint: stale or empty, somebody looks absent for a while. */
public interface OnlineUsers {
  /** From memory. Who is asked for is kept up to date for a while, as far as there is room. */
  boolean isOnline(UserId user);

  /**
   * @param listener hears of each user who may have come or gone, on any thread; does not block
   */
  void onChange(Consumer<UserId> listener);

  /**
   * Succeeds as soon as {@link #isOnline} knows of these users, or cannot know soon. Never fails;
   * on any thread.
   */
  default Future<Void> learn(Collection<UserId> users) {
    return Future.succeededFuture();
  }
}
