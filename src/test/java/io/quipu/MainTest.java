package io.quipu;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

final class MainTest {
  @TempDir private Path folder;

  private record Result(int code, String out, String err) {}

  private static Result run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(arguments);
    return new Result(code, out.toString(), err.toString());
  }

  @Test
  void everyCommandHasHelpAndVersion() {
    Deque<CommandLine> commands = new ArrayDeque<>();
    commands.add(Main.commandLine());
    int count = 0;
    while (!commands.isEmpty()) {
      CommandLine command = commands.remove();
      count++;
      StringWriter out = new StringWriter();
      command.setOut(new PrintWriter(out, true));
      assertThat(command.execute("--help")).as(command.getCommandName()).isZero();
      assertThat(command.execute("--version")).as(command.getCommandName()).isZero();
      assertThat(out.toString()).contains("Usage: ", "--help", "Quipu ");
      assertThat(command.getCommandSpec().usageMessage().description())
          .as(command.getCommandName())
          .isNotEmpty();
      commands.addAll(command.getSubcommands().values());
    }
    assertThat(count).as("commands").isGreaterThanOrEqualTo(9);
  }

  @Test
  void theHelpNamesTheCommandsAndTheExitCodes() {
    assertThat(run("--help").out())
        .contains(
            "serve",
            "token",
            "conf",
            "chat",
            "demo",
            "bench",
            "check",
            "Exit codes:",
            "ran into a failure");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "srve",
        "serve --port 1",
        "token",
        "token --user",
        "token --user a/b",
        "token --user alice --ttl 0",
        "token --user alice --ttl much",
        "token --user alice --device ~",
        "token --user alice --service billing",
        "token --user system",
        "token --service a~b",
        "token --service billing --device phone",
        "conf",
        "conf check",
        "bench",
        "bench pairs --window 0",
        "bench pairs --connections 1",
        "bench pairs --body 3",
        "bench pairs --target http://127.0.0.1:1",
        "bench pairs --target nonsense",
        "bench idle --sessions 0",
        "bench idle --sessions 20000",
        "bench idle --seconds 50",
        "bench idle --conversations 2000",
        "bench sync --conversations 0",
        "bench sync --messages 0",
        "bench sync --body 20000",
        "bench sync --devices 91",
        "check",
        "check --late-ms soon a.history",
        "chat --user alice",
        "chat --to bob",
        "chat --user alice --to bob --group g~aaaaaaaaaaaaaaaaaaaaaaaa",
        "chat --user a/b --to bob",
        "chat --user alice --to b~b",
        "chat --user alice --group tea",
        "chat --user alice --group d~alice~bob",
        "chat --user alice --to bob --server http://127.0.0.1:1",
        "chat --user alice --to bob --server tcp://127.0.0.1",
        "chat --user alice --to bob --server tcp://chat.example:7310",
        "chat --user alice --to bob --token a.eyJzdWIiOiJib2IifQ.c",
        "chat --user alice --to bob --device a/b",
        "chat --user alice --to bob --wait -1"
      })
  void wrongUsageIsExitCodeTwoAndShort(String line) {
    Result result = run(line.split(" ", -1));

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("--help").doesNotContain("\tat ");
    assertThat(result.err().lines().count()).isLessThan(8);
  }

  @Test
  void aMistypedCommandIsGuessed() {
    assertThat(run("serv").err()).contains("serve");
  }

  @Test
  void tokenPrintsATokenAndNothingBeside() {
    Result result = run("token", "--user", "alice", "--ttl", "60");

    assertThat(result.code()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(result.out().lines()).hasSize(1);
    JsonObject claims = claims(result.out().strip());
    assertThat(claims.getString("sub")).isEqualTo("alice");
    assertThat(claims.getLong("exp") - claims.getLong("iat")).isEqualTo(60);
  }

  @Test
  void tokenWithADeviceShowsTheFirstFrameOnStandardError() {
    Result result = run("token", "--user", "alice", "--device", "phone");

    JsonObject connect = new JsonObject(result.err()).getJsonObject("connect");
    assertThat(connect.getString("device")).isEqualTo("phone");
    assertThat(connect.getString("token")).isEqualTo(result.out().strip());
  }

  @Test
  void tokenForAServiceIsSignedWithAKeyOfServices() throws IOException {
    Result development = run("token", "--service", "billing");
    assertThat(development.code()).isZero();
    assertThat(development.err()).isEmpty();
    assertThat(claims(development.out().strip()).getString("sub")).isEqualTo("billing");
    assertThat(header(development.out().strip()).getString("kid")).isEqualTo("development-service");

    String secrets =
        "{\"auth\":{\"hs256Secret\":\""
            + "s".repeat(40)
            + "\",\"serviceHs256Secret\":\""
            + "t".repeat(40)
            + "\"}}";
    Result configured =
        run("token", "--service", "billing", "--conf", file(secrets).toString(), "--ttl", "60");
    assertThat(header(configured.out().strip()).containsKey("kid")).isFalse();

    String usersOnly = "{\"auth\":{\"hs256Secret\":\"" + "s".repeat(40) + "\"}}";
    Result none = run("token", "--service", "billing", "--conf", file(usersOnly).toString());
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("auth.serviceHs256Secret is absent");
  }

  @Test
  void tokenForScriptsSaysWhoseItIsAndHowLongItIsGood() {
    JsonObject user = new JsonObject(run("token", "--user", "alice", "--json").out());
    assertThat(user.getString("user")).isEqualTo("alice");
    assertThat(user.getLong("expiresAtMs"))
        .isEqualTo(claims(user.getString("token")).getLong("exp") * 1000);
    JsonObject service = new JsonObject(run("token", "--service", "billing", "--json").out());
    assertThat(service.getString("service")).isEqualTo("billing");
    assertThat(service.containsKey("user")).isFalse();
  }

  @Test
  void aKeyFileThatCannotBeUsedIsAnErrorOfTheConfiguration() throws IOException {
    Path keys = Files.writeString(folder.resolve("keys.json"), "{\"keys\":[{\"kty\":\"RSA\"");
    Path file =
        file(new JsonObject().put("auth", new JsonObject().put("jwksFile", "" + keys)) + "");

    for (String[] command :
        new String[][] {{"conf", "check", file.toString()}, {"serve", "--conf", file.toString()}}) {
      Result result = run(command);
      assertThat(result.code()).isEqualTo(2);
      assertThat(result.err()).contains("auth.jwksFile", "keys.json", "no JSON object");
    }
  }

  @Test
  void tokenIsForTheNodeOfTheConfiguration() throws IOException {
    Path file = file("{\"auth\":{\"hs256Secret\":\"" + "s".repeat(40) + "\",\"issuer\":\"me\"}}");

    Result result = run("token", "--user", "alice", "--conf", file.toString());

    assertThat(claims(result.out().strip()).getString("iss")).isEqualTo("me");
  }

  @Test
  void tokenSaysWhyItCannotMakeOneForPublicKeys() {
    Result result = run("token", "--user", "alice", "--conf", "conf/quipu.json");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("whoever has the private keys");
  }

  @Test
  void aGoodConfigurationIsSaidToBe() {
    Result result = run("conf", "check", "conf/quipu.json");

    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("is good").contains("7310").contains("external PostgreSQL");
  }

  @Test
  void aWrongConfigurationIsExitCodeTwoWithTheKey() throws IOException {
    Path file = file("{\"auth\":{\"development\":true},\"tcp\":{\"port\":\"x\",\"hots\":\"y\"}}");

    for (String[] command :
        new String[][] {
          {"conf", "check", file.toString()},
          {"serve", "--conf", file.toString()},
          {"token", "--user", "alice", "--conf", file.toString()}
        }) {
      Result result = run(command);

      assertThat(result.code()).isEqualTo(2);
      assertThat(result.out()).isEmpty();
      assertThat(result.err())
          .contains("2 things are wrong")
          .contains("tcp.port: found \"x\", allowed: a whole number from 0 to 65535")
          .contains("tcp.hots: unknown key; did you mean tcp.host?")
          .doesNotContain("\tat ");
    }
  }

  @Test
  void aKeyThatIsNoneIsAWrongConfiguration() throws IOException {
    JsonObject key =
        new JsonObject(
            Map.of(
                "keyId", "a", "algorithm", "RS256", "pem", "-----BEGIN PUBLIC KEY-----nonsense"));
    Path file =
        file(new JsonObject(Map.of("auth", Map.of("publicKeys", java.util.List.of(key)))).encode());

    Result result = run("conf", "check", file.toString());

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("auth.publicKeys").doesNotContain("\tat ");
  }

  @Test
  void aConfigurationThatIsNotThereIsExitCodeTwo() {
    Result result = run("serve", "--conf", folder.resolve("none.json").toString());

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("none.json").contains("there is no such file");
  }

  @Test
  void aTargetThatDoesNotAnswerIsAFailureAndNoTrace() {
    Result result = run("bench", "pairs", "--target", "tcp://127.0.0.1:1", "--connections", "2");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("bench: ").doesNotContain("\tat ");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("quipu.json"), text);
  }

  private static JsonObject header(String token) {
    String first = token.substring(0, token.indexOf('.'));
    return new JsonObject(new String(Base64.getUrlDecoder().decode(first), StandardCharsets.UTF_8));
  }

  private static JsonObject claims(String token) {
    String middle = token.substring(token.indexOf('.') + 1, token.lastIndexOf('.'));
    return new JsonObject(
        new String(Base64.getUrlDecoder().decode(middle), StandardCharsets.UTF_8));
  }
}
