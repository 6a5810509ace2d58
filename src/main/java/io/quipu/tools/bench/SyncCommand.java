package io.quipu.tools.bench;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.tools.node.NodeFailedException;
import io.quipu.tools.node.NodeProcess;
import io.quipu.tools.node.OwnNode;
import io.quipu.tools.node.ProcessUse;
import io.quipu.tools.node.Tokens;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench sync}: what it costs a device to catch up. */
@Command(
    name = "sync",
    header = {"What it costs a device to catch up in many conversations.", ""},
    description = {
      "On a node of its own with an empty store, a user gets messages in many groups. Then new devices of",
      "him sync, one after the other, over TCP: each takes and acknowledges everything. Exit code 0 only",
      "if each of them has got all.",
      ""
    })
public final class SyncCommand implements Callable<Integer> {
  private static final UserId USER = new UserId("bench-reader");

  private final Tokens tokens;

  @Option(
      names = "--conversations",
      paramLabel = "N",
      defaultValue = "1000",
      description = "default ${DEFAULT-VALUE}")
  private int conversations;

  @Option(
      names = "--messages",
      paramLabel = "N",
      defaultValue = "10",
      description = "in each, the creation of the group among them; default ${DEFAULT-VALUE}")
  private int messages;

  @Option(
      names = "--body",
      paramLabel = "BYTES",
      defaultValue = "100",
      description = "of each; default ${DEFAULT-VALUE}")
  private int bodyBytes;

  @Option(
      names = "--devices",
      paramLabel = "N",
      defaultValue = "9",
      description = "default ${DEFAULT-VALUE}")
  private int devices;

  @Option(
      names = "--env",
      paramLabel = "NAME=VALUE",
      description = "settings of the node, such as QUIPU_NODE_EVENT_LOOPS=1")
  private Map<String, String> environment = new HashMap<>();

  @Spec private CommandSpec spec;

  public SyncCommand(Tokens tokens) {
    this.tokens = tokens;
  }

  /** One device's sync. */
  private record Run(double ms, int pages, long bytes, long messages) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    require("--conversations", conversations, 1, 100_000);
    require("--messages", messages, 1, 10_000);
    require("--body", bodyBytes, 1, 16_384);
    require("--devices", devices, 1, 90);
    Map<String, String> settings = new HashMap<>(environment);
    settings.putIfAbsent("QUIPU_SEQUENCER_OWNED_GROUPS", "1000000");
    settings.putIfAbsent("QUIPU_RECIPIENT_NEWEST_FOR_NEW_DEVICE", "10000");
    Vertx vertx =
        Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
    try (OwnNode own = OwnNode.start("quipu-bench", settings)) {
      return measure(vertx, own.node());
    } catch (NodeFailedException e) {
      spec.commandLine().getErr().println("bench: " + e.getMessage());
      return 1;
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private void require(String option, int found, int least, int most) {
    if (found < least || found > most) {
      throw new ParameterException(
          spec.commandLine(),
          option + ": found " + found + ", allowed: from " + least + " to " + most);
    }
  }

  private int measure(Vertx vertx, NodeProcess node) {
    SocketAddress address = SocketAddress.inetSocketAddress(node.tcpPort(), "127.0.0.1");
    GroupMaker maker = new GroupMaker(vertx, address, tokens::forOwnNode);
    done(vertx, () -> maker.make(List.of(USER), conversations, 1));
    done(vertx, () -> maker.write(messages - 1, bodyBytes));
    NetClient client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
    List<Run> runs = new ArrayList<>();
    Optional<ProcessUse> nodeBefore = ProcessUse.of(node.pid());
    Optional<ProcessUse> storeBefore = node.postgres().flatMap(ProcessUse::withChildren);
    for (int i = 0; i < devices; i++) {
      Reader reader = new Reader();
      DeviceId device = new DeviceId("device-" + i);
      runs.add(
          done(
              vertx,
              () ->
                  LoadConnection.open(client, address, tokens.forOwnNode(USER), device, reader)
                      .compose(
                          connection -> reader.sync(connection).eventually(connection::close))));
    }
    String nodeMs = cpuMs(nodeBefore, ProcessUse.of(node.pid()));
    String storeMs = cpuMs(storeBefore, node.postgres().flatMap(ProcessUse::withChildren));
    return report(runs, nodeMs, storeMs);
  }

  private int report(List<Run> runs, String nodeMs, String storeMs) {
    runs.sort((one, other) -> Double.compare(one.ms, other.ms));
    Run median = runs.get(runs.size() / 2);
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%,d conversations x %d messages, %d devices one after the other:%n"
            + "  %.0f ms (median; %.0f to %.0f), acks sent on the way; the first sync of a new JVM is among them%n"
            + "  %d pages, at most two of them on their way; %,d bytes down; %,d messages%n"
            + "  CPU of one sync: node %s ms, PostgreSQL %s ms (its acks included)%n",
        conversations,
        messages,
        devices,
        median.ms,
        runs.get(0).ms,
        runs.get(runs.size() - 1).ms,
        median.pages,
        median.bytes,
        median.messages,
        nodeMs,
        storeMs);
    out.flush();
    long wanted = (long) conversations * messages;
    return runs.stream().allMatch(run -> run.messages == wanted) ? 0 : 1;
  }

  private String cpuMs(Optional<ProcessUse> before, Optional<ProcessUse> after) {
    return before.isPresent() && after.isPresent()
        ? String.format(
            Locale.ROOT, "%.0f", (after.get().cpuUs() - before.get().cpuUs()) / 1e3 / devices)
        : "–";
  }

  /** Takes everything, and counts. */
  private static final class Reader implements LoadConnection.Talker {
    private final Promise<Run> run = Promise.promise();
    private Optional<LoadConnection> connection = Optional.empty();
    private long startNanos;
    private long bytesBefore;
    private int pages;
    private long taken;

    Future<Run> sync(LoadConnection opened) {
      connection = Optional.of(opened);
      startNanos = System.nanoTime();
      bytesBefore = opened.receivedBytes();
      opened.queue(new Frame.Sync(1, List.of(), false, false));
      opened.flush();
      return run.future();
    }

    @Override
    public void connected(Frame.Connected welcome) {}

    @Override
    public void frame(Frame frame) {
      LoadConnection out = connection.orElseThrow();
      if (frame instanceof Frame.SyncPage page) {
        pages++;
        page.ranges()
            .forEach(
                range -> {
                  taken += range.messages().size();
                  out.queue(new Frame.DeliverAck(range.conversation(), range.toSeq()));
                });
        out.queue(new Frame.SyncAck(page.syncId(), page.page()));
      } else if (frame instanceof Frame.SyncDone) {
        run.tryComplete(
            new Run(
                (System.nanoTime() - startNanos) / 1e6,
                pages,
                out.receivedBytes() - bytesBefore,
                taken));
      } else if (frame instanceof Frame.Error error) {
        run.tryFail("the node answered " + error.code() + ": " + error.detail());
      }
    }

    @Override
    public void turnEnded() {}

    @Override
    public void closed(String reason) {
      run.tryFail(reason);
    }
  }

  private interface Step<T> {
    Future<T> run();
  }

  private static <T> T done(Vertx vertx, Step<T> step) {
    Future<T> future =
        Future.future(promise -> vertx.runOnContext(loop -> step.run().onComplete(promise)));
    try {
      return future.toCompletionStage().toCompletableFuture().join();
    } catch (CompletionException e) {
      throw new NodeFailedException("the run broke off: " + e.getCause().getMessage());
    }
  }
}
