package io.quipu.server.config;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import java.util.Optional;

/**
 * One key, as {@code conf.schema.json} describes it.
 *
 * @param path section and name, such as {@code journal.giveUpMs}
 */
record ConfigurationKey(String path, JsonObject schema) {
  static final String PREFIX = "QUIPU_";

  /** The environment variable that overrides it: {@code QUIPU_JOURNAL_GIVE_UP_MS}. */
  String variable() {
    String words = path.replace('.', '_').replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_");
    return PREFIX + words.toUpperCase(Locale.ROOT);
  }

  String section() {
    return path.substring(0, path.indexOf('.'));
  }

  String name() {
    return path.substring(path.indexOf('.') + 1);
  }

  String type() {
    return schema.getString("type");
  }

  boolean secret() {
    return isSecret(schema);
  }

  /** Empty: the key is absent unless somebody sets it. */
  Optional<Object> defaultValue() {
    return Optional.ofNullable(schema.getValue("default"));
  }

  String description() {
    return schema.getString("description");
  }

  String allowed() {
    return allowed(schema);
  }

  static boolean isSecret(JsonObject schema) {
    return schema.getBoolean("x-secret", false);
  }

  /** What a schema of one value admits, in words. */
  static String allowed(JsonObject schema) {
    if (schema.containsKey("enum")) {
      return String.join(" or ", strings(schema.getJsonArray("enum")));
    }
    return switch (schema.getString("type")) {
      case "boolean" -> "true or false";
      case "integer" ->
          "a whole number from "
              + schema.getLong("minimum")
              + " to "
              + schema.getLong("maximum")
              + (schema.containsKey("x-unit") ? " (" + schema.getString("x-unit") + ")" : "");
      case "string" -> text(schema);
      case "array" ->
          "a list of at most "
              + schema.getInteger("maxItems")
              + ", each "
              + allowed(schema.getJsonObject("items"));
      case "object" ->
          "an object with the keys "
              + String.join(", ", schema.getJsonObject("properties").fieldNames());
      default -> throw new AssertionError("conf.schema.json has a type unknown here: " + schema);
    };
  }

  private static String text(JsonObject schema) {
    int least = schema.getInteger("minLength", 0);
    String length =
        least > 1
            ? "a text of " + least + " to " + schema.getInteger("maxLength") + " characters"
            : "a text of at most " + schema.getInteger("maxLength") + " characters";
    return schema.containsKey("pattern")
        ? length + " that matches " + schema.getString("pattern")
        : length;
  }

  private static Iterable<String> strings(JsonArray values) {
    return values.stream().map(String::valueOf).toList();
  }
}
