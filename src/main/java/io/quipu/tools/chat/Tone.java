package io.quipu.tools.chat;

/** What a piece of a line means; how it looks is the terminal's business. */
enum Tone {
  PLAIN,
  /** Times, numbers, notes of the program itself. */
  DIM,
  /** A user's name: a colour of its own, the same everywhere. */
  NAME,
  /** This user's own name, and headings. */
  STRONG,
  /** How far an own message has come. */
  TICK,
  /** That it was read. */
  READ,
  ERROR
}
