package io.quipu.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.UnknownFieldSet;
import io.quipu.fake.FakeMembership;
import io.quipu.model.Content;
import io.quipu.server.cluster.wire.BusWire;
import io.quipu.server.metrics.AddressKind;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes, their clock and the way between them in one thread: everything happens when told. */
final class CrossingTest {
  private static final BusLimits LIMITS = new BusLimits(4, 100_000, 500, 1_500);
  private static final int LOOK_MS = 250;
  private static final Address B_OWNER = new Address.Owner(BusSamples.B, 0);

  private long nowMs = 1_000_000;
  private final Queue<Runnable> onTheWay = new ArrayDeque<>();

  /** What gets lost, by the name of the address. */
  private Predicate<String> lost = name -> false;

  private final Node a = new Node(BusSamples.A);
  private final Node b = new Node(BusSamples.B);

  private final class Node {
    final MemberNode member;
    final FakeMembership membership;
    final Metrics metrics = new Metrics("1", "test");
    final ClusterView view;
    final Crossing crossing;
    final Map<String, Consumer<byte[]>> addresses = new HashMap<>();
    final List<BusMessage> came = new ArrayList<>();
    final List<String> renewed = new ArrayList<>();
    final List<List<Peers.Peer>> changes = new ArrayList<>();
    boolean frozen;
    private int looks;

    Node(NodeId id) {
      this.member = new MemberNode(id, 1);
      this.membership = new FakeMembership(member);
      this.view = new ClusterView(id, membership, LIMITS, metrics);
      Clock clock =
          new Clock() {
            @Override
            public long nowMs() {
              return nowMs;
            }

            @Override
            public long unixMs() {
              return nowMs;
            }
          };
      this.crossing =
          new Crossing(view, LIMITS, clock, metrics, this::write, (ms, task) -> onTheWay.add(task));
      view.onChange(() -> changes.add(view.now()));
      serve(AddressKind.BUS);
      serve(AddressKind.OWNER);
      serve(AddressKind.POST);
    }

    private void serve(AddressKind kind) {
      String name = BusNames.of(member.id(), kind, 0);
      Served served = new Served(kind, 0, () -> renewed.add(name));
      addresses.put(name, bytes -> crossing.arrived(served, bytes, came::add));
      crossing.serves(served);
    }

    private void write(String name, byte[] bytes) {
      if (!lost.test(name)) {
        onTheWay.add(() -> other().addresses.getOrDefault(name, unserved -> {}).accept(bytes));
      }
    }

    private Node other() {
      return this == a ? b : a;
    }

    void look(long lateMs) {
      if (!frozen) {
        crossing.look(lateMs);
        if (looks++ % 2 == 0) {
          crossing.beat();
        }
      }
    }

    Peers.Peer sees(Node whom) {
      return view.now().stream()
          .filter(peer -> peer.id().equals(whom.member.id()))
          .findFirst()
          .orElseThrow();
    }

    boolean seesGood(Node whom) {
      return sees(whom).state() == Peers.State.SERVING && !sees(whom).silent();
    }

    double count(String metric) {
      return metrics
          .scrape()
          .lines()
          .filter(line -> line.startsWith(metric))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
          .sum();
    }
  }

  @BeforeEach
  void meet() {
    meetAs(a.member, b.member);
    a.view.declare(Peers.State.SERVING);
    b.view.declare(Peers.State.SERVING);
    pass(1_000);
    assertThat(a.seesGood(b) && b.seesGood(a)).isTrue();
  }

  private void meetAs(MemberNode... members) {
    a.membership.become(members);
    b.membership.become(members);
  }

  @AfterEach
  void close() {
    a.metrics.close();
    b.metrics.close();
  }

  /** Everything on its way arrives, and what it causes, but nothing at a frozen node. */
  private void arrive() {
    while (!onTheWay.isEmpty()) {
      onTheWay.remove().run();
    }
  }

  private void pass(long ms) {
    for (long end = nowMs + ms; nowMs < end; ) {
      nowMs += LOOK_MS;
      a.look(0);
      b.look(0);
      arrive();
    }
  }

  private static Appends appends(int number) {
    return new Appends(List.of(BusSamples.append(number, Content.Text.of("knot"))));
  }

  private int fill() {
    int sent = 0;
    while (a.crossing.send(B_OWNER, appends(1))) {
      sent++;
    }
    return sent;
  }

  // ---- messages

  @Test
  void whatIsTakenIsToldAndMakesRoom() {
    assertThat(fill()).isEqualTo(LIMITS.windowMessages());
    arrive();
    assertThat(b.came).hasSize(LIMITS.windowMessages());
    assertThat(fill()).isEqualTo(LIMITS.windowMessages());
  }

  @Test
  void oneWordTellsOfAllThatCameInAWhile() {
    double before = b.count("quipu_bus_peer_sent_total{kind=\"BUS\"}");
    fill();
    assertThat(a.crossing.send(new Address.Post(BusSamples.B, 0), appends(1))).isTrue();
    arrive();
    assertThat(b.count("quipu_bus_peer_sent_total{kind=\"BUS\"}")).isEqualTo(before + 1);
  }

