package io.quipu.server.cluster;

import io.vertx.core.Future;
import java.util.function.Consumer;

/**
 * The typed way between verticles, on this node or another. At most once, in order per sender and
 * address as long as nothing is lost; whoever needs more has numbers and time-outs of his own.
 */
public interface Bus {
  /**
   * Sends; never fails, never blocks, may lose.
   *
   * @return false if it was not sent: what that address has not yet taken is as much as may wait,
   *     or nobody knows it
   */
  boolean send(Address to, BusMessage message);

  /**
   * Serves an address of this node on the calling event loop, until the future's {@link
   * Registration} is closed.
   */
  Future<Registration> serve(Address at, Consumer<BusMessage> consumer);

  /** An address that is being served. */
  interface Registration {
    Future<Void> close();
  }
}
