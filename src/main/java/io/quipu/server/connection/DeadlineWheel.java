package io.quipu.server.connection;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A hashed wheel of deadlines: setting, moving and dropping one costs the same however many there
 * are, and an idle one costs nothing until it is due. Deadlines beyond one turn are simply found
 * not due when their slot comes by. Pure.
 *
 * @param <T> what is due; each stands in at most one slot
 */
final class DeadlineWheel<T> {
  private final long slotMs;
  private final List<Set<Entry<T>>> slots;
  private long nextSlot;

  /** A deadline; moves when it is set again. */
  static final class Entry<T> {
    private final T value;
    private long dueMs;
    private int slot = -1;

    Entry(T value) {
      this.value = value;
    }
  }

  /**
   * @param slotMs how exact a deadline is
   */
  DeadlineWheel(int slots, long slotMs, long nowMs) {
    this.slotMs = slotMs;
    this.slots = new ArrayList<>(slots);
    for (int i = 0; i < slots; i++) {
      this.slots.add(new LinkedHashSet<>());
    }
    this.nextSlot = nowMs / slotMs;
  }

  void set(Entry<T> entry, long dueMs) {
    drop(entry);
    entry.dueMs = dueMs;
    long slot = Math.max(dueMs / slotMs + 1, nextSlot);
    entry.slot = (int) (slot % slots.size());
    slots.get(entry.slot).add(entry);
  }

  void drop(Entry<T> entry) {
    if (entry.slot >= 0) {
      slots.get(entry.slot).remove(entry);
      entry.slot = -1;
    }
  }

  /** Takes out everything that is due. */
  List<T> due(long nowMs) {
    List<T> due = new ArrayList<>();
    long last = nowMs / slotMs;
    // After a long pause one turn sees every slot.
    long from = Math.max(nextSlot, last - slots.size() + 1);
    for (long slot = from; slot <= last; slot++) {
      Set<Entry<T>> entries = slots.get((int) (slot % slots.size()));
      List<Entry<T>> taken = new ArrayList<>();
      for (Entry<T> entry : entries) {
        if (entry.dueMs <= nowMs) {
          taken.add(entry);
        }
      }
      for (Entry<T> entry : taken) {
        drop(entry);
        due.add(entry.value);
      }
    }
    nextSlot = Math.max(nextSlot, last + 1);
    return due;
  }
}
