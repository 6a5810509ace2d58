package io.quipu.server.http;

import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.config.LoopbackName;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.session.Identity;
import io.quipu.server.time.Chance;
import io.quipu.server.time.Clock;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * What every request goes through before a route: in how much time, by which name, who asks (before
 * a byte of a body is read), and how much at once. Belongs to one event loop.
 */
final class Admission {
  private static final String BEARER = "bearer ";
  private static final String WWW_AUTHENTICATE = "WWW-Authenticate";

  private final Vertx vertx;
  private final HttpRules rules;
  private final TokenCheck tokens;
  private final BooleanSupplier draining;
  private final RequestPace pace;
  private final Clock clock;
  private final Chance chance;
  private final Metrics metrics;
  private final Map<UserId, Integer> atWork = new HashMap<>();

  Admission(
      Vertx vertx,
      HttpRules rules,
      TokenCheck tokens,
      BooleanSupplier draining,
      RequestPace pace,
      Clock clock,
      Chance chance,
      Metrics metrics) {
    this.vertx = vertx;
    this.rules = rules;
    this.tokens = tokens;
    this.draining = draining;
    this.pace = pace;
    this.clock = clock;
    this.chance = chance;
    this.metrics = metrics;
  }

  void begin(RoutingContext context) {
    HttpServerResponse response = context.response();
    response.putHeader("X-Content-Type-Options", "nosniff");
    response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    if (draining.getAsBoolean()) {
      response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    long body = vertx.setTimer(rules.bodyMs(), late -> bodyIsLate(context));
    long whole = vertx.setTimer(rules.bodyMs() + rules.answerMs(), late -> answerIsLate(context));
    context.addEndHandler(
        ended -> {
          vertx.cancelTimer(whole);
          if (context.request().isEnded()) {
            vertx.cancelTimer(body);
          }
          if (ended.succeeded()) {
            metrics.httpAnswered(response.getStatusCode());
          }
        });
    String query = context.request().query();
    String host = context.request().getHeader(HttpHeaders.HOST);
    if (rules.loopbackNamesOnly() && !LoopbackName.isOne(host == null ? "" : host)) {
      // A web page whose name was made to point here could be any user with a development token.
      HttpFace.refuse(context, 421, "with development tokens this node answers only as localhost");
    } else if (!RequestPath.isSound(context.request().path())) {
      HttpFace.refuse(context, 400, "the path is not sound percent-encoded UTF-8");
    } else if (query != null && !RequestPath.isSoundQuery(query)) {
      HttpFace.refuse(context, 400, "the query is not sound percent-encoding");
    } else {
      context.next();
    }
  }

  void authenticate(RoutingContext context) {
    List<String> headers = context.request().headers().getAll(HttpHeaders.AUTHORIZATION);
    if (headers.size() != 1 || !headers.get(0).toLowerCase(Locale.ROOT).startsWith(BEARER)) {
      context.response().putHeader(WWW_AUTHENTICATE, "Bearer realm=\"quipu\"");
      context.fail(
          new QuipuException(
              ErrorCode.TOKEN_INVALID, "the header Authorization: Bearer TOKEN is needed, once"));
      return;
    }
    context.request().pause();
    tokens
        .identityOf(headers.get(0).substring(BEARER.length()).strip())
        .onComplete(
            identity -> {
              if (!context.request().isEnded()) {
                context.request().resume();
              }
              if (context.response().ended() || context.response().closed()) {
                return; // it was too late
              }
              if (identity.succeeded()) {
                admitted(context, identity.result());
              } else {
                context
                    .response()
                    .putHeader(WWW_AUTHENTICATE, "Bearer realm=\"quipu\", error=\"invalid_token\"");
                context.fail(identity.cause());
              }
            });
  }

  private void admitted(RoutingContext context, Identity identity) {
    int waitMs = identity instanceof Identity.User user ? pace.request(user.user()) : 0;
    if (waitMs > 0) {
      context.fail(
          new QuipuException(
              ErrorCode.TOO_MANY_REQUESTS,
              Outcome.NOT_APPLIED,
              waitMs,
              "too many requests of this user in this time"));
      return;
    }
    try {
      Call.begin(context, identity, clock, chance);
    } catch (QuipuException e) {
      context.fail(e);
      return;
    }
    context.next();
  }

  /** One user's requests do not take all there is. */
  void admit(RoutingContext context) {
    UserId user = Call.of(context).orElseThrow().user();
    if (atWork.getOrDefault(user, 0) >= rules.maxRequestsOfUser()) {
      context.fail(
          new QuipuException(
              ErrorCode.TOO_MANY_REQUESTS,
              "at most " + rules.maxRequestsOfUser() + " requests of one user at once"));
      return;
    }
    atWork.merge(user, 1, Integer::sum);
    context.addEndHandler(
        ended -> atWork.computeIfPresent(user, (same, n) -> n == 1 ? null : n - 1));
    context.next();
  }

  static void checkBodyType(RoutingContext context) {
    String type = context.request().getHeader(HttpHeaders.CONTENT_TYPE);
    String encoding = context.request().getHeader(HttpHeaders.CONTENT_ENCODING);
    if (type != null && !type.split(";", 2)[0].strip().equalsIgnoreCase(Answer.JSON)) {
      context.fail(415);
    } else if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      context.fail(415);
    } else {
      context.next();
    }
  }

  private static void bodyIsLate(RoutingContext context) {
    if (!context.request().isEnded()) {
      if (!context.response().ended()) {
        context.fail(new QuipuException(ErrorCode.IDLE_TIMEOUT, "the body did not arrive in time"));
      }
      context.request().connection().close();
    }
  }

  private static void answerIsLate(RoutingContext context) {
    context.fail(
        504,
        new QuipuException(
            ErrorCode.OWNER_UNREACHABLE, Outcome.UNKNOWN, "no answer in time: try again"));
  }
}
