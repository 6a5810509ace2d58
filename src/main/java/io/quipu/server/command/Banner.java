package io.quipu.server.command;

import io.quipu.server.QuipuServer;
import io.quipu.server.config.Configuration;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What a node says to the person who started it. */
final class Banner {
  /** A conversation by hand: connect, sync, send; each frame is one line of JSON. */
  private static final List<String> CONSOLE =
      List.of(
          "ws = new WebSocket('ws://ADDRESS/v1/connect', 'quipu.v1.json')",
          "ws.onmessage = e => console.log(e.data); say = f => ws.send(JSON.stringify(f))",
          "say({connect: {protocolVersion: 1, token: 'TOKEN', device: 'browser'}})",
          "say({sync: {syncId: 1}})",
          "say({send: {clientSeq: 1, clientMessageId: crypto.randomUUID(), toUser: 'bob', text: 'Hi'}})");

  private Banner() {}

  static String starting(Configuration c) {
    return c.postgres().uri().isPresent()
        ? "Quipu starts; connecting to PostgreSQL."
        : "Quipu starts; its PostgreSQL is in "
            + Path.of(c.node().dataDirectory()).toAbsolutePath().normalize()
            + ".";
  }

  /** Where it listens, and what to type next. */
  static String ready(
      Configuration c, Optional<Path> conf, QuipuServer server, String program, String version) {
    String http = address(c.http().host(), server.httpPort());
    String confOption = conf.map(file -> " --conf " + file).orElse("");
    StringBuilder text = new StringBuilder();
    text.append("\n").append(version).append(" is ready.\n\n");
    if (c.tcp().enabled()) {
      line(text, "TCP", address(c.tcp().host(), server.tcpPort()));
    }
    line(text, "WebSocket", "ws://" + http + "/v1/connect (sub-protocols quipu.v1, quipu.v1.json)");
    line(text, "HTTP", "http://" + http + "/v1 (/healthz /readyz)");
    String admin = address(c.admin().host(), server.adminPort());
    line(text, "Admin", "http://" + admin + " (/healthz /readyz /metrics)");
    line(text, "PostgreSQL", server.postgresDescription());
    if (c.auth().development()) {
      text.append(
          "\n  Development tokens are accepted: whoever reaches these ports can be anybody.\n");
    }
    text.append("\nNext:\n");
    if (c.auth().development() && c.tcp().enabled()) {
      String chat = program + " chat --server tcp://" + address(c.tcp().host(), server.tcpPort());
      text.append("  ").append(chat).append(" --user alice --to bob\n");
      text.append("      and, in a second terminal, --user bob --to alice\n");
    }
    if (c.auth().development() || c.auth().hs256Secret().isPresent()) {
      text.append("  ").append(program).append(" token --user alice").append(confOption);
      text.append("\n      a token for Alice. With it, in the console of a browser at http://");
    } else {
      text.append("  With a token of your issuer, in the console of a browser at http://");
    }
    text.append(http).append("/healthz:\n");
    for (String line : CONSOLE) {
      text.append("  ").append(line.replace("ADDRESS", http)).append('\n');
    }
    text.append("  ").append(program).append(" demo\n");
    text.append("      a node of its own, killed in the middle of sends: nothing is lost\n");
    text.append("  Ctrl-C drains and ends this node.\n");
    return text.toString();
  }

  static String address(String host, int port) {
    return (host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host) + ":" + port;
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append("  ")
        .append(name)
        .append(" ".repeat(12 - name.length()))
        .append(value)
        .append('\n');
  }
}
