package io.quipu.sim;

import io.quipu.fake.FakeStore;
import io.quipu.model.ConversationId;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.Journal.SendFate;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.journal.MessageLog.RangeRequest;
import io.quipu.server.journal.MessageLog.RecentCommits;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.Written;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The store's part of the holes: what it does, or says, when a rule about it is left out. */
final class PlantedStore {
  private static final int LOOK_WINDOW_MS = 1_500;

  private final Hole hole;
  private final Scheduler scheduler;
  private final Faults faults;
  private final Ledger ledger;
  private final FakeStore fake;

  /** Sends that a session is made to forget. */
  private final Set<UUID> forgotten = new HashSet<>();

  /** Devices whose sync is not done. */
  private final Set<String> syncing = new HashSet<>();

  /** What each owner's writer waits for now. */
  private final Map<String, Promise<Written>> waiting = new HashMap<>();

  PlantedStore(Hole hole, Scheduler scheduler, Faults faults, Ledger ledger, FakeStore fake) {
    this.hole = hole;
    this.scheduler = scheduler;
    this.faults = faults;
    this.ledger = ledger;
    this.fake = fake;
  }

  // ---- writing

  Written commit(JournalWriter writer, List<Batch> batches, Consumer<Batch> entered) {
    if (hole == Hole.ON_CONFLICT_DO_NOTHING) {
      for (Batch batch : batches) {
        for (NewEntry entry : batch.entries()) {
          Batch alone = new Batch(batch.conversationKey(), List.of(entry));
          if (writer.write(List.of(alone)).result().leftOut().isEmpty()) {
            entered.accept(alone);
          }
        }
      }
      return new Written(scheduler.nowMs(), Set.of());
    }
    Written written = writer.write(batches).result();
    for (Batch batch : batches) {
      if (!written.leftOut().contains(batch.conversationKey())) {
        entered.accept(batch);
      }
    }
    return written;
  }

  /** What the owner hears of its statement. */
  Future<Written> wrote(Actor asker, Future<Written> truth, List<Batch> batches) {
    if (hole == Hole.TWO_BATCHES_IN_FLIGHT && !faults.areOver()) {
      return Future.succeededFuture(new Written(scheduler.nowMs(), Set.of()));
    }
    if (hole != Hole.LATE_REPLY_FOR_ANOTHER_BATCH) {
      return truth;
    }
    Promise<Written> heard = Promise.promise();
    waiting.put(asker.name, heard);
    truth.onComplete(
        done -> {
          waiting.remove(asker.name, heard);
          if (done.succeeded()) {
            heard.tryComplete(done.result());
          } else {
            heard.tryFail(done.cause());
          }
        });
    return heard.future();
  }

  /** Something that nobody waits for any more is done. */
  void lateReply(Future<?> done) {
    if (hole == Hole.LATE_REPLY_FOR_ANOTHER_BATCH
        && done.succeeded()
        && done.result() instanceof Written written) {
      List<Promise<Written>> open = List.copyOf(waiting.values());
      waiting.clear();
      open.forEach(one -> one.tryComplete(written));
    }
  }

  // ---- what an owner reads

  boolean readsTwice() {
    return hole == Hole.MEMBERS_AND_TAIL_FROM_TWO_READS;
  }

  Optional<ConversationState> mixed(
      Optional<ConversationState> first, Optional<ConversationState> second) {
    if (first.isEmpty() || second.isEmpty()) {
      return second;
    }
    return Optional.of(with(second.get(), first.get().members(), second.get().found()));
  }

  ConversationState loaded(ConversationId conversation, ConversationState state) {
    if (hole == Hole.DEDUPE_FROM_RECENT_IDS_ONLY) {
      return found(
          state,
          state.found().stream()
              .filter(row -> row.isVoid() || row.seq() > state.tail() - 1)
              .toList());
    }
    if (hole == Hole.MEMBERSHIP_BEFORE_DEDUPE) {
      Set<Long> present = new HashSet<>();
      state.members().stream().filter(one -> one.isOpen()).forEach(m -> present.add(m.userKey()));
      return found(
          state,
          state.found().stream().filter(row -> present.contains(row.id().senderKey())).toList());
    }
    return hole == Hole.MEMBERSHIP_AT_ARRIVAL
        ? with(state, state.members().stream().map(PlantedStore::forEver).toList(), state.found())
        : state;
  }

  private static Membership forEver(Membership one) {
    return new Membership(one.userKey(), one.user(), one.role(), one.fromSeq(), Membership.OPEN);
  }

  private static ConversationState found(ConversationState state, List<StoredId> found) {
    return with(state, state.members(), found);
  }

  private static ConversationState with(
      ConversationState state, List<Membership> members, List<StoredId> found) {
    return new ConversationState(
        state.conversationKey(),
        state.tail(),
        state.settings(),
        members,
        state.blockers(),
        found,
        state.targets());
  }

  Optional<Future<SendFate>> fateWithoutFence(ConversationId conversation, UserId sender, UUID id) {
    boolean none =
        hole == Hole.ABSENT_WITHOUT_A_FENCE
            || hole == Hole.REFUSED_WITHOUT_A_VOID_ROW
            || hole == Hole.MEMBERSHIP_BEFORE_DEDUPE;
    if (!none) {
      return Optional.empty();
    }
    if (hole == Hole.MEMBERSHIP_BEFORE_DEDUPE) {
      return Optional.of(Future.succeededFuture(new SendFate(SendState.VOID, 0, 0)));
    }
    return Optional.of(
        fake.journal()
            .fateOf(conversation, sender, id)
            .map(
                fate ->
                    fate.state() == SendState.NOT_SEEN
                        ? new SendFate(SendState.VOID, 0, 0)
                        : fate));
  }

