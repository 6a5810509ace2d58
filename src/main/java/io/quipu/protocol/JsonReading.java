package io.quipu.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Base64;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Protobuf's JSON mapping, read strictly and within bounds. Not protobuf-java-util's JsonFormat:
 * that takes unquoted names, comments and whatever stands behind the end for JSON, keeps the last
 * of two equal names in silence, and builds a tree of the whole text first.
 */
final class JsonReading {
  /** The deepest known frame has 9 levels; the rest is for fields of newer versions. */
  private static final int MAX_DEPTH = 32;

  /** Digits, sign, point and exponent of the longest number that makes sense, twice. */
  private static final int MAX_NUMBER_LENGTH = 40;

  private static final BigInteger MAX_UINT64 =
      BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
  private static final BigInteger MAX_INT64 = BigInteger.valueOf(Long.MAX_VALUE);
  private static final BigInteger MIN_INT64 = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MAX_UINT32 =
      BigInteger.ONE.shiftLeft(32).subtract(BigInteger.ONE);
  private static final BigInteger MAX_INT32 = BigInteger.valueOf(Integer.MAX_VALUE);
  private static final BigInteger MIN_INT32 = BigInteger.valueOf(Integer.MIN_VALUE);

  /** Without shared tables of field names: strangers choose those. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_NUMBER_LENGTH)
                  .build())
          .build();

  /** An enum's name that only a newer version knows: the same as if it were absent. */
  private static final Object UNKNOWN_NAME = new Object();

  private static final Map<Descriptor, Map<String, FieldDescriptor>> FIELDS = new HashMap<>();

  static {
    index(io.quipu.protocol.wire.Frame.getDescriptor());
  }

  private JsonReading() {}

