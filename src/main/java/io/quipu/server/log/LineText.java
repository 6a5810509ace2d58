package io.quipu.server.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.slf4j.event.KeyValuePair;

/** What the two forms have in common. */
final class LineText {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSX").withZone(ZoneOffset.UTC);

  private LineText() {}

  static String time(ILoggingEvent event) {
    return TIME.format(Instant.ofEpochMilli(event.getTimeStamp()));
  }

  static String logger(ILoggingEvent event) {
    return event.getLoggerName().substring(event.getLoggerName().lastIndexOf('.') + 1);
  }

  /** Empty if there is none. */
  static String stackTrace(ILoggingEvent event) {
    return event.getThrowableProxy() == null
        ? ""
        : ThrowableProxyUtil.asString(event.getThrowableProxy()).strip();
  }

  static List<KeyValuePair> fields(ILoggingEvent event) {
    return event.getKeyValuePairs() == null ? List.of() : event.getKeyValuePairs();
  }

  /**
   * On one line whatever it is: ends of lines become a bar, other characters that a terminal would
   * obey, or that turn text around, a question mark. What a client sent cannot look like a line of
   * its own.
   */
  static String onOneLine(String text) {
    StringBuilder line = new StringBuilder(text.length());
    boolean ended = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\n' || c == '\r' || c == '\u0085' || c == '\u2028' || c == '\u2029') {
        ended = true;
      } else if (!ended || c != ' ' && c != '\t') {
        line.append(ended ? " | " : "");
        ended = false;
        boolean obeyed = Character.isISOControl(c) || Character.getType(c) == Character.FORMAT;
        line.append(obeyed && c != '\t' ? '?' : c);
      }
    }
    return line.toString();
  }
}
