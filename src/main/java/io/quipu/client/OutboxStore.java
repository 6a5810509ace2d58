package io.quipu.client;

import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;

/**
 * Port: sends that have no definite outcome yet, in order. A send goes out only after {@link #add}
 * has succeeded, so what was asked for survives what this store survives.
 */
public interface OutboxStore {
  /** What an earlier run left, in the order of adding; called once. */
  Future<List<PendingSend>> load();

  /** Keeps one; the send waits for it. */
  Future<Void> add(PendingSend send);

  /** Forgets one; an id that is not there is no error. */
  Future<Void> remove(UUID id);

  /** True if a later run of the program finds here what this one leaves. */
  boolean outlivesProcess();

  /** Called once, at the end. */
  Future<Void> close();
}
