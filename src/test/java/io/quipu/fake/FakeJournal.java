package io.quipu.fake;

import io.quipu.fake.FakeStore.Conversation;
import io.quipu.fake.FakeStore.Operation;
import io.quipu.fake.FakeStore.Row;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/** The owners' half of {@link FakeStore}. */
final class FakeJournal implements Journal {
  private final FakeStore store;

  FakeJournal(FakeStore store) {
    this.store = store;
  }

  @Override
  public JournalWriter openWriter() {
    return store.writer();
  }

  @Override
  public Future<Optional<ConversationState>> load(
      ConversationId conversation, Collection<EntryId> ids) {
    List<EntryId> asked = List.copyOf(ids);
    return store.call(
        Operation.LOAD,
        () -> {
          if (conversation.isDirect()) {
            store.makeDirect(conversation);
          }
          return store.find(conversation).map(found -> state(found, asked));
        });
  }

  private static ConversationState state(Conversation conversation, List<EntryId> asked) {
    List<StoredId> found =
        asked.stream()
            .map(conversation.ids::get)
            .filter(Objects::nonNull)
            .map(row -> new StoredId(row.id, row.seq, row.storedAtMs, row.digest))
            .toList();
    List<Membership> members =
        conversation.members.stream()
            .sorted(
                Comparator.comparingLong(Membership::fromSeq)
                    .thenComparingLong(Membership::userKey))
            .toList();
    return new ConversationState(conversation.key, conversation.tail(), members, found);
  }

  @Override
  public Future<Void> createGroup(ConversationId group) {
    return store.call(
        Operation.CREATE_GROUP,
        () -> {
          store.make(group);
          return null;
        });
  }

  @Override
  public Future<SendFate> voidSend(
      ConversationId conversation, UserId sender, UUID clientMessageId) {
    return store.call(
        Operation.VOID,
        () -> {
          Optional<Row> row = entitledRow(conversation, sender, clientMessageId);
          if (row.isPresent()) {
            return fate(row.get());
          }
          Conversation found =
              conversation.isDirect() ? store.makeDirect(conversation) : store.make(conversation);
          store.voidRow(found, new EntryId(store.keyOf(sender), clientMessageId));
          return new SendFate(SendState.VOID, 0, 0);
        });
  }

  @Override
  public Future<SendFate> fateOf(ConversationId conversation, UserId sender, UUID clientMessageId) {
    return store.call(
        Operation.FATE,
        () ->
            entitledRow(conversation, sender, clientMessageId)
                .map(FakeJournal::fate)
                .orElse(new SendFate(SendState.NOT_SEEN, 0, 0)));
  }

  /** Fails for who was never a member and could not be the first one. */
  private Optional<Row> entitledRow(
      ConversationId conversation, UserId sender, UUID clientMessageId) {
    Optional<Conversation> found = store.find(conversation);
    Optional<Long> key = store.knownKey(sender);
    boolean hasMembers = found.isPresent() && !found.get().members.isEmpty();
    boolean entitled =
        hasMembers
            ? key.isPresent() && found.get().wasMember(key.get())
            : conversation.isDirect()
                ? conversation.directUsers().contains(sender)
                : conversation.equals(ConversationId.group(sender, clientMessageId));
    if (!entitled) {
      throw new QuipuException(ErrorCode.CONVERSATION_UNKNOWN, "no conversation " + conversation);
    }
    return found.flatMap(
        there -> key.map(userKey -> there.ids.get(new EntryId(userKey, clientMessageId))));
  }

  private static SendFate fate(Row row) {
    return row.seq < 0
        ? new SendFate(SendState.VOID, 0, 0)
        : new SendFate(SendState.STORED, row.seq, row.storedAtMs);
  }
}
