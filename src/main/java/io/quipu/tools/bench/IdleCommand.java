package io.quipu.tools.bench;

import io.quipu.model.UserId;
import io.quipu.tools.bench.Crowd.Transport;
import io.quipu.tools.node.LiveHeap;
import io.quipu.tools.node.NodeFailedException;
import io.quipu.tools.node.NodeProcess;
import io.quipu.tools.node.OwnNode;
import io.quipu.tools.node.ProcessUse;
import io.quipu.tools.node.Tokens;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench idle}: what sessions cost that only sit there. */
@Command(
    name = "idle",
    header = {"What sessions cost that only sit there.", ""},
    description = {
      "Over TCP, then over WebSocket, each on a node of its own with an empty store: heap after a full",
      "collection (jcmd, of a JDK), resident memory and processor time, without sessions and with them.",
      "The same number of connections to a bare Vert.x server that echoes, beside it.",
      "",
      "With --conversations, every session has got and acknowledged a message in so many groups before it",
      "is measured; the report says how many objects of Quipu's own classes there are for each session.",
      ""
    })
public final class IdleCommand implements Callable<Integer> {
  private static final int MAX_SESSIONS = 18_000;

  /** Clients that say nothing are closed after 50 s. */
  private static final int MAX_SECONDS = 40;

  /** With the one who makes it, below {@code sequencer.groupMembers}. */
  private static final int GROUP = 900;

  private static final long POLL_MS = 200;
  private static final long PING_EVERY = 25;
  private static final long QUIET_POLLS = 3_000;

  private final Tokens tokens;

  @Option(
      names = "--sessions",
      paramLabel = "N",
      defaultValue = "10000",
      description = "default ${DEFAULT-VALUE}")
  private int sessions;

