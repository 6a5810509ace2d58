package io.quipu.server.cluster;

import io.quipu.server.metrics.AddressKind;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to the addresses of other nodes and back: numbers and windows for what goes, and word of
 * what came. For all event loops.
 */
final class Crossing {
  private static final Logger LOG = LoggerFactory.getLogger(Crossing.class);

  /** How long word of what came may wait for more of it: short beside any window's use. */
  private static final int TELL_MS = 10;

  /** So much of it does not wait. */
  private static final int TELL_NOW = 64;

  /** A registration counts as lost after so many heartbeats of a member that did not come. */
  private static final int LOST_BEATS = 6;

  /** Senders that are no members here: these see this node before it sees them. */
  private static final int MAX_STRANGERS = 64;

  private final NodeId self;
  private final ClusterView view;
  private final BusLimits limits;
  private final Clock clock;
  private final Metrics metrics;
  private final Wire wire;
  private final BiConsumer<Integer, Runnable> later;
  private final Set<Served> served = ConcurrentHashMap.newKeySet();
  private final ConcurrentMap<NodeId, Sender> senders = new ConcurrentHashMap<>();

  private long beats;
  private long servingSinceMs;
  private Peers.State said = Peers.State.JOINING;

  /**
   * @param later runs something after so many milliseconds, on any thread
   */
  Crossing(
      ClusterView view,
      BusLimits limits,
      Clock clock,
      Metrics metrics,
      Wire wire,
      BiConsumer<Integer, Runnable> later) {
    this.self = view.self();
    this.view = view;
    this.limits = limits;
    this.clock = clock;
    this.metrics = metrics;
    this.wire = wire;
    this.later = later;
  }

  // ---- out

  /**
   * Sends to an address of another node, if that is a member and has room.
   *
   * @throws IllegalArgumentException if this message, or messages to such an address, never leave
   *     their node: a bug of the caller
   */
  boolean send(Address to, BusMessage message) {
    if (to instanceof Address.Loop) {
      throw new IllegalArgumentException(to + " takes messages only from its own node");
    }
    Optional<PeerNode> node = view.find(to.node());
    if (node.isEmpty()) {
      return refused();
    }
    List<PeerStream> streams =
        to instanceof Address.Owner ? node.get().owners() : node.get().posts();
    if (to.index() >= streams.size()) {
      return refused();
    }
    PeerStream stream = streams.get(to.index());
    if (!stream.hasRoom()) {
      return refused();
    }
    BusCodec.Draft draft = BusCodec.draft(self, new Envelope.Passing(message));
    if (draft.sizeBytes() > BusCodec.MAX_BYTES) {
      LOG.atError()
          .addKeyValue("address", stream.name())
          .addKeyValue("bytes", draft.sizeBytes())
          .log("too much for one message of the bus: it is not sent");
      return refused();
    }
    long number = stream.take(draft.sizeBytes(), clock.nowMs());
    if (number == PeerWindow.REFUSED) {
      return refused();
    }
    write(stream.name(), stream.kind(), draft.numbered(number));
    return true;
  }

  private boolean refused() {
    metrics.busRefused();
    return false;
  }

  private void write(String name, AddressKind kind, byte[] bytes) {
    metrics.busSentAcross(kind, bytes.length);
    wire.send(name, bytes);
  }

  // ---- in

  /** From now on messages of other nodes arrive there. */
  void serves(Served address) {
    served.add(address);
  }

  void servesNoMore(Served address) {
    served.remove(address);
    senders.values().forEach(sender -> sender.forget(address));
  }

  /** Something has come to an address of this node; on its event loop. */
  void arrived(Served at, byte[] bytes, Consumer<BusMessage> consumer) {
    metrics.busReceivedAcross(at.kind(), bytes.length);
    BusCodec.Decoded decoded = BusCodec.decode(bytes);
    if (decoded instanceof BusCodec.Decoded.Malformed malformed) {
      metrics.busMalformed();
      LOG.atDebug()
          .addKeyValue("bytes", bytes.length)
          .addKeyValue("why", malformed.why())
          .log("a message of another node that is none: dropped");
    } else if (decoded instanceof BusCodec.Decoded.Good good) {
      metrics.busLeftOut(good.leftOut());
      taken(at, good.envelope(), consumer);
    }
  }

  private void taken(Served at, Envelope envelope, Consumer<BusMessage> consumer) {
    try {
      if (envelope.body() instanceof Envelope.Passing passing) {
        consumer.accept(passing.message());
      } else if (envelope.body() instanceof Envelope.Heartbeat heartbeat) {
        heard(envelope.from(), heartbeat);
      } else if (envelope.body() instanceof Envelope.Taken taken) {
        told(envelope.from(), taken);
      }
    } finally {
      // Also what made the consumer stumble: it is not sent again.
      if (envelope.number() != Envelope.UNNUMBERED) {
        came(at, envelope.from(), envelope.number());
      }
    }
  }

