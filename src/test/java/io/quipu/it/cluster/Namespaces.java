package io.quipu.it.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * Whether tests may use {@link NetworkNamespaces}: elsewhere they are skipped, but where {@code
 * .ci/run} asks for all tests that is a failure. And the little program that the test of the
 * namespaces runs inside of one.
 */
final class Namespaces {
  /** Set by {@code .ci/run}. */
  private static final String REQUIRED = "TESTS_REQUIRE_NAMESPACES";

  private static final Optional<String> OBSTACLE = NetworkNamespaces.obstacle();
  private static final int CONNECT_MS = 1_500;

  private Namespaces() {}

  static boolean possible() {
    return OBSTACLE.isEmpty();
  }

  /** Skips the test that asks, or fails it. */
  static void assumePossible() {
    String why = "needs network namespaces (Linux, root, iproute2): " + OBSTACLE.orElse("");
    if (!possible() && System.getenv(REQUIRED) != null) {
      Assertions.fail(why);
    }
    Assumptions.assumeTrue(possible(), why);
  }

  /** Accept or Probe, an address, a port. */
  public static void main(String[] arguments) throws IOException {
    int port = Integer.parseInt(arguments[2]);
    if (arguments[0].equals("Probe")) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(arguments[1], port), CONNECT_MS);
      }
      return;
    }
    try (ServerSocket server = new ServerSocket(port, 10, InetAddress.getByName(arguments[1]))) {
      while (!server.isClosed()) {
        server.accept().close();
      }
    }
  }
}
