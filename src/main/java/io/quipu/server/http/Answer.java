package io.quipu.server.http;

import io.quipu.protocol.Frame;
import io.quipu.protocol.JsonCodec;
import io.vertx.core.buffer.Buffer;

/**
 * What a route answers.
 *
 * @param body JSON
 */
record Answer(int status, Buffer body) {
  private static final JsonCodec DRESS = new JsonCodec();

  /** The frame's own JSON, without the name around it: the same dress as on a WebSocket. */
  static Answer of(int status, Frame frame) {
    byte[] json = DRESS.encode(frame); // {"name":{ ... }}
    int from = 0;
    while (json[from] != ':') {
      from++;
    }
    return new Answer(status, Buffer.buffer(json).slice(from + 1, json.length - 1));
  }
}
