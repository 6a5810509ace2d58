package io.quipu.tools.bench;

import io.quipu.tools.bench.Crowd.Transport;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Connections to the bare server, each of which has had one answer. */
final class BareConnections {
  private static final int ABREAST = 32;
  private static final String LOOPBACK = "127.0.0.1";
  private static final int BYTES = 100;

  private BareConnections() {}

  static Future<Void> open(Vertx vertx, Transport transport, int port, int count) {
    NetClient net = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
    WebSocketClient web =
        vertx.createWebSocketClient(new WebSocketClientOptions().setMaxConnections(count));
    Supplier<Future<Void>> one = () -> transport == Transport.TCP ? tcp(net, port) : web(web, port);
    List<Future<Void>> lanes = new ArrayList<>();
    for (int lane = 0; lane < ABREAST; lane++) {
      lanes.add(lane(one, lane, count));
    }
    return Future.all(lanes).mapEmpty();
  }

  private static Future<Void> lane(Supplier<Future<Void>> one, int at, int count) {
    return at >= count
        ? Future.succeededFuture()
        : one.get().compose(open -> lane(one, at + ABREAST, count));
  }

  private static Future<Void> tcp(NetClient client, int port) {
    Promise<Void> answered = Promise.promise();
    return client
        .connect(port, LOOPBACK)
        .compose(
            socket -> {
              socket.handler(answer -> answered.tryComplete());
              return socket.write(Buffer.buffer(new byte[BYTES])).compose(v -> answered.future());
            });
  }

  private static Future<Void> web(WebSocketClient client, int port) {
    Promise<Void> answered = Promise.promise();
    return client
        .connect(port, LOOPBACK, "/")
        .compose(
            socket -> {
              socket.binaryMessageHandler(answer -> answered.tryComplete());
              return socket
                  .writeBinaryMessage(Buffer.buffer(new byte[BYTES]))
                  .compose(v -> answered.future());
            });
  }
}
