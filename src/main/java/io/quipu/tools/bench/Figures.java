package io.quipu.tools.bench;

import org.HdrHistogram.Histogram;

/** Counts and latencies of the seconds that are measured; lives on one event loop. */
final class Figures {
  private static final long LONGEST_US = 600_000_000;

  private final Histogram ackUs = new Histogram(LONGEST_US, 3);
  private final Histogram deliverUs = new Histogram(LONGEST_US, 3);
  private boolean measuring;
  private long startNanos;
  private long endNanos;

  void start() {
    measuring = true;
    startNanos = System.nanoTime();
  }

  void end() {
    measuring = false;
    endNanos = System.nanoTime();
  }

  void acked(long nanos) {
    if (measuring) {
      ackUs.recordValue(Math.min(LONGEST_US, nanos / 1000));
    }
  }

  void delivered(long nanos) {
    if (measuring) {
      deliverUs.recordValue(Math.min(LONGEST_US, nanos / 1000));
    }
  }

  double seconds() {
    return (endNanos - startNanos) / 1e9;
  }

  long acks() {
    return ackUs.getTotalCount();
  }

  long deliveries() {
    return deliverUs.getTotalCount();
  }

  Latency ack() {
    return Latency.of(ackUs);
  }

  Latency deliver() {
    return Latency.of(deliverUs);
  }

  /** In milliseconds. */
  record Latency(double p50, double p95, double p99, double max) {
    private static Latency of(Histogram us) {
      return new Latency(
          us.getValueAtPercentile(50) / 1e3,
          us.getValueAtPercentile(95) / 1e3,
          us.getValueAtPercentile(99) / 1e3,
          us.getMaxValue() / 1e3);
    }
  }
}
