package io.quipu.model;

/** How far a message has come on its way to a user; each includes the ones before it. */
public enum ReceiptState {
  /** Stored; none of the user's devices is connected. */
  STORED_OFFLINE,
  /** The first of the user's devices has taken it. */
  DELIVERED,
  /** The user has read it. */
  READ
}
