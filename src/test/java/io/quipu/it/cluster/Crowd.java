package io.quipu.it.cluster;

import io.quipu.client.ClientSettings;
import io.quipu.client.Lifecycle;
import io.quipu.client.PendingSend;
import io.quipu.client.QuipuClient;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.tools.checker.HistoryWriter;
import io.quipu.tools.checker.ReadBack;
import io.quipu.tools.node.ClusterPlan;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;

/**
 * Users who talk without a pause, in groups of five, each on whatever node he finds; and pairs of
 * whom one is always on the first node and the other on the second. Everything is recorded.
 */
final class Crowd {
  static final int GROUP = 5;
  private static final int PAIRS = 5;
  private static final int PACE_MS = 1_000;
  private static final int PATIENCE_S = 120;
  private static final int ABREAST = 20;
  private static final int POLL_MS = 10;

  private final FaultCluster cluster;
  private final HistoryWriter history;
  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
  private final List<Member> members = new ArrayList<>();
  private final List<Talk> groups = new ArrayList<>();
  private final List<Talk> pairs = new ArrayList<>();
  private final Map<ConversationId, Talk> talks = new ConcurrentHashMap<>();
  private final AtomicBoolean talking = new AtomicBoolean(true);
  private final AtomicLong refused = new AtomicLong();
  private final AtomicLong unknown = new AtomicLong();
  private final AtomicLong inFlight = new AtomicLong();

  private Crowd(FaultCluster cluster, HistoryWriter history) {
    this.cluster = cluster;
    this.history = history;
  }

  /**
   * Connects all, and lets them talk.
   *
   * @param users in groups, beside the pairs
   */
  static Crowd start(FaultCluster cluster, int users, Path file) throws Exception {
    Crowd crowd = new Crowd(cluster, HistoryWriter.create(file, "fault runs", true));
    List<String> everywhere = cluster.plan().nodes().stream().map(ClusterPlan.Place::tcp).toList();
    List<List<Member>> circles = new ArrayList<>();
    for (int i = 0; i < users / GROUP; i++) {
      String name = "g" + i + "-";
      circles.add(
          IntStream.range(0, GROUP)
              .mapToObj(each -> crowd.new Member(name + each, everywhere))
              .toList());
    }
    for (int i = 0; i < PAIRS; i++) {
      circles.add(
          List.of(
              crowd.new Member("p" + i + "-one", everywhere.subList(0, 1)),
              crowd.new Member("p" + i + "-other", everywhere.subList(1, 2))));
    }
    circles.forEach(crowd.members::addAll);
    abreast(crowd.members, Member::start);
    abreast(circles, crowd::makeGroup);
    crowd.members.forEach(Member::talk);
    return crowd;
  }

  /** One user with one device. */
  private final class Member {
    private final String name;
    private final QuipuClient client;
    private Talk talk;
    private long said;
    private final AtomicLong acked = new AtomicLong();

    Member(String name, List<String> servers) {
      this.name = name;
      this.client =
          QuipuClient.builder(vertx)
              .servers(servers)
              .token(() -> Future.succeededFuture(cluster.token(name)))
              .device("phone")
              .observer(history.device(new UserId(name), new DeviceId("phone")))
              .settings(
                  ClientSettings.DEFAULT
                      .withReconnect(50, 1_000)
                      .withLifecycle(new Lifecycle.Settings(3_000, 2_000, 5_000)))
              .onMessage(
                  message -> {
                    // One's own creation of the group may come before its future is done.
                    Talk known = talks.get(message.conversation());
                    if (known != null) {
                      known.taken(name, message.seq());
                    }
                    return Future.succeededFuture();
                  })
              .build();
    }

    Future<Void> start() {
      return client.start();
    }

    /** Sends, waits for the ack, and sends again a while later. */
    void talk() {
      vertx.setTimer(1 + (name.hashCode() & 0x3ff), first -> say());
    }

    private void say() {
      if (!talking.get()) {
        return;
      }
      inFlight.incrementAndGet();
      Content text = Content.Text.of(name + " says " + ++said);
      PendingSend send =
          new PendingSend(client.newId(), new To.Conversation(talk.conversation()), text);
      ended(send, client.send(send));
    }

    private void ended(PendingSend send, Future<Stored> sent) {
      sent.onSuccess(
              stored -> {
                acked.incrementAndGet();
                talk.acked(stored.seq());
                next();
              })
          .onFailure(
              e -> {
                if (e instanceof QuipuException why && why.outcome() == Outcome.UNKNOWN) {
                  unknown.incrementAndGet();
                  vertx.setTimer(PACE_MS, later -> ended(send, client.retry(send.id())));
                } else {
                  refused.incrementAndGet();
                  next();
                }
              });
    }

    private void next() {
      inFlight.decrementAndGet();
      vertx.setTimer(PACE_MS, later -> say());
    }
  }

  private Future<Void> makeGroup(List<Member> circle) {
    List<String> names = circle.stream().map(member -> member.name).toList();
    Change create =
        new Change.Create(
            "circle", names.subList(1, names.size()).stream().map(UserId::new).toList());
    QuipuClient first = circle.get(0).client;
    return first
        .send(new PendingSend(first.newId(), new To.NewGroup(), new Content.Changed(create)))
        .onSuccess(
            stored -> {
              Talk talk = new Talk(stored, names);
              talks.put(talk.conversation(), talk);
              (circle.size() == GROUP ? groups : pairs).add(talk);
              circle.forEach(member -> member.talk = talk);
            })
        .mapEmpty();
  }

