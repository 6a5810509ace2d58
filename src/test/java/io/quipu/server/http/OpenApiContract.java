package io.quipu.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.json.schema.Draft;
import io.vertx.json.schema.JsonSchema;
import io.vertx.json.schema.JsonSchemaOptions;
import io.vertx.json.schema.OutputFormat;
import io.vertx.json.schema.OutputUnit;
import io.vertx.json.schema.Validator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/** openapi.json, held against what is really answered. Safe for any thread. */
public final class OpenApiContract {
  private static final JsonObject DOCUMENT = new JsonObject(OpenApi.document());
  private static final Set<String> METHODS = Set.of("get", "put", "post", "patch", "delete");

  private static final JsonSchemaOptions OPTIONS =
      new JsonSchemaOptions()
          .setDraft(Draft.DRAFT202012)
          .setBaseUri("app://quipu")
          .setOutputFormat(OutputFormat.Basic);

  /** By what stands around the schema: making one takes longer than asking it. */
  private static final Map<String, Validator> VALIDATORS = new ConcurrentHashMap<>();

  private OpenApiContract() {}

  static JsonObject document() {
    return DOCUMENT;
  }

  /** All of them, as {@code GET /v1/conversations/{conversation}}. */
  static Set<String> operations() {
    Set<String> operations = new TreeSet<>();
    for (String path : DOCUMENT.getJsonObject("paths").fieldNames()) {
      for (String method : DOCUMENT.getJsonObject("paths").getJsonObject(path).fieldNames()) {
        if (METHODS.contains(method)) {
          operations.add(method.toUpperCase(java.util.Locale.ROOT) + " " + path);
        }
      }
    }
    return operations;
  }

  /**
   * Fails if this answer is not one that the document has for the request.
   *
   * @param path with its query, as it stands in the request line
   * @param type the Content-Type; empty if there is none
   */
  public static void check(String method, String path, int status, String type, String body) {
    String what = method + " " + path + " -> " + status;
    Optional<JsonObject> responses = responses(method, path.replaceFirst("\\?.*", ""));
    if (responses.isEmpty()) {
      assertThat(status).as(what + " is not documented").isIn(400, 401, 404, 405, 421, 429);
      assertThat(type).as(what).isEqualTo("application/problem+json");
      if (!method.equals("HEAD")) {
        valid(what, resolved("#/components/schemas/Problem"), body);
      }
      return;
    }
    assertThat(responses.get().fieldNames()).as(what + " " + body).contains("" + status);
    JsonObject response = inlined(responses.get().getJsonObject("" + status));
    JsonObject content = response.getJsonObject("content");
    if (content == null) {
      assertThat(type + body).as(what).isEmpty();
      return;
    }
    String bare = type.replaceFirst(";.*", "");
    assertThat(content.fieldNames()).as(what).contains(bare);
    if (!method.equals("HEAD") && bare.endsWith("json")) {
      valid(what, content.getJsonObject(bare).getJsonObject("schema"), body);
    }
  }

  /** What is wrong with {@code value} by this schema; empty if nothing is. */
  static List<String> faults(JsonObject schema, Object value) {
    JsonObject strict = strict(inlined(schema));
    OutputUnit result =
        VALIDATORS
            .computeIfAbsent(
                strict.encode(), text -> Validator.create(JsonSchema.of(strict), OPTIONS))
            .validate(value);
    if (result.getValid()) {
      return List.of();
    }
    return result.getErrors() == null
        ? List.of("not valid")
        : result.getErrors().stream()
            .map(error -> error.getInstanceLocation() + " " + error.getError())
            .toList();
  }

  private static void valid(String what, JsonObject schema, String body) {
    Object value;
    try {
      value = Json.decodeValue(body);
    } catch (DecodeException e) {
      throw new AssertionError(what + " is no JSON: " + body, e);
    }
    assertThat(faults(schema, value)).as(what + " " + body).isEmpty();
  }

  private static Optional<JsonObject> responses(String method, String path) {
    String wanted = method.equals("HEAD") ? "get" : method.toLowerCase(java.util.Locale.ROOT);
    for (Map.Entry<String, Object> entry : DOCUMENT.getJsonObject("paths")) {
      if (matches(entry.getKey(), path)) {
        return Optional.ofNullable(((JsonObject) entry.getValue()).getJsonObject(wanted))
            .map(operation -> operation.getJsonObject("responses"));
      }
    }
    return Optional.empty();
  }

  private static boolean matches(String template, String path) {
    String[] expected = template.split("/", -1);
    String[] given = path.split("/", -1);
    if (expected.length != given.length) {
      return false;
    }
    for (int i = 0; i < expected.length; i++) {
      if (!expected[i].equals(given[i]) && !(expected[i].startsWith("{") && !given[i].isEmpty())) {
        return false;
      }
    }
    return true;
  }

  // ---- schemas by themselves

  private static JsonObject resolved(String reference) {
    JsonObject at = DOCUMENT;
    for (String step : reference.substring(2).split("/", -1)) {
      at = at.getJsonObject(step);
      assertThat(at).as(reference).isNotNull();
    }
    return inlined(at);
  }

  /** With what is referred to in place of each reference. */
  static JsonObject inlined(JsonObject part) {
    JsonObject whole = new JsonObject();
    if (part.getValue("$ref") instanceof String reference) {
      whole.mergeIn(resolved(reference));
    }
    for (Map.Entry<String, Object> entry : part) {
      if (!entry.getKey().equals("$ref")) {
        whole.put(entry.getKey(), inlinedValue(entry.getValue()));
      }
    }
    return whole;
  }

  private static Object inlinedValue(Object value) {
    if (value instanceof JsonObject object) {
      return inlined(object);
    }
    if (value instanceof JsonArray array) {
      JsonArray whole = new JsonArray();
      array.forEach(element -> whole.add(inlinedValue(element)));
      return whole;
    }
    return value;
  }

  /** Nothing may stand there that the document does not name: clients would never learn of it. */
  private static JsonObject strict(JsonObject schema) {
    JsonObject strict = new JsonObject();
    for (Map.Entry<String, Object> entry : schema) {
      Object value = entry.getValue();
      switch (entry.getKey()) {
        case "properties" -> {
          JsonObject properties = new JsonObject();
          ((JsonObject) value).forEach(p -> properties.put(p.getKey(), strict(p.getValue())));
          strict.put("properties", properties);
        }
        case "items" -> strict.put("items", strict(value));
        case "oneOf", "anyOf" -> {
          JsonArray choices = new JsonArray();
          ((JsonArray) value).forEach(choice -> choices.add(strict(choice)));
          strict.put(entry.getKey(), choices);
        }
        case "example", "examples", "description" -> {}
        default -> strict.put(entry.getKey(), value);
      }
    }
    Set<String> open = new HashSet<>(strict.fieldNames());
    open.retainAll(Set.of("properties", "allOf"));
    if (!open.isEmpty() && !strict.containsKey("additionalProperties")) {
      strict.put("unevaluatedProperties", false);
    }
    return strict;
  }

  private static Object strict(Object schema) {
    return schema instanceof JsonObject object ? strict(object) : schema;
  }
}
