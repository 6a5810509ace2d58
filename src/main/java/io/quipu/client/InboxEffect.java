package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.Message;
import io.quipu.protocol.Frame;

/** What an {@link Inbox} wants done. */
public sealed interface InboxEffect {
  /** A Sync, SyncAck or DeliverAck. */
  record Transmit(Frame frame) implements InboxEffect {}

  /**
   * Call the handler; answer with Handled or HandlerFailed.
   *
   * @param run names this attempt
   */
  record Handle(ConversationId conversation, Message message, long run) implements InboxEffect {}

  /** Store the cursor; answer with CursorKept or CursorNotKept. */
  record KeepCursor(ConversationId conversation, long seq, long run) implements InboxEffect {}

  /** Store the mark up to which receipts are known. */
  record KeepReceiptsMark(long mark) implements InboxEffect {}

  /** The handler failed too often: this conversation stands still until Resume. */
  record Halted(ConversationId conversation, long seq, Throwable cause) implements InboxEffect {}

  /** The log now ends at seq: the store was rolled back. */
  record Reset(ConversationId conversation, long seq) implements InboxEffect {}

  /** All that was committed before the connection came up is with the application. */
  record Synced() implements InboxEffect {}

  /** This connection cannot be used any more. */
  record Reconnect(String reason) implements InboxEffect {}
}
