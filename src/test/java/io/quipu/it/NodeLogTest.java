package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.config.ConfigurationLoader;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.SystemClock;
import io.quipu.tools.node.NodeProcess;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole log of a node at its most talkative: what stands in it, and what never does. */
@Timeout(120)
final class NodeLogTest {
  private static final String BODY = "tops3cret-body";
  private static final ConversationId WITH_BOB =
      ConversationId.direct(new UserId("alice"), new UserId("bob"));

  @TempDir private Path folder;

  @Test
  void everyLineIsJsonWithFieldsAndNoneHasABodyOrAToken() throws Exception {
    List<String> secrets = new ArrayList<>(List.of(BODY));
    List<JsonObject> lines = new ArrayList<>();
    for (String line : scenario(Map.of("QUIPU_LOG_FORMAT", "json"), secrets)) {
      lines.add(new JsonObject(line));
      secrets.forEach(secret -> assertThat(line).doesNotContain(secret));
    }
    assertThat(lines).allMatch(line -> !line.getString("message").isEmpty());
    assertThat(messages(lines))
        .contains(
            "the schema was migrated",
            "the node is ready",
            "a session has begun",
            "a connection was refused",
            "a session has ended",
            "draining: clients are told to go",
            "the node has stopped in order");
    assertThat(lines)
        .anyMatch(
            line ->
                line.getString("message").equals("a session has begun")
                    && line.getString("user").equals("alice")
                    && line.getString("device").equals("phone")
                    && line.getLong("connection") > 0)
        .anyMatch(
            line ->
                line.getString("message").equals("a connection was refused")
                    && line.getString("code").equals("TOKEN_INVALID"));
  }

  @Test
  void textHasOneLineForEachEventToo() throws Exception {
    List<String> secrets = new ArrayList<>(List.of(BODY));
    List<String> lines = scenario(Map.of("QUIPU_LOG_FORMAT", "text"), secrets);
    assertThat(lines)
        .allMatch(
            line ->
                line.matches("\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z (TRACE|DEBUG|INFO |WARN |ERROR) .*"))
        .anyMatch(line -> line.contains("a session has begun") && line.contains("user=alice"));
    secrets.forEach(secret -> assertThat(lines).noneMatch(line -> line.contains(secret)));
  }

  private static List<String> messages(List<JsonObject> lines) {
    return lines.stream().map(line -> line.getString("message")).toList();
  }

  /** Somebody comes, writes, breaks a rule; somebody is refused; the node ends. */
  private List<String> scenario(Map<String, String> settings, List<String> secrets)
      throws Exception {
    Map<String, String> all = new HashMap<>(settings);
    all.put("QUIPU_TCP_PORT", "0");
    all.put("QUIPU_HTTP_PORT", "0");
    all.put("QUIPU_LOG_LEVEL", "TRACE");
    all.put("QUIPU_NODE_DRAIN_MS", "1000");
    String token =
        new DevelopmentTokens(ConfigurationLoader.withoutFile(Map.of()), new SystemClock())
            .issue(new UserId("alice"), 600);
    secrets.add(token);
    secrets.add(token.substring(token.lastIndexOf('.') + 1));
    String forged = token.substring(0, token.length() - 4) + "AAAA";
    secrets.add(forged.substring(forged.lastIndexOf('.') + 1));
    try (NodeProcess node = NodeProcess.start(folder, all)) {
      for (Dress dress : Dress.values()) {
        try (RawClient alice = RawClient.open(node.tcpPort(), node.httpPort(), dress);
            RawClient stranger = RawClient.open(node.tcpPort(), node.httpPort(), dress)) {
          alice.connect(token, "phone");
          alice.send(UUID.randomUUID(), WITH_BOB, BODY);
          alice.await(io.quipu.protocol.Frame.SendAck.class);
          stranger.send(RawClient.connectFrame(forged, "x"));
          stranger.end();
        }
      }
      node.terminate();
      assertThat(node.exit(Duration.ofSeconds(30))).contains(0);
    }
    return Files.readAllLines(folder.resolve("node.log"));
  }
}
