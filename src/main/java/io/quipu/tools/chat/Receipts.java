package io.quipu.tools.chat;

import io.quipu.model.MemberReceipt;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How far the messages of one conversation have come on their way to each user. In a group that
 * tells receipts by itself it is known who the others are, and what has come to all of them.
 */
final class Receipts {
  /** Of one conversation; beyond it further users are not remembered. */
  private static final int MAX_USERS = 1_000;

  private final Map<UserId, Map<ReceiptState, Long>> reached = new TreeMap<>();

  /** The other members now; empty = not known, or more than tell by themselves. */
  private Set<UserId> others = Set.of();

  /** Returns true if this is news. A lower one is none: another device lags. */
  boolean take(UserId user, ReceiptState state, long seq) {
    if (seq(user, state) >= seq || (!reached.containsKey(user) && reached.size() >= MAX_USERS)) {
      return false;
    }
    reached.computeIfAbsent(user, key -> new EnumMap<>(ReceiptState.class)).put(state, seq);
    return true;
  }

  /** What was read of the members now. */
  void take(ChatEvent.ReceiptsRead read, UserId self, int mostMembers) {
    for (MemberReceipt entry : read.entries()) {
      if (!entry.user().equals(self)) {
        take(entry.user(), ReceiptState.READ, entry.readSeq());
        take(entry.user(), ReceiptState.DELIVERED, entry.deliveredFirstSeq());
      }
    }
    boolean all = !read.more() && read.entries().size() <= Math.max(2, mostMembers);
    others =
        all
            ? read.entries().stream()
                .map(MemberReceipt::user)
                .filter(user -> !user.equals(self))
                .collect(Collectors.toUnmodifiableSet())
            : Set.of();
  }

  /** How many it is to come to; 1 if that is not known. */
  int others() {
    return Math.max(1, others.size());
  }

  /** To how many of them this has come so far. */
  int reached(ReceiptState state, long seq) {
    if (others.isEmpty()) {
      return anybody(state) >= seq ? 1 : 0;
    }
    return (int) others.stream().filter(user -> seq(user, state) >= seq).count();
  }

  /** The highest seq that has come so far to all of them; 0 = none that is known. */
  long everybody(ReceiptState state) {
    return others.isEmpty()
        ? anybody(state)
        : others.stream().mapToLong(user -> seq(user, state)).min().orElse(0);
  }

  /** The highest seq that has come at least so far; 0 = none that is known. */
  long seq(UserId user, ReceiptState state) {
    long highest = 0;
    for (Map.Entry<ReceiptState, Long> entry : reached.getOrDefault(user, Map.of()).entrySet()) {
      if (entry.getKey().compareTo(state) >= 0) {
        highest = Math.max(highest, entry.getValue());
      }
    }
    return highest;
  }

  private long anybody(ReceiptState state) {
    return reached.keySet().stream().mapToLong(user -> seq(user, state)).max().orElse(0);
  }
}
