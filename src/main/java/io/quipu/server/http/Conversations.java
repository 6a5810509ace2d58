package io.quipu.server.http;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.StoredContent;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;

/**
 * What the routes of {@code /v1} do. All that changes something is a send, as on any connection:
 * the owner judges it, and it is answered after the commit.
 */
final class Conversations {
  private final HttpRules rules;
  private final Appender appender;
  private final MessageLog log;
  private final Journal journal;

  Conversations(HttpRules rules, Appender appender, MessageLog log, Journal journal) {
    this.rules = rules;
    this.appender = appender;
    this.log = log;
    this.journal = journal;
  }

  Future<Answer> create(Call call) {
    RequestBody body = call.body();
    Change create = new Change.Create(body.title().orElse(""), body.members());
    ConversationId group = ConversationId.group(call.user(), call.key().clientMessageId());
    return send(call, group, new Content.Changed(create));
  }

  Future<Answer> addMembers(Call call) {
    return change(call, new Change.Add(call.body().members()));
  }

  /** Taking oneself out is leaving. */
  Future<Answer> removeMember(Call call) {
    UserId member = call.userParameter();
    return change(
        call, member.equals(call.user()) ? new Change.Leave() : new Change.Remove(List.of(member)));
  }

  Future<Answer> rename(Call call) {
    String title =
        call.body()
            .title()
            .orElseThrow(() -> new QuipuException(ErrorCode.INVALID_REQUEST, "title is absent"));
    return change(call, new Change.Rename(title));
  }

  Future<Answer> sendMessage(Call call) {
    return send(call, call.conversation(), call.body().content());
  }

  Future<Answer> sendDirectMessage(Call call) {
    ConversationId direct = ConversationId.direct(call.user(), call.userParameter());
    return send(call, direct, call.body().content());
  }

  Future<Answer> history(Call call) {
    long before = call.number("before", Long.MAX_VALUE);
    long after = call.number("after", Long.MAX_VALUE);
    long limit = call.number("limit", Integer.MAX_VALUE);
    if (before > 0 && after > 0) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "before or after, and not both");
    }
    int messages = limit == 0 ? rules.pageMessages() : (int) Math.min(limit, rules.pageMessages());
    return log.history(call.user(), call.conversation(), before, after, messages, rules.pageBytes())
        .map(slice -> Answer.of(200, new Frame.HistoryPage(0, slice.range(), slice.more())));
  }

  Future<Answer> sendStatus(Call call) {
    ConversationId conversation = call.conversation();
    UUID id = call.clientMessageIdParameter();
    return journal
        .fateOf(conversation, call.user(), id)
        .map(fate -> status(conversation, id, fate));
  }

  Future<Answer> cancelSend(Call call) {
    ConversationId conversation = call.conversation();
    UUID id = call.clientMessageIdParameter();
    return journal
        .voidSend(conversation, call.user(), id)
        .map(fate -> status(conversation, id, fate));
  }

  private static Answer status(ConversationId conversation, UUID id, Journal.SendFate fate) {
    return Answer.of(
        200,
        new Frame.SendStatusResult(
            0, conversation, id, fate.state(), fate.seq(), fate.storedAtMs()));
  }

  private Future<Answer> change(Call call, Change change) {
    return send(call, call.conversation(), new Content.Changed(change));
  }

  private Future<Answer> send(Call call, ConversationId conversation, Content content) {
    IdempotencyKey key = call.key();
    if (conversation.isDirect() && !conversation.isDirectOf(call.user())) {
      // Certain without asking anybody: it cannot ever have been his.
      call.decided();
      throw new QuipuException(
          ErrorCode.CONVERSATION_UNKNOWN, Outcome.NOT_APPLIED, "no such conversation");
    }
    int bytes = StoredContent.of(content).bytes().size();
    if (bytes > rules.maxContentBytes()) {
      throw new QuipuException(
          ErrorCode.BODY_TOO_LARGE,
          bytes + " bytes of content, at most " + rules.maxContentBytes() + " are allowed");
    }
    call.decided();
    return appender
        .append(call.user(), conversation, key.clientMessageId(), key.chosenByClient(), content)
        .map(
            stored ->
                Answer.of(
                    stored.duplicate() ? 200 : 201,
                    new Frame.SendAck(
                        0,
                        key.clientMessageId(),
                        stored.conversation(),
                        stored.seq(),
                        stored.storedAtMs(),
                        stored.duplicate())));
  }
}
