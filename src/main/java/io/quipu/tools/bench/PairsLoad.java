package io.quipu.tools.bench;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.tools.checker.HistoryWriter;
import io.quipu.tools.node.ProcessUse;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One run: connect, warm up, measure, let it become quiet, read everything back. All of it on one
 * event loop, so that the generator takes at most one processor and needs no locks.
 */
final class PairsLoad {
  /** Connections being made, or conversations being read back, at the same time. */
  private static final int ABREAST = 16;

  private static final long TICK_MS = 1_000;
  private static final long QUIET_CHECK_MS = 20;
  private static final long QUIET_WITHIN_MS = 20_000;
  private static final int PING_EVERY_TICKS = 5;

  /**
   * @param run names its users: conversations of an earlier run on the same node stay out of it
   */
  record Plan(
      String run, int pairs, int window, int bodyBytes, int warmupSeconds, int measureSeconds) {}

  /** What can be seen of the processes: node, PostgreSQL, generator. */
  record Processes(
      Supplier<Optional<ProcessUse>> node,
      Supplier<Optional<ProcessUse>> postgres,
      Supplier<Optional<ProcessUse>> generator) {
    private List<Optional<ProcessUse>> now() {
      return List.of(node.get(), postgres.get(), generator.get());
    }
  }

  private final Vertx vertx;
  private final List<SocketAddress> nodes;
  private final Function<UserId, String> tokens;
  private final Plan plan;
  private final Processes processes;
  private final Consumer<String> progress;
  private final Optional<HistoryWriter> history;
  private final NetClient client;
  private final Figures figures = new Figures();
  private final List<Pair> pairs = new ArrayList<>();
  private List<Optional<ProcessUse>> before = List.of();
  private List<Optional<ProcessUse>> after = List.of();

