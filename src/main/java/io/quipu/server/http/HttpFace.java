package io.quipu.server.http;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.Lists;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.Receipts;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.people.People;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of one event loop, how answers are written, and one form for every refusal. HTTP.md
 * beside the protocol is its contract, openapi.json the same for programs.
 */
public final class HttpFace {
  private static final Logger LOG = LoggerFactory.getLogger(HttpFace.class);

  private static final String ALL_OF_V1 = "/v1/*";

  private final Vertx vertx;
  private final HttpRules rules;
  private final Ports ports;
  private final Admission admission;
  private final Probes probes;

  /** What the routes ask. */
  public record Ports(
      TokenCheck tokens,
      Appender appender,
      MessageLog log,
      Journal journal,
      Directory directory,
      Lists lists,
      Receipts receipts,
      People people,
      ReadMarks readMarks,
      BooleanSupplier draining,
      BooleanSupplier placed,
      RequestPace pace) {}

  public HttpFace(
      Vertx vertx, HttpRules rules, Ports ports, Clock clock, Chance chance, Metrics metrics) {
    this.vertx = vertx;
    this.rules = rules;
    this.ports = ports;
    this.admission =
        new Admission(
            vertx, rules, ports.tokens(), ports.draining(), ports.pace(), clock, chance, metrics);
    this.probes = new Probes(ports.directory(), clock, ports.draining(), ports.placed());
  }

  /** Takes every request that is no WebSocket; on the event loop that made this. */
  public Router router() {
    Router router = Router.router(vertx);
    List<Endpoint> endpoints = endpoints();
    router.route().handler(admission::begin).failureHandler(this::failed);
    probe(router, "/healthz", context -> answer(context, 200, Answer.JSON, Probes.ALIVE));
    probe(router, "/readyz", this::ready);
    probe(
        router,
        "/v1/openapi.json",
        context -> answer(context, 200, Answer.JSON, OpenApi.document()));
    router.get("/v1/connect").handler(this::noWebSocket);
    for (Endpoint endpoint : endpoints) {
      at(router, endpoint).handler(context -> asked(context, endpoint));
    }
    router.route(ALL_OF_V1).handler(admission::authenticate);
    router.route(ALL_OF_V1).handler(admission::admit);
    router.route(ALL_OF_V1).handler(Admission::checkBodyType);
    router
        .route(ALL_OF_V1)
        .method(HttpMethod.POST)
        .method(HttpMethod.PATCH)
        .method(HttpMethod.PUT)
        .method(HttpMethod.DELETE)
        .handler(BodyHandler.create(false).setBodyLimit(rules.maxRequestBytes()));
    Map<String, Set<String>> allowed = new LinkedHashMap<>();
    for (Endpoint endpoint : endpoints) {
      at(router, endpoint).handler(context -> serve(context, endpoint));
      allowed.computeIfAbsent(endpoint.path(), path -> new TreeSet<>()).addAll(endpoint.methods());
    }
    allowed.forEach((path, methods) -> refuseOthers(router.route(path), methods));
    router.route().handler(context -> refuse(context, 404, "there is nothing at this path"));
    for (int status : new int[] {400, 404, 405, 413, 500}) {
      router.errorHandler(status, this::failed);
    }
    return router;
  }

  private List<Endpoint> endpoints() {
    Sending sending = new Sending(rules, ports.appender());
    Lists lists = ports.lists();
    return Stream.of(
            new ConversationRoutes(rules, sending, lists, ports.people(), ports.readMarks())
                .endpoints(),
            new MemberRoutes(rules, sending, lists).endpoints(),
            new ReceiptRoutes(rules, ports.receipts()).endpoints(),
            new MessageRoutes(rules, sending, ports.log(), lists).endpoints(),
            new SendRoutes(ports.journal()).endpoints(),
            new BlockRoutes(rules, sending, lists).endpoints(),
            new UserRoutes(ports.people()).endpoints())
        .flatMap(List::stream)
        .toList();
  }

  private static Route at(Router router, Endpoint endpoint) {
    Route route = router.route(endpoint.path());
    endpoint.methods().forEach(name -> route.method(HttpMethod.valueOf(name)));
    return route;
  }

  private void probe(Router router, String path, io.vertx.core.Handler<RoutingContext> what) {
    router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD).handler(what);
    refuseOthers(router.route(path), Set.of("GET", "HEAD"));
  }

  private void refuseOthers(Route route, Set<String> allowed) {
    String names = String.join(", ", new TreeSet<>(allowed));
    route.handler(
        context -> {
          context.response().putHeader(HttpHeaders.ALLOW, names);
          refuse(context, 405, "allowed here: " + names);
        });
  }

  // ---- routes

  private static void asked(RoutingContext context, Endpoint endpoint) {
    Call.asks(context, endpoint);
    context.next();
  }

  private void serve(RoutingContext context, Endpoint endpoint) {
    Future<Answer> answer;
    try {
      answer = endpoint.serve().apply(Call.of(context).orElseThrow());
    } catch (QuipuException e) {
      context.fail(e);
      return;
    }
    answer.onSuccess(done -> answer(context, done)).onFailure(e -> failUnlessLate(context, e));
  }

  private void ready(RoutingContext context) {
    probes
        .ready()
        .onSuccess(ready -> answer(context, 200, Answer.JSON, Probes.READY))
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

  /** Wrong as a request, whoever sends it. */
  static void refuse(RoutingContext context, int status, String detail) {
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
        LOG.error("a bug in {}", Call.endpoint(context).orElse(null), context.failure());
        yield new QuipuException(ErrorCode.BUG, "internal error");
      }
    };
  }

  private static void answer(RoutingContext context, Answer answer) {
    HttpServerResponse response = context.response();
    if (response.ended() || response.closed()) {
      return; // too late: it was refused, or nobody waits
    }
    answer.location().ifPresent(path -> response.putHeader(HttpHeaders.LOCATION, path));
    if (answer.body().isPresent()) {
      answer(context, answer.status(), answer.type(), answer.body().get());
    } else {
      end(response.setStatusCode(answer.status()).end());
    }
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
    if (context.request().method().equals(HttpMethod.HEAD)) {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
      end(response.end());
    } else {
      end(response.end(body));
    }
  }

  private static void end(Future<Void> written) {
    written.onFailure(e -> LOG.debug("answer not written: {}", e.toString()));
  }
}
