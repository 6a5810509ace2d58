package io.quipu.server.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.event.KeyValuePair;

/**
 * A line for programs: one JSON object with {@code time}, {@code level}, {@code logger}, {@code
 * thread}, {@code message}, perhaps {@code stackTrace}, and beside them the event's own fields. All
 * of it is ASCII, so that no line end of any alphabet is in it. (Logback's own JsonEncoder puts
 * fields into a list of objects, which no log store takes for fields.)
 */
public final class JsonEncoder extends EncoderBase<ILoggingEvent> {
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  @Override
  public byte[] encode(ILoggingEvent event) {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    try (JsonGenerator json = JSON.createGenerator(line)) {
      json.writeStartObject();
      json.writeStringField("time", LineText.time(event));
      json.writeStringField("level", event.getLevel().toString());
      json.writeStringField("logger", event.getLoggerName());
      json.writeStringField("thread", event.getThreadName());
      json.writeStringField("message", event.getFormattedMessage());
      Set<String> used =
          new HashSet<>(Set.of("time", "level", "logger", "thread", "message", "stackTrace"));
      for (KeyValuePair field : LineText.fields(event)) {
        if (used.add(field.key)) {
          write(json, field);
        }
      }
      String trace = LineText.stackTrace(event);
      if (!trace.isEmpty()) {
        json.writeStringField("stackTrace", trace);
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    line.write('\n');
    return line.toByteArray();
  }

  private static void write(JsonGenerator json, KeyValuePair field) throws IOException {
    if (field.value instanceof Long || field.value instanceof Integer) {
      json.writeNumberField(field.key, ((Number) field.value).longValue());
    } else if (field.value instanceof Boolean flag) {
      json.writeBooleanField(field.key, flag);
    } else {
      json.writeStringField(field.key, String.valueOf(field.value));
    }
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
