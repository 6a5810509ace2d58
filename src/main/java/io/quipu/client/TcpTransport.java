package io.quipu.client;

import io.quipu.model.QuipuException;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.FrameSplitter;
import io.quipu.protocol.LengthPrefix;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.util.Optional;

/** A varint length and a frame, repeated. */
final class TcpTransport implements Transport {
  private final NetClient client;
  private final String host;
  private final int port;
  private final int maxFrameBytes;
  private final FrameCodec codec = new BinaryCodec();

  TcpTransport(Vertx vertx, String host, int port, int connectTimeoutMs, int maxFrameBytes) {
    this.client =
        vertx.createNetClient(
            new NetClientOptions().setConnectTimeout(connectTimeoutMs).setTcpNoDelay(true));
    this.host = host;
    this.port = port;
    this.maxFrameBytes = maxFrameBytes;
  }

  @Override
  public FrameCodec codec() {
    return codec;
  }

  @Override
  public Future<Line> open(Receiver receiver) {
    return client.connect(port, host).map(socket -> attached(socket, receiver));
  }

  private Line attached(NetSocket socket, Receiver receiver) {
    FrameSplitter splitter = new FrameSplitter(maxFrameBytes);
    socket.handler(
        chunk -> {
          byte[] bytes = chunk.getBytes();
          try {
            splitter.split(bytes, 0, bytes.length, receiver::frame);
          } catch (QuipuException e) {
            receiver.broken(e.toString());
          } finally {
            receiver.endOfTurn();
          }
        });
    socket.exceptionHandler(e -> {}); // the close handler follows
    socket.closeHandler(v -> receiver.ended(Optional.empty()));
    return new TcpLine(socket);
  }

  @Override
  public Future<Void> close() {
    return client.close();
  }

  private static final class TcpLine implements Line {
    private static final int FIRST_BYTES = 256;

    private final NetSocket socket;
    private Buffer pending = Buffer.buffer();

    TcpLine(NetSocket socket) {
      this.socket = socket;
    }

    @Override
    public void write(byte[] frame) {
      if (pending.length() == 0) {
        pending = Buffer.buffer(frame.length + FIRST_BYTES);
      }
      pending.appendBytes(LengthPrefix.withFrame(frame));
    }

    @Override
    public void flush() {
      if (pending.length() > 0) {
        Buffer ready = pending;
        pending = Buffer.buffer();
        socket.write(ready).onFailure(e -> {}); // the close handler tells the end
      }
    }

    @Override
    public void close() {
      flush();
      socket.close().onFailure(e -> {});
    }
  }
}
