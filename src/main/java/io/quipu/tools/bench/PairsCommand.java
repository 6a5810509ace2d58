package io.quipu.tools.bench;

import io.quipu.model.UserId;
import io.quipu.tools.checker.HistoryWriter;
import io.quipu.tools.node.ClusterPlan;
import io.quipu.tools.node.LocalCluster;
import io.quipu.tools.node.NodeFailedException;
import io.quipu.tools.node.NodeProcess;
import io.quipu.tools.node.OwnCluster;
import io.quipu.tools.node.OwnNode;
import io.quipu.tools.node.ProcessUse;
import io.quipu.tools.node.Tokens;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench pairs}: half of the connections send to the other half. */
@Command(
    name = "pairs",
    header = {"Half of the connections send to the other half.", ""},
    description = {
      "Each sender has at most --window un-acked messages, and each pair a conversation of its own;",
      "every message is acked both ways. Without --target: on a node with an empty store, in a process",
      "of its own, which ends with the run; with --nodes 3 on a whole cluster, with each pair's sender",
      "and receiver on different nodes. CPU is then of all nodes together.",
      "",
      "The generator shares the machine with the node, so it is lean: raw frames over TCP on one event",
      "loop, no outbox, no reconnect; its own CPU per message is in the report. CPU is read from /proc",
      "(of PostgreSQL with all its processes) and divided by the messages acked meanwhile.",
      "",
      "At the end a fresh device of each receiver reads everything back. Exit code 0 only if",
      "everything acked was stored, and delivered once, in order.",
      "",
      "Rates, latencies and CPU are of the measured seconds; counts are of the whole run.",
      ""
    })
public final class PairsCommand implements Callable<Integer> {
  private static final int MAX_CONNECTIONS = 18_000;

  private final Tokens tokens;

  @Option(
      names = "--connections",
      paramLabel = "N",
      defaultValue = "200",
      description = "default ${DEFAULT-VALUE}")
  private int connections;

  @Option(
      names = "--window",
      paramLabel = "N",
      defaultValue = "16",
      description = "default ${DEFAULT-VALUE}")
  private int window;

