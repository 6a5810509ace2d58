package io.quipu.server.http;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The contract of the HTTP face for programs, as it is served. */
final class OpenApi {
  private static final String RESOURCE = "/openapi.json";
  private static final Buffer DOCUMENT = read();

  private OpenApi() {}

  static Buffer document() {
    return DOCUMENT;
  }

  private static Buffer read() {
    try (InputStream in = OpenApi.class.getResourceAsStream(RESOURCE)) {
      return Buffer.buffer(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
