package io.quipu.tools.chat;

import java.util.ArrayList;
import java.util.List;

/** Makes other people's words safe to show: what a terminal would obey becomes visible instead. */
final class Harmless {
  private static final String TAB = "    ";

  private Harmless() {}

  /** The lines of a text; an empty text has one. CR, LF, CR LF and Unicode's own end a line. */
  static List<String> lines(String text) {
    List<String> lines = new ArrayList<>();
    for (String line : text.split("\r\n|[\r\n\u0085\u2028\u2029]", -1)) {
      lines.add(line(line));
    }
    return lines;
  }

  /** One line, whatever is in it. */
  static String line(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.codePoints().forEach(c -> append(safe, c));
    return safe.toString();
  }

  /** One line, cut after so many characters. */
  static String line(String text, int maxChars) {
    String safe = line(text);
    if (safe.codePointCount(0, safe.length()) <= maxChars) {
      return safe;
    }
    return safe.substring(0, safe.offsetByCodePoints(0, maxChars)) + "...";
  }

  private static void append(StringBuilder safe, int c) {
    if (c == '\t') {
      safe.append(TAB);
    } else if (c < ' ') {
      safe.append('^').append((char) (c + '@')); // ESC is ^[, as a terminal's own tools show it
    } else if (c == 0x7f) {
      safe.append("^?");
    } else if (forbidden(c)) {
      safe.append(String.format("<U+%04X>", c));
    } else {
      safe.appendCodePoint(c);
    }
  }

  /** Controls beyond ASCII, line ends, unpaired surrogates, and what turns the writing around. */
  private static boolean forbidden(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      case Character.FORMAT -> c >= 0x200e && c <= 0x202e || c >= 0x2060 && c <= 0x206f;
      default -> c >= 0xe0000 && c <= 0xe007f;
    };
  }
}
