package io.quipu.server.metrics;

import io.quipu.server.journal.Cursors;
import io.vertx.core.Future;
import java.util.List;

/** Cursors as they are, counted when they are stored. */
public final class CountedCursors implements Cursors {
  private final Cursors cursors;
  private final Metrics metrics;

  public CountedCursors(Cursors cursors, Metrics metrics) {
    this.cursors = cursors;
    this.metrics = metrics;
  }

  @Override
  public Future<Stored> store(List<CursorWrite> writes) {
    return cursors.store(writes).onSuccess(stored -> metrics.cursorsFlushed(writes.size()));
  }

  @Override
  public Future<Stored> storeReadMarks(List<ReadMarkWrite> writes) {
    return cursors.storeReadMarks(writes);
  }
}
