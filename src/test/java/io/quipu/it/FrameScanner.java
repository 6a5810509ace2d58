package io.quipu.it;

import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.FrameSplitter;
import io.quipu.protocol.JsonCodec;
import io.quipu.protocol.LengthPrefix;
import io.vertx.core.buffer.Buffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Cuts one direction of a connection into what may be lost, delayed or repeated as a whole: a
 * frame, an HTTP head, a control frame of the WebSocket. The bytes stay as they came.
 */
final class FrameScanner {
  private static final int MAX_FRAME_BYTES = 1 << 20;
  private static final byte[] END_OF_HEAD = {'\r', '\n', '\r', '\n'};
  private static final FrameCodec BINARY = new BinaryCodec();
  private static final FrameCodec JSON = new JsonCodec();

  /**
   * @param raw as it goes over the wire
   * @param frame empty if it is none of the protocol
   */
  record Piece(Buffer raw, Optional<Frame> frame) {}

  private final Consumer<Piece> pieces;
  private final Optional<FrameSplitter> tcp;
  private Buffer rest = Buffer.buffer();
  private boolean headIsOver;

  /**
   * @param webSocket else raw TCP
   */
  FrameScanner(boolean webSocket, Consumer<Piece> pieces) {
    this.pieces = pieces;
    this.tcp = webSocket ? Optional.empty() : Optional.of(new FrameSplitter(MAX_FRAME_BYTES));
  }

  void take(Buffer chunk) {
    if (tcp.isPresent()) {
      byte[] bytes = chunk.getBytes();
      tcp.get()
          .split(
              bytes,
              0,
              bytes.length,
              (frame, offset, length) -> {
                byte[] own = Arrays.copyOfRange(frame, offset, offset + length);
                pieces.accept(
                    new Piece(
                        Buffer.buffer(LengthPrefix.withFrame(own)),
                        Optional.of(decoded(BINARY, own))));
              });
      return;
    }
    rest.appendBuffer(chunk);
    int taken = 0;
    for (int size = nextSize(taken); size > 0; size = nextSize(taken)) {
      byte[] raw = rest.getBytes(taken, taken + size);
      taken += size;
      Optional<Frame> frame = headIsOver ? messageIn(raw) : Optional.empty();
      headIsOver = true;
      pieces.accept(new Piece(Buffer.buffer(raw), frame));
    }
    rest = rest.getBuffer(taken, rest.length());
  }

  /** Of the whole piece that begins here; 0 = it has not all come yet. */
  private int nextSize(int at) {
    int have = rest.length() - at;
    if (!headIsOver) {
      for (int i = at; i + END_OF_HEAD.length <= rest.length(); i++) {
        if (Arrays.equals(rest.getBytes(i, i + END_OF_HEAD.length), END_OF_HEAD)) {
          return i + END_OF_HEAD.length - at;
        }
      }
      return 0;
    }
    if (have < 2) {
      return 0;
    }
    int second = rest.getUnsignedByte(at + 1);
    int header = 2 + lengthBytes(second) + ((second & 0x80) != 0 ? 4 : 0);
    if (have < header) {
      return 0;
    }
    long length =
        switch (second & 0x7f) {
          case 126 -> rest.getUnsignedShort(at + 2);
          case 127 -> rest.getLong(at + 2);
          default -> second & 0x7f;
        };
    return have < header + length ? 0 : (int) (header + length);
  }

  private static int lengthBytes(int second) {
    return switch (second & 0x7f) {
      case 126 -> 2;
      case 127 -> 8;
      default -> 0;
    };
  }

  private static Optional<Frame> messageIn(byte[] raw) {
    int opcode = raw[0] & 0x0f;
    if (opcode != RawSocket.TEXT_MESSAGE && opcode != RawSocket.BINARY_MESSAGE) {
      return Optional.empty();
    }
    int mask = 2 + lengthBytes(raw[1]);
    boolean masked = (raw[1] & 0x80) != 0;
    byte[] payload = Arrays.copyOfRange(raw, masked ? mask + 4 : mask, raw.length);
    for (int i = 0; masked && i < payload.length; i++) {
      payload[i] ^= raw[mask + i % 4];
    }
    return Optional.of(decoded(opcode == RawSocket.TEXT_MESSAGE ? JSON : BINARY, payload));
  }

  private static Frame decoded(FrameCodec codec, byte[] frame) {
    return codec.decode(frame, 0, frame.length);
  }
}
