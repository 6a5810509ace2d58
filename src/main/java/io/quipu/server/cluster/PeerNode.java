package io.quipu.server.cluster;

import io.quipu.server.metrics.AddressKind;
import java.util.ArrayList;
import java.util.List;

/** Another member: its addresses, and what it last said of itself. */
final class PeerNode {
  private final MemberNode member;
  private final PeerStream bus;
  private final List<PeerStream> owners;
  private final List<PeerStream> posts;

  /** Guarded by this. */
  private Peers.State state = Peers.State.JOINING;

  private long beat;
  private boolean hasServed;

  private volatile boolean greeted;

  /** As the view last showed it. */
  private volatile boolean shownSilent;

  /**
   * @param start the numbers of its streams begin above it
   */
  PeerNode(MemberNode member, BusLimits limits, long start) {
    this.member = member;
    this.bus = new PeerStream(member.id(), AddressKind.BUS, 0, limits, start);
    this.owners = streams(member, AddressKind.OWNER, limits, start);
    this.posts = streams(member, AddressKind.POST, limits, start);
  }

  private static List<PeerStream> streams(
      MemberNode member, AddressKind kind, BusLimits limits, long start) {
    List<PeerStream> streams = new ArrayList<>();
    for (int i = 0; i < member.instances(); i++) {
      streams.add(new PeerStream(member.id(), kind, i, limits, start));
    }
    return List.copyOf(streams);
  }

  /** The highest number of all its streams. */
  long last() {
    long last = bus.last();
    for (PeerStream stream : owners) {
      last = Math.max(last, stream.last());
    }
    for (PeerStream stream : posts) {
      last = Math.max(last, stream.last());
    }
    return last;
  }

  MemberNode member() {
    return member;
  }

  /** For the bus itself. */
  PeerStream bus() {
    return bus;
  }

  List<PeerStream> owners() {
    return owners;
  }

  List<PeerStream> posts() {
    return posts;
  }

  /** Those of a kind; it may have fewer than somebody believes. */
  List<PeerStream> of(AddressKind kind) {
    return switch (kind) {
      case BUS -> List.of(bus);
      case OWNER -> owners;
      case POST -> posts;
    };
  }

  /**
   * Its heartbeat has come, over whichever address: they overtake each other.
   *
   * @return true if it is now something else
   */
  synchronized boolean heard(Envelope.Heartbeat heartbeat) {
    // Who leaves does not come back under this name.
    if (heartbeat.beat() <= beat || state == Peers.State.LEAVING) {
      return false;
    }
    beat = heartbeat.beat();
    boolean changed = state != heartbeat.state();
    state = heartbeat.state();
    hasServed |= state != Peers.State.JOINING;
    return changed;
  }

  /** Has it been sent a heartbeat? */
  boolean greeted() {
    return greeted;
  }

  void greet() {
    greeted = true;
  }

  synchronized Peers.State state() {
    return state;
  }

  /** Its owners and posts are there: until then only the bus itself is probed. */
  synchronized boolean hasServed() {
    return hasServed;
  }

  boolean shownSilent() {
    return shownSilent;
  }

  /** Is it silent? It is shown so from now on. */
  boolean showSilent(long nowMs) {
    shownSilent = silent(nowMs);
    return shownSilent;
  }

  private boolean silent(long nowMs) {
    return bus.silent(nowMs) || anySilent(owners, nowMs) || anySilent(posts, nowMs);
  }

  private static boolean anySilent(List<PeerStream> streams, long nowMs) {
    for (PeerStream stream : streams) {
      if (stream.silent(nowMs)) {
        return true;
      }
    }
    return false;
  }

  /** This node itself was asleep for so long. */
  void excuse(long lateMs, long nowMs) {
    bus.excuse(lateMs, nowMs);
    owners.forEach(stream -> stream.excuse(lateMs, nowMs));
    posts.forEach(stream -> stream.excuse(lateMs, nowMs));
  }
}
