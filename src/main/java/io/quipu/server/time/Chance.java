package io.quipu.server.time;

/** Randomness for jitter and for names that must not repeat; nothing secret comes from it. */
public interface Chance {
  /** From 0 (included) to bound (excluded). */
  int below(int bound);

  long any();
}
