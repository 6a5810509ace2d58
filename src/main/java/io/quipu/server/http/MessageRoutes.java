package io.quipu.server.http;

import io.quipu.model.Change;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.HistoryPages;
import io.quipu.server.journal.Lists;
import io.quipu.server.journal.MessageLog;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.stream.Stream;

/** Messages: sent, read, edited, taken back, reacted to. */
final class MessageRoutes {
  private static final String ALL = Endpoint.CONVERSATION + "/messages";
  private static final String ONE = ALL + "/:seq";
  private static final String REACTIONS = ONE + "/reactions";

  private final HttpRules rules;
  private final Sending sending;
  private final MessageLog log;
  private final Lists lists;
  private final HistoryPages pages;

  MessageRoutes(HttpRules rules, Sending sending, MessageLog log, Lists lists) {
    this.rules = rules;
    this.sending = sending;
    this.log = log;
    this.lists = lists;
    this.pages = new HistoryPages(log, lists, rules.pageMessages(), rules.pageBytes());
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.reads(ALL, this::history),
        Endpoint.sends(HttpMethod.POST, ALL, this::send),
        Endpoint.sends(HttpMethod.POST, "/v1/direct/:user/messages", this::sendDirect),
        Endpoint.reads(ONE, this::one),
        Endpoint.sends(HttpMethod.PATCH, ONE, this::edit),
        Endpoint.sends(HttpMethod.DELETE, ONE, this::recall),
        Endpoint.reads(REACTIONS, this::reactions),
        Endpoint.sends(HttpMethod.PUT, REACTIONS + "/:key", call -> react(call, false)),
        Endpoint.sends(HttpMethod.DELETE, REACTIONS + "/:key", call -> react(call, true)));
  }

  private Future<Answer> send(Call call) {
    return sending.send(call, call.conversation(), call.body().content());
  }

  private Future<Answer> sendDirect(Call call) {
    ConversationId direct = ConversationId.direct(call.user(), call.userParameter());
    return sending.send(call, direct, call.body().content());
  }

  private Future<Answer> edit(Call call) {
    Change edit = new Change.Edit(call.seqParameter(), call.body().content());
    return sending.change(call, call.conversation(), edit);
  }

  private Future<Answer> recall(Call call) {
    return sending.change(call, call.conversation(), new Change.Recall(call.seqParameter()));
  }

  private Future<Answer> react(Call call, boolean remove) {
    Change react = new Change.React(call.seqParameter(), call.text("key"), remove);
    return sending.change(call, call.conversation(), react);
  }

  private Future<Answer> history(Call call) {
    long before = call.number("before", Call.MAX_SEQ);
    long after = call.number("after", Call.MAX_SEQ);
    long around = call.number("around", Call.MAX_SEQ);
    if (Stream.of(before, after, around).filter(seq -> seq > 0).count() > 1) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST, "before, after or around, and not two of them");
    }
    int limit = call.limit(rules.pageMessages());
    return pages
        .read(
            call.user(),
            new HistoryPages.Question(call.conversation(), before, after, around, limit))
        .map(
            page ->
                Answer.of(
                    200,
                    new Frame.HistoryPage(
                        0, page.range(), page.more(), page.moreBefore(), page.reactions())));
  }

  /** The newest message that is not above it, if that is the one. */
  private Future<Answer> one(Call call) {
    long seq = call.seqParameter();
    return log.history(call.user(), call.conversation(), seq + 1, 0, 1, rules.pageBytes())
        .map(
            slice -> {
              if (slice.range().messages().stream().noneMatch(message -> message.seq() == seq)) {
                throw new QuipuException(ErrorCode.MESSAGE_UNKNOWN, "no such message");
              }
              Frame page = new Frame.HistoryPage(0, slice.range(), slice.more());
              JsonObject json = Answer.of(200, page).json();
              return Answer.of(
                  200, json.getJsonObject("range").getJsonArray("messages").getJsonObject(0));
            });
  }

  private Future<Answer> reactions(Call call) {
    return lists
        .reactions(
            call.user(),
            call.conversation(),
            call.seqParameter(),
            call.page(),
            call.limit(rules.pageMessages()))
        .map(
            page ->
                Answer.of(
                    "reactions",
                    page,
                    one -> new JsonObject().put("user", one.user().value()).put("key", one.key())));
  }
}
