package io.quipu.server.sequencer;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Announcement;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Aim;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.GroupCommit.Result;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.Journal.SendFate;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.RetentionRules;
import io.quipu.server.sequencer.Roster.Judgement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One conversation at its owner: judges appends, gives them their seqs, and has one batch in
 * flight. Pure. The rules are those that shared/model checked (append.pml, members.pml); the key of
 * the journal, not this class, makes two owners of one conversation safe.
 *
 * <pre>
 * phase      event                   next
 * COLD       an append was taken     LOADING
 * LOADING    Loaded                  READY, or CREATING for the first entry of a group
 *            LoadFailed              PAUSING, or COLD and all given up
 * CREATING   GroupCreated            LOADING, or VOIDING: its creator has as many as he may
 * READY      something to write      WRITING
 *            something to look up    LOADING   (a retry; a "no" needs state read after it arrived;
 *                                              what names a message is judged on that message as it
 *                                              is with the tail)
 *            a definite "no"         VOIDING   (a void row makes it true for every late copy)
 *            a "no" to a stranger    READY     (no row: UNKNOWN, and what he sent after it goes too;
 *                                              the same for who may begin nothing more now)
 * WRITING    Committed               READY, or COLD if the conversation has another name now
 *            LeftOut                 LOADING   with the ids of the batch, then the same ones again;
 *                                              if that does not end, as Unknown
 *            Refused                 READY     with half the batch; a single entry: VOIDING
 *            Unknown, NotSent        PAUSING, or COLD and all given up
 * VOIDING    Voided                  READY
 *            it was stored meanwhile LOADING   (by another owner: the tail is old, too)
 *            VoidFailed              COLD, all given up
 * PAUSING    PauseOver               LOADING
 * </pre>
 *
 * Giving up an append gives up everything queued behind it, and the links: else a later message
 * could be stored before the sender sends this one again.
 */
public final class Sequencer {
  private enum Phase {
    COLD,
    LOADING,
    CREATING,
    READY,
    WRITING,
    VOIDING,
    PAUSING
  }

  /** Batches after a refusal that travel in statements of their own. */
  private static final int BATCHES_ALONE = 16;

  /** Definite: nobody ever becomes a member of a direct conversation. */
  private static final Verdict STRANGER_TO_A_DIRECT_ONE =
      new Verdict.Refused(
          ErrorCode.CONVERSATION_UNKNOWN, Outcome.NOT_APPLIED, "no such conversation");

  /** What a bug here comes to for those who wait. */
  static final Verdict BROKEN =
      new Verdict.Refused(ErrorCode.BUG, Outcome.UNKNOWN, "internal error");

  private final ConversationId conversation;
  private final Limits limits;
  private final OwnerLinks links;
  private final DedupeWindow recent;

  /** Taken and not answered, in order; the first {@code inFlight} of them are being written. */
  private final WaitingAppends queue = new WaitingAppends();

  private Phase phase = Phase.COLD;
  private long attempt;
  private int inFlight;
  private int failures;
  private int collisions;
  private int largestBatch;
  private int batchesAlone;
  private boolean exists;
  private long conversationKey;
  private long tail;

  /** Whom the last load would have let begin this direct conversation. */
  private Optional<UserId> beginner = Optional.empty();

  private boolean partnerErased;

  private Roster roster = Roster.EMPTY;

  /**
   * @param maxQueued appends taken and not answered
   * @param maxBatchEntries at most so many in one batch
   * @param rules of what members do
   * @param retryMs before the first retry after the store failed; doubles up to maxRetryMs
   * @param giveUpMs an append that waits longer for the store is given up
   */
  public record Limits(
      int maxQueued,
      int maxBatchEntries,
      int maxBatchBytes,
      int maxLinks,
      int recentIds,
      Rules rules,
      int retryMs,
      int maxRetryMs,
      int giveUpMs) {}

  /**
   * @param groupMembers of one group
   * @param editMs so long after its storing a sender may edit a message
   * @param recallMs so long after its storing a sender may recall a message
   * @param reactionsPerMessage of one user
   * @param retention what a conversation may say of it
   */
  public record Rules(
      int groupMembers,
      int editMs,
      int recallMs,
      int reactionsPerMessage,
      RetentionRules retention) {}