  /**
   * @throws QuipuException MALFORMED_FRAME
   */
  static io.quipu.protocol.wire.Frame frame(String json) {
    var builder = io.quipu.protocol.wire.Frame.newBuilder();
    try (JsonParser in = FACTORY.createParser(json)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw malformed("not a JSON object");
      }
      readObject(in, builder);
      if (in.nextToken() != null) {
        throw malformed("something behind the end of the JSON object");
      }
    } catch (StreamConstraintsException e) {
      throw malformed("JSON nested deeper than " + MAX_DEPTH + ", or a number that never ends");
    } catch (JsonProcessingException e) {
      // Its message may hold what the peer wrote.
      throw malformed("not JSON, at character " + e.getLocation().getCharOffset());
    } catch (IOException e) {
      throw new AssertionError("no I/O on a string", e);
    }
    return builder.build();
  }

  private static void readObject(JsonParser in, Message.Builder into) throws IOException {
    Map<String, FieldDescriptor> fields = FIELDS.get(into.getDescriptorForType());
    BitSet seen = new BitSet();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      FieldDescriptor field = fields.get(in.currentName());
      JsonToken token = in.nextToken();
      if (field == null) {
        in.skipChildren();
        continue;
      }
      if (seen.get(field.getIndex())) {
        throw malformed(field.getName() + " stands there twice");
      }
      seen.set(field.getIndex());
      if (token == JsonToken.VALUE_NULL) {
        continue;
      }
      if (field.isRepeated()) {
        readArray(in, into, field);
        continue;
      }
      if (field.getContainingOneof() != null && into.hasOneof(field.getContainingOneof())) {
        throw malformed("more than one " + field.getContainingOneof().getName());
      }
      Object value = value(in, into, field);
      if (value != UNKNOWN_NAME) {
        into.setField(field, value);
      }
    }
  }

  private static void readArray(JsonParser in, Message.Builder into, FieldDescriptor field)
      throws IOException {
    if (in.currentToken() != JsonToken.START_ARRAY) {
      throw malformed(field.getName() + " is an array");
    }
    while (in.nextToken() != JsonToken.END_ARRAY) {
      Object value = value(in, into, field);
      if (value != UNKNOWN_NAME) {
        into.addRepeatedField(field, value);
      }
    }
  }

  private static Object value(JsonParser in, Message.Builder of, FieldDescriptor field)
      throws IOException {
    return switch (field.getType()) {
      case MESSAGE -> {
        if (in.currentToken() != JsonToken.START_OBJECT) {
          throw malformed(field.getName() + " is an object");
        }
        Message.Builder part = of.newBuilderForField(field);
        readObject(in, part);
        yield part.build();
      }
      case STRING -> string(in, field);
      case BYTES -> bytes(in, field);
      case BOOL -> bool(in, field);
      case UINT32 -> integer(in, field, BigInteger.ZERO, MAX_UINT32).intValue();
      case UINT64 -> integer(in, field, BigInteger.ZERO, MAX_UINT64).longValue();
      case INT64 -> integer(in, field, MIN_INT64, MAX_INT64).longValue();
      case ENUM -> enumValue(in, field);
      default -> throw new AssertionError("quipu.proto has no " + field.getType());
    };
  }

  private static String string(JsonParser in, FieldDescriptor field) throws IOException {
    if (in.currentToken() != JsonToken.VALUE_STRING) {
      throw malformed(field.getName() + " is a string");
    }
    String text = in.getText();
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (!Character.isSurrogatePair(
            text.charAt(i), i + 1 < text.length() ? text.charAt(i + 1) : 0)) {
          throw malformed(field.getName() + " has half a surrogate pair");
        }
        i++;
      }
    }
    return text;
  }

  private static ByteString bytes(JsonParser in, FieldDescriptor field) throws IOException {
    String text = string(in, field).replace('-', '+').replace('_', '/');
    try {
      return ByteString.copyFrom(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      throw malformed(field.getName() + " is base64");
    }
  }

  private static Boolean bool(JsonParser in, FieldDescriptor field) {
    return switch (in.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw malformed(field.getName() + " is true or false");
    };
  }

  private static Object enumValue(JsonParser in, FieldDescriptor field) throws IOException {
    if (in.currentToken() == JsonToken.VALUE_STRING) {
      EnumValueDescriptor known = field.getEnumType().findValueByName(in.getText());
      return known == null ? UNKNOWN_NAME : known;
    }
    if (in.currentToken() == JsonToken.VALUE_NUMBER_INT) {
      return field
          .getEnumType()
          .findValueByNumberCreatingIfUnknown(integer(in, field, MIN_INT32, MAX_INT32).intValue());
    }
    throw malformed(field.getName() + " is a name or a number");
  }

  /** A number, or a string that holds one; 1.0 and 1e3 are integers as well. */
  private static BigInteger integer(
      JsonParser in, FieldDescriptor field, BigInteger min, BigInteger max) throws IOException {
    JsonToken token = in.currentToken();
    if (token != JsonToken.VALUE_NUMBER_INT
        && token != JsonToken.VALUE_NUMBER_FLOAT
        && token != JsonToken.VALUE_STRING) {
      throw malformed(field.getName() + " is a number");
    }
    String text = in.getText();
    if (text.length() > MAX_NUMBER_LENGTH) {
      throw malformed(field.getName() + " is no number that can be");
    }
    BigInteger value;
    try {
      BigDecimal decimal = new BigDecimal(text);
      if (Math.abs((long) decimal.scale()) > MAX_NUMBER_LENGTH) {
        throw malformed(field.getName() + " is out of range"); // 1e999999999 is never written out
      }
      value = decimal.setScale(0, RoundingMode.UNNECESSARY).unscaledValue();
    } catch (ArithmeticException | NumberFormatException e) {
      throw malformed(field.getName() + " is an integer");
    }
    if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
      throw malformed(field.getName() + " is out of range");
    }
    return value;
  }

  private static void index(Descriptor type) {
    if (FIELDS.containsKey(type)) {
      return;
    }
    Map<String, FieldDescriptor> fields = new HashMap<>();
    FIELDS.put(type, fields);
    for (FieldDescriptor field : type.getFields()) {
      fields.put(field.getName(), field);
      fields.put(field.getJsonName(), field);
      if (field.getType() == FieldDescriptor.Type.MESSAGE) {
        index(field.getMessageType());
      }
    }
  }

  private static QuipuException malformed(String detail) {
    return new QuipuException(ErrorCode.MALFORMED_FRAME, detail);
  }
}
