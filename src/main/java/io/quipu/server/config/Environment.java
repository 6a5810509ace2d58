package io.quipu.server.config;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The variables that override keys. {@code QUIPU_} and the key's path in capitals, words parted by
 * {@code _}; numbers and booleans as in JSON, texts without quotes, lists as JSON.
 */
final class Environment {
  /** What Kubernetes sets in a pod for each service whose name begins with quipu. */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          "QUIPU_(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\\d+_(TCP|UDP|SCTP)(_.*)?)");

  private final ConfigurationSchema schema;
  private final Map<String, String> variables;

  Environment(ConfigurationSchema schema, Map<String, String> variables) {
    this.schema = schema;
    this.variables = new TreeMap<>(variables);
  }

  /** The variable that set this key, if one did. */
  Optional<String> sourceOf(String path) {
    return schema
        .key(path.replaceAll("\\[.*", ""))
        .map(ConfigurationKey::variable)
        .filter(variables::containsKey);
  }

  /** Whether any key of this section is set. */
  boolean sets(String section) {
    return schema.keys().stream()
        .anyMatch(key -> key.section().equals(section) && variables.containsKey(key.variable()));
  }

  /** Writes what the environment says into {@code configuration}; returns what it says wrongly. */
  List<Problem> override(JsonObject configuration) {
    List<Problem> problems = new ArrayList<>();
    Map<String, ConfigurationKey> known = new HashMap<>();
    schema.keys().forEach(key -> known.put(key.variable(), key));
    variables.forEach(
        (name, text) -> {
          ConfigurationKey key = known.get(name);
          if (key != null) {
            set(configuration, key, text, problems);
          } else if (name.startsWith(ConfigurationKey.PREFIX)) {
            unknown(name, text, known).ifPresent(problems::add);
          }
        });
    return problems;
  }

  private static void set(
      JsonObject configuration, ConfigurationKey key, String text, List<Problem> problems) {
    if (!(configuration.getValue(key.section(), new JsonObject()) instanceof JsonObject section)) {
      return; // the file has something else in the section's place, which the schema refuses
    }
    configuration.put(key.section(), section);
    try {
      section.put(key.name(), key.type().equals("string") ? text : Json.decodeValue(text.strip()));
    } catch (DecodeException e) {
      problems.add(
          new Problem(
              key.path(),
              "found "
                  + Problem.shown(text, key.secret())
                  + ", allowed: "
                  + key.allowed()
                  + (text.startsWith("tcp://")
                      ? " (Kubernetes sets this one for a service: enableServiceLinks: false)"
                      : "")));
    }
  }

  /** Other programs may have variables that begin alike; one that looks like a key is a mistake. */
  private static Optional<Problem> unknown(
      String name, String text, Map<String, ConfigurationKey> known) {
    if (SERVICE_LINK.matcher(name).matches() || text.startsWith("tcp://")) {
      return Optional.empty();
    }
    Optional<String> near = Spelling.nearest(name, known.keySet());
    boolean inSection =
        known.values().stream()
            .anyMatch(
                key ->
                    name.startsWith(
                        ConfigurationKey.PREFIX + key.section().toUpperCase(Locale.ROOT) + "_"));
    if (near.isEmpty() && !inSection) {
      return Optional.empty();
    }
    return Optional.of(
        new Problem(
            name,
            "unknown variable" + near.map(word -> "; did you mean " + word + "?").orElse("")));
  }
}
