package io.quipu.tools.chat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/**
 * Gives lines their looks.
 *
 * @param colours false where the terminal has none or NO_COLOR forbids them: then weight alone
 */
record Painter(boolean colours) {
  /** All that can be told apart on both light and dark ground; red is for errors. */
  private static final int[] NAMES = {
    AttributedStyle.GREEN,
    AttributedStyle.YELLOW,
    AttributedStyle.BLUE,
    AttributedStyle.MAGENTA,
    AttributedStyle.CYAN,
    AttributedStyle.GREEN + AttributedStyle.BRIGHT,
    AttributedStyle.BLUE + AttributedStyle.BRIGHT,
    AttributedStyle.MAGENTA + AttributedStyle.BRIGHT,
    AttributedStyle.CYAN + AttributedStyle.BRIGHT
  };

  private static final String SET_IN = "       ";

  AttributedString paint(Line line) {
    AttributedStringBuilder painted = new AttributedStringBuilder();
    line.spans().forEach(span -> painted.styled(style(span), span.text()));
    return painted.toAttributedString();
  }

  private AttributedStyle style(Line.Span span) {
    AttributedStyle plain = AttributedStyle.DEFAULT;
    return switch (span.tone()) {
      case PLAIN -> plain;
      case DIM -> plain.faint();
      case STRONG -> plain.bold();
      case NAME -> colours ? plain.foreground(colour(span.text())) : plain.bold();
      case TICK -> colours ? plain.foreground(AttributedStyle.CYAN) : plain;
      case READ -> colours ? plain.foreground(AttributedStyle.GREEN) : plain;
      case ERROR -> colours ? plain.foreground(AttributedStyle.RED) : plain.bold();
    };
  }

  /** The same name has the same colour in every run and for everybody. */
  private static int colour(String name) {
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    return NAMES[(int) (crc.getValue() % NAMES.length)];
  }

  /**
   * Cuts a line into rows of a terminal, at blanks where there are some; the second and later rows
   * are set in.
   *
   * @param columns of the terminal; 0 = unknown, nothing is cut
   */
  List<AttributedString> rows(Line line, int columns) {
    AttributedString rest = paint(line);
    int room = columns - SET_IN.length();
    if (room < SET_IN.length() || rest.columnLength() <= columns) {
      return List.of(rest);
    }
    List<AttributedString> rows = new ArrayList<>();
    while (rest.columnLength() > 0) {
      int width = rows.isEmpty() ? columns : room;
      AttributedString row = rest.columnSubSequence(0, width);
      if (row.length() < rest.length()) {
        int blank = row.toString().lastIndexOf(' ');
        if (blank > row.length() / 2) {
          row = rest.subSequence(0, blank + 1);
        }
      }
      rest = rest.subSequence(Math.max(1, row.length()), rest.length());
      rows.add(
          rows.isEmpty()
              ? row
              : new AttributedStringBuilder().append(SET_IN).append(row).toAttributedString());
    }
    return rows;
  }
}
