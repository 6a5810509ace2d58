package io.quipu.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.encoder.Encoder;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.event.KeyValuePair;
import org.slf4j.spi.NOPLoggingEventBuilder;

/** One event is one line, in both forms, whatever a client has put into it. */
class EncodersTest {
  private static final LoggerContext CONTEXT = new LoggerContext();

  private static LoggingEvent event(String message, Object... fields) {
    LoggingEvent event =
        new LoggingEvent(
            "here",
            CONTEXT.getLogger("io.quipu.server.session.Sessions"),
            Level.INFO,
            message,
            null,
            new Object[0]);
    event.setTimeStamp(1_800_000_000_123L);
    for (int i = 0; i < fields.length; i += 2) {
      event.addKeyValuePair(new KeyValuePair((String) fields[i], fields[i + 1]));
    }
    return event;
  }

  private static String encoded(Encoder<ILoggingEvent> encoder, LoggingEvent event) {
    return new String(encoder.encode(event), StandardCharsets.UTF_8);
  }

  @Test
  void aLineOfTextHasItsFieldsBehindTheMessage() {
    assertThat(
            encoded(
                new TextEncoder(),
                event("a session was closed", "user", "alice", "seq", 7L, "detail", "it is late")))
        .isEqualTo(
            "2027-01-15T08:00:00.123Z INFO  Sessions a session was closed user=alice seq=7"
                + " detail=\"it is late\"\n");
  }

  @Test
  void aLineOfJsonHasItsFieldsBesideTheMessage() {
    JsonObject line =
        new JsonObject(
            encoded(new JsonEncoder(), event("closed", "user", "alice", "seq", 7L, "time", "x")));
    assertThat(line.getString("time")).isEqualTo("2027-01-15T08:00:00.123Z");
    assertThat(line.getString("level")).isEqualTo("INFO");
    assertThat(line.getString("message")).isEqualTo("closed");
    assertThat(line.getString("user")).isEqualTo("alice");
    assertThat(line.getLong("seq")).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\nERROR forged",
        "a\r\nERROR forged",
        "a\u2028ERROR forged",
        "a\u0085ERROR forged",
        "a\u001b[2Kforged",
        "a\u202Eforged",
        "a\" user=\"root",
        "a\\\" user=\"root",
        "a\",\"user\":\"root",
        "a\u0000b",
        "\ud800"
      })
  void whatAClientSentStaysInItsPlace(String sent) {
    for (LoggingEvent event : List.of(event(sent), event("closed", "client", sent))) {
      String text = encoded(new TextEncoder(), event);
      assertThat(text.indexOf('\n')).isEqualTo(text.length() - 1);
      assertThat(text.strip()).doesNotContainPattern("[\\p{Cntrl}\u0085\u2028\u2029\u202E]");
      String json = encoded(new JsonEncoder(), event);
      assertThat(json).matches("[\\x20-\\x7e]+\n");
      assertThat(new JsonObject(json).containsKey("user")).isFalse();
    }
    assertThat(encoded(new TextEncoder(), event("closed", "client", sent)))
        .doesNotContain(" user=root");
  }

  @Test
  void aStackTraceIsOnTheSameLine() {
    LoggingEvent event =
        new LoggingEvent(
            "here",
            CONTEXT.getLogger("x"),
            Level.ERROR,
            "a bug",
            new IllegalStateException("two\nlines"),
            new Object[0]);
    String text = encoded(new TextEncoder(), event);
    assertThat(text.indexOf('\n')).isEqualTo(text.length() - 1);
    assertThat(text).contains("IllegalStateException: two | lines", " | at ");
    assertThat(new JsonObject(encoded(new JsonEncoder(), event)).getString("stackTrace"))
        .contains("two\nlines");
  }

  @Test
  void whatIsTooMuchIsLeftOutAndCounted() {
    Logger log = CONTEXT.getLogger("limited");
    LineLimit limit = new LineLimit(2);
    for (int i = 0; i < 5; i++) {
      boolean nothing =
          limit.at(org.slf4j.event.Level.INFO, log, 1_000) == NOPLoggingEventBuilder.singleton();
      assertThat(nothing).isEqualTo(i >= 2);
    }
    assertThat(limit.at(org.slf4j.event.Level.INFO, log, 1_999))
        .isSameAs(NOPLoggingEventBuilder.singleton());
    assertThat(limit.at(org.slf4j.event.Level.INFO, log, 2_000))
        .isNotSameAs(NOPLoggingEventBuilder.singleton());
  }
}
