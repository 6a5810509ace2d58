package io.quipu.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.quipu.fake.FakeMembership;
import io.quipu.model.Content;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.SystemClock;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two buses over a real Hazelcast and real sockets, in one JVM. */
final class ClusteredBusTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final BusLimits LIMITS = new BusLimits(100, 1 << 20, 50, 300);

  private static HazelcastPair pair;
  private static Node a;
  private static Node b;

  /** A node as far as its bus is concerned. */
  private static final class Node {
    final MemberNode member;
    final Vertx vertx;
    final FakeMembership membership = new FakeMembership();
    final Metrics metrics = new Metrics("1", "test");
    final ClusterView view;
    final VertxBus bus;

    /** What came, by address. */
    final Map<Address, List<BusMessage>> came = new ConcurrentHashMap<>();

    final Map<Address, Thread> loops = new ConcurrentHashMap<>();
    final Map<Address, Context> contexts = new ConcurrentHashMap<>();

    Node(NodeId id, Vertx vertx) {
      this.member = new MemberNode(id, 2);
      this.vertx = vertx;
      membership.become(member);
      this.view = new ClusterView(id, membership, LIMITS, metrics);
      this.bus = new VertxBus(vertx, metrics, view, LIMITS, new SystemClock());
    }

    void start() throws Exception {
      get(bus.open());
      for (int i = 0; i < member.instances(); i++) {
        serve(new Address.Owner(member.id(), i));
        serve(new Address.Post(member.id(), i));
      }
      view.declare(Peers.State.SERVING);
    }

    private void serve(Address address) throws Exception {
      List<BusMessage> messages = new ArrayList<>();
      came.put(address, messages);
      Promise<Bus.Registration> served = Promise.promise();
      Context context = vertx.getOrCreateContext();
      contexts.put(address, context);
      Consumer<BusMessage> consumer =
          message -> {
            // On its own event loop, or it does not count as having come.
            if (Thread.currentThread().equals(loops.get(address))) {
              synchronized (messages) {
                messages.add(message);
              }
            }
          };
      context.runOnContext(
          turn -> {
            loops.put(address, Thread.currentThread());
            bus.serve(address, consumer).onComplete(served);
          });
      get(served.future());
    }

    List<BusMessage> cameTo(Address address) {
      List<BusMessage> messages = came.get(address);
      synchronized (messages) {
        return List.copyOf(messages);
      }
    }

    Peers.Peer sees(Node other) {
      return view.now().stream()
          .filter(peer -> peer.id().equals(other.member.id()))
          .findFirst()
          .orElseThrow();
    }

    /** What is shown of this metric. */
    double count(String metric) {
      return metrics
          .scrape()
          .lines()
          .filter(line -> line.startsWith(metric))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
          .sum();
    }
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @BeforeAll
  static void startTwoNodes() throws Exception {
    pair = new HazelcastPair();
    a = new Node(BusSamples.A, pair.a);
    b = new Node(BusSamples.B, pair.b);
    a.start();
    b.start();
    together();
  }

  private static void together() {
    a.membership.become(a.member, b.member);
    b.membership.become(a.member, b.member);
    await().atMost(SOON).until(() -> good(a, b) && good(b, a));
  }

  private static boolean good(Node who, Node whom) {
    Peers.Peer peer = who.sees(whom);
    return peer.state() == Peers.State.SERVING && !peer.silent();
  }

  @AfterAll
  static void stop() throws Exception {
    if (pair != null) {
      a.bus.close();
      b.bus.close();
      pair.close();
      a.metrics.close();
      b.metrics.close();
    }
  }

  private static Appends appends(int number) {
    return new Appends(List.of(BusSamples.append(number, Content.Text.of("knot " + number))));
  }

  @Test
  void messagesArriveInOrderAndEqualToWhatWasSent() {
    Address to = new Address.Owner(b.member.id(), 0);
    int before = b.cameTo(to).size();
    List<BusMessage> sent = new ArrayList<>();
    for (int i = 1; i <= 500; i++) {
      Appends next = appends(i);
      await().atMost(SOON).pollInterval(Duration.ofMillis(1)).until(() -> a.bus.send(to, next));
      sent.add(next);
    }
    await().atMost(SOON).until(() -> b.cameTo(to).size() == before + sent.size());
    assertThat(b.cameTo(to).subList(before, before + sent.size())).isEqualTo(sent);
  }

  @Test
  void withinTheNodeTheSameObjectArrives() {
    Address to = new Address.Post(a.member.id(), 1);
    Whisper whisper =
        new Whisper(BusSamples.session(a.member.id(), 0, 1), BusSamples.DIRECT, BusSamples.ALICE);
    assertThat(a.bus.send(to, whisper)).isTrue();
    await().atMost(SOON).until(() -> !a.cameTo(to).isEmpty());
    assertThat(a.cameTo(to).get(0)).isSameAs(whisper);
  }

  @Test
  void whatStaysInTheNodeIsNotSentToAnother() {
    Outbound outbound = new Outbound(List.of(), List.of(), List.of(), List.of());
    assertThatThrownBy(() -> a.bus.send(new Address.Loop(b.member.id(), 0), outbound))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> a.bus.send(new Address.Post(b.member.id(), 0), outbound))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whoIsNoMemberIsSentNothing() {
    double before = a.count("quipu_bus_refused_total");
    assertThat(a.bus.send(new Address.Owner(BusSamples.C, 0), appends(1))).isFalse();
    assertThat(a.bus.send(new Address.Owner(b.member.id(), 2), appends(1))).isFalse();
    assertThat(a.count("quipu_bus_refused_total")).isEqualTo(before + 2);
  }

  @Test
  void aBlockedReceiverFillsTheWindowAndNoMoreAndIsSilentUntilItTakes() throws Exception {
    Address to = new Address.Owner(b.member.id(), 1);
    int before = b.cameTo(to).size();
    CountDownLatch blocked = new CountDownLatch(1);
    b.contexts
        .get(to)
        .runOnContext(
            turn -> {
              try {
                blocked.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    int sent = 0;
    while (a.bus.send(to, appends(sent + 1))) {
      sent++;
    }
    assertThat(sent).isEqualTo(LIMITS.windowMessages());
    await().atMost(SOON).until(() -> a.sees(b).silent());
    assertThat(a.bus.send(to, appends(1))).isFalse();
    assertThat(a.count("quipu_peers_silent")).isEqualTo(1);
    blocked.countDown();
    int all = before + sent;
    await().atMost(SOON).until(() -> b.cameTo(to).size() == all && good(a, b));
    assertThat(a.bus.send(to, appends(1))).isTrue();
    await().atMost(SOON).until(() -> b.cameTo(to).size() == all + 1);
  }

  @Test
  void anAddressThatTheClusterHasForgottenIsRegisteredAgain() {
    Address to = new Address.Post(b.member.id(), 0);
    String name = BusNames.of(to);
    double before = b.count("quipu_bus_registrations_renewed_total");
    assertThat(pair.knowsRegistration(name)).isTrue();
    pair.forgetRegistrations(name);
    await().atMost(SOON).until(() -> pair.knowsRegistration(name));
    // The cluster knows it a moment before its owner hears that it does.
    await().atMost(SOON).until(() -> b.count("quipu_bus_registrations_renewed_total") > before);
    int came = b.cameTo(to).size();
    await()
        .atMost(SOON)
        .until(
            () -> {
              a.bus.send(to, appends(1));
              return b.cameTo(to).size() > came;
            });
    await().atMost(SOON).until(() -> good(a, b));
  }

  @Test
  void whatSomebodyElseSendsToAnAddressOfOursHarmsNobody() {
    Address to = new Address.Owner(b.member.id(), 0);
    String name = BusNames.of(to);
    double before = b.count("quipu_bus_malformed_total");
    int came = b.cameTo(to).size();
    pair.a.eventBus().send(name, "words");
    pair.a.eventBus().send(name, new byte[] {1, 2, 3});
    // An object of the JDK that would be made by Java's own serialization.
    pair.a.eventBus().serializableChecker(any -> true);
    pair.a.eventBus().send(name, new java.util.ArrayList<>(List.of("object")));
    await().atMost(SOON).until(() -> b.count("quipu_bus_malformed_total") == before + 3);
    pair.a.eventBus().serializableChecker(any -> false);
    await().atMost(SOON).until(() -> a.bus.send(to, appends(1)));
    await().atMost(SOON).until(() -> b.cameTo(to).size() == came + 1);
  }
}
