package io.quipu.client;

import io.quipu.model.ErrorCode;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.JsonCodec;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** One WebSocket message is one frame: binary, or as JSON text. */
final class WebSocketTransport implements Transport {
  private static final String BINARY_PROTOCOL = "quipu.v1";
  private static final String JSON_PROTOCOL = "quipu.v1.json";
  private static final int CLOSE_CODE_BASE = 4000;

  private final WebSocketClient client;
  private final WebSocketConnectOptions target;
  private final boolean json;
  private final FrameCodec codec;

  WebSocketTransport(
      Vertx vertx,
      String host,
      int port,
      String path,
      boolean json,
      int connectTimeoutMs,
      int maxFrameBytes) {
    this.json = json;
    this.codec = json ? new JsonCodec() : new BinaryCodec();
    this.client =
        vertx.createWebSocketClient(
            new WebSocketClientOptions()
                .setConnectTimeout(connectTimeoutMs)
                .setTcpNoDelay(true)
                .setMaxFrameSize(maxFrameBytes)
                .setMaxMessageSize(maxFrameBytes));
    this.target =
        new WebSocketConnectOptions()
            .setHost(host)
            .setPort(port)
            .setURI(path)
            .addSubProtocol(json ? JSON_PROTOCOL : BINARY_PROTOCOL)
            .setTimeout(connectTimeoutMs);
  }

  @Override
  public FrameCodec codec() {
    return codec;
  }

  @Override
  public Future<Line> open(Receiver receiver) {
    return client
        .connect(new WebSocketConnectOptions(target))
        .map(socket -> attached(socket, receiver));
  }

  private Line attached(WebSocket socket, Receiver receiver) {
    if (json) {
      socket.textMessageHandler(text -> received(text.getBytes(StandardCharsets.UTF_8), receiver));
      socket.binaryMessageHandler(bytes -> receiver.broken("a binary message in JSON dress"));
    } else {
      socket.binaryMessageHandler(bytes -> received(bytes.getBytes(), receiver));
      socket.textMessageHandler(text -> receiver.broken("a text message in binary dress"));
    }
    socket.exceptionHandler(e -> {}); // the close handler follows
    socket.closeHandler(v -> receiver.ended(meaning(socket.closeStatusCode())));
    return new WebSocketLine(socket, json);
  }

  private static void received(byte[] frame, Receiver receiver) {
    try {
      receiver.frame(frame, 0, frame.length);
    } finally {
      receiver.endOfTurn();
    }
  }

  private static Optional<ErrorCode> meaning(Short closeCode) {
    return Optional.ofNullable(closeCode).flatMap(code -> ErrorCode.of(code - CLOSE_CODE_BASE));
  }

  @Override
  public Future<Void> close() {
    return client.close();
  }

  private record WebSocketLine(WebSocket socket, boolean json) implements Line {
    @Override
    public void write(byte[] frame) {
      Future<Void> written =
          json
              ? socket.writeTextMessage(new String(frame, StandardCharsets.UTF_8))
              : socket.writeBinaryMessage(Buffer.buffer(frame));
      written.onFailure(e -> {}); // the close handler tells the end
    }

    @Override
    public void flush() {
      // each message is written at once
    }

    @Override
    public void close() {
      socket.close().onFailure(e -> {});
    }
  }
}
