package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.vertx.core.Future;
import java.util.List;

/**
 * Device cursors and users' read marks. Both only rise: a late write of an old session lowers
 * nothing.
 */
public interface Cursors {
  /**
   * Stores these cursors in one statement.
   *
   * @return those that count, in the order asked: true if the store now holds this seq or a higher
   *     one; false if it is beyond the last committed seq that the user may see (it may stand in a
   *     gap before that: cursors move over gaps)
   */
  Future<List<Boolean>> store(List<CursorWrite> writes);

  /** One device's cursor. */
  record CursorWrite(long userKey, long deviceKey, ConversationId conversation, long seq) {}

  /** The same for read marks. */
  Future<List<Boolean>> storeReadMarks(List<ReadMarkWrite> writes);

  /** One user's read mark. */
  record ReadMarkWrite(long userKey, ConversationId conversation, long seq) {}
}