  @Option(
      names = "--conversations",
      paramLabel = "N",
      defaultValue = "0",
      description = "of each session; default ${DEFAULT-VALUE}")
  private int conversations;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "20",
      description = "of each measurement of processor time; default ${DEFAULT-VALUE}")
  private int seconds;

  @Option(
      names = "--transport",
      paramLabel = "NAME",
      description = "${COMPLETION-CANDIDATES}; default: each")
  private List<Transport> transports = List.of(Transport.values());

  @Option(names = "--no-echo", description = "without the bare server")
  private boolean withoutEcho;

  @Option(
      names = "--env",
      paramLabel = "NAME=VALUE",
      description = "settings of the node, such as QUIPU_NODE_EVENT_LOOPS=1")
  private Map<String, String> environment = new HashMap<>();

  @Spec private CommandSpec spec;

  public IdleCommand(Tokens tokens) {
    this.tokens = tokens;
  }

  /** At one moment. */
  private record Sample(Optional<LiveHeap> heap, long residentBytes, double cpuMsPerSecond) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    require("--sessions", sessions, 1, MAX_SESSIONS);
    require("--conversations", conversations, 0, 1_000);
    require("--seconds", seconds, 1, MAX_SECONDS);
    try {
      for (Transport transport : transports) {
        node(transport);
        if (!withoutEcho) {
          echo(transport);
        }
      }
      return 0;
    } catch (NodeFailedException e) {
      spec.commandLine().getErr().println("bench: " + e.getMessage());
      return 1;
    }
  }

  private void require(String option, int found, int least, int most) {
    if (found < least || found > most) {
      throw new ParameterException(
          spec.commandLine(),
          option + ": found " + found + ", allowed: from " + least + " to " + most);
    }
  }

  private void node(Transport transport) throws IOException, InterruptedException {
    Map<String, String> settings = new HashMap<>(environment);
    settings.putIfAbsent("QUIPU_CONNECTION_MAX_CONNECTIONS", String.valueOf(sessions + 100));
    settings.putIfAbsent("QUIPU_SEQUENCER_OWNED_GROUPS", "1000000");
    try (OwnNode own = OwnNode.start("quipu-bench", settings)) {
      NodeProcess node = own.node();
      on(
          vertx -> {
            Sample without = sample(vertx, node.pid());
            SocketAddress tcp = SocketAddress.inetSocketAddress(node.tcpPort(), "127.0.0.1");
            SocketAddress address =
                transport == Transport.TCP
                    ? tcp
                    : SocketAddress.inetSocketAddress(node.httpPort(), "127.0.0.1");
            Crowd crowd = new Crowd(vertx, transport, address, tokens::forOwnNode, sessions);
            List<UserId> users = new ArrayList<>();
            for (int i = 0; i < sessions; i++) {
              users.add(new UserId("idle-" + i));
            }
            call(vertx, () -> crowd.open(users));
            if (conversations > 0) {
              GroupMaker maker = new GroupMaker(vertx, tcp, tokens::forOwnNode);
              call(vertx, () -> maker.make(users, conversations, GROUP));
              quiet(vertx, crowd);
            }
            call(vertx, () -> Future.succeededFuture(ping(crowd)));
            Sample with = sample(vertx, node.pid());
            crowd
                .failure()
                .ifPresent(
                    why -> {
                      throw new NodeFailedException("a session has ended: " + why);
                    });
            report("node", transport, without, with);
          });
    }
  }

  private static Void ping(Crowd crowd) {
    crowd.ping();
    return null;
  }

  /** Until every ack is confirmed. */
  private void quiet(Vertx vertx, Crowd crowd) {
    long wanted = (long) sessions * conversations;
    for (int i = 0; i < QUIET_POLLS; i++) {
      long[] confirmed = {0};
      boolean ping = i % PING_EVERY == 0;
      call(
          vertx,
          () -> {
            if (ping) {
              crowd.ping();
            }
            confirmed[0] = crowd.confirmed();
            return Future.succeededFuture();
          });
      if (confirmed[0] >= wanted) {
        return;
      }
      call(vertx, () -> vertx.timer(POLL_MS, TimeUnit.MILLISECONDS).mapEmpty());
    }
    throw new NodeFailedException("acks are not confirmed");
  }

  private void echo(Transport transport) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(NodeProcess.command("bench", "echo")).start();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      JsonObject ports = new JsonObject(String.valueOf(lines.readLine()));
      on(
          vertx -> {
            Sample without = sample(vertx, process.pid());
            call(
                vertx,
                () ->
                    BareConnections.open(
                        vertx,
                        transport,
                        ports.getInteger(transport == Transport.TCP ? "tcp_port" : "http_port"),
                        sessions));
            report("bare echo server", transport, without, sample(vertx, process.pid()));
          });
    } finally {
      process.destroyForcibly();
    }
  }

  private Sample sample(Vertx vertx, long pid) throws InterruptedException {
    Optional<LiveHeap> heap = LiveHeap.of(pid); // collects first
    Optional<ProcessUse> before = ProcessUse.of(pid);
    call(vertx, () -> vertx.timer(seconds, TimeUnit.SECONDS).mapEmpty());
    Optional<ProcessUse> after = ProcessUse.of(pid);
    double cpuMs =
        before.isPresent() && after.isPresent()
            ? (after.get().cpuUs() - before.get().cpuUs()) / 1e3
            : Double.NaN;
    return new Sample(
        heap, after.map(ProcessUse::residentBytes).orElse(0L), cpuMs / Math.max(1, seconds));
  }

  private void report(String what, Transport transport, Sample without, Sample with) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%s, %,d over %s: heap %s KB, resident %.1f KB each; CPU %.1f ms a second without, %.1f with%n",
        what,
        sessions,
        transport,
        with.heap()
            .flatMap(heap -> without.heap().map(less -> kb((double) heap.bytes() - less.bytes())))
            .orElse("–"),
        ((double) with.residentBytes() - without.residentBytes()) / sessions / 1024,
        without.cpuMsPerSecond(),
        with.cpuMsPerSecond());
    if (what.equals("node") && with.heap().isPresent() && without.heap().isPresent()) {
      out.printf(
          Locale.ROOT,
          "  objects of Quipu's classes for each session, %d conversations: %.2f%n",
          conversations,
          (double) (with.heap().get().quipuObjectCount() - without.heap().get().quipuObjectCount())
              / sessions);
      with.heap().get().quipuObjects().entrySet().stream()
          .filter(one -> one.getValue() >= sessions / 2)
          .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
          .forEach(one -> out.printf(Locale.ROOT, "  %,10d %s%n", one.getValue(), one.getKey()));
    }
    out.flush();
  }

  private String kb(double bytes) {
    return String.format(Locale.ROOT, "%.1f", bytes / sessions / 1024);
  }

  /** What a run does while its clients live. */
  private interface Run {
    void with(Vertx vertx) throws InterruptedException;
  }

  private static void on(Run run) throws InterruptedException {
    Vertx vertx =
        Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
    try {
      run.with(vertx);
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private static void call(Vertx vertx, Supplier<Future<Void>> step) {
    Future<Void> done =
        Future.future(promise -> vertx.runOnContext(loop -> step.get().onComplete(promise)));
    try {
      done.toCompletionStage().toCompletableFuture().join();
    } catch (CompletionException e) {
      throw new NodeFailedException("the run broke off: " + e.getCause().getMessage());
    }
  }
}
