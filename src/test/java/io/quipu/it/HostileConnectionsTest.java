package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.JsonCodec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that end, freeze or say nothing leave a node as it was. */
final class HostileConnectionsTest {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final int MAX_CONNECTIONS = 6;

  private static TestNode node;

  @BeforeAll
  static void startNode() {
    node =
        TestNode.start(
            Map.of(
                "QUIPU_CONNECTION_MAX_CONNECTIONS",
                Integer.toString(MAX_CONNECTIONS),
                "QUIPU_CONNECTION_HANDSHAKE_MS",
                "1000",
                "QUIPU_CONNECTION_CLOSE_GRACE_MS",
                "60000"));
  }

  @AfterAll
  static void stopNode() {
    node.close();
  }

  @ParameterizedTest
  @EnumSource(Dress.class)
  void connectionsThatHaveEndedMakeRoom(Dress dress) {
    for (int i = 0; i < 3 * MAX_CONNECTIONS; i++) {
      // The end of the one before may not have arrived yet.
      Awaitility.await().atMost(20, TimeUnit.SECONDS).until(() -> connectsAndEnds(dress));
    }
  }

  private static boolean connectsAndEnds(Dress dress) {
    try (RawClient client = RawClient.connect(node, dress, TestNode.fresh("alice"), "phone")) {
      return client.connected().sessionGeneration() == 1;
    } catch (AssertionError | UncheckedIOException refused) {
      return false;
    }
  }

  @ParameterizedTest
  @EnumSource(Dress.class)
  void aPeerThatDoesNotReadIsCutAndForgotten(Dress dress) throws IOException {
    try (RawSocket socket = open(dress)) {
      FrameCodec codec = dress == Dress.WEBSOCKET_JSON ? new JsonCodec() : new BinaryCodec();
      String token = node.token(TestNode.fresh("bob"));
      socket.message(codec.encode(RawClient.connectFrame(token, "phone")));
      byte[] answer = socket.read().orElseThrow();
      assertThat(codec.decode(answer, 0, answer.length)).isInstanceOf(Frame.Connected.class);
      byte[] pings = pings(dress, codec.encode(new Frame.Ping(1)));
      CompletableFuture<Void> flood =
          CompletableFuture.runAsync(
              () -> {
                try {
                  while (true) {
                    socket.raw(pings);
                  }
                } catch (IOException cut) {
                  // what it is for
                }
              });
      assertThat(flood).succeedsWithin(60, TimeUnit.SECONDS);
      Awaitility.await()
          .atMost(20, TimeUnit.SECONDS)
          .until(() -> metrics().contains("quipu_connections{dress=\"" + dress + "\"} 0.0"));
    }
  }

  @Test
  void aStrangerWhoSaysNothingGetsNoGrace() throws IOException {
    for (Dress dress : Dress.values()) {
      try (RawSocket socket = open(dress)) {
        CompletableFuture<Void> end =
            CompletableFuture.runAsync(
                () -> {
                  try {
                    socket.readToTheEnd(); // and never answers a close
                  } catch (IOException cut) {
                    // as good as an end
                  }
                });
        assertThat(end).as(dress.name()).succeedsWithin(20, TimeUnit.SECONDS);
      }
    }
  }

  private static RawSocket open(Dress dress) throws IOException {
    return switch (dress) {
      case TCP -> RawSocket.tcp(node.tcpPort());
      case WEBSOCKET_BINARY -> webSocket(RawSocket.Kind.BINARY, "quipu.v1");
      case WEBSOCKET_JSON -> webSocket(RawSocket.Kind.TEXT, "quipu.v1.json");
    };
  }

  private static RawSocket webSocket(RawSocket.Kind kind, String subProtocol) throws IOException {
    return RawSocket.webSocket(
        node.httpPort(), kind, RawSocket.PATH, List.of("Sec-WebSocket-Protocol: " + subProtocol));
  }

  private static byte[] pings(Dress dress, byte[] ping) {
    byte[] one =
        switch (dress) {
          case TCP -> io.quipu.protocol.LengthPrefix.withFrame(ping);
          case WEBSOCKET_BINARY -> RawSocket.webSocketFrame(true, RawSocket.BINARY_MESSAGE, ping);
          case WEBSOCKET_JSON -> RawSocket.webSocketFrame(true, RawSocket.TEXT_MESSAGE, ping);
        };
    ByteArrayOutputStream many = new ByteArrayOutputStream();
    for (int i = 0; i < 200; i++) {
      many.writeBytes(one);
    }
    return many.toByteArray();
  }

  private static String metrics() throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + node.adminPort() + "/metrics");
    return HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
  }
}
