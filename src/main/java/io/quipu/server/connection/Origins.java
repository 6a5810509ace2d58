package io.quipu.server.connection;

import java.util.List;
import java.util.Optional;

/**
 * Which web pages may open a WebSocket here. Browsers always say where a page came from; other
 * clients say nothing and are let in, since they carry no foreign user's cookies.
 */
final class Origins {
  private static final String ANY = "*";

  private Origins() {}

  /**
   * @param host as the client calls this node
   * @param allowList full origins such as {@code https://chat.example.org}; {@code *} = any; empty
   *     = only pages of the same host
   */
  static boolean allowed(Optional<String> origin, String host, List<String> allowList) {
    if (origin.isEmpty() || allowList.contains(ANY)) {
      return true;
    }
    if (!allowList.isEmpty()) {
      return allowList.stream().anyMatch(allowed -> allowed.equalsIgnoreCase(origin.get()));
    }
    String page = origin.get();
    int scheme = page.indexOf("://");
    return host != null && scheme > 0 && page.substring(scheme + 3).equalsIgnoreCase(host);
  }
}
