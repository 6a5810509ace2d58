package io.quipu.server.adapter.postgres;

import io.quipu.server.journal.Batch;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.StoredContent;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Batches as the arrays that a statement takes. The rows stand in the order of their conversations:
 * two statements that want the same keys then wait for each other and never in a ring.
 */
final class BatchRows {
  private final List<Batch> batches;
  private final Tuple entries;
  private final boolean changes;

  BatchRows(List<Batch> unordered) {
    batches = new ArrayList<>(unordered);
    batches.sort(Comparator.comparingLong(Batch::conversationKey));
    int size = batches.stream().mapToInt(batch -> batch.entries().size()).sum();
    Long[] conversations = new Long[size];
    Long[] seqs = new Long[size];
    Long[] senders = new Long[size];
    UUID[] ids = new UUID[size];
    Short[] kinds = new Short[size];
    Buffer[] bodies = new Buffer[size];
    boolean anyChange = false;
    int row = 0;
    for (Batch batch : batches) {
      for (NewEntry entry : batch.entries()) {
        StoredContent content = StoredContent.of(entry.content());
        conversations[row] = batch.conversationKey();
        seqs[row] = entry.seq();
        senders[row] = entry.id().senderKey();
        ids[row] = entry.id().clientMessageId();
        kinds[row] = (short) content.kind();
        bodies[row] = Buffer.buffer(content.bytes().toByteArray());
        anyChange |= content.kind() == StoredContent.CHANGE;
        row++;
      }
    }
    entries = Tuple.of(conversations, seqs, senders, ids, kinds, bodies);
    changes = anyChange;
  }

  /** Some entry changes the side tables. */
  boolean haveChanges() {
    return changes;
  }

  List<Batch> batches() {
    return batches;
  }

  /** Conversation, seq, sender, id, kind and body of each entry. */
  Tuple entries() {
    return entries;
  }

  /** The same, and then what {@link SideTables#PARTS} takes. */
  Tuple entriesAndChanges() {
    Tuple values = Tuple.tuple();
    for (int i = 0; i < entries.size(); i++) {
      values.addValue(entries.getValue(i));
    }
    return new SideTables(batches).addTo(values);
  }

  /**
   * Two entries have the same id, or two batches the same conversation: this can never be written.
   */
  boolean contradictThemselves() {
    Set<Long> conversations = new HashSet<>();
    for (Batch batch : batches) {
      Set<Object> ids = new HashSet<>();
      if (!conversations.add(batch.conversationKey())
          || !batch.entries().stream().map(NewEntry::id).allMatch(ids::add)) {
        return true;
      }
    }
    return false;
  }
}
