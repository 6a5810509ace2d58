package io.quipu.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Protobuf's JSON mapping, written in one line: names in lowerCamelCase, 64-bit numbers as strings,
 * bytes as base64, enums by name, nothing that has its default value.
 */
final class JsonWriting {
  private static final JsonFactory FACTORY = new JsonFactory();

  private JsonWriting() {}

  static byte[] frame(io.quipu.protocol.wire.Frame frame) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
      writeObject(out, frame);
    } catch (IOException e) {
      throw new AssertionError("no I/O on an array", e);
    }
    return bytes.toByteArray();
  }

  private static void writeObject(JsonGenerator out, Message message) throws IOException {
    out.writeStartObject();
    for (Map.Entry<FieldDescriptor, Object> set : message.getAllFields().entrySet()) {
      FieldDescriptor field = set.getKey();
      out.writeFieldName(field.getJsonName());
      if (field.isRepeated()) {
        out.writeStartArray();
        for (Object element : (List<?>) set.getValue()) {
          writeValue(out, field, element);
        }
        out.writeEndArray();
      } else {
        writeValue(out, field, set.getValue());
      }
    }
    out.writeEndObject();
  }

  private static void writeValue(JsonGenerator out, FieldDescriptor field, Object value)
      throws IOException {
    switch (field.getType()) {
      case MESSAGE -> writeObject(out, (Message) value);
      case STRING -> out.writeString((String) value);
      case BYTES ->
          out.writeString(Base64.getEncoder().encodeToString(((ByteString) value).toByteArray()));
      case BOOL -> out.writeBoolean((Boolean) value);
      case UINT32 -> out.writeNumber(Integer.toUnsignedLong((Integer) value));
      case UINT64 -> out.writeString(Long.toUnsignedString((Long) value));
      case INT64 -> out.writeString(Long.toString((Long) value));
      case ENUM -> out.writeString(((EnumValueDescriptor) value).getName());
      default -> throw new AssertionError("quipu.proto has no " + field.getType());
    }
  }
}
