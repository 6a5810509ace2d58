package io.quipu.server.http;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.session.Identity;
import io.quipu.server.time.Chance;
import io.quipu.server.time.Clock;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * One request of an authenticated user, or of a service that acts for one, as far as it is known;
 * and what is certain about it.
 */
final class Call {
  /**
   * Whom a service acts for, percent-encoded as in a path: a header holds no UTF-8. Absent: nobody,
   * as {@link UserId#SYSTEM}.
   */
  static final String ACTING_USER = "Quipu-User";

  private static final String KEY = Call.class.getName();
  private static final String ENDPOINT = Endpoint.class.getName();

  static final long MAX_SEQ = 999_999_999_999_999_999L;

  /** A number of 18 digits fits a long, and the one after it too. */
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

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
    return headers.stream()
        .findFirst()
        .map(
            text ->
                RequestPath.decoded(text)
                    .map(UserId::new)
                    .orElseThrow(
                        () ->
                            new QuipuException(
                                ErrorCode.INVALID_ID,
                                ACTING_USER + " is a user id, percent-encoded as in a path")));
  }

  /** Before anything else is known of a request: what it asks for. */
  static void asks(RoutingContext context, Endpoint endpoint) {
    context.put(ENDPOINT, endpoint);
  }

  static Optional<Endpoint> endpoint(RoutingContext context) {
    return Optional.ofNullable(context.get(ENDPOINT));
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

  /** A service that acts for nobody. */
  boolean isSystem() {
    return service && user.equals(UserId.SYSTEM);
  }

  ConversationId conversation() {
    return new ConversationId(context.pathParam("conversation"));
  }

  UserId userParameter() {
    return new UserId(context.pathParam("user"));
  }

  /** Of an entry of a log. */
  long seqParameter() {
    String text = context.pathParam("seq");
    long seq = NUMBER.matcher(text).matches() ? Long.parseLong(text) : 0;
    if (seq == 0) {
      throw new QuipuException(
          ErrorCode.INVALID_ID, "a seq is a number from 1, of at most 18 digits");
    }
    return seq;
  }

  /** A part of the path, as it is. */
  String text(String name) {
    return context.pathParam(name);
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
    Optional<String> text = query(name);
    if (text.isEmpty()) {
      return 0;
    }
    if (NUMBER.matcher(text.get()).matches() && Long.parseLong(text.get()) <= max) {
      return Long.parseLong(text.get());
    }
    throw new QuipuException(
        ErrorCode.INVALID_REQUEST, name + " is a whole number from 0 to " + max);
  }

  /** How many the client wants of a page: as many as it holds if he does not say. */
  int limit(int most) {
    long asked = number("limit", Integer.MAX_VALUE);
    return asked == 0 ? most : (int) Math.min(asked, most);
  }

  /** What the page before said; empty for the first. */
  String page() {
    return query("page").orElse("");
  }

  private Optional<String> query(String name) {
    List<String> values = context.queryParam(name);
    if (values.size() > 1) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, name + " stands there twice");
    }
    return values.stream().findFirst();
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
    return endpoint(context).filter(Endpoint::sends).isPresent();
  }
}
