package io.quipu.server.sequencer;

import io.quipu.model.Content;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.sequencer.Roster.Judgement;
import java.util.ArrayList;
import java.util.List;

/** An append that was taken. Copies of it that came later are answered with it. */
final class Pending {
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
