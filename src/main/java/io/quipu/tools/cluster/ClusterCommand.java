package io.quipu.tools.cluster;

import io.quipu.tools.node.ClusterPlan;
import io.quipu.tools.node.LocalCluster;
import io.quipu.tools.node.NodeFailedException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cluster}: several nodes on this machine, from one command to one Ctrl-C. */
@Command(
    name = "cluster",
    header = {"Runs a whole cluster on this machine.", ""},
    description = {
      "Starts a PostgreSQL and a Redis of its own and one process for each node, and says where they",
      "are. Everything listens on loopback only, and takes development tokens. The data is in ./data,",
      "where a single node has it too; configurations and logs are in ./data/cluster.",
      "",
      "SIGTERM or Ctrl-C drains the nodes and ends everything, with exit code 0; a second Ctrl-C ends",
      "it at once. A node that dies is told and not started again: kill one, and see what its clients",
      "see. `serve --conf` with its configuration brings it back.",
      ""
    })
public final class ClusterCommand implements Callable<Integer> {
  private static final int DRAIN_MS = 5_000;

  /** What a shell adds to the number of the signal that ended a process. */
  private static final int SIGNALLED = 128;

  private final Supplier<Future<String>> signals;

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "3",
      description = "from 1 to " + ClusterPlan.MAX_NODES + "; default ${DEFAULT-VALUE}")
  private int count;

  @Option(
      names = "--port-base",
      paramLabel = "PORT",
      defaultValue = "" + ClusterPlan.DEFAULT_BASE,
      description =
          "TCP of the first node; all other ports are up to 110 above it (HTTP 70, admin 80,"
              + " members 90, bus 100, Redis 110); default ${DEFAULT-VALUE}, as a single node")
  private int portBase;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      defaultValue = "data",
      description = "made if it is not there; default ./${DEFAULT-VALUE}")
  private Path data;

  @Option(
      names = "--json",
      description =
          "for scripts: one line of JSON when all is ready, one for each process that ends before its"
              + " time, one at the end")
  private boolean json;

  @Spec private CommandSpec spec;

  /**
   * @param signals completes with the name of the first wish of this process's user to end it
   */
  public ClusterCommand(Supplier<Future<String>> signals) {
    this.signals = signals;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ClusterPlan plan = plan();
    CompletableFuture<String> asked = signals.get().toCompletionStage().toCompletableFuture();
    Optional<String> taken = plan.taken();
    if (taken.isPresent()) {
      return failed(taken.get() + " is taken. Does a node run already? Otherwise try --port-base.");
    }
    say("%d nodes start; their data is in %s.", count, data.toAbsolutePath().normalize());
    LocalCluster.Settings settings =
        new LocalCluster.Settings(
            DRAIN_MS,
            new JsonObject().put("auth", new JsonObject().put("development", true)),
            Map.of());
    try (LocalCluster cluster = LocalCluster.launch(data, plan, settings)) {
      CompletableFuture<Void> ready = inBackground(cluster);
      CompletableFuture.anyOf(ready.exceptionally(failure -> null), asked).join();
      if (ready.isCompletedExceptionally()) {
        return failed(ready.handle((done, failure) -> reason(failure)).join());
      }
      if (!ready.isDone()) {
        return end(asked.join(), 0); // asked to end before it was ready
      }
      announce(cluster);
      CompletableFuture<String> allDead = watch(cluster);
      boolean wished = CompletableFuture.anyOf(allDead, asked).join().equals(asked.getNow(""));
      return wished ? end(asked.join(), 0) : end(allDead.join(), 1);
    } finally {
      if (json) {
        line(new JsonObject().put("event", "stopped"));
      } else {
        say("Stopped.");
      }
    }
  }

  private ClusterPlan plan() {
    require("--nodes", count, 1, ClusterPlan.MAX_NODES);
    require("--port-base", portBase, 1_024, ClusterPlan.MAX_BASE);
    return ClusterPlan.onThisMachine(count, portBase);
  }

  private void require(String option, int found, int least, int most) {
    if (found < least || found > most) {
      throw new ParameterException(
          spec.commandLine(),
          option + ": found " + found + ", allowed: from " + least + " to " + most);
    }
  }

  private static CompletableFuture<Void> inBackground(LocalCluster cluster) {
    CompletableFuture<Void> ready = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                cluster.awaitReady();
                ready.complete(null);
              } catch (IOException | RuntimeException e) {
                ready.completeExceptionally(e);
              } catch (InterruptedException e) {
                ready.completeExceptionally(new NodeFailedException("interrupted"));
              }
            },
            "cluster-start");
    thread.setDaemon(true);
    thread.start();
    return ready;
  }

  private static String reason(Throwable failure) {
    return failure instanceof NodeFailedException ? failure.getMessage() : failure.toString();
  }

  private void announce(LocalCluster cluster) {
    if (json) {
      line(ready(cluster));
      return;
    }
    PrintWriter out = spec.commandLine().getOut();
    String format = "  %-8s %-22s %-39s %-29s %7s%n";
    out.println();
    out.printf(format, "node", "TCP", "WebSocket", "admin", "process");
    for (int i = 0; i < count; i++) {
      ClusterPlan.Place place = cluster.plan().nodes().get(i);
      out.printf(
          format,
          place.name(),
          place.tcp(),
          place.webSocket(),
          admin(place),
          cluster.node(i).pid());
    }
    ClusterPlan.Place first = cluster.plan().nodes().get(0);
    String program = spec.root().qualifiedName();
    out.printf(
        """

          PostgreSQL  %s, process %s
          Redis       %s, process %s
          logs        %s and so on
          Development tokens are accepted: whoever reaches these ports can be anybody.

        Next:
          %s chat --server %s --user alice --to bob
              and, in a second terminal, --server %s --user bob --to alice
          %s token --user alice
              a token for Alice
          kill -9 %d
              a node dies; this command brings it back:
          %s serve --conf %s
          Ctrl-C drains and ends everything.
        """,
        cluster.stores().postgresUri().replaceFirst(":[^:@/]+@", ":…@"),
        pid(cluster.stores().postgres()),
        cluster.stores().redisUri(),
        pid(cluster.stores().redis()),
        cluster.log(first),
        program,
        first.tcp(),
        cluster.plan().nodes().get(count - 1).tcp(),
        program,
        cluster.node(0).pid(),
        program,
        cluster.configuration(first));
    out.flush();
  }

  private static String admin(ClusterPlan.Place place) {
    return "http://" + place.host() + ":" + place.adminPort();
  }

  private static String pid(Optional<ProcessHandle> process) {
    return process.map(found -> Long.toString(found.pid())).orElse("?");
  }

  private static JsonObject ready(LocalCluster cluster) {
    JsonArray nodes = new JsonArray();
    for (int i = 0; i < cluster.plan().nodes().size(); i++) {
      ClusterPlan.Place place = cluster.plan().nodes().get(i);
      nodes.add(
          new JsonObject()
              .put("name", place.name())
              .put("pid", cluster.node(i).pid())
              .put("tcp", place.tcp())
              .put("websocket", place.webSocket())
              .put("http", "http://" + place.host() + ":" + place.httpPort())
              .put("admin", admin(place))
              .put("conf", cluster.configuration(place).toAbsolutePath().toString())
              .put("log", cluster.log(place).toAbsolutePath().toString()));
    }
    return new JsonObject()
        .put("event", "ready")
        .put("pid", ProcessHandle.current().pid())
        .put("nodes", nodes)
        .put("postgres", cluster.stores().postgresUri())
        .put("redis", cluster.stores().redisUri())
        .put("postgres_pid", cluster.stores().postgres().map(ProcessHandle::pid).orElse(0L))
        .put("redis_pid", cluster.stores().redis().map(ProcessHandle::pid).orElse(0L));
  }

  /** Tells of each death; completes when no node is left. */
  private CompletableFuture<String> watch(LocalCluster cluster) {
    CompletableFuture<String> allDead = new CompletableFuture<>();
    AtomicInteger left = new AtomicInteger(count);
    cluster.onExit(
        (name, code) -> {
          if (cluster.isClosed()) {
            return; // in order
          }
          if (json) {
            line(new JsonObject().put("event", "ended").put("name", name).put("code", code));
          } else {
            say("%s has ended: %s", name, meaning(code));
          }
          if (!name.equals(LocalCluster.STORES) && left.decrementAndGet() == 0) {
            allDead.complete("No node is left");
          }
        });
    return allDead;
  }

  private static String meaning(int code) {
    return code > SIGNALLED ? "signal " + (code - SIGNALLED) : "exit code " + code;
  }

  private int end(String why, int code) {
    if (!json) {
      say("%s: the nodes drain, then Redis and PostgreSQL end. Once more ends it at once.", why);
    }
    return code;
  }

  private int failed(String why) {
    PrintWriter err = spec.commandLine().getErr();
    err.println("The cluster does not start: " + why);
    err.flush();
    return 1;
  }

  private void say(String format, Object... values) {
    if (!json) {
      PrintWriter out = spec.commandLine().getOut();
      out.printf(format + "%n", values);
      out.flush();
    }
  }

  private synchronized void line(JsonObject event) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(event.encode());
    out.flush();
  }
}
