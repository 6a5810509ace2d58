package io.quipu.protocol;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import java.util.Arrays;

/**
 * Finds the frames in the byte stream of one TCP connection: a varint length, then so many bytes,
 * again and again. It holds at most one frame that has not wholly arrived, in a buffer that grows
 * with the bytes that came and not with the length that was promised. A frame that lies whole in a
 * chunk is not copied.
 *
 * <pre>
 * state    | bytes arrive                        | next
 * LENGTH   | end of the varint, 1 ≤ n ≤ limit     | FRAME
 * LENGTH   | more of the varint                  | LENGTH
 * LENGTH   | 0 or longer than 5 bytes            | MALFORMED_FRAME, ended
 * LENGTH   | n > limit                           | FRAME_TOO_LARGE, ended
 * FRAME    | all n                               | frame to the taker, LENGTH
 * FRAME    | fewer                               | FRAME
 * any      | (end() was called)                  | ended
 * ended    | any                                 | dropped
 * </pre>
 */
public final class FrameSplitter {
  private static final int FIRST_BUFFER_BYTES = 256;
  private static final byte[] NOTHING = new byte[0];

  private int maxFrameBytes;

  /** The length as far as it has arrived, and how many of its bytes have. */
  private long length;

  private int lengthBytes;
  private boolean lengthKnown;

  private byte[] partial = NOTHING;
  private int have;
  private boolean ended;

  /** Takes whole frames. The bytes are only lent for the time of the call. */
  @FunctionalInterface
  public interface Taker {
    void frame(byte[] bytes, int offset, int length);
  }

  /**
   * @param maxFrameBytes of one frame, without its length
   */
  public FrameSplitter(int maxFrameBytes) {
    limit(maxFrameBytes);
  }

  /** Sets another limit, for the frames whose length has not arrived yet; a taker may call it. */
  public void limit(int maxFrameBytes) {
    if (maxFrameBytes < 1) {
      throw new IllegalArgumentException("maxFrameBytes " + maxFrameBytes);
    }
    this.maxFrameBytes = maxFrameBytes;
  }

  /**
   * Takes the next bytes of the stream and gives every frame that is whole now, in order. If the
   * taker throws, the rest of the chunk is lost.
   *
   * @throws QuipuException MALFORMED_FRAME or FRAME_TOO_LARGE: the stream is at its end; frames
   *     before that place have been given
   */
  public void split(byte[] chunk, int offset, int count, Taker taker) {
    int at = offset;
    int end = offset + count;
    while (at < end && !ended) {
      if (!lengthKnown) {
        at = readLength(chunk, at, end);
        continue;
      }
      int missing = (int) length - have;
      if (have == 0 && end - at >= missing) {
        lengthKnown = false;
        length = 0;
        taker.frame(chunk, at, missing);
        at += missing;
        continue;
      }
      int taken = Math.min(missing, end - at);
      append(chunk, at, taken);
      at += taken;
      if (taken == missing) {
        giveBuffered(taker);
      }
    }
  }

  /** Gives nothing any more, not even what is left of the chunk; a taker may call it. */
  public void end() {
    ended = true;
    partial = NOTHING;
  }

  /** True while part of a frame, or of its length, has arrived: a deadline should run. */
  public boolean inFrame() {
    return lengthKnown || lengthBytes > 0;
  }

  private int readLength(byte[] chunk, int from, int end) {
    int at = from;
    while (at < end) {
      if (lengthBytes == LengthPrefix.MAX_BYTES) {
        end();
        throw new QuipuException(ErrorCode.MALFORMED_FRAME, "a length has at most 5 bytes");
      }
      byte b = chunk[at++];
      length |= (long) (b & 0x7f) << 7 * lengthBytes;
      lengthBytes++;
      if (b >= 0) {
        checkLength();
        lengthKnown = true;
        lengthBytes = 0;
        break;
      }
    }
    return at;
  }

  private void checkLength() {
    if (length == 0) {
      end();
      throw new QuipuException(ErrorCode.MALFORMED_FRAME, "a frame of no bytes");
    }
    if (length > maxFrameBytes) {
      end();
      throw new QuipuException(
          ErrorCode.FRAME_TOO_LARGE,
          "a frame of " + length + " bytes; the limit is " + maxFrameBytes);
    }
  }

  private void append(byte[] chunk, int at, int count) {
    int needed = have + count;
    if (needed > partial.length) {
      long doubled = Math.max(FIRST_BUFFER_BYTES, 2L * partial.length);
      partial = Arrays.copyOf(partial, (int) Math.min(length, Math.max(needed, doubled)));
    }
    System.arraycopy(chunk, at, partial, have, count);
    have = needed;
  }

  private void giveBuffered(Taker taker) {
    byte[] frame = partial;
    int size = have;
    partial = NOTHING;
    have = 0;
    length = 0;
    lengthKnown = false;
    taker.frame(frame, 0, size);
  }
}
