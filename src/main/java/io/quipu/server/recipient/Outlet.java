package io.quipu.server.recipient;

import io.quipu.model.ErrorCode;
import io.quipu.protocol.Frame;
import io.quipu.protocol.SharedFrame;

/**
 * The way out to one connection, on its event loop. After its end it takes frames and drops them.
 */
public interface Outlet {
  /** Writes at the end of this event-loop turn, together with all other frames of the turn. */
  void send(Frame frame);

  /** The same for a frame that many get. */
  void send(SharedFrame frame);

  /** False while the socket's write queue is full: nothing new should be pushed. */
  boolean writable();

  /** Says why and closes: GoAway, then the close code. */
  void close(ErrorCode reason, int retryAfterMs, String detail);
}
