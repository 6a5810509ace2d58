package io.quipu.protocol;

import io.quipu.model.QuipuException;

/** Frames to bytes and back; one for each dress. Without state, for any thread. */
public interface FrameCodec {
  /**
   * Reads the bytes of one frame, without a length before them.
   *
   * @throws QuipuException MALFORMED_FRAME if it is no frame (the stream cannot be trusted any
   *     more); any other code if it is one with a field that may not be so (the next frame can be
   *     read)
   */
  Frame decode(byte[] bytes, int offset, int length);

  /**
   * The bytes of one frame, without a length before them. Nobody changes the array: it is shared.
   */
  byte[] encode(Frame frame);
}
