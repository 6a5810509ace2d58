package io.quipu.tools.bench;

import io.quipu.model.DeviceId;
import io.quipu.model.Limits;
import io.quipu.model.QuipuException;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.FrameSplitter;
import io.quipu.protocol.LengthPrefix;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;

/**
 * One TCP connection that speaks frames and nothing more: no outbox, no reconnect. What is written
 * while one chunk of input is read leaves as one write.
 */
final class LoadConnection {
  /** Who talks over it; called on its event loop. */
  interface Talker {
    /** The node has agreed; before every frame. */
    void connected(Frame.Connected welcome);

    void frame(Frame frame);

    /** All frames of one chunk of input have been given. */
    void turnEnded();

    void closed(String reason);
  }

  private static final FrameCodec CODEC = new BinaryCodec();
  private static final int MAX_FRAME_BYTES = 16 * 1024 * 1024;

  private final NetSocket socket;
  private final Talker talker;
  private final FrameSplitter splitter = new FrameSplitter(MAX_FRAME_BYTES);
  private final Promise<Limits> connected = Promise.promise();
  private Buffer pending = Buffer.buffer();
  private String ending = "the node closed it";
  private boolean closed;
  private long receivedBytes;

  private LoadConnection(NetSocket socket, Talker talker) {
    this.socket = socket;
    this.talker = talker;
  }

  /** Connects and says who it is; completes with the connection once the node has agreed. */
  static Future<LoadConnection> open(
      NetClient client, SocketAddress node, String token, DeviceId device, Talker talker) {
    return client
        .connect(node)
        .compose(
            socket -> {
              LoadConnection connection = new LoadConnection(socket, talker);
              socket.handler(connection::read);
              socket.closeHandler(nothing -> connection.ended());
              socket.exceptionHandler(e -> connection.ending = String.valueOf(e.getMessage()));
              connection.queue(
                  new Frame.Connect(Frame.PROTOCOL_VERSION, token, device, "quipu-bench"));
              connection.flush();
              return connection.connected.future().map(limits -> connection);
            });
  }

  /** Puts a frame into the next write. */
  void queue(Frame frame) {
    byte[] bytes = CODEC.encode(frame);
    byte[] prefix = new byte[LengthPrefix.size(bytes.length)];
    LengthPrefix.put(bytes.length, prefix, 0);
    pending.appendBytes(prefix).appendBytes(bytes);
  }

  void flush() {
    if (pending.length() > 0 && !closed) {
      Buffer written = pending;
      pending = Buffer.buffer();
      socket.write(written).onFailure(e -> ending = String.valueOf(e.getMessage()));
    }
  }

  Future<Void> close() {
    closed = true;
    return socket.close();
  }

  private void read(Buffer chunk) {
    byte[] bytes = chunk.getBytes();
    receivedBytes += bytes.length;
    try {
      splitter.split(
          bytes,
          0,
          bytes.length,
          (frame, offset, length) -> take(CODEC.decode(frame, offset, length)));
    } catch (QuipuException e) {
      ending = "the node sent what is no frame: " + e;
      socket.close();
      return;
    }
    talker.turnEnded();
    flush();
  }

  /** Of all frames, with their lengths. */
  long receivedBytes() {
    return receivedBytes;
  }

  private void take(Frame frame) {
    if (frame instanceof Frame.Connected welcome) {
      talker.connected(welcome);
      connected.complete(welcome.limits());
    } else if (frame instanceof Frame.GoAway goAway) {
      ending = "GoAway " + goAway.code() + ": " + goAway.detail();
    } else {
      talker.frame(frame);
    }
  }

  private void ended() {
    boolean expected = closed;
    closed = true;
    connected.tryFail(ending);
    if (!expected) {
      talker.closed(ending);
    }
  }
}