  public Sequencer(ConversationId conversation, Limits limits) {
    this.conversation = conversation;
    this.limits = limits;
    this.links = new OwnerLinks(limits.maxLinks());
    this.recent = new DedupeWindow(limits.recentIds());
    this.largestBatch = limits.maxBatchEntries();
  }

  /** True if nothing waits for an answer. */
  boolean isIdle() {
    return queue.isEmpty() && (phase == Phase.COLD || phase == Phase.READY);
  }

  /** The members as they were last read or written here; empty if they are not known. */
  Set<UserId> present() {
    return roster.present();
  }

  /** Bytes of the content that waits. */
  long queuedBytes() {
    return queue.bytes();
  }

  /** Ends it after a bug; returns all that waits, copies too, in order. */
  List<Append> abandon() {
    List<Append> waiting = new ArrayList<>();
    for (Pending pending : queue.clear()) {
      waiting.add(pending.append);
      waiting.addAll(pending.copies);
    }
    return waiting;
  }

  public List<SequencerEffect> step(SequencerEvent event, long nowMs) {
    List<SequencerEffect> effects = new ArrayList<>();
    if (event instanceof SequencerEvent.Arrived arrived) {
      arrived(arrived.append(), nowMs, effects);
    } else if (event instanceof SequencerEvent.Wrote wrote) {
      if (answers(Phase.WRITING, wrote.attempt())) {
        wrote(wrote.result(), nowMs, effects);
      }
    } else if (event instanceof SequencerEvent.Loaded loaded) {
      if (answers(Phase.LOADING, loaded.attempt())) {
        partnerErased = false;
        loaded(loaded.state(), effects);
      }
    } else if (event instanceof SequencerEvent.PartnerErased erased) {
      if (answers(Phase.LOADING, erased.attempt())) {
        partnerErased = true;
        loaded(Optional.empty(), effects);
      }
    } else if (event instanceof SequencerEvent.LoadFailed failed) {
      if (answers(Phase.LOADING, failed.attempt()) || answers(Phase.CREATING, failed.attempt())) {
        storeFailed(nowMs, effects);
      }
    } else if (event instanceof SequencerEvent.GroupCreated created) {
      if (answers(Phase.CREATING, created.attempt())) {
        created(created.admitted(), effects);
      }
    } else if (event instanceof SequencerEvent.Voided voided) {
      if (answers(Phase.VOIDING, voided.attempt())) {
        voided(voided.fate(), effects);
      }
    } else if (event instanceof SequencerEvent.VoidFailed failed) {
      if (answers(Phase.VOIDING, failed.attempt())) {
        giveUpAll(effects);
      }
    } else if (event instanceof SequencerEvent.PauseOver over) {
      if (answers(Phase.PAUSING, over.attempt())) {
        load(effects);
      }
    }
    return effects;
  }

  /** Only the reply to what is in flight now counts; a late one of an older attempt does not. */
  private boolean answers(Phase expected, long repliedAttempt) {
    return phase == expected && attempt == repliedAttempt;
  }

  // ---- arrival

  private void arrived(Append append, long nowMs, List<SequencerEffect> effects) {
    if (conversation.isDirect() && !conversation.isDirectOf(append.sender()) && !append.system()) {
      effects.add(new SequencerEffect.Answer(append, STRANGER_TO_A_DIRECT_ONE));
      return;
    }
    OwnerLinks.Place place = links.place(append);
    EntryId id = new EntryId(append.senderKey(), append.clientMessageId());
    Optional<Pending> twin = queue.twinOf(id);
    if (place == OwnerLinks.Place.GAP) {
      effects.add(notTaken(append, Reason.LINK_GAP));
      return;
    }
    boolean copy = twin.isPresent() && twin.get().sameContent(append);
    if (queue.sizeWithCopies() >= limits.maxQueued() && !(copy && twin.get().replaces(append))) {
      // Filled by a store that has failed again and again (once may be a faster rival): no use to
      // wait for room.
      effects.add(notTaken(append, failures > 1 ? Reason.STORE_DOWN : Reason.BUSY));
      return;
    }
    if (copy) {
      joins(twin.get(), append, place);
      return;
    }
    boolean answerOnly = place == OwnerLinks.Place.OLD;
    if (!answerOnly) {
      links.accepted(append);
    }
    boolean lookUp =
        place != OwnerLinks.Place.NEXT || twin.isPresent() || recent.probablyStored(id);
    Pending pending = new Pending(append, id, nowMs, lookUp, answerOnly);
    pending.arrivedIn = attempt;
    queue.add(pending);
    advance(effects);
  }