  /** A void row, at once. */
  SendFate voidNow(ConversationId conversation, UserId sender, UUID id) {
    return fake.journal().voidSend(conversation, sender, id).result();
  }

  /** From now on a question for the fate of this send is answered so that its session lets go. */
  void forget(UUID id) {
    forgotten.add(id);
  }

  Optional<Future<SendFate>> forgotten(UUID id) {
    return forgotten.remove(id)
        ? Optional.of(Future.succeededFuture(new SendFate(SendState.STORED, 1, 1)))
        : Optional.empty();
  }

  // ---- what the read half reads

  Supplier<Future<List<MessageRange>>> reading(
      MessageLog log, UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes) {
    if (hole != Hole.ROWS_READ_AFTER_MEMBERSHIP) {
      return () -> log.read(reader, ranges, maxMessages, maxBytes);
    }
    Map<ConversationId, Boolean> member = new HashMap<>();
    ranges.forEach(
        one -> member.put(one.conversation(), ledger.isMember(reader, one.conversation())));
    return () -> {
      List<MessageRange> answers = new ArrayList<>();
      for (MessageRange bounded : log.read(reader, ranges, maxMessages, maxBytes).result()) {
        answers.add(member.get(bounded.conversation()) ? unbounded(ranges, bounded) : bounded);
      }
      return Future.succeededFuture(answers);
    };
  }

  /** All rows of the range, whoever reads. */
  private MessageRange unbounded(List<RangeRequest> ranges, MessageRange bounded) {
    ConversationId conversation = bounded.conversation();
    long to =
        ranges.stream()
            .filter(one -> one.conversation().equals(conversation))
            .mapToLong(RangeRequest::toSeq)
            .max()
            .orElseThrow();
    List<Message> messages = new ArrayList<>();
    for (long seq = bounded.fromSeq(); seq <= Math.min(to, ledger.tail(conversation)); seq++) {
      Ledger.Row row = ledger.row(conversation, seq);
      messages.add(new Message(seq, row.sender(), row.id(), row.committedMs(), row.content()));
    }
    return new MessageRange(
        conversation,
        bounded.fromSeq(),
        bounded.fromSeq() + messages.size() - 1,
        messages,
        List.<Gap>of());
  }

  List<MessageRange> withoutOwn(UserId reader, List<MessageRange> found) {
    return hole == Hole.REPAIRS_LEAVE_OUT_OWN_MESSAGES
        ? found.stream().map(range -> withoutOwn(reader, range)).toList()
        : found;
  }

  static MessageRange withoutOwn(UserId reader, MessageRange range) {
    return new MessageRange(
        range.conversation(),
        range.fromSeq(),
        range.toSeq(),
        range.messages().stream().filter(one -> !one.sender().equals(reader)).toList(),
        range.gaps());
  }

  boolean lowers() {
    return hole == Hole.LATE_FLUSH_LOWERS_THE_CURSOR;
  }

  // ---- the look

  void syncBegins(String device) {
    syncing.add(device);
  }

  void syncEnds(String device) {
    syncing.remove(device);
  }

  List<Long> lookedAt(Collection<Long> deviceKeys, Map<Long, String> devices) {
    return deviceKeys.stream()
        .filter(
            key -> hole != Hole.LOOK_SKIPS_SYNCING_SESSIONS || !syncing.contains(devices.get(key)))
        .toList();
  }

  Optional<Future<RecentCommits>> look(
      MessageLog log, long mark, List<Long> deviceKeys, SimulatedStore store) {
    if (hole == Hole.NO_LOOK) {
      return Optional.of(
          log.recentCommits(mark, deviceKeys)
              .map(found -> new RecentCommits(found.nextMark(), List.of())));
    }
    if (hole == Hole.LOOK_BY_TIME) {
      return Optional.of(
          Future.succeededFuture(lookedBy(Ledger.Row::begunMs, mark, deviceKeys, store)));
    }
    if (hole == Hole.LOOK_OVER_A_WINDOW) {
      long sinceMs = scheduler.nowMs() - LOOK_WINDOW_MS;
      return Optional.of(
          Future.succeededFuture(lookedBy(Ledger.Row::committedMs, sinceMs, deviceKeys, store)));
    }
    return Optional.empty();
  }

  private interface Stamp {
    long of(Ledger.Row row);
  }

  /** A look by stamps above {@code sinceMs}; the next mark is the highest stamp. */
  private RecentCommits lookedBy(
      Stamp stamp, long sinceMs, List<Long> deviceKeys, SimulatedStore store) {
    long highest = Math.max(1, sinceMs);
    List<DeviceBehind> behind = new ArrayList<>();
    for (ConversationId conversation : ledger.conversations()) {
      boolean recent = false;
      for (Ledger.Row row : ledger.rows(conversation)) {
        recent |= stamp.of(row) > sinceMs;
        highest = Math.max(highest, stamp.of(row));
      }
      for (long key : recent ? deviceKeys : List.<Long>of()) {
        UserId user = store.userOf(key);
        long cursor = store.cursor(store.deviceOf(key), conversation);
        long tail = ledger.visibleTail(user, conversation);
        if (cursor < tail) {
          behind.add(new DeviceBehind(key, conversation, cursor, tail));
        }
      }
    }
    return new RecentCommits(highest, behind);
  }
}
