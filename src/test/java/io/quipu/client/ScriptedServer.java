package io.quipu.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.Gap;
import io.quipu.model.Limits;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.FrameSplitter;
import io.quipu.protocol.JsonCodec;
import io.quipu.protocol.LengthPrefix;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/** A server on a real loopback socket that does exactly what the test says, frame by frame. */
final class ScriptedServer {
  static final UserId ALICE = new UserId("alice");
  static final UserId BOB = new UserId("bob");
  static final ConversationId AB = ConversationId.direct(ALICE, BOB);
  private static final long PATIENCE_S = 10;

  /** How frames are dressed. */
  enum Dress {
    TCP,
    WEBSOCKET,
    WEBSOCKET_JSON
  }

  private final Dress dress;
  private final int port;
  private final BlockingQueue<Peer> arrived;

  private ScriptedServer(Dress dress, int port, BlockingQueue<Peer> arrived) {
    this.dress = dress;
    this.port = port;
    this.arrived = arrived;
  }

  static ScriptedServer start(Vertx vertx, Dress dress) {
    BlockingQueue<Peer> arrived = new LinkedBlockingQueue<>();
    int port;
    if (dress == Dress.TCP) {
      NetServer server =
          await(
              vertx
                  .createNetServer()
                  .connectHandler(socket -> arrived.add(new TcpPeer(socket)))
                  .listen(0, "127.0.0.1"));
      port = server.actualPort();
    } else {
      boolean json = dress == Dress.WEBSOCKET_JSON;
      HttpServer server =
          await(
              vertx
                  .createHttpServer(
                      new HttpServerOptions()
                          .addWebSocketSubProtocol(json ? "quipu.v1.json" : "quipu.v1"))
                  .webSocketHandler(socket -> arrived.add(new WebSocketPeer(socket, json)))
                  .listen(0, "127.0.0.1"));
      port = server.actualPort();
    }
    return new ScriptedServer(dress, port, arrived);
  }

  String uri() {
    return switch (dress) {
      case TCP -> "tcp://127.0.0.1:" + port;
      case WEBSOCKET -> "ws://127.0.0.1:" + port + "/v1/connect";
      case WEBSOCKET_JSON -> "ws+json://127.0.0.1:" + port + "/v1/connect";
    };
  }

  /** The next connection. */
  /** A connection waits to be accepted. */
  boolean isAsked() {
    return !arrived.isEmpty();
  }

