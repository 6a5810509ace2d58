package io.quipu.server.journal;

import io.vertx.core.Future;
import java.util.List;

/**
 * One connection to the store on which one statement at a time commits batches of many
 * conversations. The primary key (conversation, seq) and the unique id are the fence: what an owner
 * with a stale tail writes is left out, as a whole.
 */
public interface JournalWriter {
  /**
   * Commits these batches, of different conversations each, in one transaction.
   *
   * @return what is committed; or a failed future: {@code QuipuException(STORE_REFUSED)} if the
   *     store refuses a row for what it is (nothing was written: the caller finds it by halving),
   *     {@code STORE_DOWN} with outcome NOT_APPLIED if nothing was sent, and {@code STORE_DOWN}
   *     with outcome UNKNOWN if nobody can tell (the caller reloads each conversation)
   */
  Future<Written> write(List<Batch> batches);

  Future<Void> close();
}
