package io.quipu.server.http;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.protocol.Frame;
import io.quipu.protocol.JsonCodec;
import io.quipu.server.journal.ListPage;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a route answers.
 *
 * @param type of the body
 * @param body empty where there is nothing to say
 * @param location of what this request has made
 */
record Answer(int status, String type, Optional<Buffer> body, Optional<String> location) {
  static final String JSON = "application/json";

  /** Done, and that is all. */
  static final Answer DONE = new Answer(204, JSON, Optional.empty(), Optional.empty());

  private static final JsonCodec DRESS = new JsonCodec();

  /** The frame's own JSON, without the name around it: the same dress as on a WebSocket. */
  static Answer of(int status, Frame frame) {
    byte[] json = DRESS.encode(frame); // {"name":{ ... }}
    int from = 0;
    while (json[from] != ':') {
      from++;
    }
    return of(status, Buffer.buffer(json).slice(from + 1, json.length - 1));
  }

  static Answer of(int status, JsonObject json) {
    return of(status, json.toBuffer());
  }

  /** A page of what no frame has. What is empty is absent, as in frames. */
  static <T> Answer of(String items, ListPage<T> page, Function<T, Object> json) {
    JsonObject body = new JsonObject();
    if (!page.items().isEmpty()) {
      body.put(items, new JsonArray(page.items().stream().map(json).toList()));
    }
    if (!page.next().isEmpty()) {
      body.put("nextPage", page.next());
    }
    return of(200, body);
  }

  private static Answer of(int status, Buffer body) {
    return new Answer(status, JSON, Optional.of(body), Optional.empty());
  }

  /** What the path names is not there; the code says only that the request is wrong. */
  static Answer notThere(String detail) {
    Problem problem =
        Problem.of(new QuipuException(ErrorCode.INVALID_REQUEST, detail), 0)
            .ofNoSend()
            .withStatus(404);
    return new Answer(
        404, Problem.MEDIA_TYPE, Optional.of(problem.json().toBuffer()), Optional.empty());
  }

  /** The same; the path is told where this request has made what is there. */
  Answer at(String path) {
    return status == 201 ? new Answer(status, type, body, Optional.of(path)) : this;
  }

  /** The body, to take a part of it. */
  JsonObject json() {
    return new JsonObject(body.orElseThrow());
  }
}
