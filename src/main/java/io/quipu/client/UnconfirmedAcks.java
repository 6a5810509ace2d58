package io.quipu.client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Acks that have left and are not confirmed. An ack or its AckConfirm may be lost on a living
 * connection: the ack is said again after a while, then after twice that, and so on, so many times;
 * after that the next ack of the conversation, or the next connection's sync, says it. Pure.
 *
 * <pre>
 * event                          effect
 * an ack leaves                  waits, from now on if it did not before
 * confirmed, not all of it       waits from now on, with all its tries
 * confirmed                      waits no more
 * nothing for so long            the ack again; after the last time it waits no more
 * another connection             what its sync says waits
 * </pre>
 */
final class UnconfirmedAcks {
  private static final long NEVER = Long.MAX_VALUE;

  private final long waitMs;
  private final int repeats;
  private final Map<Place, Wait> waits = new LinkedHashMap<>();

  /** No wait ends before. */
  private long dueMs = NEVER;

  private record Wait(long atMs, int repeated) {}

  /**
   * @param waitMs before the first repetition
   * @param repeats of one ack, at most
   */
  UnconfirmedAcks(long waitMs, int repeats) {
    this.waitMs = waitMs;
    this.repeats = repeats;
  }

  void sent(Place place, long nowMs) {
    if (repeats > 0 && place.confirmed < place.cursor) {
      waits.computeIfAbsent(place, p -> wait(0, nowMs));
    }
  }

  private Wait wait(int repeated, long nowMs) {
    long atMs = nowMs + (waitMs << repeated);
    dueMs = Math.min(dueMs, atMs);
    return new Wait(atMs, repeated);
  }

  void confirmed(Place place, long nowMs) {
    if (place.confirmed >= place.cursor) {
      waits.remove(place);
    } else {
      waits.computeIfPresent(place, (p, before) -> wait(0, nowMs));
    }
  }

  /** Those whose ack is to be said again now. */
  List<Place> due(long nowMs) {
    if (nowMs < dueMs) {
      return List.of();
    }
    List<Place> due = new ArrayList<>();
    dueMs = NEVER;
    for (Map.Entry<Place, Wait> entry : List.copyOf(waits.entrySet())) {
      Wait wait = entry.getValue();
      if (wait.atMs > nowMs) {
        dueMs = Math.min(dueMs, wait.atMs);
      } else {
        due.add(entry.getKey());
        if (wait.repeated + 1 < repeats) {
          waits.put(entry.getKey(), wait(wait.repeated + 1, nowMs));
        } else {
          waits.remove(entry.getKey());
        }
      }
    }
    return due;
  }

  void clear() {
    waits.clear();
    dueMs = NEVER;
  }

  long nextDeadlineMs() {
    return waits.isEmpty() ? NEVER : dueMs;
  }
}
