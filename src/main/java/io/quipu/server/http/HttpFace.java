package io.quipu.server.http;

import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.config.LoopbackName;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.session.Identity;
import io.quipu.server.time.Chance;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of one event loop, and what is the same for all of them: who asks (before a byte of a
 * body is read), how much and how long, and one form for every refusal. HTTP.md beside the protocol
 * is its contract.
 */
public final class HttpFace {
  private static final Logger LOG = LoggerFactory.getLogger(HttpFace.class);

  private static final String JSON = "application/json";
  private static final String PATTERN = "quipu.pattern";
  private static final String ALL_OF_V1 = "/v1/*";
  private static final String BEARER = "bearer ";
  private static final String WWW_AUTHENTICATE = "WWW-Authenticate";

  private final Vertx vertx;
  private final HttpRules rules;
  private final Ports ports;
  private final Clock clock;
  private final Chance chance;
  private final Metrics metrics;
  private final Probes probes;
  private final Map<UserId, Integer> atWork = new HashMap<>();

  /** What the routes ask. */
  public record Ports(
      TokenCheck tokens,
      Appender appender,
      MessageLog log,
      Journal journal,
      Directory directory,
      BooleanSupplier draining) {}

  public HttpFace(
      Vertx vertx, HttpRules rules, Ports ports, Clock clock, Chance chance, Metrics metrics) {
    this.vertx = vertx;
    this.rules = rules;
    this.ports = ports;
    this.clock = clock;
    this.chance = chance;
    this.metrics = metrics;
    this.probes = new Probes(ports.directory(), clock, ports.draining());
  }

  /** Takes every request that is no WebSocket; on the event loop that made this. */
  public Router router() {
    Router router = Router.router(vertx);
    router.route().handler(this::begin).failureHandler(this::failed);
    probe(router, "/healthz", context -> answer(context, 200, JSON, Probes.ALIVE));
    probe(router, "/readyz", this::ready);
    router.get("/v1/connect").handler(this::noWebSocket);
    router.route(ALL_OF_V1).handler(this::authenticate);
    router.route(ALL_OF_V1).handler(this::admit);
    router.route(ALL_OF_V1).handler(HttpFace::checkBodyType);
    router
        .route(ALL_OF_V1)
        .method(HttpMethod.POST)
        .method(HttpMethod.PATCH)
        .handler(BodyHandler.create(false).setBodyLimit(rules.maxRequestBytes()));
    conversations(router);
    router.route().handler(context -> refuse(context, 404, "there is nothing at this path"));
    for (int status : new int[] {400, 404, 405, 413, 500}) {
      router.errorHandler(status, this::failed);
    }
    return router;
  }

  private void conversations(Router router) {
    Conversations routes = new Conversations(rules, ports.appender(), ports.log(), ports.journal());
    String one = "/v1/conversations/:conversation";
    resource(router, "/v1/conversations", Map.of(HttpMethod.POST, routes::create));
    resource(router, one, Map.of(HttpMethod.PATCH, routes::rename));
    resource(router, one + "/members", Map.of(HttpMethod.POST, routes::addMembers));
    resource(router, one + "/members/:user", Map.of(HttpMethod.DELETE, routes::removeMember));
    resource(
        router,
        one + "/messages",
        Map.of(HttpMethod.GET, routes::history, HttpMethod.POST, routes::sendMessage));
    resource(router, one + "/sends/:id", Map.of(HttpMethod.GET, routes::sendStatus));
    resource(router, one + "/sends/:id/cancel", Map.of(HttpMethod.POST, routes::cancelSend));
    resource(
        router, "/v1/direct/:user/messages", Map.of(HttpMethod.POST, routes::sendDirectMessage));
  }

  private void resource(
      Router router, String path, Map<HttpMethod, Function<Call, Future<Answer>>> methods) {
    methods.forEach(
        (method, what) ->
            router
                .route(method, path)
                .handler(
                    context -> {
                      context.put(PATTERN, method + " " + path);
                      serve(context, what);
                    }));
    refuseOthers(router.route(path), methods.keySet().stream().map(HttpMethod::name).toList());
  }

