package io.quipu.server.adapter.redis;

import io.quipu.model.UserId;
import io.quipu.server.cluster.NodeId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The users of other nodes whose presence somebody asks for: whether each was online when that was
 * last known. Who goes stays online while it is not known whether he does. Bounded; who is not
 * asked for any more is forgotten. Asked by any thread, changed on the link's event loop.
 */
final class Attended {
  /** Whoever watches asks for each of his users more often than that. */
  private static final int INTEREST_MS = 60_000;

  private final NodeId self;
  private final int most;
  private final Consumer<UserId> changed;
  private final ConcurrentMap<UserId, One> users = new ConcurrentHashMap<>();
  private final AtomicInteger size = new AtomicInteger();
  private final Queue<UserId> toRead = new ArrayDeque<>();
  private Set<NodeId> members = Set.of();
  private boolean believed;

  private static final class One {
    volatile boolean online;
    volatile boolean known;
    volatile long askedMs;
    volatile long heardMs;
    long version;
    Set<NodeId> nodes = Set.of();
  }

  /**
   * @param changed hears of who came or went
   */
  Attended(NodeId self, int most, Consumer<UserId> changed) {
    this.self = self;
    this.most = most;
    this.changed = changed;
  }

  /**
   * Whether he was online on another node when that was last known. From now on he is attended.
   *
   * @param keepMs what was not heard of for so long is asked for again
   * @param ask is called if it is to be asked for
   */
  boolean isOnline(UserId user, long nowMs, int keepMs, Consumer<UserId> ask) {
    One one = of(user, nowMs);
    one.askedMs = nowMs;
    if (!one.known || nowMs - one.heardMs > keepMs) {
      ask.accept(user);
    }
    return one.online;
  }

  boolean isKnown(UserId user) {
    One one = users.get(user);
    return one != null && one.known;
  }

  /** Beyond the limit he is not kept: whoever asks is answered "not online". */
  private One of(UserId user, long nowMs) {
    One known = users.get(user);
    if (known != null) {
      return known;
    }
    One made = new One();
    made.askedMs = nowMs;
    if (size.get() >= most) {
      return made;
    }
    One before = users.putIfAbsent(user, made);
    if (before == null) {
      size.incrementAndGet();
    }
    return before == null ? made : before;
  }

  /** He is there now; only of interest if he is attended. */
  void isOn(UserId user, long version, Set<NodeId> nodes, long nowMs) {
    One one = users.get(user);
    if (one != null && version >= one.version) {
      one.version = version;
      one.nodes = nodes;
      one.heardMs = nowMs;
      one.known = true;
      judge(user, one);
    }
  }

  private void judge(UserId user, One one) {
    boolean online =
        one.nodes.stream().anyMatch(node -> !node.equals(self) && members.contains(node));
    if (one.online != online && (online || believed)) {
      one.online = online;
      changed.accept(user);
    }
  }

  void membersAre(Set<NodeId> now) {
    members = now;
    judgeAll();
  }

  /** Whether who is not found is believed to be gone. */
  void believes(boolean now) {
    believed = now;
    if (now) {
      judgeAll();
    }
  }

  private void judgeAll() {
    users.forEach(
        (user, one) -> {
          if (one.known) {
            judge(user, one);
          }
        });
  }

  /** All of them are to be asked for, a number at a time: see {@link #next}. */
  void readAgain() {
    toRead.clear();
    toRead.addAll(users.keySet());
  }

  /** The next ones to ask for. */
  List<UserId> next(int howMany) {
    List<UserId> next = new ArrayList<>();
    while (next.size() < howMany && !toRead.isEmpty()) {
      next.add(toRead.remove());
    }
    return next;
  }

  void forgetUnasked(long nowMs) {
    users.forEach(
        (user, one) -> {
          if (nowMs - one.askedMs > INTEREST_MS && users.remove(user, one)) {
            size.decrementAndGet();
          }
        });
  }
}
