package io.quipu.server.recipient;

/** How long the store is left alone after it failed: twice as long each time, up to a limit. */
final class StorePause {
  private final int firstMs;
  private final int maxMs;
  private long nextMs;
  private long overMs = Long.MIN_VALUE;

  StorePause(int firstMs, int maxMs) {
    this.firstMs = firstMs;
    this.maxMs = maxMs;
    this.nextMs = firstMs;
  }

  boolean isOver(long nowMs) {
    return nowMs >= overMs;
  }

  void failed(long nowMs) {
    if (isOver(nowMs)) { // several reads that fail together are one failure
      overMs = nowMs + nextMs;
      nextMs = Math.min(maxMs, nextMs * 2);
    }
  }

  void succeeded() {
    nextMs = firstMs;
    overMs = Long.MIN_VALUE;
  }
}
