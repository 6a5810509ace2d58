package io.quipu.server.cluster;

/** A verticle instance of a node: few per node, since each costs every node a registration. */
public sealed interface Address {
  NodeId node();

  /** From 0, below the number of instances of that node. */
  int index();

  /** Sequences the shards that fall to this instance; takes {@link Appends} and {@link Whisper}. */
  record Owner(NodeId node, int index) implements Address {}

  /** Holds the sessions of one event loop; takes {@link Outbound}, and only from its own node. */
  record Loop(NodeId node, int index) implements Address {}

  /** Takes what other nodes have for the sessions of this one: {@link NodeParcel}. */
  record Post(NodeId node, int index) implements Address {}
}
