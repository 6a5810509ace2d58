package io.quipu.server.http;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.Journal.SendFate;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.UUID;

/** What has become of a send, and a definite end of it. */
final class SendRoutes {
  private static final String ONE = Endpoint.CONVERSATION + "/sends/:id";

  private final Journal journal;

  SendRoutes(Journal journal) {
    this.journal = journal;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.reads(ONE, call -> settle(call, journal::fateOf)),
        Endpoint.sets(HttpMethod.POST, ONE + "/cancel", call -> settle(call, journal::voidSend)));
  }

  private interface Question {
    Future<SendFate> ask(ConversationId conversation, UserId sender, UUID clientMessageId);
  }

  private static Future<Answer> settle(Call call, Question question) {
    ConversationId conversation = call.conversation();
    UUID id = call.clientMessageIdParameter();
    return question
        .ask(conversation, call.user(), id)
        .map(
            fate ->
                Answer.of(
                    200,
                    new Frame.SendStatusResult(
                        0, conversation, id, fate.state(), fate.seq(), fate.storedAtMs())));
  }
}
