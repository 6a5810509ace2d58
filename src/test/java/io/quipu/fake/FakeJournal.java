package io.quipu.fake;

import io.quipu.fake.FakeStore.Conversation;
import io.quipu.fake.FakeStore.Operation;
import io.quipu.fake.FakeStore.Row;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.Role;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Aim;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.ConversationState.Target;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.vertx.core.Future;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/** The owners' half of {@link FakeStore}. */
final class FakeJournal implements Journal {
  private static final long HOUR_MS = 3_600_000;

  private final FakeStore store;
  private final Quotas quotas;

  FakeJournal(FakeStore store, Quotas quotas) {
    this.store = store;
    this.quotas = quotas;
  }

  @Override
  public JournalWriter openWriter() {
    return store.writer();
  }

  @Override
  public Future<Optional<ConversationState>> load(ConversationId conversation, Question question) {
    return store.call(
        Operation.LOAD,
        () -> {
          if (conversation.isDirect()) {
            question.beginner().ifPresent(beginner -> begin(conversation, beginner));
          }
          return store.find(conversation).map(found -> state(found, question));
        });
  }

  /** Makes the direct conversation if it is not there and the quota allows it. */
  private Optional<Conversation> begin(ConversationId conversation, UserId beginner) {
    Optional<Conversation> known = store.find(conversation);
    if (known.isPresent()) {
      return known;
    }
    long since = store.nowMs() - HOUR_MS;
    long begun = 0;
    for (Conversation one : store.all()) {
      boolean his = one.id.isDirect() && one.creator.equals(Optional.of(beginner));
      begun += his && one.createdAtMs > since ? 1 : 0;
    }
    return begun < quotas.newDirectsPerHour()
        ? Optional.of(store.makeDirect(conversation, beginner))
        : Optional.empty();
  }

  private ConversationState state(Conversation conversation, Question question) {
    List<StoredId> found =
        question.ids().stream()
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
    Map<Aim, Target> targets = new HashMap<>();
    for (Aim aim : question.aims()) {
      Optional.ofNullable(conversation.log.get(aim.seq()))
          .ifPresent(row -> targets.put(aim, target(conversation, row, aim)));
    }
    return new ConversationState(
        conversation.key,
        conversation.tail(),
        conversation.settings,
        members,
        conversation.blockers,
        found,
        targets);
  }

  private Target target(Conversation conversation, Row row, Aim aim) {
    long others =
        conversation.reactions.stream()
            .filter(one -> one.target() == aim.seq() && one.userKey() == aim.actorKey())
            .filter(one -> !one.key().equals(aim.reaction()))
            .count();
    return new Target(
        conversation.maySee(aim.actorKey(), aim.seq()),
        row.message,
        row.id.senderKey() == aim.actorKey(),
        row.recalledBy != 0,
        row.content instanceof Content.Erased,
        store.nowMs() - row.storedAtMs,
        (int) others);
  }

  @Override
  public Future<Boolean> createGroup(ConversationId group, UserId creator) {
    return store.call(
        Operation.CREATE_GROUP,
        () -> {
          long owned = 0;
          for (Conversation one : store.all()) {
            owned +=
                one.members.stream()
                    .filter(member -> member.isOpen() && member.user().equals(creator))
                    .filter(member -> member.role() == Role.OWNER)
                    .count();
          }
          boolean admitted = owned < quotas.ownedGroups();
          if (admitted) {
            store.make(group);
          }
          return admitted;
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
              conversation.isDirect()
                  ? begin(conversation, sender)
                      .orElseThrow(
                          () -> new QuipuException(ErrorCode.RATE_LIMITED, "too many new ones"))
                  : store.make(conversation);
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
            ? sender.equals(UserId.SYSTEM) || key.isPresent() && found.get().wasMember(key.get())
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
