package io.quipu.server.http;

import io.quipu.model.ConversationId;
import io.quipu.model.MemberReceipt;
import io.quipu.model.UserId;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.Receipts;
import io.vertx.core.Future;
import java.util.Optional;

/** Receipts of which it is known what is asked and answered, in a page of {@link ScriptedLists}. */
final class ScriptedReceipts implements Receipts {
  private final ScriptedLists lists;

  ScriptedReceipts(ScriptedLists lists) {
    this.lists = lists;
  }

  @Override
  public Future<News> since(UserId reader, long since, Position after, int most) {
    return Future.failedFuture("nobody syncs over HTTP");
  }

  @Override
  public Future<ListPage<MemberReceipt>> page(
      Optional<UserId> reader, ConversationId conversation, String page, int limit) {
    lists.asked =
        "receipts " + reader.map(UserId::value).orElse("-") + " " + conversation + " " + limit;
    return lists.page("entries", page, new MemberReceipt(new UserId("bob"), 7, 5, 3));
  }
}
