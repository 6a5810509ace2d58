package io.quipu.server.sequencer;

import io.quipu.server.journal.EntryId;
import java.util.LinkedHashSet;

/**
 * The ids that this owner committed last. Only a hint: a hit saves an insert that would collide; a
 * miss says nothing. The truth is the unique index.
 */
final class DedupeWindow {
  private final int capacity;
  private final LinkedHashSet<EntryId> recent = new LinkedHashSet<>();

  DedupeWindow(int capacity) {
    this.capacity = capacity;
  }

  boolean probablyStored(EntryId id) {
    return recent.contains(id);
  }

  void committed(EntryId id) {
    recent.add(id);
    if (recent.size() > capacity) {
      var eldest = recent.iterator();
      eldest.next();
      eldest.remove();
    }
  }
}
