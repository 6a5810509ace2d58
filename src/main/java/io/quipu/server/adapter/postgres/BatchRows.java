package io.quipu.server.adapter.postgres;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange.Joined;
import io.quipu.server.journal.NewEntry.MemberChange.Left;
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

  /**
   * The same, and then who joins (conversation, seq, name, role), who leaves (conversation, seq,
   * name) and which titles are set (conversation, title).
   */
  Tuple entriesAndChanges() {
    List<Long> joinConversations = new ArrayList<>();
    List<Long> joinSeqs = new ArrayList<>();
    List<String> joinNames = new ArrayList<>();
    List<Short> joinRoles = new ArrayList<>();
    List<Long> leaveConversations = new ArrayList<>();
    List<Long> leaveSeqs = new ArrayList<>();
    List<String> leaveNames = new ArrayList<>();
    List<Long> titleConversations = new ArrayList<>();
    List<String> titles = new ArrayList<>();
    for (Batch batch : batches) {
      for (NewEntry entry : batch.entries()) {
        for (NewEntry.MemberChange change : entry.members()) {
          if (change instanceof Joined joined) {
            joinConversations.add(batch.conversationKey());
            joinSeqs.add(entry.seq());
            joinNames.add(joined.user().value());
            joinRoles.add(Roles.stored(joined.role()));
          } else if (change instanceof Left left) {
            leaveConversations.add(batch.conversationKey());
            leaveSeqs.add(entry.seq());
            leaveNames.add(left.user().value());
          }
        }
        if (entry.content() instanceof Content.Changed changed) {
          if (changed.change() instanceof Change.Create create) {
            titleConversations.add(batch.conversationKey());
            titles.add(create.title());
          } else if (changed.change() instanceof Change.Rename rename) {
            titleConversations.add(batch.conversationKey());
            titles.add(rename.title());
          }
        }
      }
    }
    Tuple values = Tuple.tuple();
    for (int i = 0; i < entries.size(); i++) {
      values.addValue(entries.getValue(i));
    }
    return values
        .addArrayOfLong(joinConversations.toArray(Long[]::new))
        .addArrayOfLong(joinSeqs.toArray(Long[]::new))
        .addArrayOfString(joinNames.toArray(String[]::new))
        .addArrayOfShort(joinRoles.toArray(Short[]::new))
        .addArrayOfLong(leaveConversations.toArray(Long[]::new))
        .addArrayOfLong(leaveSeqs.toArray(Long[]::new))
        .addArrayOfString(leaveNames.toArray(String[]::new))
        .addArrayOfLong(titleConversations.toArray(Long[]::new))
        .addArrayOfString(titles.toArray(String[]::new));
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
