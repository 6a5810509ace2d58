package io.quipu.server.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import io.quipu.model.QuipuException;
import io.quipu.server.cluster.wire.BusWire;

/**
 * Envelopes as bytes: bus.proto. Strict about what is there, and lenient about what only a newer
 * version knows.
 */
final class BusCodec {
  /** Of this wire form; rises when a node says something new. */
  static final int VERSION = 1;

  /**
   * Longer ones are not sent and not read. Parsed, a byte can become sixty: this is what keeps a
   * stranger's message from filling the heap.
   */
  static final int MAX_BYTES = 16 << 20;

  private BusCodec() {}

  /** What came of some bytes. */
  sealed interface Decoded {
    /**
     * @param leftOut parts of it that only a newer version knows
     */
    record Good(Envelope envelope, int leftOut) implements Decoded {}

    /** Not of this form; nothing of it is used. */
    record Malformed(String why) implements Decoded {}
  }

  /** An envelope whose number is not known yet: there is one only if it is small enough. */
  static final class Draft {
    private final BusWire.Envelope.Builder wire;
    private final int sizeBytes;

    private Draft(BusWire.Envelope.Builder wire) {
      this.wire = wire;
      this.sizeBytes = wire.build().getSerializedSize();
    }

    /** Without the number, which takes up to eleven more. */
    int sizeBytes() {
      return sizeBytes;
    }

    byte[] numbered(long number) {
      return wire.setNumber(number).build().toByteArray();
    }
  }

  static Draft draft(NodeId from, Envelope.Body body) {
    return new Draft(new BusToWire(from).envelope(body));
  }

  static byte[] encode(Envelope envelope) {
    return new BusToWire(envelope.from())
        .envelope(envelope.body())
        .setNumber(envelope.number())
        .build()
        .toByteArray();
  }

  static Decoded decode(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      return new Decoded.Malformed(bytes.length + " bytes");
    }
    try {
      BusFromWire reading = new BusFromWire(BusWire.Envelope.parseFrom(bytes));
      Envelope envelope = reading.envelope();
      return new Decoded.Good(envelope, reading.leftOut());
    } catch (InvalidProtocolBufferException | QuipuException | IllegalArgumentException e) {
      return new Decoded.Malformed(String.valueOf(e.getMessage()));
    }
  }
}
