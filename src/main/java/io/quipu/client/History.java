package io.quipu.client;

import io.vertx.core.Future;
import java.util.function.LongFunction;

/**
 * A walk through a conversation's past, from the newest message backwards or from a place forwards.
 * It moves no cursor. One step at a time.
 */
public final class History {
  private final LongFunction<Future<HistorySlice>> source;
  private final boolean forward;
  private long place;
  private boolean more = true;

  /**
   * @param source gives the slice beside a place
   * @param place where the walk begins; 0 = at the end
   */
  History(LongFunction<Future<HistorySlice>> source, boolean forward, long place) {
    this.source = source;
    this.forward = forward;
    this.place = place;
  }

  /** False when the beginning, or the end, has been reached. */
  public boolean hasMore() {
    return more;
  }

  /**
   * The next slice in the direction of the walk; within a slice seqs rise. An empty one when there
   * is nothing more.
   */
  public Future<HistorySlice> next() {
    return source
        .apply(place)
        .onSuccess(
            slice -> {
              more = slice.more();
              place =
                  forward
                      ? Math.max(place, slice.range().toSeq())
                      : Math.max(1, slice.range().fromSeq());
            });
  }
}
