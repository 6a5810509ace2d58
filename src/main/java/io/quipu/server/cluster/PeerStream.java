package io.quipu.server.cluster;

import io.quipu.server.metrics.AddressKind;

/** One address of another node, and its window; for all event loops. */
final class PeerStream {
  private final String name;
  private final AddressKind kind;

  /** Guarded by itself: held for some nanoseconds, by whoever sends there or hears from there. */
  private final PeerWindow window;

  /**
   * @param start its numbers begin above it
   */
  PeerStream(NodeId node, AddressKind kind, int index, BusLimits limits, long start) {
    this.name = BusNames.of(node, kind, index);
    this.kind = kind;
    this.window = new PeerWindow(limits, start);
  }

  /** What the event bus calls it. */
  String name() {
    return name;
  }

  AddressKind kind() {
    return kind;
  }

  long take(int sizeBytes, long nowMs) {
    synchronized (window) {
      return window.take(sizeBytes, nowMs);
    }
  }

  boolean hasRoom() {
    synchronized (window) {
      return window.hasRoom();
    }
  }

  /** The number of a probe that is due, or {@link PeerWindow#REFUSED}. */
  long probe(boolean always, long nowMs, int heartbeatMs) {
    synchronized (window) {
      boolean needed = window.needsProbe(nowMs, heartbeatMs);
      return needed || always ? window.probe(nowMs) : PeerWindow.REFUSED;
    }
  }

  boolean acked(long number, long nowMs) {
    synchronized (window) {
      return window.acked(number, nowMs);
    }
  }

  void excuse(long lateMs, long nowMs) {
    synchronized (window) {
      window.excuse(lateMs, nowMs);
    }
  }

  long last() {
    synchronized (window) {
      return window.last();
    }
  }

  boolean silent(long nowMs) {
    synchronized (window) {
      return window.silent(nowMs);
    }
  }
}