  /** A copy of one that waits gets the same answer, which then must hold for the copy as well. */
  private void joins(Pending twin, Append copy, OwnerLinks.Place place) {
    if (place != OwnerLinks.Place.OLD) {
      links.accepted(copy);
      twin.answerOnly = false;
    }
    queue.addCopy(twin, copy);
    twin.arrivedIn = attempt;
    twin.lookedUp = false;
  }

  // ---- the store answers

  private void loaded(Optional<ConversationState> state, List<SequencerEffect> effects) {
    phase = Phase.READY;
    exists = state.isPresent();
    tail = state.map(ConversationState::tail).orElse(0L);
    conversationKey = state.map(ConversationState::conversationKey).orElse(0L);
    roster = state.map(Roster::of).orElse(Roster.EMPTY);
    if (queue.head().askedIn == attempt) {
      queue.head().aimed(state); // only the head's is asked for: it is the next to be written
    }
    Map<EntryId, StoredId> found = new HashMap<>();
    state.ifPresent(s -> s.found().forEach(row -> found.put(row.id(), row)));
    List<Pending> answered = new ArrayList<>();
    for (Pending pending : queue) {
      if (pending.askedIn != attempt) {
        continue;
      }
      pending.lookUp = false;
      pending.lookedUp = pending.askedIn > pending.arrivedIn;
      StoredId row = found.get(pending.id);
      if (row != null || pending.answerOnly) {
        answered.add(pending);
        pending.answer(pending.verdict(Optional.ofNullable(row)), effects);
      }
    }
    if (!answered.isEmpty()) {
      queue.removeAll(answered);
    }
    advance(effects);
  }

  private void created(boolean admitted, List<SequencerEffect> effects) {
    Pending head = queue.head();
    head.admitted = admitted;
    if (admitted) {
      load(effects);
    } else {
      head.refusal =
          new Judgement.No(ErrorCode.QUOTA_REACHED, "you own as many groups as one user may");
      voidHead(effects);
    }
  }

  private void wrote(Result result, long nowMs, List<SequencerEffect> effects) {
    if (result instanceof Result.Committed committed) {
      committed(committed.storedAtMs(), effects);
    } else if (result instanceof Result.LeftOut) {
      askAgainWhatWasInFlight();
      collisions++;
      if (collisions > 3) {
        // The store works and a rival is faster: a pause that grew would leave it all to him.
        failures = 0;
        storeFailed(nowMs, effects);
      } else {
        load(effects);
      }
    } else if (result instanceof Result.Refused) {
      refusedByStore(effects);
    } else {
      askAgainWhatWasInFlight();
      storeFailed(nowMs, effects);
    }
  }

  private void committed(long storedAtMs, List<SequencerEffect> effects) {
    phase = Phase.READY;
    failures = 0;
    collisions = 0;
    if (batchesAlone > 0 && --batchesAlone == 0) {
      largestBatch = limits.maxBatchEntries();
    }
    List<Message> messages = new ArrayList<>(inFlight);
    List<SessionAddress> origins = new ArrayList<>(inFlight);
    Set<UserId> audience = roster.audience(queue.head().append);
    Optional<ConversationId> renamed = Optional.empty();
    for (int i = 0; i < inFlight; i++) {
      Pending pending = queue.removeHead();
      recent.committed(pending.id);
      tail++;
      Append append = pending.append;
      messages.add(
          new Message(
              tail, append.sender(), append.clientMessageId(), storedAtMs, append.content()));
      origins.add(append.origin());
      pending.answer(new Verdict.Stored(tail, storedAtMs, false), effects);
      if (pending.isChange()) {
        renamed = roster.newName(append);
        roster = roster.after(append, tail);
      }
    }
    inFlight = 0;
    effects.add(
        new SequencerEffect.Publish(
            new Announcement(
                renamed.orElse(conversation), messages, origins, List.copyOf(audience))));
    if (renamed.isPresent()) {
      forget();
    }
    advance(effects);
  }

