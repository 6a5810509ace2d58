package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.protocol.Frame;
import java.util.UUID;

/** What an {@link Outbox} wants done. */
public sealed interface OutboxEffect {
  /** Write this frame. */
  record Transmit(Frame.Send frame) implements OutboxEffect {}

  /** It is stored, and has left the outbox. */
  record Settled(PendingSend send, Stored stored) implements OutboxEffect {}

  /** It is not stored and never will be, and has left the outbox. */
  record Failed(PendingSend send, ErrorCode code, String detail) implements OutboxEffect {}

  /** It was not taken into the outbox at all. */
  record NotTaken(PendingSend send, ErrorCode code, String detail) implements OutboxEffect {}

  /**
   * Nobody knows; it stays, and with it all later ones of its conversation, until retry or cancel.
   */
  record Parked(PendingSend send, ErrorCode code, String detail) implements OutboxEffect {}

  /** SendStatus(cancel). */
  record AskCancel(ConversationId conversation, UUID id) implements OutboxEffect {}

  /** It was stored or failed before; or the server did not say. */
  record CancelFailed(UUID id, ErrorCode code, String detail) implements OutboxEffect {}

  /** This connection cannot be used any more. */
  record Reconnect(String reason) implements OutboxEffect {}
}
