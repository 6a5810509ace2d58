package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.Outcome;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import java.util.UUID;

/** What an application may care about beside messages. */
public sealed interface ClientEvent {
  /**
   * @param deviceIsNew the server had never seen this device: it gets the newest messages only
   */
  record Connected(UserId user, long sessionGeneration, boolean deviceIsNew, Limits limits)
      implements ClientEvent {}

  /** All that was committed before the connection came up has been handed to the application. */
  record Synced() implements ClientEvent {}

  /**
   * The connection is gone, or could not be made; the client tries again.
   *
   * @param inMs until the next attempt
   */
  record Disconnected(String reason, long inMs) implements ClientEvent {}

  /** A newer session of this device has begun elsewhere; this client has stopped. */
  record Replaced(String detail) implements ClientEvent {}

  /** This client has stopped for good: by close(), or because the server said STOP. */
  record Stopped(String reason) implements ClientEvent {}

  /** A watermark that has risen: everything up to seq has come so far on its way to that user. */
  record Receipt(ConversationId conversation, UserId user, ReceiptState state, long seq)
      implements ClientEvent {}

  /** Somebody is writing; forget it after some seconds, or when his message comes. */
  record Typing(ConversationId conversation, UserId user) implements ClientEvent {}

  /**
   * Of a user who is watched.
   *
   * @param lastSeenMs Unix time of the end of his last session; 0 = never, or he may not be seen
   */
  record Presence(UserId user, boolean online, long lastSeenMs) implements ClientEvent {}

  /**
   * This user wants no notifications of a conversation, as told on another device.
   *
   * @param untilMs Unix time; 0 = not muted any more
   */
  record Muted(ConversationId conversation, long untilMs) implements ClientEvent {}

  /** This user has read up to seq, on another device. */
  record ReadMark(ConversationId conversation, long seq) implements ClientEvent {}

  /**
   * The handler failed too often at this seq. Nothing more of this conversation is handed over
   * until {@link QuipuClient#resume}.
   */
  record Halted(ConversationId conversation, long seq, Throwable cause) implements ClientEvent {}

  /**
   * The server's store was rolled back: what this device has above {@code seq} is gone there, and
   * seqs above it will come again, with other messages.
   */
  record Reset(ConversationId conversation, long seq) implements ClientEvent {}

  /** A send of an earlier run of this program, kept by the outbox store, is stored now. */
  record RestoredSendStored(Stored stored) implements ClientEvent {}

  /** A send of an earlier run of this program, kept by the outbox store, has failed. */
  record RestoredSendFailed(UUID clientMessageId, ErrorCode code, Outcome outcome)
      implements ClientEvent {}

  /** The server could not serve a frame that nobody waits for. */
  record ServerError(int code, String detail) implements ClientEvent {}
}