  /** Under this name there is no conversation any more; or another one. */
  private void forget() {
    phase = Phase.COLD;
    exists = false;
    tail = 0;
    conversationKey = 0;
    roster = Roster.EMPTY;
    links.forgetAll();
  }

  /** The store refuses a row: the batch is halved until it is alone, and then made void. */
  private void refusedByStore(List<SequencerEffect> effects) {
    batchesAlone = BATCHES_ALONE;
    if (inFlight > 1) {
      largestBatch = inFlight / 2;
      inFlight = 0;
      phase = Phase.READY;
      advance(effects);
      return;
    }
    inFlight = 0;
    queue.head().refusal =
        new Judgement.No(ErrorCode.STORE_REFUSED, "the store cannot hold this message");
    voidHead(effects);
  }

  private void storeFailed(long nowMs, List<SequencerEffect> effects) {
    if (queue.isEmpty()) {
      phase = Phase.COLD;
    } else if (nowMs - queue.head().arrivedMs >= limits.giveUpMs()) {
      giveUpAll(effects);
    } else {
      pause(nowMs, effects);
    }
  }

  private void pause(long nowMs, List<SequencerEffect> effects) {
    Pending oldest = queue.head();
    long left = Math.max(1, oldest.arrivedMs + limits.giveUpMs() - nowMs);
    long backOff = (long) limits.retryMs() << Math.min(failures, 10);
    failures++;
    phase = Phase.PAUSING;
    attempt++;
    int pauseMs = (int) Math.min(left, Math.min(Math.max(backOff, 1), limits.maxRetryMs()));
    effects.add(new SequencerEffect.Pause(attempt, pauseMs));
  }

  private void giveUpAll(List<SequencerEffect> effects) {
    Verdict gone = new Verdict.NotTaken(Reason.STORE_DOWN);
    queue.clear().forEach(pending -> pending.answer(gone, effects));
    links.forgetAll();
    inFlight = 0;
    failures = 0;
    collisions = 0;
    phase = Phase.COLD;
    attempt++;
  }

  private void askAgainWhatWasInFlight() {
    queue.lookUpAgain(inFlight);
    inFlight = 0;
  }

  private void voided(SendFate fate, List<SequencerEffect> effects) {
    if (fate.state() == SendState.STORED) {
      // Another owner was faster: what is stored, and the tail, are not what was read here.
      queue.head().lookUp = true;
      load(effects);
      return;
    }
    phase = Phase.READY;
    Pending head = queue.removeHead();
    Judgement.No no = head.refusal;
    head.answer(new Verdict.Refused(no.code(), Outcome.NOT_APPLIED, no.detail()), effects);
    advance(effects);
  }

  // ---- the next thing to do

  private void advance(List<SequencerEffect> effects) {
    if (phase == Phase.COLD && !queue.isEmpty()) {
      load(effects);
    }
    while (phase == Phase.READY && !queue.isEmpty()) {
      List<Pending> batch = nextBatch();
      if (!batch.isEmpty()) {
        write(batch, effects);
        return;
      }
      headCannotBeWritten(effects);
    }
  }

  /** The longest run from the head that may be written as it stands. */
  private List<Pending> nextBatch() {
    List<Pending> batch = new ArrayList<>(Math.min(queue.size(), largestBatch));
    int bytes = 0;
    for (Pending pending : queue) {
      boolean full = batch.size() == largestBatch;
      boolean tooBig = !batch.isEmpty() && bytes + pending.bytes > limits.maxBatchBytes();
      if (full || tooBig || pending.lookUp || !queue.speaksForItsId(pending)) {
        break;
      }
      boolean change = pending.isChange();
      // A change travels alone, so nothing is ever judged on an entry that is not committed.
      if (change
          && (!batch.isEmpty()
              || !pending.isPrepared(tail)
              || pending.creates() && !pending.admitted)) {
        break;
      }
      if (!exists || !(judge(pending) instanceof Judgement.Yes)) {
        break;
      }
      batch.add(pending);
      bytes += pending.bytes;
      if (change) {
        break;
      }
    }
    return batch;
  }

  private Judgement judge(Pending pending) {
    return roster.judge(conversation, pending.append, tail, pending.target, limits.rules());
  }

