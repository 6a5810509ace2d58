package io.quipu.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The tool that cuts networks, itself: a cut that does not cut would prove everything. */
final class NetworkNamespacesTest {
  private static final int PORT = 7_777;

  @Test
  void whatIsCutIsSilentAndWhatIsHealedSpeaksAgain() throws Exception {
    Namespaces.assumePossible();
    try (NetworkNamespaces network = NetworkNamespaces.make(2)) {
      Process server = listener(network, 0);
      try {
        awaitConnection(network);

        network.cutOneWay(network.node(0), network.clients());
        assertThatThrownBy(() -> connect(network)).isInstanceOf(SocketTimeoutException.class);
        network.heal();
        assertThatCode(() -> connect(network)).doesNotThrowAnyException();

        network.cutOneWay(network.clients(), network.node(0));
        assertThatThrownBy(() -> connect(network)).isInstanceOf(SocketTimeoutException.class);
        assertThat(reaches(network, 1, network.node(0))).as("others are not cut").isTrue();
        network.cut(network.node(1), network.node(0));
        assertThat(reaches(network, 1, network.node(0))).isFalse();
      } finally {
        server.destroyForcibly().waitFor();
      }
    }
  }

  /** In the namespace of a node: accepts, and closes. */
  private static Process listener(NetworkNamespaces network, int node) throws IOException {
    return inside(network, node, "Accept", network.node(node));
  }

  private static boolean reaches(NetworkNamespaces network, int from, String address)
      throws IOException, InterruptedException {
    Process probe = inside(network, from, "Probe", address);
    assertThat(probe.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return probe.exitValue() == 0;
  }

  private static Process inside(NetworkNamespaces network, int node, String what, String address)
      throws IOException {
    List<String> command = new ArrayList<>(network.on(node));
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xshare:auto",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Namespaces.class.getName(),
            what,
            address,
            Integer.toString(PORT)));
    return new ProcessBuilder(command).inheritIO().start();
  }

  private static void awaitConnection(NetworkNamespaces network) {
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .ignoreExceptions()
        .until(
            () -> {
              connect(network);
              return true;
            });
  }

  private static void connect(NetworkNamespaces network) throws IOException {
    try (Socket socket = new Socket()) {
      socket.bind(new InetSocketAddress(InetAddress.getByName(network.clients()), 0));
      socket.connect(new InetSocketAddress(network.node(0), PORT), 1_500);
    }
  }
}
