package io.quipu.server.http;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.Receipts;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** How far a conversation's messages have come with its members. */
final class ReceiptRoutes {
  private static final String ALL = Endpoint.CONVERSATION + "/receipts";

  private final HttpRules rules;
  private final Receipts receipts;

  ReceiptRoutes(HttpRules rules, Receipts receipts) {
    this.rules = rules;
    this.receipts = receipts;
  }

  List<Endpoint> endpoints() {
    return List.of(Endpoint.reads(ALL, this::list));
  }

  private Future<Answer> list(Call call) {
    Optional<UserId> reader = call.isSystem() ? Optional.empty() : Optional.of(call.user());
    ConversationId conversation = call.conversation();
    return receipts
        .page(reader, conversation, call.page(), call.limit(rules.pageMessages()))
        .map(
            page ->
                Answer.of(200, new Frame.ReceiptsPage(0, conversation, page.items(), page.next())));
  }
}
