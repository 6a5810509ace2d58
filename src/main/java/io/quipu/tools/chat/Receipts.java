package io.quipu.tools.chat;

import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How far the messages of one conversation have come on their way to each user. */
final class Receipts {
  /** Of one conversation; beyond it further users are not remembered. */
  private static final int MAX_USERS = 1_000;

  private final Map<UserId, Map<ReceiptState, Long>> reached = new TreeMap<>();

  /** Returns true if this is news. A lower one is none: another device lags. */
  boolean take(UserId user, ReceiptState state, long seq) {
    if (seq(user, state) >= seq || (!reached.containsKey(user) && reached.size() >= MAX_USERS)) {
      return false;
    }
    reached.computeIfAbsent(user, key -> new EnumMap<>(ReceiptState.class)).put(state, seq);
    return true;
  }

  List<UserId> users() {
    return List.copyOf(reached.keySet());
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

  /** The highest seq that has come so far to anybody; 0 = none that is known. */
  long anybody(ReceiptState state) {
    return reached.keySet().stream().mapToLong(user -> seq(user, state)).max().orElse(0);
  }
}