  @Test
  void lostMessagesHoldTheirRoomOnlyUntilTheNextHeartbeatComes() {
    lost = name -> name.equals(BusNames.of(B_OWNER));
    fill();
    arrive();
    assertThat(b.came).isEmpty();
    assertThat(a.crossing.send(B_OWNER, appends(1))).isFalse();
    lost = name -> false;
    pass(1_000);
    assertThat(fill()).isEqualTo(LIMITS.windowMessages());
  }

  @Test
  void lostWordOfWhatCameHoldsRoomOnlyUntilTheNextOne() {
    lost = name -> name.startsWith("quipu.bus." + BusSamples.A);
    fill();
    arrive();
    assertThat(b.came).hasSize(LIMITS.windowMessages());
    assertThat(a.crossing.send(B_OWNER, appends(1))).isFalse();
    lost = name -> false;
    pass(1_000);
    assertThat(fill()).isEqualTo(LIMITS.windowMessages());
  }

  @Test
  void aConsumerThatStumblesHasTakenTheMessage() {
    Served bad = new Served(AddressKind.OWNER, 0, () -> {});
    String name = BusNames.of(B_OWNER);
    b.addresses.put(
        name,
        bytes ->
            assertThatThrownBy(
                    () ->
                        b.crossing.arrived(
                            bad,
                            bytes,
                            message -> {
                              throw new IllegalStateException("stumbles");
                            }))
                .isInstanceOf(IllegalStateException.class));
    fill();
    arrive();
    assertThat(fill()).isEqualTo(LIMITS.windowMessages());
  }

  @Test
  void whatIsTooBigForOneMessageIsRefusedAndUsesNoRoom() {
    Content big = Content.Text.of("x".repeat(BusCodec.MAX_BYTES));
    Appends tooBig = new Appends(List.of(BusSamples.append(1, big)));
    assertThat(a.crossing.send(B_OWNER, tooBig)).isFalse();
    assertThat(fill()).isEqualTo(LIMITS.windowMessages());
  }

