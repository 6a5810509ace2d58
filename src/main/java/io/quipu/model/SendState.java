package io.quipu.model;

/** What has become of a send. */
public enum SendState {
  /** It is stored. */
  STORED,
  /** A hint: a copy may still travel. */
  NOT_SEEN,
  /** Final: it is not stored and never will be. */
  VOID
}
