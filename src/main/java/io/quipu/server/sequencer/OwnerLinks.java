package io.quipu.server.sequencer;

import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.NodeId;
import java.util.LinkedHashMap;

/**
 * The next number of each link at this owner. It may be forgotten at any time: then only an append
 * that is marked {@code first} opens the link again, so a lost, late or repeated bus message never
 * reorders a sender.
 */
final class OwnerLinks {
  private final int capacity;
  private final LinkedHashMap<Key, Integer> next = new LinkedHashMap<>(8, 0.75f, true);

  OwnerLinks(int capacity) {
    this.capacity = capacity;
  }

  /** How an append stands on its link. */
  enum Place {
    /** Accept it: the next one, or first. */
    NEXT,
    /** All before it are answered, and so perhaps is it: accept it, after a look in the index. */
    OLD_FIRST,
    /** A repetition of one that was accepted before: it may be answered, not accepted. */
    OLD,
    /** One before it is missing, or nothing is known of the link. */
    GAP
  }

  Place place(Append append) {
    Integer expected = next.get(new Key(append.origin().loop().node(), append.link()));
    if (append.first()) {
      return expected == null || append.number() >= expected ? Place.NEXT : Place.OLD_FIRST;
    }
    if (expected == null || append.number() > expected) {
      return Place.GAP;
    }
    return append.number() == expected ? Place.NEXT : Place.OLD;
  }

  void accepted(Append append) {
    next.merge(
        new Key(append.origin().loop().node(), append.link()), append.number() + 1, Math::max);
    if (next.size() > capacity) {
      var eldest = next.keySet().iterator();
      eldest.next();
      eldest.remove();
    }
  }

  void forget(Append append) {
    next.remove(new Key(append.origin().loop().node(), append.link()));
  }

  void forgetAll() {
    next.clear();
  }

  private record Key(NodeId node, long link) {}
}
