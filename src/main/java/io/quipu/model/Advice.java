package io.quipu.model;

/** What a client does best after an error. */
public enum Advice {
  /** The same again will fail again. */
  NEVER,
  /** Get a new token first. */
  RE_LOGIN,
  /** Again, later. */
  BACK_OFF,
  /** Send the same client_message_id again, later. */
  RETRY_SAME_ID,
  /** Do not reconnect. */
  STOP,
  /** On a new connection, later. */
  RECONNECT
}
