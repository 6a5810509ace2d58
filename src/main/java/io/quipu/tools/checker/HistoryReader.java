package io.quipu.tools.checker;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One file of a history, line by line. A last line without its line end may be cut; it is left out,
 * and {@link #cut} says so. Any other line that cannot be read is an error that names it.
 */
final class HistoryReader implements AutoCloseable {
  /** A batch of a thousand messages has about 150 KB. */
  private static final int MAX_LINE_BYTES = 16 * 1024 * 1024;

  private final Path file;
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private final ByteArrayOutputStream part = new ByteArrayOutputStream(512);
  private final HistoryEvent.Header header;
  private int at;
  private int filled;
  private long line;
  private long bytes;
  private long atUs;
  private boolean cut;

  HistoryReader(Path file) {
    this.file = file;
    try {
      this.in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    } catch (IOException e) {
      throw new HistoryUnreadableException(file + " cannot be read: " + reason(e));
    }
    Optional<HistoryEvent> first = next();
    if (first.isPresent() && first.get() instanceof HistoryEvent.Header found) {
      this.header = found;
    } else {
      close();
      throw new HistoryUnreadableException(
          file + " is no history: its first line must be the event \"history\"");
    }
  }

  private static String reason(IOException e) {
    return e instanceof java.nio.file.NoSuchFileException
        ? "there is no such file"
        : String.valueOf(e.getMessage());
  }

  HistoryEvent.Header header() {
    return header;
  }

  /** The next event; empty at the end. */
  Optional<HistoryEvent> next() {
    try {
      if (!readLine()) {
        return Optional.empty();
      }
    } catch (IOException e) {
      throw new HistoryUnreadableException(file + " cannot be read: " + reason(e));
    }
    line++;
    boolean whole = at > 0 && buffer[at - 1] == '\n';
    try {
      LineReading.Timed timed = LineReading.read(part.toByteArray(), part.size());
      if (timed.atUs() < atUs) {
        throw new HistoryUnreadableException(
            "its time " + timed.atUs() + " is before that of the line before it");
      }
      atUs = timed.atUs();
      return Optional.of(timed.event());
    } catch (HistoryUnreadableException e) {
      if (!whole && line > 1) {
        cut = true;
        return Optional.empty();
      }
      throw new HistoryUnreadableException(file + ", line " + line + ": " + e.getMessage());
    }
  }

  private boolean readLine() throws IOException {
    part.reset();
    while (true) {
      if (at == filled) {
        filled = in.read(buffer);
        at = 0;
        if (filled <= 0) {
          filled = 0;
          return part.size() > 0;
        }
        bytes += filled;
      }
      int start = at;
      while (at < filled && buffer[at] != '\n') {
        at++;
      }
      part.write(buffer, start, at - start);
      if (part.size() > MAX_LINE_BYTES) {
        throw new HistoryUnreadableException(
            file + ", line " + (line + 1) + ": it has more than " + MAX_LINE_BYTES + " bytes");
      }
      if (at < filled) {
        at++;
        return true;
      }
    }
  }

  /** Of the line that was read last, from 1. */
  long line() {
    return line;
  }

  long atUs() {
    return atUs;
  }

  /** Read so far. */
  long bytes() {
    return bytes;
  }

  /** The last line was cut, and left out. */
  boolean cut() {
    return cut;
  }

  Path file() {
    return file;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new HistoryUnreadableException(file + " cannot be closed: " + e.getMessage());
    }
  }
}
