package io.quipu.client;

import io.quipu.model.ErrorCode;
import io.quipu.protocol.FrameCodec;
import io.vertx.core.Future;
import java.util.Optional;

/**
 * Port: frames to a server and back, over one socket at a time. Used on the client's context only.
 */
interface Transport {
  FrameCodec codec();

  /** Opens a socket. Fails if that cannot be done; the receiver hears nothing then. */
  Future<Line> open(Receiver receiver);

  Future<Void> close();

  /** One open socket, towards the server. After its end it takes frames and drops them. */
  interface Line {
    /** Adds one encoded frame to what the next flush writes. */
    void write(byte[] frame);

    void flush();

    void close();
  }

  /** What comes from one socket. */
  interface Receiver {
    /** The bytes of one frame, lent for the time of the call. */
    void frame(byte[] bytes, int offset, int length);

    /** All frames that had arrived have been given. */
    void endOfTurn();

    /** Once, at the end: with the close code's meaning, if the transport carries one. */
    void ended(Optional<ErrorCode> code);

    /** What came is no stream of frames. */
    void broken(String reason);
  }
}
