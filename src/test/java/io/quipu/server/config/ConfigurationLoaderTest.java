package io.quipu.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import io.vertx.junit5.VertxTestContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(VertxExtension.class)
final class ConfigurationLoaderTest {
  private static final String SECRET = "an hs256 secret of more than 32 characters";
  private static final JsonObject LOGIN = new JsonObject().put("hs256Secret", SECRET);

  @TempDir private Path folder;

  @Test
  void withoutFileAndEnvironmentItListensOnLoopbackAndTakesDevelopmentTokens() {
    Configuration configuration = ConfigurationLoader.withoutFile(Map.of("PATH", "anything"));

    assertThat(configuration.tcp()).isEqualTo(new Configuration.Tcp(true, "127.0.0.1", 7310));
    assertThat(configuration.http().host()).isEqualTo("127.0.0.1");
    assertThat(configuration.http().port()).isEqualTo(7380);
    assertThat(configuration.auth().development()).isTrue();
    assertThat(configuration.postgres().uri()).isEmpty();
  }

  @Test
  void developmentTokensEndWhenTheEnvironmentSaysWhoMayConnect() {
    Configuration configuration =
        ConfigurationLoader.withoutFile(
            Map.of("QUIPU_AUTH_HS256_SECRET", SECRET, "QUIPU_TCP_HOST", "0.0.0.0"));

    assertThat(configuration.auth().development()).isFalse();
    assertThat(configuration.auth().hs256Secret()).contains(SECRET);
    assertThat(configuration.tcp().host()).isEqualTo("0.0.0.0");
  }

  @Test
  void aFileIsReadAndWhatItLeavesOutIsTheDefault(Vertx vertx, VertxTestContext context)
      throws IOException {
    Path file = file("{\"auth\": {\"hs256Secret\": \"" + SECRET + "\"}, \"tcp\": {\"port\": 9}}");

    ConfigurationLoader.load(vertx, file, Map.of())
        .onComplete(
            context.succeeding(
                configuration -> {
                  context.verify(
                      () -> {
                        assertThat(configuration.tcp().port()).isEqualTo(9);
                        assertThat(configuration.tcp().host()).isEqualTo("127.0.0.1");
                        assertThat(configuration.auth().development()).isFalse();
                      });
                  context.completeNow();
                }));
  }

  @Test
  void theEnvironmentWinsOverTheFile() {
    Configuration configuration =
        load(
            new JsonObject().put("auth", LOGIN).put("journal", new JsonObject().put("giveUpMs", 1)),
            Map.of(
                "QUIPU_JOURNAL_GIVE_UP_MS", "7000",
                "QUIPU_TCP_ENABLED", "false",
                "QUIPU_HTTP_ALLOWED_ORIGINS", "[\"https://chat.example.org\"]",
                "QUIPU_AUTH_PUBLIC_KEYS",
                    "[{\"keyId\":\"a\",\"algorithm\":\"ES256\",\"pem\":\"-----BEGIN PUBLIC"
                        + " KEY-----\"}]",
                "QUIPU_POSTGRES_URI", "postgresql://quipu:1234@db.example.org/quipu"));

    assertThat(configuration.journal().giveUpMs()).isEqualTo(7000);
    assertThat(configuration.tcp().enabled()).isFalse();
    assertThat(configuration.http().allowedOrigins()).containsExactly("https://chat.example.org");
    assertThat(configuration.auth().publicKeys())
        .containsExactly(new Configuration.PublicKey("a", "ES256", "-----BEGIN PUBLIC KEY-----"));
    assertThat(configuration.postgres().uri())
        .contains("postgresql://quipu:1234@db.example.org/quipu");
  }

