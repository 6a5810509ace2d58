package io.quipu.tools.checker;

import java.util.Arrays;

/** A set of seqs as disjoint stretches: what is dense costs nothing, however long it is. */
final class Ranges {
  /** Takes one stretch, both ends included. */
  interface Taker {
    void stretch(long from, long to);
  }

  private long[] from = new long[2];
  private long[] to = new long[2];
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  void add(long seq) {
    add(seq, seq);
  }

  void add(long first, long last) {
    if (last < first) {
      return;
    }
    if (size > 0 && first >= from[size - 1] && first <= to[size - 1] + 1) {
      to[size - 1] = Math.max(to[size - 1], last); // at the end, as a log grows
      return;
    }
    int at = firstEndingAtOrAfter(first - 1);
    int end = at;
    long low = first;
    long high = last;
    while (end < size && from[end] <= last + 1) {
      low = Math.min(low, from[end]);
      high = Math.max(high, to[end]);
      end++;
    }
    if (end == at) {
      insert(at);
    } else {
      remove(at + 1, end);
    }
    from[at] = low;
    to[at] = high;
  }

  void removeAbove(long seq) {
    while (size > 0 && from[size - 1] > seq) {
      size--;
    }
    if (size > 0) {
      to[size - 1] = Math.min(to[size - 1], seq);
    }
  }

  boolean contains(long seq) {
    int at = firstEndingAtOrAfter(seq);
    return at < size && from[at] <= seq;
  }

  /** The end of the stretch that holds this seq, or {@code seq - 1} if none does. */
  long endOfStretch(long seq) {
    int at = firstEndingAtOrAfter(seq);
    return at < size && from[at] <= seq ? to[at] : seq - 1;
  }

  /** The highest seq; 0 if there is none. */
  long last() {
    return size == 0 ? 0 : to[size - 1];
  }

  void forEach(Taker taker) {
    for (int i = 0; i < size; i++) {
      taker.stretch(from[i], to[i]);
    }
  }

  /** What of these is between the two, both included. */
  Ranges within(long first, long last) {
    Ranges result = new Ranges();
    for (int i = firstEndingAtOrAfter(first); i < size && from[i] <= last; i++) {
      result.add(Math.max(first, from[i]), Math.min(last, to[i]));
    }
    return result;
  }

  /** What is in these and not in the others. */
  Ranges without(Ranges others) {
    Ranges result = new Ranges();
    for (int i = 0; i < size; i++) {
      long next = from[i];
      for (int j = others.firstEndingAtOrAfter(next); j < others.size; j++) {
        if (others.from[j] > to[i]) {
          break;
        }
        result.add(next, others.from[j] - 1);
        next = others.to[j] + 1;
      }
      result.add(next, to[i]);
    }
    return result;
  }

  /** What is in both. */
  Ranges and(Ranges others) {
    Ranges result = new Ranges();
    forEach((first, last) -> others.within(first, last).forEach(result::add));
    return result;
  }

  private int firstEndingAtOrAfter(long seq) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (to[middle] < seq) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private void insert(int at) {
    if (size == from.length) {
      from = Arrays.copyOf(from, size * 2);
      to = Arrays.copyOf(to, size * 2);
    }
    System.arraycopy(from, at, from, at + 1, size - at);
    System.arraycopy(to, at, to, at + 1, size - at);
    size++;
  }

  private void remove(int start, int end) {
    System.arraycopy(from, end, from, start, size - end);
    System.arraycopy(to, end, to, start, size - end);
    size -= end - start;
  }
}
