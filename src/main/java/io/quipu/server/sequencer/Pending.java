package io.quipu.server.sequencer;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Aim;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.ConversationState.Target;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.sequencer.Roster.Judgement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An append that was taken. Copies of it that came later are answered with it. */
final class Pending {
  private static final long NEVER = -1;

  Append append;
  final EntryId id;
  final long arrivedMs;
  final int bytes;

  /** Taken before and perhaps forgotten: it is answered if it is stored, never stored now. */
  boolean answerOnly;

  List<Append> copies = List.of();
  boolean lookUp;
  boolean lookedUp;
  long askedIn = -1;

  /** The attempt that was at work when it, or its last copy, arrived: it may have read before. */
  long arrivedIn;

  /** What a change of a message is about, as it was at the tail {@code targetAt}. */
  Optional<Target> target = Optional.empty();

  long targetAt = NEVER;

  /** The creation of a group that its sender's quota allows. */
  boolean admitted;

  Judgement.No refusal = Judgement.No.NONE;

  Pending(Append append, EntryId id, long arrivedMs, boolean lookUp, boolean answerOnly) {
    this.append = append;
    this.id = id;
    this.arrivedMs = arrivedMs;
    this.lookUp = lookUp;
    this.answerOnly = answerOnly;
    this.bytes = sizeOf(append.content());
  }

  private static int sizeOf(Content content) {
    if (content instanceof Content.Text text) {
      return text.utf8().size();
    }
    if (content instanceof Content.Body body) {
      return body.bytes().size();
    }
    return StoredContent.of(content).bytes().size();
  }

  boolean isChange() {
    return append.content() instanceof Content.Changed;
  }

  boolean creates() {
    return append.content() instanceof Content.Changed changed
        && changed.change() instanceof Change.Create;
  }

  /** What must be read with the tail before it is judged. */
  Optional<Aim> aim() {
    if (append.content() instanceof Content.Changed changed
        && changed.change() instanceof Change.OfMessage ofMessage) {
      String reaction = ofMessage instanceof Change.React react ? react.key() : "";
      return Optional.of(new Aim(ofMessage.seq(), append.senderKey(), reaction));
    }
    return Optional.empty();
  }

  /** The conversation has been read with its aim. */
  void aimed(Optional<ConversationState> state) {
    Optional<Aim> aim = aim();
    if (aim.isPresent()) {
      target = state.map(read -> read.targets().get(aim.get()));
      targetAt = state.map(ConversationState::tail).orElse(0L);
    }
  }

  /** True if a change can be judged at this tail. */
  boolean isPrepared(long tail) {
    return aim().isEmpty() || targetAt == tail;
  }

  boolean sameContent(Append other) {
    return append.content().equals(other.content());
  }

  /** True if it stands in place of one that is here: one answer for one place is enough. */
  boolean replaces(Append copy) {
    return samePlace(append, copy) || copies.stream().anyMatch(known -> samePlace(known, copy));
  }

  void addCopy(Append copy) {
    if (samePlace(append, copy)) {
      append = copy;
      return;
    }
    if (copies.isEmpty()) {
      copies = new ArrayList<>(1);
    }
    copies.removeIf(known -> samePlace(known, copy));
    copies.add(copy);
  }

  private static boolean samePlace(Append one, Append other) {
    return one.link() == other.link()
        && one.number() == other.number()
        && one.origin().equals(other.origin());
  }

  /** What the row under its id, or its absence, says to one that is not written now. */
  Verdict verdict(Optional<StoredId> row) {
    if (row.isEmpty()) {
      return new Verdict.NotTaken(Reason.LINK_GAP);
    }
    if (row.get().isVoid()) {
      return new Verdict.Refused(
          ErrorCode.VOIDED, Outcome.NOT_APPLIED, "this client_message_id was cancelled");
    }
    ContentDigest digest = ContentDigest.of(StoredContent.of(append.content()));
    return digest.equals(row.get().digest())
        ? new Verdict.Stored(row.get().seq(), row.get().storedAtMs(), true)
        : new Verdict.Refused(
            ErrorCode.ID_REUSED,
            Outcome.NOT_APPLIED,
            "this client_message_id is stored with another content");
  }

  void answer(Verdict verdict, List<SequencerEffect> effects) {
    effects.add(new SequencerEffect.Answer(append, verdict));
    for (Append copy : copies) {
      effects.add(
          new SequencerEffect.Answer(
              copy,
              verdict instanceof Verdict.Stored stored
                  ? new Verdict.Stored(stored.seq(), stored.storedAtMs(), true)
                  : verdict));
    }
  }
}
