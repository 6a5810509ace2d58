package io.quipu.protocol;

/**
 * A frame that goes to many connections: each dress is encoded once, at first use, by whichever
 * event loop comes first. Two loops may do the same work at the same time; both get equal bytes.
 */
public final class SharedFrame {
  private final Frame frame;
  private volatile Encoded first;
  private volatile Encoded second;

  public SharedFrame(Frame frame) {
    this.frame = frame;
  }

  public Frame frame() {
    return frame;
  }

  /** The bytes in this dress. Nobody changes the array. */
  public byte[] encodedBy(FrameCodec codec) {
    Encoded one = first;
    if (one != null && one.codec == codec) {
      return one.bytes;
    }
    Encoded two = second;
    if (two != null && two.codec == codec) {
      return two.bytes;
    }
    Encoded made = new Encoded(codec, codec.encode(frame));
    if (one == null) {
      first = made;
    } else {
      second = made;
    }
    return made.bytes;
  }

  private static final class Encoded {
    final FrameCodec codec;
    final byte[] bytes;

    Encoded(FrameCodec codec, byte[] bytes) {
      this.codec = codec;
      this.bytes = bytes;
    }
  }
}
