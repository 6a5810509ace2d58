package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.Member;
import io.quipu.model.ReactionCount;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/**
 * What a user finds of his conversations, page by page, each page one statement. Nothing outside of
 * his membership is in any of them. Failures of the store are {@code QuipuException(STORE_DOWN)}; a
 * page token that is not of the same list and reader, or was changed, is INVALID_REQUEST.
 *
 * <p>{@code limit}: items of a page, 1 or more. A page may hold fewer and still not be the last.
 */
public interface Lists {
  /** Messages of others are counted up to here; beyond it a summary says unreadMore. */
  int MAX_UNREAD = 1_000;

  /** Keys of reactions that are told of one message in a page of history. */
  int MAX_KEYS_OF_MESSAGE = 16;

  /**
   * The user's conversations, those that he left among them, most recently active first: by the
   * transaction of the last entry that he may see.
   *
   * @param page {@link ListPage#NONE} or {@link ListPage#next} of the page before
   * @param maxBytes of names, titles and last messages in one page; one summary always fits
   */
  Future<ListPage<ConversationSummary>> conversations(
      UserId user, String page, int limit, int maxBytes);

  /**
   * One of them. CONVERSATION_UNKNOWN for who was never a member; the direct conversation of this
   * user with another one is there even if nobody has written yet: then it is empty, and nothing is
   * made.
   */
  Future<ConversationSummary> conversation(UserId user, ConversationId conversation);

  /**
   * The members now, in the order of their names' bytes. CONVERSATION_UNKNOWN for a stranger,
   * NOT_A_MEMBER for who was one.
   *
   * @param reader empty = the system, which may see every conversation's
   */
  Future<ListPage<Member>> members(
      Optional<UserId> reader, ConversationId conversation, String page, int limit);

  /**
   * Who has reacted to a message, and how. CONVERSATION_UNKNOWN for a stranger, MESSAGE_UNKNOWN if
   * there is no such message that the reader may see.
   */
  Future<ListPage<Reaction>> reactions(
      UserId reader, ConversationId conversation, long seq, String page, int limit);

  /** One user's reaction to a message. */
  record Reaction(UserId user, String key) {}

  /**
   * Reactions to the messages of a range, as they are now: of each message the reader's own first,
   * then those that most have given, at most {@link #MAX_KEYS_OF_MESSAGE}. Empty for who may not
   * see the messages.
   */
  Future<List<ReactionCount>> reactionCounts(
      UserId reader, ConversationId conversation, long fromSeq, long toSeq);

  /** Whom this user has blocked. */
  Future<ListPage<UserId>> blocks(UserId user, String page, int limit);
}
