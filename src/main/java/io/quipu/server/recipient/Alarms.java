package io.quipu.server.recipient;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/**
 * Who must be woken when, of one event loop. Lazy: an alarm is not withdrawn when its reason goes
 * away, so a session costs at most one insertion per ack time-out, and nothing while it is idle.
 */
final class Alarms<T> {
  private final PriorityQueue<Alarm<T>> queue =
      new PriorityQueue<>(Comparator.comparingLong(Alarm::atMs));

  private record Alarm<T>(T who, long atMs) {}

  void set(T who, long atMs) {
    queue.add(new Alarm<>(who, atMs));
  }

  /** Hands out who is due; those may set new alarms, later ones. */
  void due(long nowMs, Consumer<T> action) {
    for (Alarm<T> first = queue.peek();
        first != null && first.atMs <= nowMs;
        first = queue.peek()) {
      queue.remove();
      action.accept(first.who);
    }
  }

  int size() {
    return queue.size();
  }
}