  private void heard(NodeId from, Envelope.Heartbeat heartbeat) {
    if (view.find(from).map(node -> node.heard(heartbeat)).orElse(false)) {
      view.refresh();
    }
  }

  private void told(NodeId from, Envelope.Taken taken) {
    PeerNode node = view.find(from).orElse(null);
    if (node == null) {
      return;
    }
    long nowMs = clock.nowMs();
    for (Envelope.Stream stream : taken.streams()) {
      List<PeerStream> streams = node.of(stream.kind());
      boolean ours =
          stream.index() < streams.size()
              && streams.get(stream.index()).acked(stream.number(), nowMs);
      if (!ours) {
        metrics.busMalformed();
      }
    }
    if (node.shownSilent()) {
      view.refresh();
    }
  }

  private void came(Served at, NodeId from, long number) {
    Sender sender = senders.get(from);
    if (sender == null) {
      if (view.find(from).isEmpty() && senders.size() >= view.others().size() + MAX_STRANGERS) {
        return;
      }
      sender = senders.computeIfAbsent(from, Sender::new);
    }
    sender.at(at, clock.nowMs()).taken(number, clock.nowMs());
    int owed = sender.owe();
    if (owed == 1) {
      Sender told = sender;
      later.accept(TELL_MS, () -> tell(told));
    } else if (owed == TELL_NOW) {
      tell(sender);
    }
  }

  private void tell(Sender sender) {
    List<Envelope.Stream> news = sender.settle();
    if (!news.isEmpty()) {
      write(
          sender.busName(),
          AddressKind.BUS,
          BusCodec.encode(new Envelope(self, Envelope.UNNUMBERED, new Envelope.Taken(news))));
    }
  }

  // ---- time; by one thread

  /** Tells every member what this node is, and probes what has been quiet. */
  void beat() {
    long nowMs = clock.nowMs();
    Peers.State own = view.own();
    boolean changed = own != said;
    if (changed && said == Peers.State.JOINING) {
      servingSinceMs = nowMs;
    }
    said = own;
    Envelope.Heartbeat heartbeat = new Envelope.Heartbeat(own, ++beats, BusCodec.VERSION);
    for (PeerNode node : view.others()) {
      node.greet();
      probe(node.bus(), true, heartbeat, nowMs);
      if (node.hasServed()) {
        node.owners().forEach(stream -> probe(stream, false, heartbeat, nowMs));
        node.posts().forEach(stream -> probe(stream, false, heartbeat, nowMs));
      }
    }
  }

  private void probe(PeerStream stream, boolean always, Envelope.Heartbeat heartbeat, long nowMs) {
    long number = stream.probe(always, nowMs, limits.heartbeatMs());
    if (number != PeerWindow.REFUSED) {
      write(stream.name(), stream.kind(), BusCodec.encode(new Envelope(self, number, heartbeat)));
    }
  }

  /** True if somebody has not been told yet what this node is. */
  boolean hasNews() {
    return view.own() != said || view.others().stream().anyMatch(node -> !node.greeted());
  }

  /**
   * Looks who has fallen silent, and which registrations may be lost.
   *
   * @param lateMs so much later than it should: this node was asleep
   */
  void look(long lateMs) {
    long nowMs = clock.nowMs();
    if (lateMs > 0) {
      view.others().forEach(node -> node.excuse(lateMs, nowMs));
      senders.values().forEach(sender -> sender.excuse(lateMs, nowMs));
    }
    view.look(nowMs);
    long longAgoMs = (long) LOST_BEATS * limits.heartbeatMs();
    senders
        .entrySet()
        .removeIf(
            entry ->
                view.find(entry.getKey()).isEmpty() && entry.getValue().quietFor(longAgoMs, nowMs));
    for (Served address : served) {
      if (mayBeLost(address, longAgoMs, nowMs)) {
        address.renew();
      }
    }
  }

  /** Every address is probed by every member that knows that it is served. */
  private boolean mayBeLost(Served address, long afterMs, long nowMs) {
    boolean lost = false;
    if (address.kind() == AddressKind.BUS || said == Peers.State.SERVING) {
      long sinceMs = address.kind() == AddressKind.BUS ? 0 : servingSinceMs;
      for (PeerNode node : view.others()) {
        Sender sender = senders.computeIfAbsent(node.member().id(), Sender::new);
        lost |= sender.at(address, nowMs).lost(sinceMs, afterMs, nowMs);
      }
    }
    return lost;
  }
}
