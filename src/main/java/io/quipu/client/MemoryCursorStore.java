package io.quipu.client;

import io.quipu.model.ConversationId;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.Map;

/** Cursors that live as long as this object; several clients may use it one after the other. */
public final class MemoryCursorStore implements CursorStore {
  private final Map<ConversationId, Long> cursors = new HashMap<>();

  @Override
  public synchronized Future<Map<ConversationId, Long>> load() {
    return Future.succeededFuture(Map.copyOf(cursors));
  }

  @Override
  public synchronized Future<Void> put(ConversationId conversation, long seq) {
    cursors.put(conversation, seq);
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
