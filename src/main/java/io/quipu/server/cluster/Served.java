package io.quipu.server.cluster;

import io.quipu.server.metrics.AddressKind;

/** An address of this node that others send to. */
final class Served {
  private final AddressKind kind;
  private final int index;
  private final Runnable renewal;

  /**
   * @param renewal registers it once more; does nothing while it is at it
   */
  Served(AddressKind kind, int index, Runnable renewal) {
    this.kind = kind;
    this.index = index;
    this.renewal = renewal;
  }

  AddressKind kind() {
    return kind;
  }

  int index() {
    return index;
  }

  void renew() {
    renewal.run();
  }
}
