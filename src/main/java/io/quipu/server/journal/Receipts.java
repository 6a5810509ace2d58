package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.MemberReceipt;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/**
 * How far messages have come, for who asks. Only members now are told of, and only to members now.
 * Failures of the store are {@code QuipuException(STORE_DOWN)}.
 */
public interface Receipts {
  /**
   * What has risen since, of others, in conversations that have receipts, where the reader may be
   * waiting for it: in a direct one, or if one of the last {@link #LOOKED_BACK} messages that it
   * covers is his. The oldest news first.
   *
   * @param since the mark of an earlier answer: its news are what was committed after that; 0, or
   *     one of another store, = the reader knows nothing, and gets only a mark
   * @param after {@link News#next} of the answer before, with the same {@code since}
   * @param most looked at for one answer
   */
  Future<News> since(UserId reader, long since, Position after, int most);

  /** Messages below a watermark among which the reader's own are looked for. */
  int LOOKED_BACK = 64;

  /**
   * @param mark the snapshot horizon of this answer: all that is not in it, nor in those that
   *     follow by {@code next}, was committed at or after it
   * @param next where to go on; empty = this is all
   */
  record News(List<Watermarks> watermarks, long mark, Optional<Position> next) {
    public News {
      watermarks = List.copyOf(watermarks);
    }
  }

  /** A place in the order of news. */
  record Position(long tx, long conversationKey, long userKey) {
    public static final Position START = new Position(0, 0, 0);
  }

  /**
   * @param deliveredSeq 0 = none
   * @param readSeq 0 = none
   */
  record Watermarks(ConversationId conversation, UserId user, long deliveredSeq, long readSeq) {}

  /**
   * The members now and how far each has come, in the order of their names' bytes, whatever the
   * size of the conversation. CONVERSATION_UNKNOWN for a stranger, NOT_A_MEMBER for who was one in
   * a group. While one of a direct conversation has blocked the other, each finds only himself.
   *
   * @param reader empty = the system, which may see every conversation's
   * @param page {@link ListPage#NONE} or {@link ListPage#next} of the page before
   * @param limit items of a page, 1 or more
   */
  Future<ListPage<MemberReceipt>> page(
      Optional<UserId> reader, ConversationId conversation, String page, int limit);
}