  Peer accept() {
    try {
      Peer peer = arrived.poll(PATIENCE_S, TimeUnit.SECONDS);
      assertThat(peer).as("a connection within " + PATIENCE_S + " s").isNotNull();
      return peer;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** True if nobody connects for so long. */
  boolean nobodyConnectsFor(long ms) throws InterruptedException {
    return arrived.poll(ms, TimeUnit.MILLISECONDS) == null;
  }

  static <T> T await(io.vertx.core.Future<T> future) {
    try {
      return future.await(PATIENCE_S, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new AssertionError("nothing within " + PATIENCE_S + " s", e);
    }
  }

  static Message message(long seq, UserId sender, String text) {
    return new Message(seq, sender, new UUID(0x7000L, seq), 1_000 + seq, Content.Text.of(text));
  }

  /** Bob's messages from one seq to another; the text of each is its seq. */
  static MessageRange fromBob(long from, long to) {
    return new MessageRange(
        AB,
        from,
        to,
        LongStream.rangeClosed(from, to)
            .mapToObj(seq -> message(seq, BOB, Long.toString(seq)))
            .toList(),
        List.<Gap>of());
  }

  static Limits limits(int heartbeatMs, int window, int sendTimeoutMs) {
    Limits d = Limits.DEFAULT;
    return new Limits(
        heartbeatMs,
        d.maxFrameBytes(),
        d.maxBodyBytes(),
        window,
        d.sendWindowBytes(),
        d.deliverWindowMessages(),
        d.deliverWindowBytes(),
        d.ackTimeoutMs(),
        d.syncCursors(),
        d.syncPageMessages(),
        d.syncPageBytes(),
        sendTimeoutMs,
        d.groupMembers(),
        d.editMs(),
        d.recallMs(),
        d.watchedUsers(),
        d.receiptGroupMembers(),
        d.retentionDays(),
        d.minRetentionDays(),
        d.maxRetentionDays());
  }

  static Frame.Connected connected(Limits limits, long tokenMs) {
    long now = System.currentTimeMillis();
    return new Frame.Connected(
        1, ALICE, new DeviceId("phone"), 1, "epoch-1", now, now + tokenMs, false, limits);
  }

  /** The server's end of one connection. */
  abstract static class Peer {
    private static final Frame END = new Frame.Renew("the end of the connection");

    private final FrameCodec codec;
    private final BlockingQueue<Frame> frames = new LinkedBlockingQueue<>();

    Peer(FrameCodec codec) {
      this.codec = codec;
    }

    final void received(byte[] bytes, int offset, int length) {
      frames.add(codec.decode(bytes, offset, length));
    }

    final void over() {
      frames.add(END);
    }

    abstract void write(byte[] encoded);

    abstract void cut();

    final void send(Frame frame) {
      write(codec.encode(frame));
    }

    final byte[] encode(Frame frame) {
      return codec.encode(frame);
    }

    /** The next frame, which must be of this kind; pings are answered and passed over. */
    final <T extends Frame> T expect(Class<T> kind) {
      while (true) {
        Frame frame = next();
        if (kind.isInstance(frame)) {
          return kind.cast(frame);
        }
        if (frame instanceof Frame.Ping ping) {
          send(new Frame.Pong(ping.nonce(), 0));
          continue;
        }
        throw new AssertionError("expected " + kind.getSimpleName() + ", got " + frame);
      }
    }

    /** Reads until the client's end. */
    final void expectEnd() {
      while (next() != END) {
        // what it still had to say
      }
    }

    final Frame next() {
      try {
        Frame frame = frames.poll(PATIENCE_S, TimeUnit.SECONDS);
        if (frame == null) {
          throw new AssertionError("no frame within " + PATIENCE_S + " s");
        }
        return frame;
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    /** Connect, Connected, Sync, SyncDone; returns the Sync. */
    final Frame.Sync greet() {
      return greet(Limits.DEFAULT);
    }

    final Frame.Sync greet(Limits limits) {
      expect(Frame.Connect.class);
      send(connected(limits, 3_600_000));
      Frame.Sync sync = expect(Frame.Sync.class);
      send(new Frame.SyncDone(sync.syncId(), 0, 0));
      return sync;
    }

    final Frame.Send expectSend() {
      return expect(Frame.Send.class);
    }

    final void ack(Frame.Send send, long seq) {
      send(
          new Frame.SendAck(
              send.clientSeq(),
              send.clientMessageId(),
              send.conversation().orElse(AB),
              seq,
              5,
              false));
    }
  }

  private static final class TcpPeer extends Peer {
    private final NetSocket socket;

    TcpPeer(NetSocket socket) {
      super(new BinaryCodec());
      this.socket = socket;
      FrameSplitter splitter = new FrameSplitter(1 << 20);
      socket.handler(chunk -> splitter.split(chunk.getBytes(), 0, chunk.length(), this::received));
      socket.closeHandler(v -> over());
      socket.exceptionHandler(e -> {});
    }

    @Override
    void write(byte[] encoded) {
      socket.write(Buffer.buffer(LengthPrefix.withFrame(encoded)));
    }

    @Override
    void cut() {
      socket.close();
    }
  }

  private static final class WebSocketPeer extends Peer {
    private final ServerWebSocket socket;
    private final boolean json;

    WebSocketPeer(ServerWebSocket socket, boolean json) {
      super(json ? new JsonCodec() : new BinaryCodec());
      this.socket = socket;
      this.json = json;
      Consumer<byte[]> taker = bytes -> received(bytes, 0, bytes.length);
      socket.textMessageHandler(text -> taker.accept(text.getBytes(StandardCharsets.UTF_8)));
      socket.binaryMessageHandler(bytes -> taker.accept(bytes.getBytes()));
      socket.closeHandler(v -> over());
      socket.exceptionHandler(e -> {});
    }

    @Override
    void write(byte[] encoded) {
      if (json) {
        socket.writeTextMessage(new String(encoded, StandardCharsets.UTF_8));
      } else {
        socket.writeBinaryMessage(Buffer.buffer(encoded));
      }
    }

    @Override
    void cut() {
      socket.close();
    }
  }

  /** Writes raw bytes of the TCP stream, frame or not. */
  static void writeRaw(Peer peer, byte[] bytes) {
    ((TcpPeer) peer).socket.write(Buffer.buffer(bytes));
  }

  /** Closes a WebSocket with a close code of its own. */
  static void closeWith(Peer peer, int code) {
    ((WebSocketPeer) peer).socket.close((short) code, "because");
  }
}
