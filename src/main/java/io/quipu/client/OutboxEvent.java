package io.quipu.client;

import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.UUID;

/** What happens to an {@link Outbox}. */
public sealed interface OutboxEvent {
  /**
   * A new send.
   *
   * @param restored by an earlier run, which may have sent it
   */
  record Put(PendingSend send, boolean restored) implements OutboxEvent {}

  /** A new connection, on which client_seq starts at 1. */
  record Connected(UserId self, Limits limits) implements OutboxEvent {}

  /** The server will close this connection: nothing more goes out on it. */
  record GoingAway() implements OutboxEvent {}

  /** The connection is gone. */
  record Disconnected() implements OutboxEvent {}

  /** A SendAck has come. */
  record Acked(Frame.SendAck ack) implements OutboxEvent {}

  /** A SendRejected has come. */
  record Rejected(Frame.SendRejected rejection) implements OutboxEvent {}

  /** The user wants a parked one sent again. */
  record Retry(UUID id) implements OutboxEvent {}

  /** The user wants a definite end of it. */
  record Cancel(UUID id) implements OutboxEvent {}

  /** The server's answer to SendStatus. */
  record StatusKnown(UUID id, SendState state, long seq, long storedAtMs) implements OutboxEvent {}

  /** The server did not answer SendStatus. */
  record StatusFailed(UUID id, ErrorCode code, String detail) implements OutboxEvent {}

  /** Time has passed. */
  record Tick() implements OutboxEvent {}
}
