package io.quipu.server.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.function.Function;

/**
 * One operation of the API.
 *
 * @param path with its parameters as {@code :name}
 * @param sends what it does is a send: its problems tell outcome and client_message_id
 */
record Endpoint(
    HttpMethod method, String path, boolean sends, Function<Call, Future<Answer>> serve) {
  static final String CONVERSATION = "/v1/conversations/:conversation";

  static Endpoint reads(String path, Function<Call, Future<Answer>> serve) {
    return new Endpoint(HttpMethod.GET, path, false, serve);
  }

  /** Puts an entry into a log. */
  static Endpoint sends(HttpMethod method, String path, Function<Call, Future<Answer>> serve) {
    return new Endpoint(method, path, true, serve);
  }

  /** Changes what stands beside the logs; the same again changes nothing more. */
  static Endpoint sets(HttpMethod method, String path, Function<Call, Future<Answer>> serve) {
    return new Endpoint(method, path, false, serve);
  }

  /** Whoever may GET may ask for the head alone. */
  List<String> methods() {
    return method.equals(HttpMethod.GET) ? List.of("GET", "HEAD") : List.of(method.name());
  }

  /** Without what a client writes in place of the parameters: this may be logged. */
  @Override
  public String toString() {
    return method + " " + path;
  }
}
