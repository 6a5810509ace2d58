package io.quipu.server.http;

import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Member;
import io.quipu.model.QuipuException;
import io.quipu.model.ReactionCount;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.Lists;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Lists of which it is known what is asked and answered: two pages each, the second for {@code
 * next-of-LIST}.
 */
final class ScriptedLists implements Lists {
  /** The last question: list, who asks, about what, limit. */
  volatile String asked = "";

  private final UnaryOperator<Future<Object>> store;

  ScriptedLists(UnaryOperator<Future<Object>> store) {
    this.store = store;
  }

  static ConversationSummary summary(ConversationId conversation, UserId user) {
    return new ConversationSummary(
        conversation,
        conversation.isDirect() ? "" : "Tea",
        conversation.isDirect() ? Optional.empty() : Optional.of(Role.OWNER),
        true,
        2,
        conversation.isDirect() ? GroupSettings.UNCHANGED : GroupSettings.DEFAULT,
        Optional.of(HttpFixture.message(7, user)),
        7,
        6,
        1,
        false,
        0,
        false);
  }

  @Override
  public Future<ListPage<ConversationSummary>> conversations(
      UserId user, String page, int limit, int maxBytes) {
    asked = "conversations " + user + " " + limit + " " + maxBytes;
    return page(
        "conversations", page, summary(ConversationId.direct(user, new UserId("bob")), user));
  }

  @Override
  public Future<ConversationSummary> conversation(UserId user, ConversationId conversation) {
    asked = "conversation " + user + " " + conversation;
    return isForeign(user, conversation)
        ? unknown()
        : Future.succeededFuture(summary(conversation, user));
  }

  @Override
  public Future<ListPage<Member>> members(
      Optional<UserId> reader, ConversationId conversation, String page, int limit) {
    asked = "members " + reader.map(UserId::value).orElse("-") + " " + conversation + " " + limit;
    return page("members", page, new Member(new UserId("bob"), Role.ADMIN, 3));
  }

  @Override
  public Future<ListPage<Reaction>> reactions(
      UserId reader, ConversationId conversation, long seq, String page, int limit) {
    asked = "reactions " + reader + " " + conversation + " " + seq + " " + limit;
    return page("reactions", page, new Reaction(new UserId("bob"), "👍"));
  }

  @Override
  public Future<List<ReactionCount>> reactionCounts(
      UserId reader, ConversationId conversation, long fromSeq, long toSeq) {
    return Future.succeededFuture(List.of(new ReactionCount(toSeq, "👍", 2, true)));
  }

  @Override
  public Future<ListPage<UserId>> blocks(UserId user, String page, int limit) {
    asked = "blocks " + user + " " + limit;
    return page("blocks", page, new UserId("mallory"));
  }

  private static boolean isForeign(UserId user, ConversationId conversation) {
    return conversation.isDirect() && !conversation.isDirectOf(user);
  }

  private static <T> Future<T> unknown() {
    return Future.failedFuture(
        new QuipuException(ErrorCode.CONVERSATION_UNKNOWN, "no such conversation"));
  }

  @SuppressWarnings("unchecked")
  <T> Future<ListPage<T>> page(String list, String page, T item) {
    String second = "next-of-" + list;
    Object answer;
    if (page.isEmpty()) {
      answer = new ListPage<>(List.of(item), second);
    } else if (page.equals(second)) {
      answer = new ListPage<T>(List.of(), ListPage.NONE);
    } else {
      return Future.failedFuture(
          new QuipuException(ErrorCode.INVALID_REQUEST, "this page belongs to another list"));
    }
    return store.apply(Future.succeededFuture(answer)).map(done -> (ListPage<T>) done);
  }
}
