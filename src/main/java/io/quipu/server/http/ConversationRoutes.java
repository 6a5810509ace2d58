package io.quipu.server.http;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.QuipuException;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.Lists;
import io.quipu.server.people.People;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Optional;

/** Conversations: made, listed, changed. */
final class ConversationRoutes {
  private static final String ALL = "/v1/conversations";
  private static final String ONE = Endpoint.CONVERSATION;

  private final HttpRules rules;
  private final Sending sending;
  private final Lists lists;
  private final People people;
  private final ReadMarks readMarks;

  ConversationRoutes(
      HttpRules rules, Sending sending, Lists lists, People people, ReadMarks readMarks) {
    this.rules = rules;
    this.sending = sending;
    this.lists = lists;
    this.people = people;
    this.readMarks = readMarks;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.reads(ALL, this::list),
        Endpoint.reads(ONE, this::one),
        Endpoint.sets(HttpMethod.PUT, ONE + "/read", this::read),
        Endpoint.sets(HttpMethod.PUT, ONE + "/mute", this::mute),
        Endpoint.sends(HttpMethod.POST, ALL, this::create),
        Endpoint.sends(HttpMethod.PATCH, ONE, this::change));
  }

  private Future<Answer> list(Call call) {
    return lists
        .conversations(
            call.user(), call.page(), call.limit(rules.pageMessages()), rules.pageBytes())
        .map(page -> Answer.of(200, new Frame.ConversationsPage(0, page.items(), page.next())));
  }

  private Future<Answer> one(Call call) {
    return summary(call, call.conversation());
  }

  private Future<Answer> summary(Call call, ConversationId conversation) {
    return lists
        .conversation(call.user(), conversation)
        .map(
            summary -> {
              Frame page = new Frame.ConversationsPage(0, List.of(summary), ListPage.NONE);
              JsonObject json = Answer.of(200, page).json();
              return Answer.of(200, json.getJsonArray("conversations").getJsonObject(0));
            });
  }

  private Future<Answer> read(Call call) {
    ConversationId conversation = call.conversation();
    long seq = call.body().seq();
    return readMarks
        .read(call.user(), conversation, seq)
        .compose(
            counts ->
                counts
                    ? Future.succeededFuture(Answer.DONE)
                    : lists
                        .conversation(call.user(), conversation)
                        .compose(
                            his ->
                                Future.failedFuture(
                                    new QuipuException(
                                        ErrorCode.ACK_BEYOND_TAIL, "no seq " + seq + " there"))));
  }

  private Future<Answer> mute(Call call) {
    return people
        .mute(call.user(), call.conversation(), call.body().untilMs())
        .map(done -> Answer.DONE);
  }

  /** A direct conversation is not made: it begins with its first message. */
  private Future<Answer> create(Call call) {
    RequestBody body = call.body();
    if (body.user().isPresent()) {
      if (body.namesGroup()) {
        throw new QuipuException(
            ErrorCode.INVALID_REQUEST, "user stands alone: a direct conversation has no more");
      }
      call.decided();
      return summary(call, ConversationId.direct(call.user(), body.user().get()));
    }
    ConversationId group = ConversationId.group(call.user(), call.key().clientMessageId());
    Change create =
        new Change.Create(
            body.title().orElse(""),
            body.members(),
            body.settings().orElse(GroupSettings.UNCHANGED));
    return sending.send(call, group, new Content.Changed(create));
  }

  /** One entry of the log each time, so one of the two. */
  private Future<Answer> change(Call call) {
    RequestBody body = call.body();
    Optional<String> title = body.title();
    Optional<GroupSettings> settings = body.settings();
    if (title.isPresent() == settings.isPresent()) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "title or settings, and not both");
    }
    Change change =
        title.isPresent()
            ? new Change.Rename(title.get())
            : new Change.Configure(settings.orElseThrow());
    return sending.change(call, call.conversation(), change);
  }
}
