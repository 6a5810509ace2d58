package io.quipu.server.cluster;

import io.quipu.server.metrics.AddressKind;
import java.util.List;

/**
 * What one node sends another: a message, or a word of the bus itself.
 *
 * @param from who sent it
 * @param number its place in the stream from the sender to this address, from 1; {@link
 *     #UNNUMBERED}: nobody says that it came
 */
record Envelope(NodeId from, long number, Body body) {
  static final long UNNUMBERED = 0;

  /** What is in it. */
  sealed interface Body {}

  /** For the consumer of the address. */
  record Passing(BusMessage message) implements Body {}

  /**
   * @param beat rises with each one of a node, over all addresses; only the latest counts
   * @param busVersion of the sender's wire form
   */
  record Heartbeat(Peers.State state, long beat, int busVersion) implements Body {}

  /** The sender's addresses have taken what its reader sent them. */
  record Taken(List<Stream> streams) implements Body {
    Taken {
      streams = List.copyOf(streams);
    }
  }

  /** What a newer version sends. */
  record Unknown() implements Body {}

  /**
   * How far an address has come.
   *
   * @param number all up to this one are taken
   */
  record Stream(AddressKind kind, int index, long number) {}
}
