package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.Limits;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.protocol.Frame;
import java.util.Map;

/** What happens to an {@link Inbox}. */
public sealed interface InboxEvent {
  /**
   * What the cursor store has; before the first connection.
   *
   * @param receiptsMark 0 = none
   */
  record Loaded(Map<ConversationId, Long> cursors, long receiptsMark) implements InboxEvent {
    /** Of a device that knows of no receipts. */
    public Loaded(Map<ConversationId, Long> cursors) {
      this(cursors, 0);
    }
  }

  /**
   * @param deviceIsNew the server has no cursors of this device
   */
  record Connected(Limits limits, String storeEpoch, boolean deviceIsNew) implements InboxEvent {}

  /** The connection is gone. */
  record Disconnected() implements InboxEvent {}

  /** A Deliver has come. */
  record Delivered(MessageRange range) implements InboxEvent {}

  /** A SyncPage has come. */
  record Paged(Frame.SyncPage page) implements InboxEvent {}

  /**
   * A SyncDone has come.
   *
   * @param receiptsMark 0 = it says nothing of receipts
   */
  record SyncEnded(int syncId, long receiptsMark) implements InboxEvent {
    /** That says nothing of receipts. */
    public SyncEnded(int syncId) {
      this(syncId, 0);
    }
  }

  /** The server could not serve a sync. */
  record SyncRefused(int syncId, int retryAfterMs) implements InboxEvent {}

  /** An AckConfirm has come. */
  record Confirmed(ConversationId conversation, long seq) implements InboxEvent {}

  /** The conversation reaches to this seq at least. */
  record Grown(ConversationId conversation, long seq) implements InboxEvent {}

  /** What the server has of this conversation and what this device has do not fit. */
  record Doubtful(ConversationId conversation) implements InboxEvent {}

  /** This device's own message is stored, and will not be pushed to it. */
  record OwnStored(ConversationId conversation, Message message) implements InboxEvent {}

  /**
   * The handler's Future has succeeded.
   *
   * @param run of the {@link InboxEffect.Handle} that it answers
   */
  record Handled(ConversationId conversation, long run) implements InboxEvent {}

  /** The handler's Future has failed. */
  record HandlerFailed(ConversationId conversation, long run, Throwable cause)
      implements InboxEvent {}

  /** The cursor store has it. */
  record CursorKept(ConversationId conversation, long run) implements InboxEvent {}

  /** The cursor store has failed. */
  record CursorNotKept(ConversationId conversation, long run, Throwable cause)
      implements InboxEvent {}

  /** The application wants a halted conversation to go on. */
  record Resume(ConversationId conversation) implements InboxEvent {}

  /** The end of an event-loop turn: acks that are due leave. */
  record Flush() implements InboxEvent {}

  /** Time has passed. */
  record Tick() implements InboxEvent {}
}
