package io.quipu.client;

import io.quipu.model.ErrorCode;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;

/**
 * Sees what a checker of histories needs: every send as it is asked for and as it ends, and every
 * batch as it comes off the wire, before anything is judged. Called on the client's context.
 */
public interface ClientObserver {
  /** Sees nothing. */
  ClientObserver NONE = new ClientObserver() {};

  /** The application asked for this send. */
  default void invoked(PendingSend send) {}

  /** The server has committed it. */
  default void acked(PendingSend send, Stored stored) {}

  /** It ended without being stored, or nobody knows. */
  default void rejected(PendingSend send, ErrorCode code, Outcome outcome) {}

  /**
   * @param sync of a SyncPage, else of a Deliver
   */
  default void received(MessageRange range, boolean sync) {}

  /** The application has this seq, and the cursor store knows. */
  default void taken(ReceivedMessage message) {}
}
