package io.quipu.server.cluster;

import io.quipu.server.metrics.Metrics;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Who is there: membership, what each member's heartbeats say, and which of them are silent, put
 * together. For any thread.
 */
public final class ClusterView implements Peers {
  private final NodeId self;
  private final Membership membership;
  private final BusLimits limits;
  private final Metrics metrics;
  private final ConcurrentMap<NodeId, PeerNode> others = new ConcurrentHashMap<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  /** Written under the lock of this. */
  private volatile List<Peer> now = List.of();

  private volatile State own = State.JOINING;

  /** Of the last look at silence. */
  private long lookedAtMs;

  /**
   * The highest number sent to who is gone. A node that comes back (a split that heals) knows the
   * old ones: the new ones begin above them.
   */
  private long retired;

  public ClusterView(NodeId self, Membership membership, BusLimits limits, Metrics metrics) {
    this.self = self;
    this.membership = membership;
    this.limits = limits;
    this.metrics = metrics;
    refresh();
    membership.onChange(this::refresh);
  }

  @Override
  public NodeId self() {
    return self;
  }

  @Override
  public List<Peer> now() {
    return now;
  }

  @Override
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  /** Says of this node what it is from now on; the others are told at once. */
  public void declare(State state) {
    own = state;
    refresh();
  }

  State own() {
    return own;
  }

  /** The other members, as objects that live as long as their membership. */
  Collection<PeerNode> others() {
    return others.values();
  }

  Optional<PeerNode> find(NodeId node) {
    return Optional.ofNullable(others.get(node));
  }

  /** What was heard may have changed the state of somebody. */
  void refresh() {
    boolean changed;
    synchronized (this) {
      changed = assemble();
    }
    if (changed) {
      listeners.forEach(Runnable::run);
    }
  }

  /** Time has gone by: somebody may have fallen silent. */
  void look(long nowMs) {
    synchronized (this) {
      lookedAtMs = nowMs;
    }
    refresh();
  }

  private boolean assemble() {
    List<Peer> next = new ArrayList<>();
    int silent = 0;
    List<MemberNode> members = membership.members();
    for (PeerNode known : others.values()) {
      if (members.stream().noneMatch(one -> one.id().equals(known.member().id()))) {
        others.remove(known.member().id());
        retired = Math.max(retired, known.last());
      }
    }
    for (MemberNode member : members) {
      if (member.id().equals(self)) {
        next.add(new Peer(self, member.instances(), own, false));
        continue;
      }
      PeerNode node =
          others.computeIfAbsent(member.id(), added -> new PeerNode(member, limits, retired));
      boolean quiet = node.showSilent(lookedAtMs);
      silent += quiet ? 1 : 0;
      next.add(new Peer(member.id(), member.instances(), node.state(), quiet));
    }
    next.sort(Comparator.comparing(peer -> peer.id().value()));
    metrics.peersSilent(silent);
    if (next.equals(now)) {
      return false;
    }
    now = List.copyOf(next);
    return true;
  }
}
