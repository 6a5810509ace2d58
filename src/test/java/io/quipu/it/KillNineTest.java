package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.config.ConfigurationLoader;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.SystemClock;
import io.quipu.tools.node.NodeProcess;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node of its own process is killed in the middle of sends, and starts again on its data. */
final class KillNineTest {
  private static final int WITHOUT_END = 1_000_000;

  private final Vertx vertx = Vertx.vertx();
  private final List<SdkDevice> devices = new ArrayList<>();

  @TempDir private Path folder;

  @AfterEach
  void close() {
    SdkDevice.await(vertx.close());
  }

  @Test
  void everythingThatWasAckedIsThereAtItsSeqAfterAKillInTheMiddleOfSends() throws Exception {
    int tcp = freePort();
    int http = freePort();
    Map<String, String> settings =
        Map.of(
            "QUIPU_TCP_PORT", Integer.toString(tcp),
            "QUIPU_HTTP_PORT", Integer.toString(http),
            "QUIPU_NODE_DRAIN_MS", "1000");
    String web = "://127.0.0.1:" + http + "/v1/connect";
    try (NodeProcess node = NodeProcess.start(folder, settings)) {
      device("ann", "tcp://127.0.0.1:" + tcp);
      device("ben", "ws" + web);
      device("cem", "ws+json" + web);
      ConversationId group = devices.get(0).createGroup(List.of("ben", "cem"));
      Chatter chatter = Chatter.start(group, devices, WITHOUT_END);
      SdkDevice.until(() -> chatter.acks() > 200);

      node.kill();

      assertThat(chatter.inFlight()).isPositive();
      try (NodeProcess again = NodeProcess.start(folder, settings)) {
        int before = chatter.acks();
        SdkDevice.until(() -> chatter.acks() > before + 100);
        chatter.stop();
        List<UUID> order = chatter.verdict(chatter.tail());
        assertThat(synced(again, group)).isEqualTo(order);
        devices.forEach(SdkDevice::close);
      }
    }
  }

  private void device(String user, String uri) {
    devices.add(new SdkDevice(vertx, uri, () -> token(user), "phone").start());
  }

  private static String token(String user) {
    return new DevelopmentTokens(ConfigurationLoader.withoutFile(Map.of()), new SystemClock())
        .issue(new UserId(user), 3_600);
  }

  /** What a device that has nothing gets from the beginning. */
  private static List<UUID> synced(NodeProcess node, ConversationId group) {
    try (RawClient fresh = RawClient.open(node.tcpPort(), node.httpPort(), Dress.TCP)) {
      fresh.connect(token("ben"), "new-phone");
      Frame.Sync all = new Frame.Sync(1, List.of(new Cursor(group, 0)), false, false);
      return new Transcript(fresh, group).take(fresh.sync(all)).ids();
    }
  }

  /**
   * Below those that the system gives to clients: a client never takes it while the node is away.
   */
  private static int freePort() {
    RandomGenerator random = RandomGenerator.getDefault();
    while (true) {
      int port = random.nextInt(20_000, 32_000);
      try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return free.getLocalPort();
      } catch (IOException e) {
        // Taken: another one.
      }
    }
  }
}
