package io.quipu.server.journal;

import java.util.List;

/**
 * One page of a list.
 *
 * @param next asks for the page after this one; empty = this is the last. Opaque, good for the same
 *     list of the same reader only, as long as the store lives, on every node
 */
public record ListPage<T>(List<T> items, String next) {
  /** The page token of the first page, and what stands for "there is no more". */
  public static final String NONE = "";

  public ListPage {
    items = List.copyOf(items);
  }
}
