package io.quipu.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Limits;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Holds schema, record, defaults, example and CONFIGURATION.md together. To write the page's table
 * anew: {@code mvn test -Dtest=ConfigurationSchemaTest -Dquipu.configurationPage=write}.
 */
final class ConfigurationSchemaTest {
  private static final String BEGIN = "<!-- configuration: from conf.schema.json -->\n";
  private static final String END = "<!-- end of configuration -->\n";

  private final ConfigurationSchema schema = ConfigurationSchema.read();

  @Test
  void everyKeyIsAComponentOfTheRecordAndTheOtherWayRound() {
    Map<String, String> components = new TreeMap<>();
    for (RecordComponent section : Configuration.class.getRecordComponents()) {
      for (RecordComponent key : section.getType().getRecordComponents()) {
        components.put(section.getName() + "." + key.getName(), jsonType(key));
      }
    }
    Map<String, String> keys = new TreeMap<>();
    schema
        .keys()
        .forEach(
            key ->
                keys.put(
                    key.path(), key.type() + (key.defaultValue().isPresent() ? "" : ", or none")));

    assertThat(keys).isEqualTo(components);
  }

  private static String jsonType(RecordComponent component) {
    Class<?> type = component.getType();
    if (type == Optional.class) {
      ParameterizedType generic = (ParameterizedType) component.getGenericType();
      assertThat(generic.getActualTypeArguments()[0]).isEqualTo(String.class);
      return "string, or none";
    }
    return type == int.class
        ? "integer"
        : type == boolean.class ? "boolean" : type == List.class ? "array" : "string";
  }

  @Test
  void everyKeySaysWhatItIsAndWhatItAllows() {
    for (ConfigurationKey key : schema.keys()) {
      JsonObject rule = key.schema();
      assertThat(key.description()).as(key.path()).isNotBlank().endsWith(".");
      assertThat(key.allowed()).as(key.path()).isNotBlank();
      switch (key.type()) {
        case "integer" ->
            assertThat(rule.getInteger("default"))
                .as(key.path())
                .isBetween(rule.getInteger("minimum"), rule.getInteger("maximum"));
        case "string" ->
            assertThat(rule.containsKey("maxLength") || rule.containsKey("enum"))
                .as(key.path())
                .isTrue();
        case "array" -> assertThat(rule.getInteger("maxItems")).as(key.path()).isPositive();
        default -> assertThat(key.type()).as(key.path()).isEqualTo("boolean");
      }
    }
  }

  @Test
  void unitsStandLastInNamesAndInTheSchema() {
    Map<String, String> units =
        Map.of("Ms", "ms", "Bytes", "bytes", "Seconds", "s", "Days", "days");
    for (ConfigurationKey key : schema.keys()) {
      String named =
          units.entrySet().stream()
              .filter(unit -> key.name().endsWith(unit.getKey()))
              .map(Map.Entry::getValue)
              .findFirst()
              .orElse("bytes".equals(key.schema().getString("x-unit")) ? "bytes" : "none");

      assertThat(key.schema().getString("x-unit", "none")).as(key.path()).isEqualTo(named);
    }
  }

  @Test
  void everyVariableOverridesOneKey() {
    assertThat(schema.keys().stream().map(ConfigurationKey::variable))
        .doesNotHaveDuplicates()
        .contains(
            "QUIPU_POSTGRES_URI",
            "QUIPU_JOURNAL_GIVE_UP_MS",
            "QUIPU_AUTH_HS256_SECRET",
            "QUIPU_POSTGRES_I_ACCEPT_LOSING_ACKED_MESSAGES");
  }

  @Test
  void theDefaultsAreTheLimitsThatTheProtocolPageTells() {
    Configuration c = ConfigurationLoader.withoutFile(Map.of());

    assertThat(
            new Limits(
                c.connection().heartbeatMs(),
                c.connection().maxFrameBytes(),
                c.session().maxBodyBytes(),
                c.session().sendWindowMessages(),
                c.session().sendWindowBytes(),
                c.recipient().windowMessages(),
                c.recipient().windowBytes(),
                c.recipient().ackTimeoutMs(),
                c.recipient().syncCursors(),
                c.recipient().syncPageMessages(),
                c.recipient().syncPageBytes(),
                c.session().sendTimeoutMs(),
                c.sequencer().groupMembers(),
                c.sequencer().editMs(),
                c.sequencer().recallMs(),
                c.session().watchedUsers(),
                c.recipient().receiptGroupMembers(),
                c.retention().defaultDays(),
                c.retention().minDays(),
                c.retention().maxDays()))
        .isEqualTo(Limits.DEFAULT);
  }

  @Test
  void theExampleIsGood() throws IOException {
    JsonObject example = new JsonObject(Files.readString(Path.of("conf", "quipu.json")));

    Configuration configuration = ConfigurationLoader.of("the example", example, Map.of());

    assertThat(configuration.postgres().uri()).isPresent();
    assertThat(configuration.auth().publicKeys()).isNotEmpty();
  }

  @Test
  void thePageShowsTheSchema() throws IOException {
    Path page = Path.of("src", "main", "doc", "CONFIGURATION.md");
    String text = Files.readString(page);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    assertThat(begin).as("the line " + BEGIN).isNotNegative();
    assertThat(end).as("the line " + END).isGreaterThan(begin);
    String whole = text.substring(0, begin + BEGIN.length()) + table() + text.substring(end);
    if ("write".equals(System.getProperty("quipu.configurationPage"))) {
      Files.writeString(page, whole);
    }

    assertThat(Files.readString(page)).isEqualTo(whole);
  }

  private String table() {
    StringBuilder table = new StringBuilder();
    table.append("| key | default | allowed | |\n|---|---|---|---|\n");
    for (ConfigurationKey key : schema.keys()) {
      table
          .append("| `")
          .append(key.path())
          .append("` | ")
          .append(key.defaultValue().map(ConfigurationSchemaTest::shown).orElse("–"))
          .append(" | ")
          .append(cell(allowed(key)))
          .append(" | ")
          .append(cell(key.description()))
          .append(" |\n");
    }
    return table.toString();
  }

  private static String allowed(ConfigurationKey key) {
    return switch (key.type()) {
      case "integer" ->
          key.schema().getLong("minimum")
              + " to "
              + key.schema().getLong("maximum")
              + (key.schema().containsKey("x-unit") ? " " + key.schema().getString("x-unit") : "");
      case "array" -> "list of at most " + key.schema().getInteger("maxItems");
      case "boolean" -> "true, false";
      default -> "text";
    };
  }

  private static String shown(Object value) {
    return value instanceof JsonArray array && array.isEmpty() ? "`[]`" : "`" + value + "`";
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace("*", "\\*");
  }
}
