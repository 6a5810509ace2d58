package io.quipu.tools.bench;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/** Users who connect, sync, and from then on only acknowledge; all of them on one event loop. */
final class Crowd {
  /** How they connect. */
  enum Transport {
    TCP,
    WEBSOCKET
  }

  private static final FrameCodec CODEC = new BinaryCodec();
  private static final DeviceId DEVICE = new DeviceId("bench");
  private static final int ABREAST = 32;
  private static final int CONNECT_MS = 10_000;

  private final Transport transport;
  private final SocketAddress node;
  private final Function<UserId, String> tokens;
  private final NetClient net;
  private final WebSocketClient web;
  private final List<Member> members = new ArrayList<>();
  private long confirmed;
  private Optional<String> failure = Optional.empty();

  Crowd(
      Vertx vertx,
      Transport transport,
      SocketAddress node,
      Function<UserId, String> tokens,
      int most) {
    this.transport = transport;
    this.node = node;
    this.tokens = tokens;
    this.net =
        vertx.createNetClient(
            new NetClientOptions().setTcpNoDelay(true).setConnectTimeout(CONNECT_MS));
    this.web =
        vertx.createWebSocketClient(
            new WebSocketClientOptions().setMaxConnections(most).setConnectTimeout(CONNECT_MS));
  }

  /** All of them, a bounded number at a time; completes when each has synced. */
  Future<Void> open(List<UserId> users) {
    List<Future<Void>> lanes = new ArrayList<>();
    for (int lane = 0; lane < Math.min(ABREAST, users.size()); lane++) {
      lanes.add(lane(users, lane));
    }
    return Future.all(lanes).mapEmpty();
  }

  private Future<Void> lane(List<UserId> users, int at) {
    if (at >= users.size()) {
      return Future.succeededFuture();
    }
    Member member = new Member();
    members.add(member);
    return member.open(users.get(at)).compose(open -> lane(users, at + ABREAST));
  }

  /** AckConfirms that have come. */
  long confirmed() {
    return confirmed;
  }

  /** Why one of them was thrown out, if one was. */
  Optional<String> failure() {
    return failure;
  }

  void ping() {
    members.forEach(member -> member.send(new Frame.Ping(1)));
  }

  private final class Member implements LoadConnection.Talker {
    private final Promise<Void> synced = Promise.promise();
    private Consumer<Frame> out = frame -> {};
    private Runnable flush = () -> {};

    Future<Void> open(UserId user) {
      String token = tokens.apply(user);
      Future<?> opened =
          transport == Transport.TCP
              ? LoadConnection.open(net, node, token, DEVICE, this)
                  .onSuccess(
                      connection -> {
                        out = connection::queue;
                        flush = connection::flush;
                      })
              : openWeb(token);
      return opened.compose(
          connected -> {
            send(new Frame.Sync(1, List.of(), false, false));
            return synced.future();
          });
    }

    private Future<?> openWeb(String token) {
      WebSocketConnectOptions options =
          new WebSocketConnectOptions()
              .setHost(node.host())
              .setPort(node.port())
              .setURI("/v1/connect")
              .addSubProtocol("quipu.v1");
      Promise<Void> connected = Promise.promise();
      return web.connect(options)
          .compose(
              socket -> {
                out = frame -> write(socket, frame);
                socket.binaryMessageHandler(
                    message -> {
                      byte[] bytes = message.getBytes();
                      Frame frame = CODEC.decode(bytes, 0, bytes.length);
                      if (frame instanceof Frame.Connected) {
                        connected.complete();
                      } else {
                        frame(frame);
                      }
                    });
                socket.closeHandler(end -> closed("the node closed it"));
                send(new Frame.Connect(Frame.PROTOCOL_VERSION, token, DEVICE, "quipu-bench"));
                return connected.future();
              });
    }

    private void write(WebSocket socket, Frame frame) {
      socket
          .writeBinaryMessage(Buffer.buffer(CODEC.encode(frame)))
          .onFailure(e -> closed(String.valueOf(e.getMessage())));
    }

    void send(Frame frame) {
      out.accept(frame);
      flush.run();
    }

    @Override
    public void connected(Frame.Connected welcome) {}

    @Override
    public void frame(Frame frame) {
      if (frame instanceof Frame.Deliver deliver) {
        out.accept(new Frame.DeliverAck(deliver.range().conversation(), deliver.range().toSeq()));
      } else if (frame instanceof Frame.SyncPage page) {
        page.ranges()
            .forEach(
                range -> out.accept(new Frame.DeliverAck(range.conversation(), range.toSeq())));
        out.accept(new Frame.SyncAck(page.syncId(), page.page()));
      } else if (frame instanceof Frame.SyncDone) {
        synced.tryComplete();
      } else if (frame instanceof Frame.AckConfirm) {
        confirmed++;
      } else if (frame instanceof Frame.GoAway goAway) {
        closed("GoAway " + goAway.code() + ": " + goAway.detail());
      }
    }

    @Override
    public void turnEnded() {}

    @Override
    public void closed(String reason) {
      failure = failure.or(() -> Optional.of(reason));
      synced.tryFail(reason);
    }
  }
}
