package io.quipu.server.journal;

import java.util.List;

/**
 * Entries of one conversation at consecutive seqs, written all or none. At most one is in flight
 * per conversation and owner. An entry with member changes travels alone.
 *
 * @param entries at least one; the first one's seq is the tail that the owner believes in, plus one
 */
public record Batch(long conversationKey, List<NewEntry> entries) {
  public Batch {
    entries = List.copyOf(entries);
    if (entries.isEmpty()) {
      throw new IllegalArgumentException("a batch without entries");
    }
  }

  public long firstSeq() {
    return entries.get(0).seq();
  }

  public long lastSeq() {
    return entries.get(entries.size() - 1).seq();
  }
}
