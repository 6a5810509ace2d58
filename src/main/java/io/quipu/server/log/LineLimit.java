package io.quipu.server.log;

import org.slf4j.Logger;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;
import org.slf4j.spi.NOPLoggingEventBuilder;

/**
 * A bound for lines that clients can cause: at most so many in a second. The first line after
 * others were left out says how many, in the field {@code leftOut}. For one thread.
 */
public final class LineLimit {
  private static final long PER_MS = 1_000;

  private final int lines;
  private boolean begun;
  private long secondBeganMs;
  private int written;
  private long leftOut;

  /**
   * @param lines in a second
   */
  public LineLimit(int lines) {
    this.lines = lines;
  }

  /** A line to be filled and logged; one that goes nowhere if there were enough. */
  public LoggingEventBuilder at(Level level, Logger log, long nowMs) {
    if (!log.isEnabledForLevel(level)) {
      return NOPLoggingEventBuilder.singleton();
    }
    if (!begun || nowMs - secondBeganMs >= PER_MS) {
      begun = true;
      secondBeganMs = nowMs;
      written = 0;
    }
    if (written >= lines) {
      leftOut++;
      return NOPLoggingEventBuilder.singleton();
    }
    written++;
    LoggingEventBuilder line = log.atLevel(level);
    if (leftOut > 0) {
      line = line.addKeyValue("leftOut", leftOut);
      leftOut = 0;
    }
    return line;
  }
}
