package io.quipu.protocol;

/** The length before each frame on TCP: a varint of 32 bits, 1 to 5 bytes. */
public final class LengthPrefix {
  static final int MAX_BYTES = 5;

  private LengthPrefix() {}

  /** How many bytes the prefix of this length has. */
  public static int size(int length) {
    int size = 1;
    for (int rest = length >>> 7; rest != 0; rest >>>= 7) {
      size++;
    }
    return size;
  }

  /** Writes the prefix at this place and returns the place after it. */
  public static int put(int length, byte[] target, int at) {
    int place = at;
    int rest = length;
    while ((rest & ~0x7f) != 0) {
      target[place++] = (byte) (rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    target[place++] = (byte) rest;
    return place;
  }

  /** One frame as it goes over TCP. */
  public static byte[] withFrame(byte[] frame) {
    byte[] all = new byte[size(frame.length) + frame.length];
    System.arraycopy(frame, 0, all, put(frame.length, all, 0), frame.length);
    return all;
  }
}
