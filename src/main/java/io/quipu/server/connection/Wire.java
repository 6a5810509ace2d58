package io.quipu.server.connection;

import io.netty.channel.Channel;
import io.vertx.core.Future;
import java.util.List;

/** A socket in one of the two transports, as a connection writes to it. */
interface Wire {
  /** Writes these frames, in order; completes when the socket has taken them. */
  Future<Void> write(List<byte[]> frames);

  /** The address of the other end, without its port. */
  String remote();

  /** True while the socket's write queue is over its limit. */
  boolean isFull();

  /** Closes after what is written, telling why where the transport can. */
  void close(int closeCode, String reason);

  /** Closes at once; what is not written is lost. */
  void cut();

  /** Closes a channel without asking its handlers, and tells them (closeForcibly does not). */
  static void cut(Channel channel) {
    channel.unsafe().close(channel.unsafe().voidPromise());
  }
}
