package io.quipu.tools.demo;

import io.quipu.tools.checker.HistoryWriter;
import io.quipu.tools.node.ClusterPlan;
import io.quipu.tools.node.NodeFailedException;
import io.quipu.tools.node.OwnCluster;
import io.quipu.tools.node.OwnNode;
import io.quipu.tools.node.Tokens;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code demo}: a story with a cut connection and a kill -9, and a verdict. */
@Command(
    name = "demo",
    header = {"Shows in some seconds what is promised, on a node of its own.", ""},
    description = {
      "Starts a node of its own (free ports, an empty store in a temporary folder) and lets Alice,",
      "Bob and Carol talk over TCP and both kinds of WebSocket. Bob's phone is cut off for a while,",
      "a send is repeated, the node is killed with -9 in the middle of sends and started again. With",
      "--nodes 3 it is one of three, and the others go on.",
      "",
      "Takes some seconds. Exit code 0 only if every device saw every acked message once, in order.",
      "Nothing is left behind.",
      ""
    })
public final class DemoCommand implements Callable<Integer> {
  private final Tokens tokens;

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "1",
      description = "from 1 to " + ClusterPlan.MAX_NODES + "; default ${DEFAULT-VALUE}")
  private int nodes;

  @Option(
      names = "--history",
      paramLabel = "FILE",
      description = "write down there what every device sent and saw, for `check`")
  private Optional<Path> historyFile = Optional.empty();

  @Spec private CommandSpec spec;

  public DemoCommand(Tokens tokens) {
    this.tokens = tokens;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (nodes < 1 || nodes > ClusterPlan.MAX_NODES) {
      throw new ParameterException(
          spec.commandLine(),
          "--nodes: found " + nodes + ", allowed: from 1 to " + ClusterPlan.MAX_NODES);
    }
    if (historyFile.isEmpty()) {
      return tell(Optional.empty());
    }
    PrintWriter out = spec.commandLine().getOut();
    int code;
    try (HistoryWriter history = HistoryWriter.create(historyFile.get(), "demo", true)) {
      code = tell(Optional.of(history));
    } catch (IOException e) {
      out.println("FAILED: " + e.getMessage());
      out.flush();
      return 1;
    }
    out.println("History: " + historyFile.get() + ", for `check`.");
    out.flush();
    return code;
  }

  private int tell(Optional<HistoryWriter> history) throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    long start = System.nanoTime();
    out.println(
        nodes == 1
            ? "A node starts, with an empty store of its own ..."
            : nodes + " nodes start, with an empty store of their own ...");
    out.flush();
    Vertx vertx = Vertx.vertx();
    try {
      return nodes == 1 ? onOneNode(vertx, start, history) : onSeveralNodes(vertx, start, history);
    } catch (NodeFailedException | StoryException e) {
      out.println("FAILED: " + e.getMessage());
      return 1;
    } finally {
      out.flush();
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private int onOneNode(Vertx vertx, long start, Optional<HistoryWriter> history)
      throws IOException, InterruptedException {
    try (OwnNode own = OwnNode.start("quipu-demo", Map.of())) {
      return tell(new Stage.Single(own), vertx, start, history);
    }
  }

  private int onSeveralNodes(Vertx vertx, long start, Optional<HistoryWriter> history)
      throws IOException, InterruptedException {
    try (OwnCluster own = OwnCluster.start("quipu-demo", nodes, Map.of())) {
      return tell(new Stage.Several(own), vertx, start, history);
    }
  }

  private int tell(Stage stage, Vertx vertx, long start, Optional<HistoryWriter> history)
      throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    List<String> faults = new Story(stage, vertx, tokens, out, start, history).tell();
    faults.forEach(out::println);
    out.println(
        faults.isEmpty()
            ? "Nothing was lost, nothing came twice, everybody saw the same order."
            : "FAILED: " + faults.size() + " faults.");
    return faults.isEmpty() ? 0 : 1;
  }
}