  private PairsLoad(
      Vertx vertx,
      List<SocketAddress> nodes,
      Function<UserId, String> tokens,
      Plan plan,
      Processes processes,
      Consumer<String> progress,
      Optional<HistoryWriter> history) {
    this.vertx = vertx;
    this.nodes = nodes;
    this.tokens = tokens;
    this.plan = plan;
    this.processes = processes;
    this.progress = progress;
    this.history = history;
    this.client =
        vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true).setConnectTimeout(10_000));
    SplittableRandom random = new SplittableRandom();
    for (int i = 0; i < plan.pairs(); i++) {
      pairs.add(
          new Pair(
              plan.run(), i, plan.window(), plan.bodyBytes(), figures, random.split(), history));
    }
  }

  /**
   * Runs; call it on the event loop that is to carry the load.
   *
   * @param history where to write down everything, if at all
   */
  static Future<PairsReport> run(
      Vertx vertx,
      List<SocketAddress> nodes,
      Function<UserId, String> tokens,
      Plan plan,
      Processes processes,
      Consumer<String> progress,
      Optional<HistoryWriter> history) {
    return new PairsLoad(vertx, nodes, tokens, plan, processes, progress, history).run();
  }

  private Future<PairsReport> run() {
    return abreast(pairs, pair -> pair.connect(client, nodes, tokens))
        .compose(
            connected -> {
              progress.accept(2 * plan.pairs() + " connections");
              pairs.forEach(Pair::start);
              return seconds("warm-up", plan.warmupSeconds());
            })
        .compose(
            warm -> {
              before = processes.now();
              figures.start();
              return seconds("measured", plan.measureSeconds());
            })
        .compose(
            measured -> {
              figures.end();
              after = processes.now();
              pairs.forEach(Pair::stop);
              return quiet();
            })
        .compose(quiet -> abreast(pairs, Pair::close))
        .compose(
            closed -> {
              progress.accept("reading everything back");
              List<Stored> stored = new ArrayList<>();
              return abreast(pairs, pair -> readBack(pair).map(stored::add)).map(all -> stored);
            })
        .map(this::report);
  }

  /** Runs one second after the other, and says how it goes. */
  private Future<Void> seconds(String what, int count) {
    Promise<Void> over = Promise.promise();
    long[] last = {ackedSoFar()};
    int[] passed = {0};
    if (count == 0) {
      return Future.succeededFuture();
    }
    vertx.setPeriodic(
        TICK_MS,
        timer -> {
          long acked = ackedSoFar();
          passed[0]++;
          progress.accept(
              String.format(
                  java.util.Locale.ROOT,
                  "%s %2d/%d s: %,d acked/s",
                  what,
                  passed[0],
                  count,
                  acked - last[0]));
          last[0] = acked;
          if (passed[0] % PING_EVERY_TICKS == 0) {
            pairs.forEach(Pair::ping);
          }
          if (passed[0] == count) {
            vertx.cancelTimer(timer);
            over.complete();
          }
        });
    return over.future();
  }

  private long ackedSoFar() {
    return pairs.stream().mapToLong(Pair::ackedCount).sum();
  }

  private Future<Void> quiet() {
    Promise<Void> quiet = Promise.promise();
    long[] waitedMs = {0};
    vertx.setPeriodic(
        QUIET_CHECK_MS,
        timer -> {
          waitedMs[0] += QUIET_CHECK_MS;
          if (pairs.stream().allMatch(Pair::quiet) || waitedMs[0] >= QUIET_WITHIN_MS) {
            vertx.cancelTimer(timer);
            quiet.complete();
          }
        });
    return quiet.future();
  }

  /** What the store holds of one pair, judged. */
  private record Stored(long count, long lost, long duplicates, long outOfOrder, String failure) {}

  private Future<Stored> readBack(Pair pair) {
    ConversationId conversation = pair.conversation();
    return StoredCheck.read(client, nodes.get(0), tokens, pair.receiver(), conversation, history)
        .map(
            log ->
                new Stored(
                    log.cursor(),
                    Math.max(0, pair.ackedCount() - log.cursor()),
                    log.duplicates(),
                    log.outOfOrder(),
                    ""))
        .otherwise(
            e ->
                new Stored(
                    0, pair.ackedCount(), 0, 0, "reading " + conversation + ": " + e.getMessage()));
  }

  private PairsReport report(List<Stored> stored) {
    List<String> failures = new ArrayList<>();
    pairs.forEach(pair -> pair.failure().ifPresent(failures::add));
    stored.stream().map(Stored::failure).filter(why -> !why.isEmpty()).forEach(failures::add);
    long undelivered =
        pairs.stream()
            .mapToLong(pair -> Math.max(0, pair.ackedCount() - pair.deliveredCount()))
            .sum();
    return new PairsReport(
        figures.seconds(),
        figures.acks(),
        figures.deliveries(),
        figures.ack(),
        figures.deliver(),
        used(0),
        used(1),
        used(2),
        pairs.stream().mapToLong(Pair::sentCount).sum(),
        ackedSoFar(),
        pairs.stream().mapToLong(Pair::deliveredCount).sum(),
        stored.stream().mapToLong(Stored::count).sum(),
        undelivered + stored.stream().mapToLong(Stored::lost).sum(),
        pairs.stream().mapToLong(Pair::duplicates).sum()
            + stored.stream().mapToLong(Stored::duplicates).sum(),
        pairs.stream().mapToLong(Pair::outOfOrder).sum()
            + stored.stream().mapToLong(Stored::outOfOrder).sum(),
        pairs.stream().mapToLong(Pair::redelivered).sum(),
        List.copyOf(failures));
  }

  /** Processor time of the measured seconds; memory at their end. */
  private Optional<ProcessUse> used(int process) {
    return before
        .get(process)
        .flatMap(
            start ->
                after
                    .get(process)
                    .map(end -> new ProcessUse(end.cpuUs() - start.cpuUs(), end.residentBytes())));
  }

  /** Does this for each, a bounded number at a time. */
  private static Future<Void> abreast(List<Pair> pairs, Function<Pair, Future<?>> step) {
    List<Future<Void>> lanes = new ArrayList<>();
    for (int lane = 0; lane < Math.min(ABREAST, pairs.size()); lane++) {
      lanes.add(lane(pairs, lane, step));
    }
    return Future.all(lanes).mapEmpty();
  }

  private static Future<Void> lane(List<Pair> pairs, int at, Function<Pair, Future<?>> step) {
    return at >= pairs.size()
        ? Future.succeededFuture()
        : step.apply(pairs.get(at)).compose(done -> lane(pairs, at + ABREAST, step));
  }
}