  @Test
  void whatANewerNodeSendsIsDroppedAndStillTaken() {
    byte[] newer =
        BusWire.Envelope.newBuilder()
            .addNodes(BusSamples.A.value())
            .setNumber(900)
            .setUnknownFields(
                UnknownFieldSet.newBuilder()
                    .addField(77, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                    .build())
            .build()
            .toByteArray();
    List<Envelope.Stream> told = new ArrayList<>();
    a.addresses.put(
        BusNames.of(BusSamples.A, AddressKind.BUS, 0),
        bytes -> {
          BusCodec.Decoded.Good good = (BusCodec.Decoded.Good) BusCodec.decode(bytes);
          told.addAll(((Envelope.Taken) good.envelope().body()).streams());
        });
    b.addresses.get(BusNames.of(B_OWNER)).accept(newer);
    arrive();
    assertThat(told).containsExactly(new Envelope.Stream(AddressKind.OWNER, 0, 900));
    assertThat(b.count("quipu_bus_left_out_total")).isEqualTo(1);
    assertThat(b.came).isEmpty();
  }

  @Test
  void whatIsNoMessageIsCountedAndHarmsNobody() {
    b.addresses.get(BusNames.of(B_OWNER)).accept(new byte[] {1, 2, 3});
    a.addresses
        .get(BusNames.of(BusSamples.A, AddressKind.BUS, 0))
        .accept(
            BusCodec.encode(
                new Envelope(
                    BusSamples.B,
                    0,
                    new Envelope.Taken(
                        List.of(
                            new Envelope.Stream(AddressKind.OWNER, 7, 1),
                            new Envelope.Stream(AddressKind.OWNER, 0, 1L << 50))))));
    assertThat(b.count("quipu_bus_malformed_total")).isEqualTo(1);
    assertThat(a.count("quipu_bus_malformed_total")).isEqualTo(2);
    assertThat(fill()).isEqualTo(LIMITS.windowMessages());
    arrive();
    assertThat(b.came).hasSize(LIMITS.windowMessages());
  }

  @Test
  void ofManyWhoAreNoMembersOnlySomeAreRemembered() {
    double before = b.count("quipu_bus_peer_sent_total{kind=\"BUS\"}");
    for (int i = 0; i < 1_000; i++) {
      Envelope stranger =
          new Envelope(
              new NodeId("stranger-" + i),
              1,
              new Envelope.Passing(
                  new Whisper(
                      BusSamples.session(new NodeId("x"), 0, 1),
                      BusSamples.DIRECT,
                      BusSamples.ALICE)));
      b.addresses.get(BusNames.of(B_OWNER)).accept(BusCodec.encode(stranger));
    }
    arrive();
    assertThat(b.came).hasSize(1_000);
    assertThat(b.count("quipu_bus_peer_sent_total{kind=\"BUS\"}") - before).isBetween(1.0, 65.0);
  }

  // ---- who is there

  @Test
  void aMemberThatHasNotBeenHeardIsJoining() {
    MemberNode c = new MemberNode(BusSamples.C, 3);
    meetAs(a.member, b.member, c);
    assertThat(a.view.now())
        .containsExactly(
            new Peers.Peer(BusSamples.A, 1, Peers.State.SERVING, false),
            new Peers.Peer(BusSamples.B, 1, Peers.State.SERVING, false),
            new Peers.Peer(BusSamples.C, 3, Peers.State.JOINING, false));
  }

  @Test
  void whoLeavesStaysLeavingUntilHeIsGone() {
    b.view.declare(Peers.State.LEAVING);
    b.crossing.beat();
    arrive();
    assertThat(a.sees(b).state()).isEqualTo(Peers.State.LEAVING);
    b.view.declare(Peers.State.SERVING);
    pass(1_000);
    assertThat(a.sees(b).state()).isEqualTo(Peers.State.LEAVING);
    meetAs(a.member);
    assertThat(a.view.now()).hasSize(1);
  }

  @Test
  void anOlderHeartbeatThatComesLateSaysNothing() {
    byte[] late =
        BusCodec.encode(
            new Envelope(BusSamples.B, 0, new Envelope.Heartbeat(Peers.State.JOINING, 1, 1)));
    a.addresses.get(BusNames.of(BusSamples.A, AddressKind.BUS, 0)).accept(late);
    assertThat(a.sees(b).state()).isEqualTo(Peers.State.SERVING);
  }

  @Test
  void listenersHearOnlyOfRealChanges() {
    a.changes.clear();
    pass(5_000);
    meetAs(a.member, b.member);
    a.view.declare(Peers.State.SERVING);
    assertThat(a.changes).isEmpty();
    b.view.declare(Peers.State.LEAVING);
    pass(1_000);
    assertThat(a.changes).hasSize(1);
  }

  @Test
  void anAddressThatTakesNothingMakesItsNodeSilentAndItsWindowStaysFull() {
    lost = name -> name.equals(BusNames.of(new Address.Post(BusSamples.B, 0)));
    pass(2_500);
    assertThat(a.sees(b).silent()).isTrue();
    assertThat(b.sees(a).silent()).isFalse();
    assertThat(a.count("quipu_peers_silent")).isEqualTo(1);
    lost = name -> false;
    pass(1_000);
    assertThat(a.seesGood(b)).isTrue();
  }

  @Test
  void aFrozenNodeIsSilentToTheOthersAndAfterItsSleepCallsNobodySilent() {
    a.frozen = true;
    Consumer<byte[]> bus = a.addresses.get(BusNames.of(BusSamples.A, AddressKind.BUS, 0));
    Queue<byte[]> waiting = new ArrayDeque<>();
    a.addresses.replaceAll((name, consumer) -> waiting::add);
    b.crossing.beat();
    a.crossing.beat();
    onTheWay.clear();
    pass(20_000);
    assertThat(b.sees(a).silent()).isTrue();
    a.frozen = false;
    a.addresses.replaceAll((name, asleep) -> name.contains(".bus.") ? bus : bytes -> {});
    a.changes.clear();
    // Its timer runs before anything that came meanwhile is read.
    a.look(20_000);
    assertThat(a.seesGood(b)).isTrue();
    arrive();
    pass(500);
    assertThat(a.seesGood(b)).isTrue();
    assertThat(a.changes).isEmpty();
  }

  @Test
  void whoComesBackUnderTheSameNameIsSentNumbersThatAreNewToHim() {
    for (int i = 0; i < 10; i++) {
      fill();
      arrive();
    }
    a.membership.become(a.member);
    a.membership.become(a.member, b.member);
    pass(1_000);
    assertThat(a.seesGood(b)).isTrue();
    fill();
    arrive();
    assertThat(fill()).isEqualTo(LIMITS.windowMessages());
    pass(10_000);
    assertThat(a.seesGood(b)).isTrue();
    assertThat(a.count("quipu_bus_malformed_total")).isZero();
  }

  // ---- lost registrations

  @Test
  void anAddressWhereAMembersHeartbeatsDoNotComeIsRegisteredAgainWithBackOff() {
    String name = BusNames.of(B_OWNER);
    lost = name::equals;
    pass(4_000);
    assertThat(b.renewed).containsExactly(name);
    pass(60_000);
    assertThat(b.renewed.size()).isBetween(3, 5);
    assertThat(b.renewed).containsOnly(name);
    lost = any -> false;
    pass(1_000);
    int before = b.renewed.size();
    pass(60_000);
    assertThat(b.renewed).hasSize(before);
    assertThat(a.renewed).isEmpty();
    assertThat(a.seesGood(b)).isTrue();
  }

  @Test
  void nobodyRegistersAgainWhileAllIsWellOrHeIsAlone() {
    pass(60_000);
    a.membership.become(a.member);
    b.membership.become(b.member);
    pass(60_000);
    assertThat(a.renewed).isEmpty();
    assertThat(b.renewed).isEmpty();
  }
}
