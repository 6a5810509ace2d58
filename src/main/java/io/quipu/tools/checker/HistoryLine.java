package io.quipu.tools.checker;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** One line in the making: a JSON object without its time, which the writer puts in front. */
final class HistoryLine {
  private static final JsonFactory JSON = new JsonFactory();

  /** What a step of writing may throw, and never does: the bytes go into memory. */
  private interface Step {
    void write(JsonGenerator json) throws IOException;
  }

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
  private final JsonGenerator json;

  private HistoryLine() {
    try {
      this.json = JSON.createGenerator(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static HistoryLine of(String event) {
    HistoryLine line = new HistoryLine();
    return line.step(JsonGenerator::writeStartObject).text("event", event);
  }

  private HistoryLine step(Step step) {
    try {
      step.write(json);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  HistoryLine text(String name, String value) {
    return step(out -> out.writeStringField(name, value));
  }

  HistoryLine number(String name, long value) {
    return step(out -> out.writeNumberField(name, value));
  }

  HistoryLine flag(String name, boolean value) {
    return step(out -> out.writeBooleanField(name, value));
  }

  /** A list of objects or texts. */
  <T> HistoryLine list(String name, Iterable<T> items, java.util.function.Consumer<T> each) {
    step(out -> out.writeArrayFieldStart(name));
    items.forEach(each);
    return step(JsonGenerator::writeEndArray);
  }

  HistoryLine texts(String name, Iterable<String> items) {
    return list(name, items, item -> step(out -> out.writeString(item)));
  }

  HistoryLine place(String conversation, long seq) {
    step(JsonGenerator::writeStartObject);
    text("conversation", conversation).number("seq", seq);
    return step(JsonGenerator::writeEndObject);
  }

  HistoryLine range(MessageRange range) {
    text("conversation", range.conversation().value());
    number("from_seq", range.fromSeq()).number("to_seq", range.toSeq());
    list("messages", range.messages(), this::message);
    return range.gaps().isEmpty() ? this : list("gaps", range.gaps(), this::gap);
  }

  private void message(Message message) {
    step(JsonGenerator::writeStartObject);
    number("seq", message.seq()).text("sender", message.sender().value());
    text("id", message.clientMessageId().toString());
    text("content", Fingerprint.of(message.content()));
    if (message.amendedBySeq() != 0) {
      number("amended_by", message.amendedBySeq());
    }
    step(JsonGenerator::writeEndObject);
  }

  private void gap(Gap gap) {
    step(JsonGenerator::writeStartObject);
    number("from_seq", gap.fromSeq()).number("to_seq", gap.toSeq());
    text("reason", gap.reason().name());
    step(JsonGenerator::writeEndObject);
  }

  /** The object without its opening brace, and without a line's end. */
  byte[] withoutBrace() {
    step(JsonGenerator::writeEndObject).step(JsonGenerator::flush);
    byte[] all = bytes.toByteArray();
    return java.util.Arrays.copyOfRange(all, 1, all.length);
  }
}
