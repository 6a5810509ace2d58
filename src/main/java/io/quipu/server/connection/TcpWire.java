package io.quipu.server.connection;

import io.quipu.protocol.LengthPrefix;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.util.List;

/** Raw TCP: each frame behind its length, all frames of a turn in one write. */
final class TcpWire implements Wire {
  private final NetSocket socket;

  TcpWire(NetSocket socket) {
    this.socket = socket;
  }

  @Override
  public Future<Void> write(List<byte[]> frames) {
    int size = 0;
    for (byte[] frame : frames) {
      size += LengthPrefix.size(frame.length) + frame.length;
    }
    byte[] all = new byte[size];
    int at = 0;
    for (byte[] frame : frames) {
      at = LengthPrefix.put(frame.length, all, at);
      System.arraycopy(frame, 0, all, at, frame.length);
      at += frame.length;
    }
    return socket.write(Buffer.buffer(all));
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
    socket.close();
  }

  @Override
  public void cut() {
    // NetSocket.close waits for what is written; a peer that does not read would hold it for ever.
    Wire.cut(((NetSocketInternal) socket).channelHandlerContext().channel());
  }
}
