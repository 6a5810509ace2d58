package io.quipu.client;

import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;

/** Keeps nothing beyond the client itself: sends without an outcome end with the process. */
public final class MemoryOutboxStore implements OutboxStore {
  @Override
  public Future<List<PendingSend>> load() {
    return Future.succeededFuture(List.of());
  }

  @Override
  public Future<Void> add(PendingSend send) {
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> remove(UUID id) {
    return Future.succeededFuture();
  }

  @Override
  public boolean outlivesProcess() {
    return false;
  }

  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
