package io.quipu.server.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.google.protobuf.ByteString;
import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The JSON object of a request, read strictly and within bounds: one object of strings and lists of
 * strings; fields that nobody knows are passed over. Whatever is wrong is INVALID_REQUEST.
 */
final class RequestBody {
  private static final int MAX_DEPTH = 32;
  private static final int MAX_NUMBER_LENGTH = 40;

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

  private static final String TITLE = "title";
  private static final String MEMBERS = "members";
  private static final String TEXT = "text";
  private static final String BODY = "body";

  private final Map<String, String> strings = new HashMap<>();
  private final Map<String, List<String>> lists = new HashMap<>();

  private RequestBody() {}

  static RequestBody parse(byte[] bytes) {
    RequestBody body = new RequestBody();
    try (JsonParser in = FACTORY.createParser(text(bytes))) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw invalid("the body is not a JSON object");
      }
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        body.readField(in);
      }
      if (in.nextToken() != null) {
        throw invalid("something stands behind the end of the JSON object");
      }
    } catch (JsonProcessingException e) {
      // Its message may hold what the client wrote; its place is absent where a bound was met.
      throw invalid(
          e.getLocation() == null
              ? "the body is too deep or has too long a number"
              : "the body is not JSON, at character " + e.getLocation().getCharOffset());
    } catch (IOException e) {
      throw new AssertionError("no I/O on a string", e);
    }
    return body;
  }

  Optional<String> title() {
    return Optional.ofNullable(strings.get(TITLE));
  }

  /** Empty if there are none. */
  List<UserId> members() {
    return lists.getOrDefault(MEMBERS, List.of()).stream().map(UserId::new).toList();
  }

  /** The content of a message: exactly one of text and body. */
  Content content() {
    String text = strings.get(TEXT);
    String body = strings.get(BODY);
    if ((text == null) == (body == null)) {
      throw new QuipuException(
          ErrorCode.INVALID_CONTENT, "a message has a text or a body (base64), and not both");
    }
    if (text != null) {
      return Content.Text.of(text);
    }
    try {
      byte[] decoded = Base64.getDecoder().decode(body.replace('-', '+').replace('_', '/'));
      return new Content.Body(ByteString.copyFrom(decoded));
    } catch (IllegalArgumentException e) {
      throw new QuipuException(ErrorCode.INVALID_CONTENT, "body is not base64");
    }
  }

  private void readField(JsonParser in) throws IOException {
    String name = in.currentName();
    JsonToken value = in.nextToken();
    switch (name) {
      case TITLE, TEXT, BODY -> {
        if (value != JsonToken.VALUE_NULL) {
          strings.put(name, string(in, name));
        }
      }
      case MEMBERS -> {
        if (value != JsonToken.VALUE_NULL) {
          lists.put(name, strings(in, name));
        }
      }
      default -> in.skipChildren();
    }
  }

  private static List<String> strings(JsonParser in, String name) throws IOException {
    if (in.currentToken() != JsonToken.START_ARRAY) {
      throw invalid(name + " is a list");
    }
    List<String> strings = new ArrayList<>();
    while (in.nextToken() != JsonToken.END_ARRAY) {
      strings.add(string(in, "each of " + name));
    }
    return strings;
  }

  private static String string(JsonParser in, String what) throws IOException {
    if (in.currentToken() != JsonToken.VALUE_STRING) {
      throw invalid(what + " is a string");
    }
    String text = in.getText();
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw invalid(what + " has half a surrogate pair");
    }
    return text;
  }

  /** Jackson would also take UTF-16 and UTF-32, by guessing. */
  private static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw invalid("the body is not UTF-8");
    }
  }

  private static QuipuException invalid(String detail) {
    return new QuipuException(ErrorCode.INVALID_REQUEST, detail);
  }
}
