package io.quipu.server.adapter.redis;

import io.quipu.model.UserId;
import io.quipu.server.cluster.NodeId;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;

/**
 * What this node remembers of where users are. Bounded: beyond it a user goes who was not asked for
 * since the hand last passed him (second chance). Read by any thread without a lock; written on one
 * event loop.
 */
final class KnownNodes {
  /** Sets of nodes that occur: a few, since most users are on one node, or on none. */
  private static final int MAX_PLACES = 4_096;

  private final int most;
  private final int keepMs;
  private final ConcurrentMap<UserId, Known> users = new ConcurrentHashMap<>();
  private final ArrayDeque<Known> hand = new ArrayDeque<>();
  private final Map<Set<NodeId>, Place> places = new HashMap<>();
  private Set<NodeId> members = Set.of();

  /** A set of nodes, shared by all users who are there; and those of them that are members now. */
  private static final class Place {
    final Set<NodeId> stored;

    /** Never empty: so that an answer costs no allocation. */
    volatile Optional<Set<NodeId>> alive;

    Place(Set<NodeId> stored, Set<NodeId> alive) {
      this.stored = stored;
      this.alive = Optional.of(alive);
    }
  }

  private static final class Known {
    final UserId user;
    volatile Place place;
    volatile long heardMs;
    volatile boolean asked;
    long version;

    Known(UserId user) {
      this.user = user;
    }
  }

  /**
   * @param most users
   * @param keepMs what was not heard of for so long is not answered any more; after half of it
   *     somebody should ask again
   */
  KnownNodes(int most, int keepMs) {
    this.most = most;
    this.keepMs = keepMs;
  }

  /**
   * Where he is, as far as it is known. On the way of every delivery.
   *
   * @param ask is called if it is not known, or not for long any more
   */
  Optional<Set<NodeId>> nodesOf(UserId user, long nowMs, Consumer<UserId> ask) {
    Known known = users.get(user);
    if (known == null) {
      ask.accept(user);
      return Optional.empty();
    }
    if (!known.asked) {
      known.asked = true;
    }
    long ageMs = nowMs - known.heardMs;
    if (ageMs > keepMs / 2) {
      ask.accept(user);
      if (ageMs > keepMs) {
        return Optional.empty();
      }
    }
    return known.place.alive;
  }

  int size() {
    return users.size();
  }

  /** Remembers, unless something newer is remembered. */
  void put(UserId user, long version, Set<NodeId> stored, long nowMs) {
    Known known = users.get(user);
    if (known != null && version < known.version) {
      return;
    }
    Place place = place(stored);
    if (known == null || !users.containsKey(user)) {
      makeRoom();
      known = new Known(user);
      hand.add(known);
    }
    known.version = version;
    known.place = place;
    known.heardMs = nowMs;
    users.putIfAbsent(user, known);
  }

  private Place place(Set<NodeId> stored) {
    Place known = places.get(stored);
    if (known == null) {
      if (places.size() >= MAX_PLACES) {
        clear(); // nodes have come and gone for long: what is needed is asked for again
        places.clear();
      }
      Set<NodeId> nodes = Set.copyOf(stored);
      known = new Place(nodes, alive(nodes));
      places.put(nodes, known);
    }
    return known;
  }

  private void makeRoom() {
    while (users.size() >= most) {
      Known next = hand.remove();
      if (next.asked) {
        next.asked = false;
        hand.add(next);
      } else {
        users.remove(next.user, next);
      }
    }
  }

  void clear() {
    users.clear();
    hand.clear();
  }

  /** Nodes that are no members are not there, until they are again. */
  void membersAre(Set<NodeId> now) {
    members = now;
    places.values().forEach(place -> place.alive = Optional.of(alive(place.stored)));
  }

  private Set<NodeId> alive(Set<NodeId> stored) {
    Set<NodeId> alive = new HashSet<>(stored);
    alive.retainAll(members);
    return Set.copyOf(alive);
  }
}
