package io.quipu.client;

import io.quipu.model.ConversationId;
import io.vertx.core.Future;
import java.util.Map;

/**
 * Port: how far the application has taken each conversation on this device. It decides what "once"
 * means: each seq is handed over once per cursor store.
 *
 * <p>An application that stores messages in a database of its own gets exactly-once across a crash
 * by writing the cursor in the transaction of its handler; {@link #put} then has nothing left to
 * do.
 */
public interface CursorStore {
  /** All cursors; called once, before the first connection. */
  Future<Map<ConversationId, Long>> load();

  /**
   * Stores one; it may be lower than before, if the server's store was rolled back. The ack leaves
   * after this has succeeded. Calls for one conversation never overlap.
   */
  Future<Void> put(ConversationId conversation, long seq);

  /**
   * The mark up to which this device knows of receipts; called once, after {@link #load}. 0 = none:
   * then a first sync tells of no receipts, and they are asked for where they are to be shown.
   */
  default Future<Long> loadReceiptsMark() {
    return Future.succeededFuture(0L);
  }

  /**
   * Stores it; called after each sync of everything, when the receipts before it have been told. A
   * store that does not keep it is told of what is new since the start of the client only.
   */
  default Future<Void> putReceiptsMark(long mark) {
    return Future.succeededFuture();
  }

  /** Called once, at the end. */
  Future<Void> close();
}
