package io.quipu.server.http;

import io.quipu.model.Change;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.Lists;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.Optional;

/** Who is in a conversation, and as what. */
final class MemberRoutes {
  private static final String ALL = Endpoint.CONVERSATION + "/members";
  private static final String ONE = ALL + "/:user";

  private final HttpRules rules;
  private final Sending sending;
  private final Lists lists;

  MemberRoutes(HttpRules rules, Sending sending, Lists lists) {
    this.rules = rules;
    this.sending = sending;
    this.lists = lists;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.reads(ALL, this::list),
        Endpoint.sends(HttpMethod.POST, ALL, this::add),
        Endpoint.sends(HttpMethod.PATCH, ONE, this::setRole),
        Endpoint.sends(HttpMethod.DELETE, ONE, this::remove));
  }

  private Future<Answer> list(Call call) {
    Optional<UserId> reader = call.isSystem() ? Optional.empty() : Optional.of(call.user());
    return lists
        .members(reader, call.conversation(), call.page(), call.limit(rules.pageMessages()))
        .map(page -> Answer.of(200, new Frame.MembersPage(0, page.items(), page.next())));
  }

  private Future<Answer> add(Call call) {
    return sending.change(call, call.conversation(), new Change.Add(call.body().members()));
  }

  private Future<Answer> setRole(Call call) {
    UserId member = call.userParameter();
    return sending.change(
        call, call.conversation(), new Change.SetRole(member, call.body().role()));
  }

  /** Taking oneself out is leaving. */
  private Future<Answer> remove(Call call) {
    UserId member = call.userParameter();
    return sending.change(
        call,
        call.conversation(),
        member.equals(call.user()) ? new Change.Leave() : new Change.Remove(List.of(member)));
  }
}
