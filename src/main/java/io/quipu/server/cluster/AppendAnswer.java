package io.quipu.server.cluster;

import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;

/**
 * An owner's answer to one append.
 *
 * @param session of the origin
 * @param attempt as in the append
 */
public record AppendAnswer(long session, long link, int number, int attempt, Verdict verdict) {

  /** What became of it. */
  public sealed interface Verdict {
    /**
     * Final: committed at this seq, by this append or (duplicate) by an earlier one of the same id.
     */
    record Stored(long seq, long storedAtMs, boolean duplicate) implements Verdict {}

    /** Final for this append. UNKNOWN means: an earlier copy may still be stored. */
    record Refused(ErrorCode code, Outcome outcome, String detail) implements Verdict {}

    /** Not taken, or given up: the session sends again from its oldest unanswered. */
    record NotTaken(Reason reason) implements Verdict {}
  }

  /** Why an append was not taken. */
  public enum Reason {
    /** No link state, or not the number after the last one. */
    LINK_GAP,
    /** In this node's view the shard belongs to another one. */
    NOT_OWNER,
    /** A queue is full. */
    BUSY,
    /**
     * The store did not answer for too long, and all behind it is given up as well; or it does not
     * answer, and the queue is full.
     */
    STORE_DOWN
  }
}
