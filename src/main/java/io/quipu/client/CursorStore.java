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

  /** Called once, at the end. */
  Future<Void> close();
}
