package io.quipu.tools.chat;

import java.io.IOException;
import java.io.Reader;
import java.util.Optional;

/** Lines from a stream, each of bounded length. Line ends are LF and CR LF. */
final class LineSource {
  private final Reader reader;
  private final int maxChars;

  /**
   * @param maxChars of a line; the rest of a longer one is read and dropped, so that it is as long
   *     as no message may be
   */
  LineSource(Reader reader, int maxChars) {
    this.reader = reader;
    this.maxChars = maxChars;
  }

  /** The next line, without its end; empty at the end of the stream. */
  Optional<String> next() throws IOException {
    StringBuilder line = new StringBuilder();
    int c = reader.read();
    if (c < 0) {
      return Optional.empty();
    }
    while (c >= 0 && c != '\n') {
      if (line.length() < maxChars) {
        line.append((char) c);
      }
      c = reader.read();
    }
    int end = line.length() - 1;
    if (end >= 0 && line.charAt(end) == '\r') {
      line.setLength(end);
    }
    return Optional.of(line.toString());
  }
}