  @Test
  void aTextOfDigitsInTheEnvironmentStaysAText() {
    Configuration configuration = ConfigurationLoader.withoutFile(Map.of("QUIPU_NODE_NAME", "7"));

    assertThat(configuration.node().name()).isEqualTo("7");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'tcp': {'port': 'many'}} | tcp.port: found \"many\", allowed: a whole number from 0 to"
            + " 65535",
        "{'tcp': {'port': 70000}} | tcp.port: found 70000, allowed: a whole number from 0 to 65535",
        "{'tcp': {'port': -1}} | tcp.port: found -1, allowed: a whole number from 0 to 65535",
        "{'tcp': {'port': 1.5}} | tcp.port: found 1.5, allowed: a whole number from 0 to 65535",
        "{'tcp': {'port': null}} | tcp.port: found null, allowed: a whole number from 0 to 65535",
        "{'tcp': {'port': 7310000000000}} | tcp.port: found 7310000000000, allowed: a whole number"
            + " from 0 to 65535",
        "{'tcp': {'enabled': 'yes'}} | tcp.enabled: found \"yes\", allowed: true or false",
        "{'journal': {'giveUpMs': '8s'}} | journal.giveUpMs: found \"8s\", allowed: a whole number"
            + " from 100 to 120000 (ms)",
        "{'node': {'name': 'a b'}} | node.name: found \"a b\", allowed: a text of at most 64"
            + " characters that matches ^[A-Za-z0-9][A-Za-z0-9._-]*$",
        "{'tcp': {'prot': 1}} | tcp.prot: unknown key; did you mean tcp.port?",
        "{'tcp': {'Port': 1}} | tcp.Port: unknown key; did you mean tcp.port?",
        "{'tpc': {'port': 1}} | tpc: unknown key; did you mean tcp?",
        "{'tcp': {'giveUpMs': 1}} | tcp.giveUpMs: unknown key; did you mean journal.giveUpMs?",
        "{'tcp': {'zzzzzz': 1}} | tcp.zzzzzz: unknown key; allowed: enabled, host, port",
        "{'port': 1} | port: unknown key; did you mean tcp.port?",
        "{'tcp': 7310} | tcp: found 7310, allowed: an object with the keys enabled, host, port",
        "{'http': {'allowedOrigins': 'x'}} | http.allowedOrigins: found \"x\", allowed: a list of at"
            + " most 100, each a text of at most 255 characters",
        "{'http': {'allowedOrigins': ['x', 5]}} | http.allowedOrigins[1]: found 5, allowed: a text of"
            + " at most 255 characters",
        "{'auth': {'publicKeys': [{'keyId': 'a', 'algorithm': 'HS256', 'pem': '-----BEGIN PUBLIC"
            + " KEY-----'}]}} | auth.publicKeys[0].algorithm: found \"HS256\", allowed: RS256 or"
            + " ES256",
        "{'auth': {'publicKeys': [{'algorithm': 'RS256', 'pem': '-----BEGIN PUBLIC KEY-----'}]}} |"
            + " auth.publicKeys[0].keyId: found nothing, allowed: a text of at most 255 characters",
        "{'auth': {'publicKeys': [{'key': 'a', 'keyId': 'a', 'algorithm': 'RS256', 'pem':"
            + " '-----BEGIN PUBLIC KEY-----'}]}} | auth.publicKeys[0].key: unknown key; allowed:"
            + " keyId, algorithm, pem",
        "{'auth': {'hs256Secret': 'too short'}} | auth.hs256Secret: found a text of 9 characters"
            + " (secret, not shown), allowed: a text of 32 to 4096 characters",
        "{'auth': {'hs256Secret': 12345678}} | auth.hs256Secret: found a value that is no text"
            + " (secret, not shown), allowed: a text of 32 to 4096 characters",
        "{'postgres': {'uri': 'jdbc:postgresql://h/d'}} | postgres.uri: found a text of 21 characters"
            + " (secret, not shown), allowed: a text of at most 4096 characters that matches"
            + " ^postgres(ql)?://.+",
      },
      quoteCharacter = '`')
  void aValueThatMayNotBeIsNamedWithWhatIsAllowed(String json, String problem) {
    assertThat(problems(new JsonObject(json.replace('\'', '"')), Map.of()))
        .containsExactly(problem);
  }

  @Test
  void everyMistakeIsNamedAtOnce() {
    JsonObject wrong =
        new JsonObject()
            .put("tcp", new JsonObject().put("port", "x").put("hots", "y"))
            .put("session", new JsonObject().put("maxBodyBytes", 0));

    assertThat(problems(wrong, Map.of("QUIPU_HTTP_PORT", "z")))
        .hasSize(4)
        .anyMatch(line -> line.startsWith("tcp.port: "))
        .anyMatch(line -> line.startsWith("tcp.hots: "))
        .anyMatch(line -> line.startsWith("session.maxBodyBytes: "))
        .anyMatch(line -> line.startsWith("http.port (QUIPU_HTTP_PORT): "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "QUIPU_TCP_PORT | many | tcp.port (QUIPU_TCP_PORT): found \"many\", allowed: a whole number"
            + " from 0 to 65535",
        "QUIPU_TCP_PORT | 70000 | tcp.port (QUIPU_TCP_PORT): found 70000, allowed: a whole number"
            + " from 0 to 65535",
        "QUIPU_TCP_PORT | tcp://10.0.0.1:7310 | tcp.port (QUIPU_TCP_PORT): found"
            + " \"tcp://10.0.0.1:7310\", allowed: a whole number from 0 to 65535 (Kubernetes sets"
            + " this one for a service: enableServiceLinks: false)",
        "QUIPU_TCP_ENABLED | \"true\" | tcp.enabled (QUIPU_TCP_ENABLED): found \"true\", allowed:"
            + " true or false",
        "QUIPU_TCP_PROT | 7310 | QUIPU_TCP_PROT: unknown variable; did you mean QUIPU_TCP_PORT?",
        "QUIPU_TPC_PORT | 7310 | QUIPU_TPC_PORT: unknown variable; did you mean QUIPU_TCP_PORT?",
        "QUIPU_JOURNAL_ANYTHING | 1 | QUIPU_JOURNAL_ANYTHING: unknown variable",
        "QUIPU_HTTP_ALLOWED_ORIGINS | a,b | http.allowedOrigins (QUIPU_HTTP_ALLOWED_ORIGINS): found"
            + " \"a,b\", allowed: a list of at most 100, each a text of at most 255 characters",
        "QUIPU_AUTH_HS256_SECRET | short | auth.hs256Secret (QUIPU_AUTH_HS256_SECRET): found a text"
            + " of 5 characters (secret, not shown), allowed: a text of 32 to 4096 characters",
      },
      quoteCharacter = '`')
  void aVariableThatMayNotBeIsNamed(String name, String value, String problem) {
    JsonObject base = new JsonObject().put("auth", LOGIN);

    assertThat(problems(base, Map.of(name, value))).containsExactly(problem);
  }

  @Test
  void variablesOfOthersAreLeftAlone() {
    Map<String, String> others =
        Map.of(
            "QUIPU_SERVICE_HOST", "10.0.0.1",
            "QUIPU_PORT", "tcp://10.0.0.1:7310",
            "QUIPU_PORT_7310_TCP_ADDR", "10.0.0.1",
            "QUIPU_HTTP_SERVICE_PORT", "7380",
            "QUIPU_LOGO", "DEBUG",
            "QUIPU_IMAGE", "quipu:1");

    assertThat(ConfigurationLoader.withoutFile(others))
        .isEqualTo(ConfigurationLoader.withoutFile(Map.of()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "session.maxBodyBytes=60000 | connection.maxFrameBytes | session.maxBodyBytes * 4/3",
        "session.maxBodyBytes=40000,http.maxBodyBytes=39999 | http.maxBodyBytes |"
            + " session.maxBodyBytes = 40000",
        "session.sendWindowBytes=1024 | session.sendWindowBytes | session.maxBodyBytes = 32768",
        "journal.maxBatchBytes=1024 | journal.maxBatchBytes | session.maxBodyBytes",
        "recipient.syncPageBytes=1024 | recipient.syncPageBytes | session.maxBodyBytes",
        "recipient.windowBytes=32767 | recipient.windowBytes | recipient.syncPageBytes = 32768",
        "recipient.windowMessages=10 | recipient.windowMessages | recipient.syncPageMessages = 100",
        "connection.maxFrameBytes=64000 | connection.maxFrameBytes | recipient.syncPageBytes * 4/3",
        "connection.maxPendingBytes=65536 | connection.maxPendingBytes |"
            + " connection.writeQueueBytes + connection.maxFrameBytes = 131072",
        "sequencer.maxQueued=100 | sequencer.maxQueued | session.sendWindowMessages = 256",
        "session.appendRetryMs=20000 | session.sendTimeoutMs | session.appendRetryMs = 20000",
        "journal.giveUpMs=10001 | session.sendTimeoutMs | journal.giveUpMs = 10001",
        "journal.retryMs=1001 | journal.maxRetryMs | journal.retryMs = 1001",
        "journal.giveUpMs=1999 | journal.giveUpMs | postgres.statementTimeoutMs = 2000",
        "postgres.lockTimeoutMs=2001 | postgres.statementTimeoutMs | postgres.lockTimeoutMs",
        "recipient.ackTimeoutMs=100,recipient.cursorFlushMs=101 | recipient.ackTimeoutMs |"
            + " recipient.cursorFlushMs = 101",
        "http.port=7310 | http.port | which is tcp.port too",
      },
      quoteCharacter = '`')
  void valuesThatContradictEachOtherAreNamed(String settings, String key, String bound) {
    JsonObject json = new JsonObject().put("auth", LOGIN);
    for (String setting : settings.split(",", -1)) {
      set(json, setting.split("=", -1)[0], Integer.parseInt(setting.split("=", -1)[1]));
    }

    assertThat(problems(json, Map.of()))
        .anySatisfy(line -> assertThat(line).startsWith(key + ": found ").contains(bound));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | postgres.uri: found nothing",
        "{} | cluster.members: found nobody",
        "{'discovery':'kubernetes'} | cluster.kubernetesService: found nothing",
        "{'tlsKey':'a.pem','tlsAuthorities':'b.pem'} | cluster.tlsCertificate: found 2 of",
        "{'port':5800,'busPort':5800} | cluster.busPort: found 5800",
        "{'silentMs':999} | cluster.silentMs: found 999, allowed: at least twice",
        "{'windowBytes':65536} | cluster.windowBytes: found 65536",
      },
      quoteCharacter = '`')
  void aClusterThatCannotWorkIsNamed(String cluster, String problem) {
    JsonObject json =
        new JsonObject()
            .put("auth", LOGIN)
            .put("cluster", new JsonObject(cluster.replace('\'', '"')).put("enabled", true));
    assertThat(problems(json, Map.of()))
        .anySatisfy(line -> assertThat(line).startsWith(problem.strip()));
    assertThat(
            problems(
                json.copy().put("journal", new JsonObject().put("maxBatchBytes", 8_388_609)),
                Map.of()))
        .anySatisfy(line -> assertThat(line).startsWith("journal.maxBatchBytes: found 8388609"));
    json.getJsonObject("cluster").put("enabled", false);
    assertThat(problems(json, Map.of())).as("a node alone").isEmpty();
  }

  @Test
  void developmentTokensAndAnotherHostThanLoopbackContradictEachOther() {
    JsonObject json = new JsonObject();
    set(json, "auth.development", true);
    set(json, "tcp.host", "0.0.0.0");
    set(json, "http.host", "10.0.0.5");

    assertThat(problems(json, Map.of()))
        .hasSize(2)
        .allMatch(line -> line.contains("everybody can make development tokens"))
        .anyMatch(line -> line.startsWith("tcp.host: found \"0.0.0.0\""))
        .anyMatch(line -> line.startsWith("http.host: found \"10.0.0.5\""));
    set(json, "tcp.enabled", false);
    assertThat(problems(json, Map.of())).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1,true",
    "127.9.8.7,true",
    "::1,true",
    "[::1],true",
    "localhost,true",
    "0.0.0.0,false",
    "::,false",
    "127.example.org,false",
    "localhost.example.org,false",
    "10.127.0.1,false"
  })
  void loopbackIsToldByItsWriting(String host, boolean loopback) {
    assertThat(Contradictions.isLoopback(host)).isEqualTo(loopback);
  }

  @Test
  void aFileThatLetsNobodyConnectIsRefused() {
    assertThat(problems(new JsonObject(), Map.of()))
        .singleElement()
        .asString()
        .startsWith("auth: nobody could connect");
  }

  @Test
  void oneKeyIdForTwoKeysIsRefused() {
    JsonObject key =
        new JsonObject()
            .put("keyId", "a")
            .put("algorithm", "RS256")
            .put("pem", "-----BEGIN PUBLIC KEY-----");
    JsonObject json = new JsonObject();
    set(json, "auth.publicKeys", new JsonArray().add(key).add(key.copy()));

    assertThat(problems(json, Map.of()))
        .containsExactly("auth.publicKeys: found the keyId \"a\" twice, allowed: each once");
  }

  @Test
  void brokenJsonIsNamedWithLineAndColumn(Vertx vertx) throws Exception {
    assertThat(problemsOfFile(vertx, "{\n  \"tcp\": {\n    \"port\": 1,\n  }\n}"))
        .singleElement()
        .asString()
        .startsWith("line 4, column 3: Unexpected character ('}'");
  }

  @Test
  void brokenJsonShowsNoWordOfTheFile(Vertx vertx) throws Exception {
    assertThat(problemsOfFile(vertx, "{\"auth\": {\"hs256Secret\": geheim}}"))
        .singleElement()
        .asString()
        .startsWith("line 1, column ")
        .doesNotContain("geheim");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"[1]", "5", "\"text\"", "null"},
      quoteCharacter = '`')
  void aFileThatIsNoObjectIsRefused(String text, Vertx vertx) throws Exception {
    assertThat(problemsOfFile(vertx, text))
        .containsExactly("found something else, allowed: a JSON object");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"''", "{", "{} {}"},
      quoteCharacter = '\'')
  void aFileThatEndsTooSoonOrTooLateIsRefused(String text, Vertx vertx) throws Exception {
    assertThat(problemsOfFile(vertx, text)).hasSize(1);
  }

  @Test
  void aFileThatIsNotThereIsNamed(Vertx vertx, VertxTestContext context) {
    ConfigurationLoader.load(vertx, folder.resolve("none.json"), Map.of())
        .onComplete(
            context.failing(
                failure -> {
                  context.verify(
                      () ->
                          assertThat(failure)
                              .isInstanceOf(ConfigurationException.class)
                              .hasMessageContaining("none.json")
                              .hasMessageContaining("there is no such file"));
                  context.completeNow();
                }));
  }

  @Test
  void noSecretIsInAnyTextOfTheConfiguration() {
    JsonObject json = new JsonObject().put("auth", LOGIN);
    set(json, "postgres.uri", "postgresql://quipu:geheim@db/quipu");

    assertThat(load(json, Map.of()).toString()).doesNotContain(SECRET).doesNotContain("geheim");
  }

  private static Configuration load(JsonObject json, Map<String, String> environment) {
    return ConfigurationLoader.of("a test", json, environment);
  }

  private static List<String> problems(JsonObject json, Map<String, String> environment) {
    JsonObject able = json.copy();
    boolean aboutAccess = json.isEmpty() || json.containsKey("auth") || environment.size() > 1;
    if (!aboutAccess) {
      able.put("auth", LOGIN.copy());
    }
    return Optional.ofNullable(
            catchThrowableOfType(ConfigurationException.class, () -> load(able, environment)))
        .map(ConfigurationException::problems)
        .orElse(List.of());
  }

  private List<String> problemsOfFile(Vertx vertx, String text) throws Exception {
    Future<Configuration> loaded = ConfigurationLoader.load(vertx, file(text), Map.of());
    Throwable failure =
        loaded
            .map(configuration -> new Throwable("taken for good: " + configuration))
            .recover(Future::succeededFuture)
            .toCompletionStage()
            .toCompletableFuture()
            .get();
    assertThat(failure).isInstanceOf(ConfigurationException.class);
    return ((ConfigurationException) failure).problems();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("quipu.json"), text);
  }

  private static void set(JsonObject json, String path, Object value) {
    String section = path.substring(0, path.indexOf('.'));
    if (!json.containsKey(section)) {
      json.put(section, new JsonObject());
    }
    json.getJsonObject(section).put(path.substring(path.indexOf('.') + 1), value);
  }
}
