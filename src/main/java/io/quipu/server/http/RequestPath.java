package io.quipu.server.http;

import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Which paths and queries are looked at at all: every segment is whole, percent-encoded UTF-8
 * without control characters or separators in disguise, so that a name has one meaning on every way
 * to it.
 */
final class RequestPath {
  private RequestPath() {}

  /**
   * @param path as it stands in the request line, without the query
   */
  static boolean isSound(String path) {
    if (!path.startsWith("/") || path.length() > 1 && path.endsWith("/")) {
      return false;
    }
    if (path.equals("/")) {
      return true;
    }
    for (String segment : path.substring(1).split("/", -1)) {
      if (decoded(segment).isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /**
   * @param query behind the question mark; empty if there is none
   */
  static boolean isSoundQuery(String query) {
    for (int i = query.indexOf('%'); i >= 0; i = query.indexOf('%', i + 1)) {
      if (digit(query, i + 1) < 0 || digit(query, i + 2) < 0) {
        return false;
      }
    }
    return true;
  }

  /** The path of these segments, encoded where that is needed. */
  static String of(String... segments) {
    StringBuilder path = new StringBuilder();
    for (String segment : segments) {
      String encoded = URLEncoder.encode(segment, StandardCharsets.UTF_8);
      path.append('/').append(encoded.replace("+", "%20").replace("%7E", "~"));
    }
    return path.toString();
  }

  /** What a segment says; empty if it is not sound. */
  static Optional<String> decoded(String segment) {
    byte[] bytes = new byte[segment.length()];
    int count = 0;
    for (int i = 0; i < segment.length(); i++) {
      char c = segment.charAt(i);
      if (c == '%') {
        int high = digit(segment, i + 1);
        int low = digit(segment, i + 2);
        if (high < 0 || low < 0) {
          return Optional.empty();
        }
        bytes[count++] = (byte) (high << 4 | low);
        i += 2;
      } else if (c <= ' ' || c >= 0x7f || c == '\\') {
        return Optional.empty();
      } else {
        bytes[count++] = (byte) c;
      }
    }
    String decoded;
    try {
      decoded =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, count)).toString();
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
    boolean sound =
        !decoded.isEmpty()
            && !decoded.equals(".")
            && !decoded.equals("..")
            && decoded.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
    return sound ? Optional.of(decoded) : Optional.empty();
  }

  private static int digit(String segment, int at) {
    char c = at < segment.length() ? segment.charAt(at) : '-';
    return c < 0x80 ? Character.digit(c, 16) : -1;
  }
}
