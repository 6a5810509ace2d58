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
import io.quipu.model.GroupSettings;
import io.quipu.model.QuipuException;
import io.quipu.model.Retention;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The JSON object of a request, read strictly and within bounds; fields that nobody knows are
 * passed over. Whatever is wrong is INVALID_REQUEST.
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
  private static final String SETTINGS = "settings";
  private static final String HISTORY = "history";
  private static final String WHO_ADDS = "whoAdds";
  private static final String RETENTION = "retention";
  private static final String DAYS = "days";
  private static final String FOR_EVER = "forEver";
  private static final String AS_SERVER = "asServer";
  private static final String USER = "user";
  private static final String ROLE = "role";
  private static final String TEXT = "text";
  private static final String BODY = "body";
  private static final String SEQ = "seq";
  private static final String UNTIL_MS = "untilMs";

  private final Map<String, String> strings = new HashMap<>();
  private final Map<String, List<String>> lists = new HashMap<>();
  private boolean hasSettings;
  private Optional<Retention> retention = Optional.empty();

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

  /** Of a direct conversation: the other one. */
  Optional<UserId> user() {
    return Optional.ofNullable(strings.get(USER)).map(UserId::new);
  }

  /** Something is said that only a group has. */
  boolean namesGroup() {
    return strings.containsKey(TITLE) || lists.containsKey(MEMBERS) || hasSettings;
  }

  Role role() {
    String name =
        Optional.ofNullable(strings.get(ROLE)).orElseThrow(() -> invalid("role is absent"));
    return named(Role.class, ROLE, name);
  }

  /** Empty if there are none; what they do not name is to stay as it is. */
  Optional<GroupSettings> settings() {
    if (!hasSettings) {
      return Optional.empty();
    }
    return Optional.of(
        new GroupSettings(
            Optional.ofNullable(strings.get(SETTINGS + "." + HISTORY))
                .map(name -> named(GroupSettings.History.class, HISTORY, name)),
            Optional.ofNullable(strings.get(SETTINGS + "." + WHO_ADDS))
                .map(name -> named(GroupSettings.WhoAdds.class, WHO_ADDS, name)),
            retention));
  }

  /** From 1. */
  long seq() {
    long seq = number(SEQ);
    if (seq == 0) {
      throw invalid("seq is 1 or more");
    }
    return seq;
  }

  /** Unix time; 0 = not at all. */
  long untilMs() {
    return number(UNTIL_MS);
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
    if (value == JsonToken.VALUE_NULL) {
      return; // as if it were not there
    }
    switch (name) {
      case TITLE, TEXT, BODY, USER, ROLE -> strings.put(name, string(in, name));
      case SEQ, UNTIL_MS -> strings.put(name, digits(in, name));
      case MEMBERS -> lists.put(name, strings(in, name));
      case SETTINGS -> readSettings(in);
      default -> in.skipChildren();
    }
  }

  private void readSettings(JsonParser in) throws IOException {
    if (in.currentToken() != JsonToken.START_OBJECT) {
      throw invalid("settings is an object");
    }
    hasSettings = true;
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      if (name.equals(HISTORY) || name.equals(WHO_ADDS)) {
        if (value != JsonToken.VALUE_NULL) {
          strings.put(SETTINGS + "." + name, string(in, name));
        }
      } else if (name.equals(RETENTION) && value != JsonToken.VALUE_NULL) {
        retention = Optional.of(retention(in));
      } else {
        in.skipChildren();
      }
    }
  }

  /** {@code {"days": 30}}, {@code {"forEver": true}} or {@code {"asServer": true}}. */
  private static Retention retention(JsonParser in) throws IOException {
    if (in.currentToken() != JsonToken.START_OBJECT) {
      throw invalid("retention is an object");
    }
    List<Retention> said = new ArrayList<>();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      if (name.equals(DAYS)) {
        said.add(new Retention.Days(days(in)));
      } else if (value == JsonToken.VALUE_TRUE && name.equals(FOR_EVER)) {
        said.add(new Retention.ForEver());
      } else if (value == JsonToken.VALUE_TRUE && name.equals(AS_SERVER)) {
        said.add(new Retention.AsServer());
      } else {
        in.skipChildren();
      }
    }
    if (said.size() != 1) {
      throw invalid("retention is one of days (a number), forEver (true) and asServer (true)");
    }
    return said.get(0);
  }

  private static int days(JsonParser in) throws IOException {
    String digits = digits(in, DAYS);
    if (!digits.matches("[0-9]{1,9}")) {
      throw invalid("days is a whole number of at most 9 digits, not negative");
    }
    return Integer.parseInt(digits);
  }

  /** A whole number, or a string of one: 64 bits are more than many a language's number holds. */
  private static String digits(JsonParser in, String name) throws IOException {
    boolean number = in.currentToken() == JsonToken.VALUE_NUMBER_INT;
    if (!number && in.currentToken() != JsonToken.VALUE_STRING) {
      throw invalid(name + " is a whole number");
    }
    return in.getText();
  }

  private long number(String name) {
    String text = strings.get(name);
    if (text == null) {
      throw invalid(name + " is absent");
    }
    if (!text.matches("[0-9]{1,18}")) {
      throw invalid(name + " is a whole number of at most 18 digits, not negative");
    }
    return Long.parseLong(text);
  }

  private static <E extends Enum<E>> E named(Class<E> type, String what, String name) {
    for (E value : type.getEnumConstants()) {
      if (value.name().equals(name)) {
        return value;
      }
    }
    throw invalid(what + " is one of " + Arrays.toString(type.getEnumConstants()));
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
