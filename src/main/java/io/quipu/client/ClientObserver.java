package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.Map;

/**
 * Sees what a checker of histories needs: every send as it is asked for and as it ends, every batch
 * as it comes off the wire, before anything is judged, what the application takes, and what becomes
 * of cursors and connections. Called on the client's context; what it throws is a bug of its own
 * and breaks the client.
 */
public interface ClientObserver {
  /** Sees nothing. */
  ClientObserver NONE = new ClientObserver() {};

  /**
   * A run begins; before everything else.
   *
   * @param cursors what the cursor store holds
   * @param outboxKept the outbox store outlives the process
   */
  default void started(Map<ConversationId, Long> cursors, boolean outboxKept) {}

  /** A send that an earlier run left in the outbox store: it is on its way again. */
  default void restored(PendingSend send) {}

  /**
   * The server has agreed to a connection.
   *
   * @param deviceIsNew the server had never seen this device
   */
  default void connected(UserId self, long sessionGeneration, boolean deviceIsNew) {}

  /**
   * All that was committed before the connection came up is with the application. May come more
   * than once on one connection.
   */
  default void synced() {}

  /**
   * The connection is over.
   *
   * @param silentMs since the last frame from the server: for so long nobody knows whether the
   *     connection was alive
   */
  default void disconnected(long silentMs) {}

  /** The application sends; before anything of it leaves. */
  default void invoked(PendingSend send) {}

  /** It is stored: by the server's ack, or as its answer to a cancel. */
  default void acked(PendingSend send, Stored stored) {}

  /**
   * The application is told that it failed, which is final with NOT_APPLIED only. Among these are
   * those that the client rejects itself, before it sends them.
   */
  default void rejected(PendingSend send, ErrorCode code, Outcome outcome) {}

  /** The server has answered a SendStatus, with or without cancel. */
  default void statusKnown(ConversationId conversation, SendFate fate) {}

  /**
   * @param sync of a SyncPage, else of a Deliver
   */
  default void received(MessageRange range, boolean sync) {}

  /** A Sync leaves. */
  default void syncing(Frame.Sync sync) {}

  /** The application's handler has succeeded with it; the cursor is stored next. */
  default void taken(ReceivedMessage message) {}

  /** A DeliverAck leaves. */
  default void acknowledging(ConversationId conversation, long seq) {}

  /** An AckConfirm has come. */
  default void confirmed(ConversationId conversation, long seq) {}

  /** The server's store was rolled back: this device's cursor goes back to this seq. */
  default void reset(ConversationId conversation, long seq) {}
}
