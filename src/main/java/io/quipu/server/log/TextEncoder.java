package io.quipu.server.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import org.slf4j.event.KeyValuePair;

/**
 * A line for people: time, level, logger, message, then {@code key=value} pairs. A value with
 * blanks or quotes stands in quotes, so that no value looks like another pair.
 */
public final class TextEncoder extends EncoderBase<ILoggingEvent> {
  @Override
  public byte[] encode(ILoggingEvent event) {
    StringBuilder line = new StringBuilder(160);
    line.append(LineText.time(event)).append(' ');
    String level = event.getLevel().toString();
    line.append(level).append(" ".repeat(Math.max(0, 5 - level.length()))).append(' ');
    line.append(LineText.logger(event)).append(' ');
    line.append(LineText.onOneLine(event.getFormattedMessage()));
    for (KeyValuePair field : LineText.fields(event)) {
      line.append(' ').append(field.key).append('=');
      line.append(value(LineText.onOneLine(String.valueOf(field.value))));
    }
    String trace = LineText.stackTrace(event);
    if (!trace.isEmpty()) {
      line.append(" | ").append(LineText.onOneLine(trace));
    }
    return line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String value(String text) {
    boolean plain =
        !text.isEmpty() && text.chars().noneMatch(c -> c <= ' ' || c == '"' || c == '=' || c > '~');
    return plain ? text : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }
}