  private void probe(Router router, String path, io.vertx.core.Handler<RoutingContext> what) {
    router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD).handler(what);
    refuseOthers(router.route(path), List.of("GET", "HEAD"));
  }

  private void refuseOthers(Route route, List<String> allowed) {
    String names = String.join(", ", allowed.stream().sorted().toList());
    route.handler(
        context -> {
          context.response().putHeader(HttpHeaders.ALLOW, names);
          refuse(context, 405, "allowed here: " + names);
        });
  }

  // ---- before a route

  private void begin(RoutingContext context) {
    HttpServerResponse response = context.response();
    response.putHeader("X-Content-Type-Options", "nosniff");
    response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    if (ports.draining().getAsBoolean()) {
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
      refuse(context, 421, "with development tokens this node answers only as localhost");
    } else if (!RequestPath.isSound(context.request().path())) {
      refuse(context, 400, "the path is not sound percent-encoded UTF-8");
    } else if (query != null && !RequestPath.isSoundQuery(query)) {
      refuse(context, 400, "the query is not sound percent-encoding");
    } else {
      context.next();
    }
  }

  private void authenticate(RoutingContext context) {
    List<String> headers = context.request().headers().getAll(HttpHeaders.AUTHORIZATION);
    if (headers.size() != 1 || !headers.get(0).toLowerCase(Locale.ROOT).startsWith(BEARER)) {
      context.response().putHeader(WWW_AUTHENTICATE, "Bearer realm=\"quipu\"");
      context.fail(
          new QuipuException(
              ErrorCode.TOKEN_INVALID, "the header Authorization: Bearer TOKEN is needed, once"));
      return;
    }
    context.request().pause();
    ports
        .tokens()
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
    try {
      Call.begin(context, identity, clock, chance);
    } catch (QuipuException e) {
      context.fail(e);
      return;
    }
    context.next();
  }

  /** One user's requests do not take all there is. */
  private void admit(RoutingContext context) {
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

  private static void checkBodyType(RoutingContext context) {
    String type = context.request().getHeader(HttpHeaders.CONTENT_TYPE);
    String encoding = context.request().getHeader(HttpHeaders.CONTENT_ENCODING);
    if (type != null && !type.split(";", 2)[0].strip().equalsIgnoreCase(JSON)) {
      context.fail(415);
    } else if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      context.fail(415);
    } else {
      context.next();
    }
  }

  // ---- routes

  private void serve(RoutingContext context, Function<Call, Future<Answer>> what) {
    Future<Answer> answer;
    try {
      answer = what.apply(Call.of(context).orElseThrow());
    } catch (QuipuException e) {
      context.fail(e);
      return;
    }
    answer
        .onSuccess(done -> answer(context, done.status(), JSON, done.body()))
        .onFailure(e -> failUnlessLate(context, e));
  }

  private void ready(RoutingContext context) {
    probes
        .ready()
        .onSuccess(ready -> answer(context, 200, JSON, Probes.READY))
        .onFailure(e -> failUnlessLate(context, e));
  }

  private void noWebSocket(RoutingContext context) {
    context.response().putHeader(HttpHeaders.UPGRADE, "websocket");
    refuse(context, 426, "this is for WebSockets");
  }

  // ---- what goes wrong

  private static void failUnlessLate(RoutingContext context, Throwable e) {
    if (!context.response().ended() && !context.response().closed()) {
      context.fail(e);
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

  /** Wrong as a request, whoever sends it. */
  private static void refuse(RoutingContext context, int status, String detail) {
    context.fail(status, new QuipuException(ErrorCode.INVALID_REQUEST, detail));
  }

  private void failed(RoutingContext context) {
    QuipuException e = expected(context);
    Problem problem = Problem.of(e, rules.retryAfterMs());
    int status = context.statusCode();
    boolean ownStatus = status >= 400 && status != 500; // fail(cause) alone says 500
    if (ownStatus) {
      problem = problem.withStatus(status);
    }
    problem = Call.problem(context, problem, e);
    if (problem.retryAfterMs() > 0) {
      int seconds = (problem.retryAfterMs() + 999) / 1000;
      context.response().putHeader(HttpHeaders.RETRY_AFTER, Integer.toString(seconds));
    }
    answer(context, problem.status(), Problem.MEDIA_TYPE, problem.json().encode());
  }

  private QuipuException expected(RoutingContext context) {
    if (context.failure() instanceof QuipuException e) {
      return e;
    }
    return switch (context.statusCode()) {
      case 413 ->
          new QuipuException(
              ErrorCode.BODY_TOO_LARGE,
              "a request has at most " + rules.maxRequestBytes() + " bytes");
      case 415 ->
          new QuipuException(
              ErrorCode.INVALID_REQUEST, "a body is application/json, and not compressed");
      case 400, 404, 405, 406 ->
          new QuipuException(ErrorCode.INVALID_REQUEST, "the request cannot be understood");
      default -> {
        // The route's pattern, not what the client wrote.
        LOG.error("a bug in {}", context.<String>get(PATTERN), context.failure());
        yield new QuipuException(ErrorCode.BUG, "internal error");
      }
    };
  }

  private static void answer(RoutingContext context, int status, String type, String body) {
    answer(context, status, type, Buffer.buffer(body));
  }

  private static void answer(RoutingContext context, int status, String type, Buffer body) {
    HttpServerResponse response = context.response();
    if (response.ended() || response.closed()) {
      return; // too late: it was refused, or nobody waits
    }
    response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, type);
    response.end(body).onFailure(e -> LOG.debug("answer not written: {}", e.toString()));
  }
}