  @Option(
      names = "--body",
      paramLabel = "BYTES",
      defaultValue = "100",
      description = "of each message, at least 16; default ${DEFAULT-VALUE}")
  private int bodyBytes;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "20",
      description = "default ${DEFAULT-VALUE}")
  private int seconds;

  @Option(
      names = "--warmup",
      paramLabel = "SECONDS",
      defaultValue = "5",
      description = "before them, not measured; default ${DEFAULT-VALUE}")
  private int warmupSeconds;

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "1",
      description = "without --target: so many nodes; default ${DEFAULT-VALUE}")
  private int nodes;

  @Option(
      names = "--target",
      paramLabel = "URL",
      description =
          "a node that runs already: tcp://host:port. It must take development tokens, or"
              + " QUIPU_AUTH_HS256_SECRET must be its secret")
  private Optional<URI> target = Optional.empty();

  @Option(
      names = "--node-pid",
      paramLabel = "PID",
      description = "with --target, on this machine: whose CPU is the node's")
  private Optional<Long> nodePid = Optional.empty();

  @Option(
      names = "--postgres-pid",
      paramLabel = "PID",
      description = "with --target, on this machine: the postmaster's")
  private Optional<Long> postgresPid = Optional.empty();

  @Option(
      names = "--env",
      paramLabel = "NAME=VALUE",
      description = "without --target: settings of the node, such as QUIPU_NODE_EVENT_LOOPS=1")
  private Map<String, String> environment = new HashMap<>();

  @Option(
      names = "--history",
      paramLabel = "FILE",
      description =
          "write down there what every connection sent and saw, for `check`: about 1 KB for each"
              + " message, and the figures are worse for it")
  private Optional<Path> historyFile = Optional.empty();

  @Option(names = "--json", paramLabel = "FILE", description = "write the report there as JSON too")
  private Optional<Path> json = Optional.empty();

  @Spec private CommandSpec spec;

  public PairsCommand(Tokens tokens) {
    this.tokens = tokens;
  }

  @Override
  public Integer call() throws Exception {
    check();
    if (historyFile.isEmpty()) {
      return run(Optional.empty());
    }
    int code;
    try (HistoryWriter history = HistoryWriter.create(historyFile.get(), "bench pairs", true)) {
      code = run(Optional.of(history));
    } catch (IOException e) {
      progress("bench: " + e.getMessage());
      return 1;
    }
    progress("history: " + historyFile.get() + ", for `check`");
    return code;
  }

  private int run(Optional<HistoryWriter> history) throws IOException, InterruptedException {
    try {
      if (target.isPresent()) {
        return report(onTarget(address(target.get()), history));
      }
      return report(nodes == 1 ? onOwnNode(history) : onOwnCluster(history));
    } catch (NodeFailedException e) {
      progress("bench: " + e.getMessage());
      return 1;
    }
  }

  private PairsReport onTarget(SocketAddress node, Optional<HistoryWriter> history) {
    return measure(
        List.of(node),
        tokens::forTarget,
        () -> nodePid.flatMap(ProcessUse::of),
        () -> postgresPid.flatMap(ProcessHandle::of).flatMap(ProcessUse::withChildren),
        history);
  }

  private PairsReport onOwnNode(Optional<HistoryWriter> history)
      throws IOException, InterruptedException {
    progress("a node starts");
    try (OwnNode own = OwnNode.start("quipu-bench", settings())) {
      NodeProcess node = own.node();
      progress("node " + node.pid() + ", " + node.postgresDescription());
      return measure(
          List.of(SocketAddress.inetSocketAddress(node.tcpPort(), "127.0.0.1")),
          tokens::forOwnNode,
          () -> ProcessUse.of(node.pid()),
          () -> node.postgres().flatMap(ProcessUse::withChildren),
          history);
    }
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new HashMap<>(environment);
    settings.putIfAbsent("QUIPU_CONNECTION_MAX_CONNECTIONS", String.valueOf(connections + 100));
    return settings;
  }

  private PairsReport onOwnCluster(Optional<HistoryWriter> history)
      throws IOException, InterruptedException {
    progress(nodes + " nodes start");
    try (OwnCluster own = OwnCluster.start("quipu-bench", nodes, settings())) {
      LocalCluster cluster = own.cluster();
      List<SocketAddress> addresses =
          own.places().stream()
              .map(place -> SocketAddress.inetSocketAddress(place.tcpPort(), place.host()))
              .toList();
      return measure(
          addresses,
          tokens::forOwnNode,
          () ->
              cluster.nodes().stream()
                  .map(NodeProcess::pid)
                  .map(ProcessUse::of)
                  .reduce(Optional.of(new ProcessUse(0, 0)), PairsCommand::sum),
          () -> cluster.stores().postgres().flatMap(ProcessUse::withChildren),
          history);
    }
  }

  private static Optional<ProcessUse> sum(Optional<ProcessUse> one, Optional<ProcessUse> other) {
    return one.flatMap(
        a ->
            other.map(
                b -> new ProcessUse(a.cpuUs() + b.cpuUs(), a.residentBytes() + b.residentBytes())));
  }

  private void check() {
    require(
        "--connections",
        connections >= 2 && connections <= MAX_CONNECTIONS,
        "from 2 to " + MAX_CONNECTIONS + " (a process has 20,000 open files)",
        connections);
    require("--window", window >= 1 && window <= 10_000, "from 1 to 10000", window);
    require("--body", bodyBytes >= Log.HEAD_BYTES, "at least " + Log.HEAD_BYTES, bodyBytes);
    require(
        "--nodes",
        nodes >= 1 && nodes <= ClusterPlan.MAX_NODES,
        "from 1 to " + ClusterPlan.MAX_NODES,
        nodes);
    if (target.isPresent() && nodes > 1) {
      throw new ParameterException(
          spec.commandLine(), "--nodes starts nodes, and --target names one that runs: not both");
    }
    require("--seconds", seconds >= 1, "at least 1", seconds);
    require("--warmup", warmupSeconds >= 0, "at least 0", warmupSeconds);
  }

  private void require(String option, boolean holds, String allowed, int found) {
    if (!holds) {
      throw new ParameterException(
          spec.commandLine(), option + ": found " + found + ", allowed: " + allowed);
    }
  }

  private SocketAddress address(URI url) {
    if (!"tcp".equals(url.getScheme()) || url.getHost() == null || url.getPort() < 1) {
      throw new ParameterException(
          spec.commandLine(), "--target: found " + url + ", allowed: tcp://host:port");
    }
    return SocketAddress.inetSocketAddress(url.getPort(), url.getHost());
  }

  private PairsReport measure(
      List<SocketAddress> addresses,
      Function<UserId, String> tokenOf,
      Supplier<Optional<ProcessUse>> nodeUse,
      Supplier<Optional<ProcessUse>> postgresUse,
      Optional<HistoryWriter> history) {
    PairsLoad.Plan plan =
        new PairsLoad.Plan(
            Long.toString(System.currentTimeMillis(), 36),
            connections / 2,
            window,
            bodyBytes,
            warmupSeconds,
            seconds);
    PairsLoad.Processes processes =
        new PairsLoad.Processes(
            nodeUse, postgresUse, () -> ProcessUse.of(ProcessHandle.current().pid()));
    Vertx vertx =
        Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
    Future<PairsReport> run =
        Future.future(
            promise ->
                vertx.runOnContext(
                    start ->
                        PairsLoad.run(
                                vertx, addresses, tokenOf, plan, processes, this::progress, history)
                            .onComplete(promise)));
    try {
      return run.toCompletionStage().toCompletableFuture().join();
    } catch (CompletionException e) {
      throw new NodeFailedException("the run broke off: " + e.getCause().getMessage());
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private int report(PairsReport report) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    out.print(report.text());
    out.flush();
    if (json.isPresent()) {
      Files.writeString(json.get(), report.json().encodePrettily() + "\n");
    }
    return report.good() ? 0 : 1;
  }

  private void progress(String line) {
    PrintWriter err = spec.commandLine().getErr();
    err.println(line);
    err.flush();
  }
}