  // ---- what is seen

  /** Figures begin anew. */
  void measure() {
    talks.values().forEach(Talk::measure);
    refused.set(0);
    unknown.set(0);
  }

  long refused() {
    return refused.get();
  }

  long unknown() {
    return unknown.get();
  }

  List<Talk> groups() {
    return groups;
  }

  List<Talk> pairs() {
    return pairs;
  }

  /** Acks of those of the pairs who are on the first node, or of the others. */
  long[] ackedInPairs(boolean first) {
    return members.stream()
        .filter(member -> member.name.endsWith(first ? "-one" : "-other"))
        .mapToLong(member -> member.acked.get())
        .toArray();
  }

  /** Of the groups: the longest time without an ack since {@link #measure}. */
  long[] longestGapsMs() {
    return groups.stream().mapToLong(Talk::longestGapMs).sorted().toArray();
  }

  /** So many acks in each conversation from now on. */
  void awaitAcks(int count) {
    Map<Talk, Long> before = new ConcurrentHashMap<>();
    talks.values().forEach(talk -> before.put(talk, talk.acks()));
    Awaitility.await("acks in all conversations")
        .atMost(Duration.ofSeconds(PATIENCE_S))
        .pollInterval(POLL_MS, TimeUnit.MILLISECONDS)
        .until(
            () ->
                before.entrySet().stream()
                    .allMatch(entry -> entry.getKey().acks() >= entry.getValue() + count));
  }

  /** Waits until everybody has what was acked before. */
  void awaitCaughtUp() {
    Map<Talk, Long> behind = new ConcurrentHashMap<>();
    talks.values().forEach(talk -> behind.put(talk, talk.tail()));
    Awaitility.await("everybody has everything")
        .atMost(Duration.ofSeconds(PATIENCE_S))
        .pollInterval(POLL_MS, TimeUnit.MILLISECONDS)
        .until(
            () -> {
              behind.entrySet().removeIf(entry -> entry.getKey().allHave(entry.getValue()));
              return behind.isEmpty();
            });
  }

  /**
   * Waits until every conversation goes on: somebody's next send is acked, and everybody has it, he
   * too whose node is gone.
   *
   * @return of each group, how long that took; the pauses between sends are part of it
   */
  long[] awaitGoingOn() {
    long startNanos = System.nanoTime();
    Map<Talk, Long> acksBefore = new ConcurrentHashMap<>();
    talks.values().forEach(talk -> acksBefore.put(talk, talk.acks()));
    Map<Talk, Long> next = new ConcurrentHashMap<>();
    List<Long> tookMs = new ArrayList<>();
    Awaitility.await("every conversation goes on")
        .atMost(Duration.ofSeconds(PATIENCE_S))
        .pollInterval(POLL_MS, TimeUnit.MILLISECONDS)
        .until(
            () -> {
              for (Talk talk : List.copyOf(acksBefore.keySet())) {
                if (!next.containsKey(talk) && talk.acks() > acksBefore.get(talk)) {
                  next.put(talk, talk.tail());
                }
                if (next.containsKey(talk) && talk.allHave(next.get(talk))) {
                  acksBefore.remove(talk);
                  if (groups.contains(talk)) {
                    tookMs.add((System.nanoTime() - startNanos) / 1_000_000);
                  }
                }
              }
              return acksBefore.isEmpty();
            });
    return tookMs.stream().mapToLong(each -> each).sorted().toArray();
  }

  static long percentile(long[] sorted, int percent) {
    return sorted.length == 0
        ? 0
        : sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
  }

  // ---- the end

  /** Nobody begins to send any more; everything that was begun has its end. */
  void quiet() {
    talking.set(false);
    Awaitility.await("every send has an end")
        .atMost(Duration.ofSeconds(PATIENCE_S))
        .until(() -> inFlight.get() == 0);
    awaitCaughtUp();
  }

  /** The journals, and everything once more with a new device of each user. */
  void readBack() throws Exception {
    ReadBack reading = new ReadBack(vertx, cluster.plan().nodes().get(0).tcp(), history);
    abreast(
        List.copyOf(talks.values()),
        talk -> {
          Member one = members.stream().filter(each -> each.talk == talk).findFirst().orElseThrow();
          return reading.journal(one.client, talk.conversation());
        });
    abreast(
        members,
        member ->
            reading.freshDevice(
                new UserId(member.name),
                cluster.token(member.name),
                List.of(member.talk.conversation())));
  }

  void close() throws Exception {
    talking.set(false);
    abreast(members, member -> member.client.close());
    history.close();
    done(vertx.close());
  }

  /** Does this for each, a bounded number at a time. */
  private static <T> void abreast(List<T> all, Function<T, Future<Void>> step) throws Exception {
    for (int from = 0; from < all.size(); from += ABREAST) {
      List<T> some = all.subList(from, Math.min(all.size(), from + ABREAST));
      done(Future.all(some.stream().map(step).toList()));
    }
  }

  private static <T> T done(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(PATIENCE_S, TimeUnit.SECONDS);
  }

  @Override
  public String toString() {
    return members.size() + " clients, " + Arrays.asList(groups.size(), pairs.size());
  }
}
