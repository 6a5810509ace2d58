package io.quipu.fake;

import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.ErrorCode;
import io.quipu.model.Member;
import io.quipu.model.QuipuException;
import io.quipu.model.ReactionCount;
import io.quipu.model.UserId;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.Lists;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** The lists of users who have nothing: for tests that are about something else. */
public class NoLists implements Lists {
  @Override
  public Future<ListPage<ConversationSummary>> conversations(
      UserId user, String page, int limit, int maxBytes) {
    return Future.succeededFuture(new ListPage<>(List.of(), ListPage.NONE));
  }

  @Override
  public Future<ConversationSummary> conversation(UserId user, ConversationId conversation) {
    return unknown();
  }

  @Override
  public Future<ListPage<Member>> members(
      Optional<UserId> reader, ConversationId conversation, String page, int limit) {
    return unknown();
  }

  @Override
  public Future<ListPage<Reaction>> reactions(
      UserId reader, ConversationId conversation, long seq, String page, int limit) {
    return unknown();
  }

  @Override
  public Future<List<ReactionCount>> reactionCounts(
      UserId reader, ConversationId conversation, long fromSeq, long toSeq) {
    return Future.succeededFuture(List.of());
  }

  @Override
  public Future<ListPage<UserId>> blocks(UserId user, String page, int limit) {
    return Future.succeededFuture(new ListPage<>(List.of(), ListPage.NONE));
  }

  private static <T> Future<T> unknown() {
    return Future.failedFuture(
        new QuipuException(ErrorCode.CONVERSATION_UNKNOWN, "no such conversation"));
  }
}
