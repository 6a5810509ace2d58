package io.quipu.it.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hosts of one's own on this machine: a network namespace for each node, joined by a router in
 * another one, which can drop what goes from one address to another: silently, in one direction or
 * both. This process is a host of that network too, with three addresses: for clients, PostgreSQL
 * and Redis.
 *
 * <p>Needs Linux, root, and {@code ip} (iproute2); dropping is done by policy routing, so it needs
 * no iptables. The names hold the process id: what a killed run has left goes with the next one.
 */
final class NetworkNamespaces implements AutoCloseable {
  private static final String PREFIX = "quipu-it-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "(\\d+)-\\w+");
  private static final int PATIENCE_S = 20;

  private final String names;
  private final String network;
  private final int nodes;
  private final Set<String> cuts = new HashSet<>();

  private NetworkNamespaces(int nodes) {
    long pid = ProcessHandle.current().pid();
    this.names = PREFIX + pid + "-";
    // One of 128 private networks, so that two runs do not meet.
    this.network = "10." + (100 + pid % 128) + ".";
    this.nodes = nodes;
  }

  /** Why this machine does not let this process make such; empty if it does. */
  static Optional<String> obstacle() {
    try {
      removeOfTheDead();
      String probe = PREFIX + ProcessHandle.current().pid() + "-probe";
      run("ip", "netns", "add", probe);
      try {
        run("ip", "-n", probe, "link", "add", "name", "qa", "type", "veth", "peer", "name", "qb");
        run("ip", "-n", probe, "rule", "add", "from", "10.0.0.1", "to", "10.0.0.2", "blackhole");
      } finally {
        run("ip", "netns", "del", probe);
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(e.getMessage());
    }
  }

  static NetworkNamespaces make(int nodes) throws IOException {
    removeOfTheDead();
    NetworkNamespaces made = new NetworkNamespaces(nodes);
    try {
      made.build();
      return made;
    } catch (IOException e) {
      made.close();
      throw e;
    }
  }

  private void build() throws IOException {
    String hub = names + "hub";
    run("ip", "netns", "add", hub);
    run("ip", "netns", "exec", hub, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    // This process's own leg.
    String near = device("r");
    String far = device("h");
    run("ip", "link", "add", "name", near, "type", "veth", "peer", "name", far, "netns", hub);
    for (String own : List.of(clients(), postgres(), redis())) {
      run("ip", "address", "add", own + "/24", "dev", near);
    }
    run("ip", "link", "set", near, "up");
    run("ip", "-n", hub, "address", "add", network + "0.254/24", "dev", far);
    run("ip", "-n", hub, "link", "set", far, "up");
    for (int i = 0; i < nodes; i++) {
      String name = namespace(i);
      String inside = "eth0";
      String outside = "n" + i;
      run("ip", "netns", "add", name);
      run(
          "ip", "-n", hub, "link", "add", "name", outside, "type", "veth", "peer", "name", inside,
          "netns", name);
      run("ip", "-n", name, "address", "add", node(i) + "/24", "dev", inside);
      run("ip", "-n", name, "link", "set", inside, "up");
      run("ip", "-n", name, "link", "set", "lo", "up");
      run("ip", "-n", hub, "address", "add", subnet(i) + ".254/24", "dev", outside);
      run("ip", "-n", hub, "link", "set", outside, "up");
      run("ip", "-n", name, "route", "add", "default", "via", subnet(i) + ".254");
      run("ip", "route", "add", subnet(i) + ".0/24", "via", network + "0.254", "src", clients());
    }
  }

  private static String device(String kind) {
    return "q" + kind + ProcessHandle.current().pid();
  }

  private String subnet(int node) {
    return network + (node + 1);
  }

  private String namespace(int node) {
    return names + "n" + node;
  }

  /** The address of a node. */
  String node(int index) {
    return subnet(index) + ".1";
  }

  /** The address from which this process's clients come. */
  String clients() {
    return network + "0.1";
  }

  /** The address of this process's host that is for PostgreSQL. */
  String postgres() {
    return network + "0.2";
  }

  String redis() {
    return network + "0.3";
  }

  /** All of it, for pg_hba.conf. */
  String range() {
    return network + "0.0/16";
  }

  /** Before a command line: the process runs on the node's host. */
  List<String> on(int node) {
    return List.of("ip", "netns", "exec", namespace(node));
  }

  /** From now on nothing comes from here to there. Nobody is told. */
  void cutOneWay(String from, String to) throws IOException {
    if (cuts.add(from + " " + to)) {
      rule("add", from, to);
    }
  }

  void cut(String one, String other) throws IOException {
    cutOneWay(one, other);
    cutOneWay(other, one);
  }

  /** All is as in the beginning. */
  void heal() throws IOException {
    for (String cut : List.copyOf(cuts)) {
      String[] ends = cut.split(" ", 2);
      rule("del", ends[0], ends[1]);
      cuts.remove(cut);
    }
  }

  private void rule(String verb, String from, String to) throws IOException {
    run("ip", "-n", names + "hub", "rule", verb, "from", from, "to", to, "blackhole");
  }

  @Override
  public void close() {
    try {
      for (String name : existing()) {
        if (name.startsWith(names)) {
          run("ip", "netns", "del", name);
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("namespaces are left: ip netns list shows them", e);
    }
  }

  private static void removeOfTheDead() throws IOException {
    for (String name : existing()) {
      Matcher ours = NAME.matcher(name);
      if (ours.matches() && ProcessHandle.of(Long.parseLong(ours.group(1))).isEmpty()) {
        run("ip", "netns", "del", name);
      }
    }
  }

  private static List<String> existing() throws IOException {
    return run("ip", "netns", "list")
        .lines()
        .map(line -> line.split(" ", 2)[0])
        .filter(name -> name.startsWith(PREFIX))
        .toList();
  }

  private static String run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(String.join(" ", command) + ": " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return said;
  }

  @Override
  public String toString() {
    List<String> hosts = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      hosts.add(node(i));
    }
    return "hosts " + hosts;
  }
}
