package io.quipu.model;

import java.nio.charset.StandardCharsets;

/** The common rule of user and device ids. */
final class Ids {
  /**
   * Bytes of UTF-8: two user ids, the prefix and two separators stay below one index page entry.
   */
  static final int MAX_BYTES = 64;

  private Ids() {}

  /**
   * Returns {@code value} if it may name a user or a device: 1 to 64 bytes of UTF-8, without
   * control characters (NUL among them), white space, unpaired surrogates, {@code ~} or {@code /}.
   *
   * @throws QuipuException INVALID_ID
   */
  static String checked(String what, String value) {
    if (value.isEmpty()) {
      throw new QuipuException(ErrorCode.INVALID_ID, what + " is empty");
    }
    if (value.length() > MAX_BYTES
        || 3 * value.length() > MAX_BYTES && utf8Bytes(value) > MAX_BYTES) {
      throw new QuipuException(
          ErrorCode.INVALID_ID, what + " has more than " + MAX_BYTES + " bytes");
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < 0x80
          ? c <= ' ' || c == 0x7f || c == '~' || c == '/'
          : !allowedBeyondAscii(value, i)) {
        throw new QuipuException(
            ErrorCode.INVALID_ID,
            what + " has the character U+" + String.format("%04X", (int) c) + " at place " + i);
      }
    }
    return value;
  }

  private static boolean allowedBeyondAscii(String value, int i) {
    char c = value.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 < value.length() && Character.isLowSurrogate(value.charAt(i + 1));
    }
    if (Character.isLowSurrogate(c)) {
      return i > 0 && Character.isHighSurrogate(value.charAt(i - 1));
    }
    return !Character.isISOControl(c)
        && !Character.isWhitespace(c)
        && !Character.isSpaceChar(c)
        && Character.getType(c) != Character.FORMAT;
  }

  private static int utf8Bytes(String value) {
    return value.getBytes(StandardCharsets.UTF_8).length;
  }
}
