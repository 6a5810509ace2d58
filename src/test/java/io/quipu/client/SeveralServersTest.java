package io.quipu.client;

import static io.quipu.client.ScriptedServer.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.client.ScriptedServer.Dress;
import io.quipu.client.ScriptedServer.Peer;
import io.quipu.model.Advice;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A client that knows several nodes of one system. */
class SeveralServersTest {
  private final Vertx vertx = Vertx.vertx();
  private final List<Integer> opened = new ArrayList<>();

  @AfterEach
  void close() {
    await(vertx.close());
  }

  /** Notes that it was asked, and is not there. */
  private record Absent(int number, List<Integer> opened) implements Transport {
    @Override
    public FrameCodec codec() {
      return new BinaryCodec();
    }

    @Override
    public Future<Line> open(Receiver receiver) {
      opened.add(number);
      return Future.failedFuture("absent");
    }

    @Override
    public Future<Void> close() {
      return Future.succeededFuture();
    }
  }

  private List<Integer> attempts(long seed, int count) {
    opened.clear();
    SeveralServers servers =
        new SeveralServers(
            IntStream.range(0, 3).mapToObj(i -> new Absent(i, opened)).toList(),
            new SplittableRandom(seed));
    for (int i = 0; i < count; i++) {
      assertThat(servers.open(null).failed()).isTrue();
    }
    return List.copyOf(opened);
  }

  @Test
  void eachIsTriedInTurnAndNoneTwiceBeforeAll() {
    List<Integer> attempts = attempts(7, 9);

    assertThat(attempts.subList(0, 3)).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(attempts.subList(3, 6)).isEqualTo(attempts.subList(0, 3));
    assertThat(attempts.subList(6, 9)).isEqualTo(attempts.subList(0, 3));
  }

  @Test
  void clientsOfOneNodeSpreadOverAllOthersWhenItGoes() {
    Set<Integer> first = new HashSet<>();
    Set<Integer> afterNodeZero = new HashSet<>();
    for (int seed = 0; seed < 100; seed++) {
      List<Integer> attempts = attempts(seed, 2);
      first.add(attempts.get(0));
      if (attempts.get(0) == 0) {
        afterNodeZero.add(attempts.get(1));
      }
    }
    assertThat(first).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(afterNodeZero).containsExactlyInAnyOrder(1, 2);
  }

  @Test
  void aServerThatIsNotThereKeepsNoClientFromTheOther() throws IOException, InterruptedException {
    ScriptedServer there = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(List.of("tcp://127.0.0.1:" + closedPort(), there.uri()));
    Future<Void> started = client.start();

    for (int connection = 0; connection < 3; connection++) {
      Peer peer = there.accept();
      peer.expect(Frame.Connect.class);
      peer.send(ScriptedServer.connected(Limits.DEFAULT, 60_000));
      peer.expect(Frame.Sync.class);
      await(started);
      peer.send(goAway());
    }
    await(client.close());
  }

  private static Frame goAway() {
    return new Frame.GoAway(ErrorCode.DRAINING.code(), Advice.RECONNECT, 0, "restart");
  }

  @Test
  void goAwayMovesToTheOtherServer() throws InterruptedException {
    ScriptedServer one = ScriptedServer.start(vertx, Dress.WEBSOCKET);
    ScriptedServer other = ScriptedServer.start(vertx, Dress.WEBSOCKET);
    QuipuClient client = client(List.of(one.uri(), other.uri()));
    client.start();
    Set<ScriptedServer> visited = new HashSet<>();

    for (int connection = 0; connection < 2; connection++) {
      ScriptedServer here = whoIsAsked(one, other);
      Peer peer = here.accept();
      peer.expect(Frame.Connect.class);
      peer.send(ScriptedServer.connected(Limits.DEFAULT, 60_000));
      peer.expect(Frame.Sync.class);
      visited.add(here);
      peer.send(goAway());
    }
    assertThat(visited).containsExactlyInAnyOrder(one, other);
    await(client.close());
  }

  private static ScriptedServer whoIsAsked(ScriptedServer one, ScriptedServer other) {
    Awaitility.await().until(() -> one.isAsked() || other.isAsked());
    return one.isAsked() ? one : other;
  }

  @Test
  void serversOfDifferentKindsAreRefused() {
    assertThatThrownBy(
            () -> client(List.of("tcp://127.0.0.1:7310", "ws://127.0.0.1:7380/v1/connect")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("different kinds");
  }

  private QuipuClient client(List<String> uris) {
    return QuipuClient.builder(vertx)
        .servers(uris)
        .token("token")
        .device("phone")
        .settings(ClientSettings.DEFAULT.withReconnect(10, 50))
        .build();
  }

  private static int closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
