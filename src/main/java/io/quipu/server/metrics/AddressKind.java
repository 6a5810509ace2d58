package io.quipu.server.metrics;

/** The kinds of addresses that other nodes send to. */
public enum AddressKind {
  /** The node's own, for the bus itself; there is one. */
  BUS,
  OWNER,
  POST
}
