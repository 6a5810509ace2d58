package io.quipu.server.session;

import io.quipu.model.ErrorCode;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * One run of sends of one connection to one conversation, at the sender's side. It keeps what it
 * has sent on and not had answered, in order, and sends it again from the oldest. Pure.
 *
 * <p>A send's number is its place in the run and never changes. It is marked {@code first} only
 * when all before it are finally answered: then an owner that knows nothing of the link may take
 * it.
 *
 * <pre>
 * event                      does
 * add                        sends it on
 * Stored, Refused            ends that send; the run goes on
 * NotTaken LINK_GAP          sends all again from the oldest, marked with a new attempt:
 *                            at once the first time, then when the retry is due
 * NotTaken NOT_OWNER         the same; at once the second time in a row, too, and then for this
 *                            node to serve: nodes may see the owner differently for long
 * NotTaken BUSY              sends all again when the retry is due; the reason, if nothing else comes
 * NotTaken of an old attempt nothing
 * NotTaken STORE_DOWN        the oldest cannot be resolved: the run ends, all in it UNKNOWN
 * retry due, owner lost      sends all again from the oldest
 * the oldest waits too long  the run ends, all in it UNKNOWN
 * </pre>
 */
final class AppendLink {
  private static final int MAX_DOUBLINGS = 3;

  private final long link;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private int nextNumber = 1;
  private int attempt;
  private long sentMs;

  /**
   * Resends since the last answer. The first one of a refusal goes at once, later ones back off.
   */
  private int fruitless;

  /** The oldest found no room when it was sent on last. */
  private boolean foundNoRoom;

  /** Times in a row that the whole run was at one who says that it is not the owner. */
  private int notOwned;

  AppendLink(long link) {
    this.link = link;
  }

  /** A send without an answer. */
  record Waiting(Append append, int clientSeq, int bytes, long arrivedMs) {}

  /** What a step asks for. */
  sealed interface Step {
    /** To be given to the owner, in this order. */
    record SendOn(List<Append> appends) implements Step {}

    /** This one is finally answered. */
    record Answered(Waiting send, Verdict verdict) implements Step {}

    /**
     * The run has ended without answers to these: UNKNOWN, and the conversation waits for the
     * first.
     */
    record Unresolved(List<Waiting> sends, Reason reason) implements Step {
      /** What their senders are told; the outcome is UNKNOWN. */
      ErrorCode code() {
        return switch (reason) {
          case STORE_DOWN -> ErrorCode.STORE_DOWN;
          case BUSY -> ErrorCode.OWNER_BUSY;
          case LINK_GAP, NOT_OWNER -> ErrorCode.OWNER_UNREACHABLE;
        };
      }
    }

    record Nothing() implements Step {}
  }

  static final Step NOTHING = new Step.Nothing();

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  long link() {
    return link;
  }

  /** When the oldest was taken; now if there is none. */
  long oldestMs(long nowMs) {
    return waiting.isEmpty() ? nowMs : waiting.element().arrivedMs();
  }

  /** The place that the next one gets. */
  int nextNumber() {
    return nextNumber;
  }

  /** How often the run was sent again; the next append carries it. */
  int attempt() {
    return attempt;
  }

  /** Takes a send that goes to the owner now: at {@link #nextNumber}, first if nothing waits. */
  void add(Append append, int clientSeq, int bytes, long nowMs) {
    if (waiting.isEmpty()) {
      sentMs = nowMs;
    }
    nextNumber++;
    waiting.add(new Waiting(append, clientSeq, bytes, nowMs));
  }

  Step answered(AppendAnswer answer, long nowMs) {
    if (answer.verdict() instanceof Verdict.NotTaken notTaken) {
      return notTaken(answer, notTaken.reason(), nowMs);
    }
    for (Iterator<Waiting> sends = waiting.iterator(); sends.hasNext(); ) {
      Waiting send = sends.next();
      if (send.append().number() == answer.number()) {
        sends.remove();
        sentMs = nowMs;
        fruitless = 0;
        notOwned = 0;
        foundNoRoom = false;
        return new Step.Answered(send, answer.verdict());
      }
    }
    return NOTHING;
  }

  private Step notTaken(AppendAnswer answer, Reason reason, long nowMs) {
    if (answer.attempt() != attempt || waiting.isEmpty()) {
      return NOTHING;
    }
    if (reason == Reason.STORE_DOWN) {
      return end(reason);
    }
    if (reason == Reason.BUSY) {
      foundNoRoom |= answer.number() == waiting.element().append().number();
      fruitless = Math.max(fruitless, 1); // those behind it are refused next: they wait, too
    }
    if (reason == Reason.NOT_OWNER) {
      notOwned++;
      return notOwned <= 2 ? sendAgain(nowMs) : NOTHING;
    }
    return fruitless > 0 ? NOTHING : sendAgain(nowMs); // else when the retry is due
  }

  /** Whom it was sent to does not answer any more; another one may. */
  Step ownerLost(long nowMs) {
    notOwned = 0;
    return waiting.isEmpty() ? NOTHING : sendAgain(nowMs);
  }

  /**
   * @param retryMs without an answer for so long: again; doubles while nothing is answered
   * @param timeoutMs the oldest waits no longer than this
   */
  Step tick(long nowMs, int retryMs, int timeoutMs) {
    if (waiting.isEmpty()) {
      return NOTHING;
    }
    if (nowMs - waiting.element().arrivedMs() >= timeoutMs) {
      return end(foundNoRoom ? Reason.BUSY : Reason.NOT_OWNER);
    }
    return nowMs - sentMs >= (long) retryMs << Math.min(fruitless, MAX_DOUBLINGS)
        ? sendAgain(nowMs)
        : NOTHING;
  }

  private Step sendAgain(long nowMs) {
    attempt++;
    fruitless++;
    sentMs = nowMs;
    foundNoRoom = false;
    List<Waiting> all = new ArrayList<>(waiting);
    waiting.clear();
    List<Append> appends = new ArrayList<>(all.size());
    for (Waiting send : all) {
      Append marked = marked(send.append(), waiting.isEmpty());
      waiting.add(new Waiting(marked, send.clientSeq(), send.bytes(), send.arrivedMs()));
      appends.add(marked);
    }
    return new Step.SendOn(appends);
  }

  /** Ends the run early, for what an answer means to the others; returns those. */
  List<Waiting> endAll() {
    List<Waiting> all = List.copyOf(waiting);
    waiting.clear();
    return all;
  }

  private Step end(Reason reason) {
    return new Step.Unresolved(endAll(), reason);
  }

  private Append marked(Append append, boolean first) {
    return new Append(
        append.origin(),
        append.link(),
        append.number(),
        first,
        attempt,
        notOwned > 1,
        append.conversation(),
        append.senderKey(),
        append.sender(),
        append.clientMessageId(),
        append.resend() || attempt > 0,
        append.content(),
        append.system());
  }
}
