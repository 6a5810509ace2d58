package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.List;

/**
 * Device cursors and users' read marks, and who is to hear that they have risen. Both only rise: a
 * late write of an old session lowers nothing.
 *
 * <p>There are receipts in direct conversations and in groups of so few members as the store was
 * told. Whether a conversation is one of them, and who is there to hear of it, is read by the same
 * statement that stores what is acked.
 */
public interface Cursors {
  /** Stores these cursors in one statement. */
  Future<Stored> store(List<CursorWrite> writes);

  /**
   * One device's cursor.
   *
   * @param covers may have come to something that another user sent: false saves the store the
   *     question for receipts
   */
  record CursorWrite(
      long userKey, long deviceKey, ConversationId conversation, long seq, boolean covers) {
    public CursorWrite(long userKey, long deviceKey, ConversationId conversation, long seq) {
      this(userKey, deviceKey, conversation, seq, true);
    }
  }

  /** The same for read marks. */
  Future<Stored> storeReadMarks(List<ReadMarkWrite> writes);

  /** One user's read mark. */
  record ReadMarkWrite(long userKey, ConversationId conversation, long seq) {}

  /**
   * What came of a batch.
   *
   * @param counts in the order asked: true if the store now holds this seq or a higher one; false
   *     if it is beyond the last committed seq that the user may see (it may stand in a gap before
   *     that: cursors move over gaps)
   * @param receipts at most one for each conversation and user; none that is not above every one
   *     before it, as long as one statement runs after the other
   */
  record Stored(List<Boolean> counts, List<Receipt> receipts) {
    public Stored {
      counts = List.copyOf(counts);
      receipts = List.copyOf(receipts);
    }
  }

  /**
   * A watermark that has risen: of cursors, the highest of all devices of the user.
   *
   * @param place of a write of this user and conversation, from 0
   * @param seq everything up to it
   * @param audience members now, as this user is one, who have sent something of what is covered
   *     since the last one; all members if that is too much to look through
   */
  record Receipt(int place, long seq, List<UserId> audience) {
    public Receipt {
      audience = List.copyOf(audience);
    }
  }
}
