package io.quipu.it;

import io.quipu.server.http.OpenApiContract;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Asks a node over HTTP as some user or service. Every answer must be one that openapi.json has for
 * its request.
 */
final class HttpCaller {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final TestNode node;
  private final String token;
  private final List<String> headers;

  private HttpCaller(TestNode node, String token, List<String> headers) {
    this.node = node;
    this.token = token;
    this.headers = headers;
  }

  static HttpCaller user(TestNode node, String user) {
    return new HttpCaller(node, node.token(user), List.of());
  }

  /** A service that acts for nobody. */
  static HttpCaller system(TestNode node) {
    return new HttpCaller(node, node.serviceToken("billing"), List.of());
  }

  static HttpCaller serviceFor(TestNode node, String user) {
    return system(node).with("Quipu-User", user);
  }

  /** The same, with one more header. */
  HttpCaller with(String name, String value) {
    List<String> more = new ArrayList<>(headers);
    more.addAll(List.of(name, value));
    return new HttpCaller(node, token, List.copyOf(more));
  }

  /**
   * @param request method, path below /v1, and perhaps a body: {@code PUT /blocks/bob {}}
   */
  Reply ask(String request) {
    String[] parts = request.split(" ", 3);
    String path = "/v1" + parts[1];
    HttpRequest.Builder built =
        HttpRequest.newBuilder(URI.create("http://localhost:" + node.httpPort() + path))
            .timeout(PATIENCE)
            .header("Authorization", "Bearer " + token)
            .method(
                parts[0],
                parts.length == 3
                    ? HttpRequest.BodyPublishers.ofString(parts[2])
                    : HttpRequest.BodyPublishers.noBody());
    if (!headers.isEmpty()) {
      built.headers(headers.toArray(String[]::new));
    }
    try {
      HttpResponse<String> answer =
          CLIENT.send(built.build(), HttpResponse.BodyHandlers.ofString());
      Reply reply = new Reply(answer.statusCode(), answer.headers().map(), answer.body());
      OpenApiContract.check(parts[0], path, reply.status(), reply.type(), reply.body());
      return reply;
    } catch (IOException e) {
      throw new UncheckedIOException(request, e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(request, e);
    }
  }

  /** Of a request that must succeed. */
  JsonObject done(String request) {
    Reply reply = ask(request);
    if (reply.status() >= 300) {
      throw new AssertionError(request + ": " + reply);
    }
    return reply.body().isEmpty() ? new JsonObject() : reply.json();
  }

  /** An answer. */
  record Reply(int status, Map<String, List<String>> headers, String body) {
    JsonObject json() {
      return new JsonObject(body);
    }

    String type() {
      return String.join(", ", headers.getOrDefault("content-type", List.of()));
    }

    /** The status, and behind a slash the code of a problem. */
    String inShort() {
      return status < 400 ? "" + status : status + "/" + json().getInteger("code");
    }
  }

  /** The cells of one line of a table; two blanks or more stand between them. */
  static List<String> cells(String line) {
    return Arrays.stream(line.strip().split(" {2,}", -1)).toList();
  }
}
