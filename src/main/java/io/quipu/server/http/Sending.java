package io.quipu.server.http;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.StoredContent;
import io.vertx.core.Future;

/**
 * All that changes a conversation is a send, as on any connection: the owner judges it, and it is
 * answered after the commit.
 */
final class Sending {
  private final int maxContentBytes;
  private final Appender appender;

  Sending(HttpRules rules, Appender appender) {
    this.maxContentBytes = rules.maxContentBytes();
    this.appender = appender;
  }

  Future<Answer> change(Call call, ConversationId conversation, Change change) {
    return send(call, conversation, new Content.Changed(change));
  }

  /** 201 for what this request has stored, 200 for what an earlier one had. */
  Future<Answer> send(Call call, ConversationId conversation, Content content) {
    IdempotencyKey key = call.key();
    if (conversation.isDirect() && !call.isSystem() && !conversation.isDirectOf(call.user())) {
      // Certain without asking anybody: it cannot ever have been his.
      call.decided();
      throw new QuipuException(
          ErrorCode.CONVERSATION_UNKNOWN, Outcome.NOT_APPLIED, "no such conversation");
    }
    int bytes = bytes(content);
    if (bytes > maxContentBytes) {
      throw new QuipuException(
          ErrorCode.BODY_TOO_LARGE,
          bytes + " bytes of content, at most " + maxContentBytes + " are allowed");
    }
    call.decided();
    return appender
        .append(call.user(), conversation, key.clientMessageId(), key.chosenByClient(), content)
        .map(stored -> answer(key, stored));
  }

  /** What an edit puts in a message's place may be as large as a message. */
  private static int bytes(Content content) {
    if (content instanceof Content.Changed changed
        && changed.change() instanceof Change.Edit edit) {
      return StoredContent.of(edit.content()).bytes().size();
    }
    return StoredContent.of(content).bytes().size();
  }

  private static Answer answer(IdempotencyKey key, Appender.Stored stored) {
    return Answer.of(
            stored.duplicate() ? 200 : 201,
            new Frame.SendAck(
                0,
                key.clientMessageId(),
                stored.conversation(),
                stored.seq(),
                stored.storedAtMs(),
                stored.duplicate()))
        .at(
            RequestPath.of(
                "v1",
                "conversations",
                stored.conversation().value(),
                "messages",
                Long.toString(stored.seq())));
  }
}
