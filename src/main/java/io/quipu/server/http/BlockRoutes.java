package io.quipu.server.http;

import io.quipu.model.Change;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.journal.Lists;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.List;

/** Whom a user does not want to hear of any more. */
final class BlockRoutes {
  private static final String ALL = "/v1/blocks";
  private static final String ONE = ALL + "/:user";

  private final HttpRules rules;
  private final Sending sending;
  private final Lists lists;

  BlockRoutes(HttpRules rules, Sending sending, Lists lists) {
    this.rules = rules;
    this.sending = sending;
    this.lists = lists;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.reads(ALL, this::list),
        Endpoint.sends(HttpMethod.PUT, ONE, call -> change(call, new Change.Block())),
        Endpoint.sends(HttpMethod.DELETE, ONE, call -> change(call, new Change.Unblock())));
  }

  private Future<Answer> list(Call call) {
    return lists
        .blocks(call.user(), call.page(), call.limit(rules.pageMessages()))
        .map(page -> Answer.of("users", page, UserId::value));
  }

  private Future<Answer> change(Call call, Change change) {
    return sending.change(call, ConversationId.direct(call.user(), call.userParameter()), change);
  }
}
