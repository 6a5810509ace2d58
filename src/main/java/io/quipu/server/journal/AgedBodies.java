package io.quipu.server.journal;

import io.vertx.core.Future;
import java.util.Optional;

/**
 * The store's side of retention: erases the bodies of messages, and of their edits, that are older
 * than the rule of their conversation allows. Seqs, ids and digests stay (P3).
 *
 * <p>What is erased twice, or by two nodes at once, is erased: turns only save work.
 */
public interface AgedBodies {
  /** The turn, to be ended. Empty if another node has it, or if no rule has an end. */
  Future<Optional<Turn>> begin();

  /** One way through all that is due. One call at a time. */
  interface Turn {
    /** A bounded piece of the work. After a failure the turn is over; another one goes on there. */
    Future<Step> step();

    /** Gives the turn back; always succeeds. */
    Future<Void> end();
  }

  /**
   * @param erased bodies
   * @param looked pages of the store that were read for it
   * @param more there is more to do
   */
  record Step(int erased, int looked, boolean more) {}

  /** For how long something has been due that is not done; 0 = nothing. In milliseconds. */
  Future<Long> lagMs();
}
