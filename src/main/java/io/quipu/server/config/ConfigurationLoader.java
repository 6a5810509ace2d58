package io.quipu.server.config;

import io.vertx.config.ConfigRetriever;
import io.vertx.config.ConfigRetrieverOptions;
import io.vertx.config.ConfigStoreOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes the configuration of a file, the environment (which wins) and the defaults. */
public final class ConfigurationLoader {
  private static final Pattern PLACE = Pattern.compile("line: (\\d+), column: (\\d+)");

  private ConfigurationLoader() {}

  /**
   * Reads a file.
   *
   * @return fails with ConfigurationException
   */
  public static Future<Configuration> load(
      Vertx vertx, Path file, Map<String, String> environment) {
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      String found =
          Files.exists(file) ? "it is no file that can be read" : "there is no such file";
      return Future.failedFuture(new ConfigurationException(file.toString(), List.of(found)));
    }
    ConfigRetriever retriever =
        ConfigRetriever.create(
            vertx,
            new ConfigRetrieverOptions()
                .setScanPeriod(-1)
                .addStore(
                    new ConfigStoreOptions()
                        .setType("file")
                        .setFormat("json")
                        .setConfig(
                            new JsonObject().put("path", file.toAbsolutePath().toString()))));
    return retriever
        .getConfig()
        .recover(failure -> Future.failedFuture(unreadable(file, failure)))
        .map(json -> of(file.toString(), json, environment))
        .eventually(retriever::close);
  }

  /**
   * Without a file: the defaults, on loopback. Development tokens are accepted unless the
   * environment says anything about who may connect.
   *
   * @throws ConfigurationException if the environment is wrong
   */
  public static Configuration withoutFile(Map<String, String> environment) {
    ConfigurationSchema schema = ConfigurationSchema.read();
    JsonObject base = new JsonObject();
    if (!new Environment(schema, environment).sets("auth")) {
      base.put("auth", new JsonObject().put("development", true));
    }
    return of("the environment", base, environment);
  }

  /**
   * @param source names {@code json} in errors
   * @throws ConfigurationException
   */
  static Configuration of(String source, JsonObject json, Map<String, String> environment) {
    ConfigurationSchema schema = ConfigurationSchema.read();
    Environment overrides = new Environment(schema, environment);
    JsonObject given = json.copy();
    List<Problem> problems = new ArrayList<>(overrides.override(given));
    problems.addAll(schema.problems(given));
    if (problems.isEmpty()) {
      Configuration configuration =
          RecordReader.read(Configuration.class, schema.withDefaults(given));
      problems.addAll(Contradictions.in(configuration));
      if (problems.isEmpty()) {
        return configuration;
      }
    }
    throw new ConfigurationException(
        source, problems.stream().map(problem -> line(problem, overrides)).toList());
  }

  private static String line(Problem problem, Environment overrides) {
    String source = overrides.sourceOf(problem.path()).map(name -> " (" + name + ")").orElse("");
    return problem.path() + source + ": " + problem.text();
  }

  /** Why a file gave no JSON object. The file's own words are left out: one may be a secret. */
  private static ConfigurationException unreadable(Path file, Throwable failure) {
    String text = String.valueOf(failure.getMessage());
    String problem;
    if (failure instanceof DecodeException || failure instanceof ClassCastException) {
      Matcher place = PLACE.matcher(text);
      problem =
          place.find()
              ? "line " + place.group(1) + ", column " + place.group(2) + ": " + reason(text)
              : "found something else, allowed: a JSON object";
    } else {
      problem = "it cannot be read: " + failure.getClass().getSimpleName();
    }
    return new ConfigurationException(file.toString(), List.of(problem));
  }

  /** The parser's reason, on one line, without its prefix and without words of the file. */
  private static String reason(String text) {
    String firstLine = text.lines().findFirst().orElse("");
    return firstLine
        .replaceFirst("^Failed to decode: ?", "")
        .replaceAll("'[^']{2,}'", "word")
        .replaceAll("\\s*\\(?(at )?\\[Source.*", "");
  }
}
