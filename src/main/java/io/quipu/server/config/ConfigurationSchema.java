package io.quipu.server.config;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.json.schema.Draft;
import io.vertx.json.schema.JsonSchema;
import io.vertx.json.schema.JsonSchemaOptions;
import io.vertx.json.schema.OutputFormat;
import io.vertx.json.schema.OutputUnit;
import io.vertx.json.schema.Validator;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;

/** {@code conf.schema.json}: the one place that says which keys there are. */
final class ConfigurationSchema {
  private static final String RESOURCE = "/conf.schema.json";

  private final JsonObject schema;
  private final List<ConfigurationKey> keys;

  private ConfigurationSchema(JsonObject schema) {
    this.schema = schema;
    List<ConfigurationKey> found = new ArrayList<>();
    JsonObject sections = schema.getJsonObject("properties");
    for (String section : sections.fieldNames()) {
      JsonObject properties = sections.getJsonObject(section).getJsonObject("properties");
      for (String name : properties.fieldNames()) {
        found.add(new ConfigurationKey(section + "." + name, properties.getJsonObject(name)));
      }
    }
    this.keys = List.copyOf(found);
  }

  static ConfigurationSchema read() {
    try (InputStream resource =
        Objects.requireNonNull(
            ConfigurationSchema.class.getResourceAsStream(RESOURCE), "no " + RESOURCE)) {
      String text = new String(resource.readAllBytes(), StandardCharsets.UTF_8);
      return new ConfigurationSchema(new JsonObject(text));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** In the schema's order. */
  List<ConfigurationKey> keys() {
    return keys;
  }

  /** The key with this path, if there is one. */
  Optional<ConfigurationKey> key(String path) {
    return keys.stream().filter(key -> key.path().equals(path)).findFirst();
  }

  /** A copy of {@code given} in which every key that has a default and is missing has got it. */
  JsonObject withDefaults(JsonObject given) {
    JsonObject whole = given.copy();
    for (ConfigurationKey key : keys) {
      if (!whole.containsKey(key.section())) {
        whole.put(key.section(), new JsonObject());
      }
      JsonObject section = whole.getJsonObject(key.section());
      if (!section.containsKey(key.name())) {
        key.defaultValue().ifPresent(value -> section.put(key.name(), value));
      }
    }
    return whole;
  }

  /** What is wrong with this configuration; empty if nothing is. In the order of the places. */
  List<Problem> problems(JsonObject configuration) {
    Validator validator =
        Validator.create(
            JsonSchema.of(schema.copy()), // the validator writes into the schema that it is given
            new JsonSchemaOptions()
                .setDraft(Draft.DRAFT202012)
                .setBaseUri("https://quipu.io")
                .setOutputFormat(OutputFormat.Basic));
    OutputUnit result = validator.validate(configuration);
    if (result.getValid()) {
      return List.of();
    }
    // A place is named once for each keyword that fails there, and again for each place around it.
    TreeSet<String> places = new TreeSet<>();
    for (OutputUnit error : result.getErrors()) {
      places.add(error.getInstanceLocation());
    }
    List<Problem> problems = new ArrayList<>();
    for (String place : places) {
      if (places.stream().noneMatch(other -> other.startsWith(place + "/"))) {
        describe(place, configuration, problems);
      }
    }
    if (problems.isEmpty()) {
      throw new AssertionError("the schema refuses, and no place is at fault: " + result);
    }
    return List.copyOf(problems);
  }

  private void describe(String place, JsonObject configuration, List<Problem> problems) {
    Object value = configuration;
    JsonObject rule = schema;
    StringBuilder path = new StringBuilder();
    String[] steps = place.length() <= 1 ? new String[0] : place.substring(2).split("/");
    for (String encoded : steps) {
      String step = encoded.replace("~1", "/").replace("~0", "~");
      if (value instanceof JsonArray list) {
        value = list.getValue(Integer.parseInt(step));
        rule = rule.getJsonObject("items");
        path.append('[').append(step).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(step);
        JsonObject properties = rule.getJsonObject("properties");
        if (!properties.containsKey(step)) {
          problems.add(unknown(path.toString(), step, properties));
          return;
        }
        value = ((JsonObject) value).getValue(step);
        rule = properties.getJsonObject(step);
      }
    }
    if (value instanceof JsonObject object && rule.containsKey("properties")) {
      describeMembers(path.toString(), object, rule, problems);
    } else {
      problems.add(
          new Problem(
              path.toString(),
              "found "
                  + Problem.shown(value, ConfigurationKey.isSecret(rule))
                  + ", allowed: "
                  + ConfigurationKey.allowed(rule)));
    }
  }

  /** The object itself is of the right type: its keys are too many or too few. */
  private void describeMembers(
      String path, JsonObject object, JsonObject rule, List<Problem> problems) {
    String before = path.isEmpty() ? "" : path + ".";
    JsonObject properties = rule.getJsonObject("properties");
    for (String name : new TreeSet<>(object.fieldNames())) {
      if (!properties.containsKey(name)) {
        problems.add(unknown(before + name, name, properties));
      }
    }
    for (Object name : rule.getJsonArray("required", new JsonArray())) {
      if (!object.containsKey(String.valueOf(name))) {
        problems.add(
            new Problem(
                before + name,
                "found nothing, allowed: "
                    + ConfigurationKey.allowed(properties.getJsonObject(String.valueOf(name)))));
      }
    }
  }

  private Problem unknown(String path, String name, JsonObject properties) {
    String before = path.substring(0, path.length() - name.length());
    Optional<String> here =
        Spelling.nearest(name, properties.fieldNames()).map(near -> before + near);
    Optional<String> elsewhere =
        keys.stream()
            .filter(key -> key.name().equals(name))
            .map(ConfigurationKey::path)
            .findFirst();
    String advice =
        here.or(() -> elsewhere)
            .or(() -> Spelling.nearest(path, keys.stream().map(ConfigurationKey::path).toList()))
            .map(near -> "; did you mean " + near + "?")
            .orElse("; allowed: " + String.join(", ", properties.fieldNames()));
    return new Problem(path, "unknown key" + advice);
  }
}
