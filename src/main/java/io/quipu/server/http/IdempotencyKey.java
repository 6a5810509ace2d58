package io.quipu.server.http;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.time.Chance;
import io.quipu.server.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The client_message_id of an HTTP send: the header {@code Idempotency-Key}, or a fresh one.
 *
 * @param chosenByClient he may have used it before, in a request whose answer was lost
 */
record IdempotencyKey(UUID clientMessageId, boolean chosenByClient) {
  static final String HEADER = "Idempotency-Key";

  private static final Pattern UUID_TEXT =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  private static final UUID NIL = new UUID(0, 0);

  /**
   * @param headers all of that name
   * @throws QuipuException INVALID_ID
   */
  static IdempotencyKey of(List<String> headers, Clock clock, Chance chance) {
    if (headers.isEmpty()) {
      return new IdempotencyKey(fresh(clock, chance), false);
    }
    if (headers.size() > 1) {
      throw new QuipuException(ErrorCode.INVALID_ID, "more than one " + HEADER);
    }
    return new IdempotencyKey(uuid(HEADER, unquoted(headers.get(0).strip())), true);
  }

  /**
   * The one form in which a UUID is written.
   *
   * @throws QuipuException INVALID_ID
   */
  static UUID uuid(String what, String text) {
    if (UUID_TEXT.matcher(text).matches()) {
      UUID id = UUID.fromString(text);
      if (!id.equals(NIL)) {
        return id;
      }
    }
    throw new QuipuException(
        ErrorCode.INVALID_ID,
        what + " is a UUID of 36 characters in lower case, 8-4-4-4-12, and not nil");
  }

  /** The draft standard of the header writes it as a quoted string; few clients do. */
  private static String unquoted(String text) {
    boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
    return quoted ? text.substring(1, text.length() - 1) : text;
  }

  /** A UUIDv7: the store's index likes ids that rise. */
  private static UUID fresh(Clock clock, Chance chance) {
    long high = clock.unixMs() << 16 | 0x7000 | chance.below(0x1000);
    long low = chance.any() & 0x3fffffffffffffffL | 0x8000000000000000L;
    return new UUID(high, low);
  }
}
