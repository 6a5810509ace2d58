package io.quipu.client;

import io.quipu.model.QuipuException;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * A list that the server gives page by page. One page at a time: ask for the next one when the last
 * has come.
 *
 * @param <T> what is listed
 */
public final class Pages<T> {
  private final Function<String, Future<Page<T>>> source;
  private String next = "";
  private boolean more = true;

  /**
   * @param next names the page after this one; empty = this is the last
   */
  record Page<T>(List<T> items, String next) {}

  Pages(Function<String, Future<Page<T>>> source) {
    this.source = source;
  }

  /** False after the last page. */
  public boolean hasMore() {
    return more;
  }

  /**
   * The next page; empty after the last one.
   *
   * @return fails with {@link QuipuException}; then the same page can be asked for again
   */
  public Future<List<T>> next() {
    if (!more) {
      return Future.succeededFuture(List.of());
    }
    return source
        .apply(next)
        .map(
            page -> {
              next = page.next;
              more = !page.next.isEmpty();
              return page.items;
            });
  }

  /**
   * All pages that are left, as one list.
   *
   * @param atMost stops after the page with which there are so many
   */
  public Future<List<T>> all(int atMost) {
    return collect(new ArrayList<>(), atMost);
  }

  private Future<List<T>> collect(List<T> found, int atMost) {
    if (!more || found.size() >= atMost) {
      return Future.succeededFuture(found);
    }
    return next()
        .compose(
            page -> {
              found.addAll(page);
              return collect(found, atMost);
            });
  }
}
