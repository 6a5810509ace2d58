package io.quipu.model;

/** What is certain about a send that was not acknowledged. */
public enum Outcome {
  /** It is not stored and never will be. */
  NOT_APPLIED,
  /** It may be stored, or become so: only the same client_message_id again, or a status, tells. */
  UNKNOWN
}
