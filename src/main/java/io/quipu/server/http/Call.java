package io.quipu.server.http;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.session.Identity;
import io.quipu.server.time.Chance;
import io.quipu.server.time.Clock;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * One request of an authenticated user, or of a service that acts for one, as far as it is known;
 * and what is certain about it.
 */
final class Call {
  /** Whom a service acts for; absent: for nobody, as {@link UserId#SYSTEM}. */
  static final String ACTING_USER = "Quipu-User";

  private static final String KEY = Call.class.getName();
  private static final Set<HttpMethod> SENDING =
      Set.of(HttpMethod.POST, HttpMethod.PATCH, HttpMethod.DELETE);

  private final RoutingContext context;
  private final UserId user;
  private final boolean service;
  private final Clock clock;
  private final Chance chance;
  private Optional<IdempotencyKey> key = Optional.empty();
  private boolean decided;

  private Call(RoutingContext context, UserId user, boolean service, Clock clock, Chance chance) {
    this.context = context;
    this.user = user;
    this.service = service;
    this.clock = clock;
    this.chance = chance;
  }

  /**
   * From now on this request is of whom the token names, or of the user for whom a service acts.
   *
   * @throws QuipuException NOT_ALLOWED for a user who would act for another; INVALID_ID,
   *     INVALID_REQUEST for a header that names nobody
   */
  static void begin(RoutingContext context, Identity identity, Clock clock, Chance chance) {
    Optional<UserId> asked = actingUser(context.request().headers().getAll(ACTING_USER));
    boolean service = identity instanceof Identity.Service;
    UserId user = identity instanceof Identity.User own ? own.user() : asked.orElse(UserId.SYSTEM);
    if (!service && asked.isPresent() && !asked.get().equals(user)) {
      throw new QuipuException(
          ErrorCode.NOT_ALLOWED, "only a service acts for another: " + ACTING_USER + " is not his");
    }
    context.put(KEY, new Call(context, user, service, clock, chance));
  }

  private static Optional<UserId> actingUser(List<String> headers) {
    if (headers.size() > 1) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, ACTING_USER + " stands there twice");
    }
    return headers.stream().findFirst().map(UserId::new);
  }

  static Optional<Call> of(RoutingContext context) {
    return Optional.ofNullable(context.get(KEY));
  }

  /** Who acts: all rights are his. */
  UserId user() {
    return user;
  }

  /** Whether it is a service that acts, for {@link #user}. */
  boolean isService() {
    return service;
  }

  ConversationId conversation() {
    return new ConversationId(context.pathParam("conversation"));
  }

  UserId userParameter() {
    return new UserId(context.pathParam("user"));
  }

  UUID clientMessageIdParameter() {
    return IdempotencyKey.uuid("a client_message_id", context.pathParam("id"));
  }

  /** The same at each call. */
  IdempotencyKey key() {
    if (key.isEmpty()) {
      List<String> headers = context.request().headers().getAll(IdempotencyKey.HEADER);
      key = Optional.of(IdempotencyKey.of(headers, clock, chance));
    }
    return key.get();
  }

  RequestBody body() {
    key(); // first, so that whatever is wrong with the body is told with its id
    byte[] bytes =
        context.body().buffer() == null ? new byte[0] : context.body().buffer().getBytes();
    return RequestBody.parse(bytes);
  }

  /** A number of the query, 0 if it is absent. */
  long number(String name, long max) {
    List<String> values = context.queryParam(name);
    if (values.isEmpty()) {
      return 0;
    }
    String text = values.get(0);
    if (values.size() == 1 && text.matches("[0-9]{1,18}") && Long.parseLong(text) <= max) {
      return Long.parseLong(text);
    }
    throw new QuipuException(ErrorCode.INVALID_REQUEST, name + " is a number, once");
  }

  /** From here on the outcome of a failure is the one that the failure says. */
  void decided() {
    decided = true;
  }

  /**
   * What is to be told of this request's failure. Before the send was passed on, nothing of this
   * request is stored; but where the client chose the id, an earlier request may have been.
   */
  static Problem problem(RoutingContext context, Problem problem, QuipuException e) {
    if (!isSend(context)) {
      return problem.ofNoSend();
    }
    Optional<Call> call = of(context);
    boolean mayHaveBeenSent = context.request().headers().contains(IdempotencyKey.HEADER);
    Outcome certain =
        call.isPresent() && call.get().decided
            ? e.outcome()
            : mayHaveBeenSent ? Outcome.UNKNOWN : Outcome.NOT_APPLIED;
    return problem.ofSend(
        call.flatMap(known -> known.key).map(IdempotencyKey::clientMessageId), certain);
  }

  private static boolean isSend(RoutingContext context) {
    return SENDING.contains(context.request().method())
        && !context.request().path().contains("/sends/");
  }
}
