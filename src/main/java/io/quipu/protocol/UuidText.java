package io.quipu.protocol;

import java.util.Optional;
import java.util.UUID;

/** UUIDs as they stand in frames: one form only, so that equal ids are equal strings. */
final class UuidText {
  static final int LENGTH = 36;

  static final String RULE =
      "a client_message_id is a UUID of 36 characters in lower case, 8-4-4-4-12, and not nil";

  /** The value of each ASCII character as a hexadecimal digit in lower case, else -1. */
  private static final byte[] DIGITS = digits();

  private UuidText() {}

  /** Empty if this is not the one form, or nil. */
  static Optional<UUID> parse(String text) {
    if (text.length() != LENGTH) {
      return Optional.empty();
    }
    long high = 0;
    long low = 0;
    int count = 0;
    for (int i = 0; i < LENGTH; i++) {
      char c = text.charAt(i);
      if (i == 8 || i == 13 || i == 18 || i == 23) {
        if (c != '-') {
          return Optional.empty();
        }
        continue;
      }
      int digit = c < DIGITS.length ? DIGITS[c] : -1;
      if (digit < 0) {
        return Optional.empty();
      }
      if (count++ < 16) {
        high = high << 4 | digit;
      } else {
        low = low << 4 | digit;
      }
    }
    return (high | low) == 0 ? Optional.empty() : Optional.of(new UUID(high, low));
  }

  private static byte[] digits() {
    byte[] digits = new byte[128];
    for (int c = 0; c < digits.length; c++) {
      digits[c] = (byte) (c >= 'A' && c <= 'F' ? -1 : Character.digit(c, 16));
    }
    return digits;
  }
}