  private void headCannotBeWritten(List<SequencerEffect> effects) {
    Pending head = queue.head();
    if (head.lookUp || !queue.speaksForItsId(head) || !head.isPrepared(tail)) {
      queue.letSpeak(head);
      head.lookUp = true;
      load(effects);
      return;
    }
    if (!exists && conversation.isDirect()) {
      notBegun(head, effects);
      return;
    }
    Judgement judgement = judge(head);
    if (!head.lookedUp) {
      // A "no" is given only on committed state that was read after the append arrived.
      head.lookUp = true;
      load(effects);
      return;
    }
    if (judgement instanceof Judgement.Yes) {
      // A group's first entry: may he have one more, and is there a row for it?
      phase = Phase.CREATING;
      attempt++;
      effects.add(new SequencerEffect.CreateGroup(attempt, conversation, head.append.sender()));
      return;
    }
    if (judgement instanceof Judgement.Stranger) {
      refuseWithoutRow(ErrorCode.CONVERSATION_UNKNOWN, "no such conversation", effects);
      return;
    }
    head.refusal = (Judgement.No) judgement;
    voidHead(effects);
  }

  /** The store did not let this one begin the direct conversation; another one's load may. */
  private void notBegun(Pending head, List<SequencerEffect> effects) {
    if (!head.lookedUp || !beginner.equals(beginnerOf(head))) {
      head.lookUp = true;
      load(effects);
    } else if (beginner.isPresent() && !partnerErased) {
      refuseWithoutRow(
          ErrorCode.RATE_LIMITED, "too many new direct conversations within an hour", effects);
    } else {
      refuseWithoutRow(ErrorCode.CONVERSATION_UNKNOWN, "no such conversation", effects);
    }
  }

  private Optional<UserId> beginnerOf(Pending head) {
    UserId sender = head.append.sender();
    return conversation.isDirectOf(sender) ? Optional.of(sender) : Optional.empty();
  }

  private void voidHead(List<SequencerEffect> effects) {
    Pending head = queue.head();
    phase = Phase.VOIDING;
    attempt++;
    effects.add(
        new SequencerEffect.VoidSend(
            attempt, conversation, head.append.sender(), head.append.clientMessageId()));
  }

  /**
   * Who was never a member, or may not begin a conversation now, leaves no row, so a copy of his
   * append could still be stored if he became one, or later: UNKNOWN. What he sent after it is
   * given up, on every link: a copy of it may stand on several, and none of them may go on without
   * it.
   */
  private void refuseWithoutRow(ErrorCode code, String detail, List<SequencerEffect> effects) {
    Pending head = queue.head();
    Verdict no = new Verdict.Refused(code, Outcome.UNKNOWN, detail);
    Verdict behind = new Verdict.NotTaken(Reason.LINK_GAP);
    for (Pending pending : queue.removeAllOf(head.id.senderKey())) {
      pending.answer(pending.equals(head) ? no : behind, effects);
      links.forget(pending.append);
      pending.copies.forEach(links::forget);
    }
  }

  private void load(List<SequencerEffect> effects) {
    phase = Phase.LOADING;
    attempt++;
    Pending head = queue.head();
    Optional<Aim> aim = head.aim();
    if (aim.isPresent()) {
      head.lookUp = true;
    }
    List<EntryId> ids = queue.ask(attempt, limits.maxBatchEntries(), !exists);
    beginner = conversation.isDirect() ? beginnerOf(head) : Optional.empty();
    Journal.Question question =
        new Journal.Question(beginner, ids, aim.map(List::of).orElse(List.of()));
    effects.add(new SequencerEffect.Load(attempt, conversation, question));
  }

  private void write(List<Pending> batch, List<SequencerEffect> effects) {
    phase = Phase.WRITING;
    attempt++;
    inFlight = batch.size();
    List<NewEntry> entries = new ArrayList<>(inFlight);
    long seq = tail;
    int bytes = 0;
    for (Pending pending : batch) {
      seq++;
      Append append = pending.append;
      entries.add(
          new NewEntry(seq, pending.id, append.content(), roster.memberChanges(append, seq)));
      bytes += pending.bytes;
    }
    effects.add(
        new SequencerEffect.Write(
            attempt, new Batch(conversationKey, entries), bytes, batchesAlone > 0));
  }

  private static SequencerEffect notTaken(Append append, Reason reason) {
    return new SequencerEffect.Answer(append, new Verdict.NotTaken(reason));
  }
}
