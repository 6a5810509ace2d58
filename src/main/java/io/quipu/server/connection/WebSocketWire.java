package io.quipu.server.connection;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.internal.http.WebSocketInternal;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A WebSocket: each frame is one message, binary or text. */
final class WebSocketWire implements Wire {
  private static final int MAX_REASON_BYTES = 123; // RFC 6455, 5.5

  private final ServerWebSocket socket;
  private final boolean text;

  WebSocketWire(ServerWebSocket socket, boolean text) {
    this.socket = socket;
    this.text = text;
  }

  @Override
  public Future<Void> write(List<byte[]> frames) {
    Future<Void> last = Future.succeededFuture();
    for (byte[] frame : frames) {
      last =
          text
              ? socket.writeTextMessage(new String(frame, StandardCharsets.UTF_8))
              : socket.writeBinaryMessage(Buffer.buffer(frame));
    }
    return last;
  }

  @Override
  public String remote() {
    return String.valueOf(socket.remoteAddress().hostAddress());
  }

  @Override
  public boolean isFull() {
    return socket.writeQueueFull();
  }

  @Override
  public void close(int closeCode, String reason) {
    socket.close((short) closeCode, shortened(reason));
  }

  @Override
  public void cut() {
    // Every other way waits for what is written.
    Wire.cut(((WebSocketInternal) socket).channelHandlerContext().channel());
  }

  private static String shortened(String reason) {
    String cut = reason;
    while (cut.getBytes(StandardCharsets.UTF_8).length > MAX_REASON_BYTES) {
      cut = cut.substring(0, cut.length() - 1);
    }
    return cut;
  }
}
