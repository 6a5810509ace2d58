package io.quipu.server.http;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.config.Configuration;
import io.quipu.server.config.LoopbackName;
import io.quipu.server.journal.Directory;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * What operators and their tools ask of a node, on a listener of its own that users do not reach:
 * alive, ready, and in which numbers. Users' tokens mean nothing here.
 */
public final class AdminVerticle extends VerticleBase {
  private static final String JSON = "application/json";
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
  private static final String BEARER = "bearer ";

  /** Some scrapers, some people; one more is closed without a word. */
  private static final int MAX_CONNECTIONS = 64;

  /** Longer than scrapers pause between two scrapes, so that they keep their connection. */
  private static final int IDLE_S = 75;

  /** Numbers are gathered at most so often, however often they are asked for. */
  private static final long KEPT_MS = 1_000;

  private final Configuration.Admin rules;
  private final Probes probes;
  private final Metrics metrics;
  private final Clock clock;
  private int connections;
  private int port;
  private String numbers = "";
  private long numbersMs;

  public AdminVerticle(
      Configuration.Admin rules,
      Directory directory,
      Metrics metrics,
      Clock clock,
      BooleanSupplier draining,
      BooleanSupplier placed) {
    this.rules = rules;
    this.metrics = metrics;
    this.clock = clock;
    this.probes = new Probes(directory, clock, draining, placed);
    this.numbersMs = clock.nowMs() - KEPT_MS;
  }

  @Override
  public Future<?> start() {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost(rules.host())
            .setPort(rules.port())
            .setHttp2ClearTextEnabled(false)
            .setIdleTimeout(IDLE_S)
            .setIdleTimeoutUnit(TimeUnit.SECONDS);
    return vertx
        .createHttpServer(options)
        .connectionHandler(this::admit)
        .requestHandler(this::answer)
        .listen()
        .onSuccess(server -> port = server.actualPort());
  }

  /** The port that is really bound. */
  public int port() {
    return port;
  }

  private void admit(HttpConnection connection) {
    connections++;
    connection.closeHandler(closed -> connections--);
    if (connections > MAX_CONNECTIONS) {
      connection.close();
    }
  }

  private void answer(HttpServerRequest request) {
    request
        .response()
        .putHeader("X-Content-Type-Options", "nosniff")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    String host = String.valueOf(request.getHeader(HttpHeaders.HOST));
    if (LoopbackName.isOne(rules.host()) && rules.token().isEmpty() && !LoopbackName.isOne(host)) {
      // A web page whose name was made to point here must not read what this machine's users may.
      refuse(request, 421, ErrorCode.INVALID_REQUEST, "this listener answers only as localhost");
    } else if (!RequestPath.isSound(request.path())) {
      refuse(request, 400, ErrorCode.INVALID_REQUEST, "the path is not sound");
    } else {
      switch (request.path()) {
        case "/healthz" -> read(request, this::alive);
        case "/readyz" -> read(request, this::ready);
        case "/metrics" -> readWithToken(request, this::metrics);
        default -> refuse(request, 404, ErrorCode.INVALID_REQUEST, "there is nothing at this path");
      }
    }
  }

  private static void read(HttpServerRequest request, Read what) {
    if (request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD)) {
      what.answer(request);
    } else {
      request.response().putHeader(HttpHeaders.ALLOW, "GET, HEAD");
      refuse(request, 405, ErrorCode.INVALID_REQUEST, "allowed here: GET, HEAD");
    }
  }

  private void readWithToken(HttpServerRequest request, Read what) {
    if (isTokenIn(request.headers().getAll(HttpHeaders.AUTHORIZATION))) {
      read(request, what);
    } else {
      request.response().putHeader("WWW-Authenticate", "Bearer realm=\"quipu admin\"");
      refuse(
          request,
          401,
          ErrorCode.TOKEN_INVALID,
          "Authorization: Bearer with admin.token is needed");
    }
  }

  private boolean isTokenIn(List<String> headers) {
    if (rules.token().isEmpty()) {
      return true;
    }
    if (headers.size() != 1 || !headers.get(0).toLowerCase(Locale.ROOT).startsWith(BEARER)) {
      return false;
    }
    // In a time that does not depend on how much of it is right.
    return MessageDigest.isEqual(
        headers.get(0).substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8),
        rules.token().get().getBytes(StandardCharsets.UTF_8));
  }

  private interface Read {
    void answer(HttpServerRequest request);
  }

  private void alive(HttpServerRequest request) {
    end(request, 200, JSON, Probes.ALIVE);
  }

  private void ready(HttpServerRequest request) {
    probes
        .ready()
        .onSuccess(ready -> end(request, 200, JSON, Probes.READY))
        .onFailure(
            e -> {
              ErrorCode code =
                  e instanceof QuipuException known ? known.code() : ErrorCode.STORE_DOWN;
              refuse(request, Problem.statusOf(code), code, e.getMessage());
            });
  }

  private void metrics(HttpServerRequest request) {
    long nowMs = clock.nowMs();
    if (nowMs - numbersMs >= KEPT_MS) {
      numbersMs = nowMs;
      numbers = metrics.scrape();
    }
    end(request, 200, PROMETHEUS, numbers);
  }

  private static void refuse(HttpServerRequest request, int status, ErrorCode code, String detail) {
    Problem problem = new Problem(status, code, Optional.empty(), Optional.empty(), 0, detail);
    end(request, status, Problem.MEDIA_TYPE, problem.json().encode());
  }

  private static void end(HttpServerRequest request, int status, String type, String body) {
    HttpServerResponse response = request.response();
    if (!response.ended() && !response.closed()) {
      response
          .setStatusCode(status)
          .putHeader(HttpHeaders.CONTENT_TYPE, type)
          .end(Buffer.buffer(body));
    }
  }
}
