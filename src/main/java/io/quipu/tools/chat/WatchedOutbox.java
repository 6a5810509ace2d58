package io.quipu.tools.chat;

import io.quipu.client.OutboxStore;
import io.quipu.client.PendingSend;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/** An outbox store that says what it has on the disk: only that is shown to be on its way. */
final class WatchedOutbox implements OutboxStore {
  private final OutboxStore store;
  private final Consumer<List<PendingSend>> loaded;
  private final Consumer<UUID> kept;

  WatchedOutbox(OutboxStore store, Consumer<List<PendingSend>> loaded, Consumer<UUID> kept) {
    this.store = store;
    this.loaded = loaded;
    this.kept = kept;
  }

  @Override
  public Future<List<PendingSend>> load() {
    return store.load().onSuccess(loaded::accept);
  }

  @Override
  public Future<Void> add(PendingSend send) {
    return store.add(send).onSuccess(v -> kept.accept(send.id()));
  }

  @Override
  public Future<Void> remove(UUID id) {
    return store.remove(id);
  }

  @Override
  public boolean outlivesProcess() {
    return store.outlivesProcess();
  }

  @Override
  public Future<Void> close() {
    return store.close();
  }
}
