package io.quipu.tools.bench;

import io.quipu.tools.node.ProcessUse;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a run of {@code bench pairs} found. Rates, latencies and processor time are of the measured
 * seconds; counts are of the whole run, warm-up and drain included.
 *
 * @param node used in the measured seconds; empty if it cannot be seen
 * @param stored found by fresh devices that synced everything
 * @param lost acked, and not stored, or not delivered to the receiver's connection
 * @param duplicates one message at two seqs
 * @param redelivered pushed again, and dropped by the receiver: no fault
 * @param failures of connections and sends
 */
record PairsReport(
    double seconds,
    long ackedMeasured,
    long deliveredMeasured,
    Figures.Latency ack,
    Figures.Latency deliver,
    Optional<ProcessUse> node,
    Optional<ProcessUse> postgres,
    Optional<ProcessUse> generator,
    long sent,
    long acked,
    long delivered,
    long stored,
    long lost,
    long duplicates,
    long outOfOrder,
    long redelivered,
    List<String> failures) {
  boolean good() {
    return lost == 0 && duplicates == 0 && outOfOrder == 0 && failures.isEmpty() && acked > 0;
  }

  private double ackedPerSecond() {
    return ackedMeasured / seconds;
  }

  private double deliveredPerSecond() {
    return deliveredMeasured / seconds;
  }

  private Optional<Double> cpuUs(Optional<ProcessUse> use) {
    return ackedMeasured == 0
        ? Optional.empty()
        : use.map(used -> (double) used.cpuUs() / ackedMeasured);
  }

  JsonObject json() {
    JsonObject json =
        new JsonObject()
            .put("seconds", round(seconds))
            .put("acked_per_s", round(ackedPerSecond()))
            .put("delivered_per_s", round(deliveredPerSecond()))
            .put("ack_ms", json(ack))
            .put("deliver_ms", json(deliver))
            .put("node_cpu_us", cpuUs(node).map(PairsReport::round).orElse(null))
            .put("postgres_cpu_us", cpuUs(postgres).map(PairsReport::round).orElse(null))
            .put("generator_cpu_us", cpuUs(generator).map(PairsReport::round).orElse(null))
            .put("node_rss_bytes", node.map(ProcessUse::residentBytes).orElse(null))
            .put("postgres_rss_bytes", postgres.map(ProcessUse::residentBytes).orElse(null));
    return json.put("sent", sent)
        .put("acked", acked)
        .put("delivered", delivered)
        .put("stored", stored)
        .put("lost", lost)
        .put("duplicates", duplicates)
        .put("out_of_order", outOfOrder)
        .put("redelivered", redelivered)
        .put("failures", failures);
  }

  private static JsonObject json(Figures.Latency latency) {
    return new JsonObject()
        .put("p50", latency.p50())
        .put("p95", latency.p95())
        .put("p99", latency.p99())
        .put("max", latency.max());
  }

  private static double round(double value) {
    return Math.round(value * 10) / 10.0;
  }

  String text() {
    StringBuilder text = new StringBuilder();
    line(text, "acked", "%,.0f messages/s", ackedPerSecond());
    line(text, "delivered", "%,.0f messages/s", deliveredPerSecond());
    latency(text, "ack", ack);
    latency(text, "delivery", deliver);
    cpu(text, "node", node);
    cpu(text, "PostgreSQL", postgres);
    if (node.isPresent() && postgres.isPresent() && ackedMeasured > 0) {
      double both = cpuUs(node).orElse(0.0) + cpuUs(postgres).orElse(0.0);
      line(text, "server", "%.1f µs of CPU per message", both);
    }
    cpu(text, "generator", generator);
    line(
        text,
        "whole run",
        "%,d sent, %,d acked, %,d delivered, %,d stored, %,d redelivered",
        sent,
        acked,
        delivered,
        stored,
        redelivered);
    line(
        text,
        good() ? "verdict" : "VERDICT",
        "%,d lost, %,d duplicates, %,d out of order%s",
        lost,
        duplicates,
        outOfOrder,
        failures.isEmpty() ? "" : ", " + failures.size() + " failures");
    failures.stream().distinct().limit(5).forEach(why -> line(text, "failure", "%s", why));
    return text.toString();
  }

  private void cpu(StringBuilder text, String name, Optional<ProcessUse> use) {
    if (use.isEmpty() || ackedMeasured == 0) {
      line(text, name, "CPU not known: its process cannot be seen");
      return;
    }
    line(
        text,
        name,
        "%.1f µs of CPU per message, %,d MB resident",
        cpuUs(use).orElse(0.0),
        use.get().residentBytes() / 1_000_000);
  }

  private static void latency(StringBuilder text, String name, Figures.Latency latency) {
    line(
        text,
        name,
        "p50 %.2f, p95 %.2f, p99 %.2f, max %.2f ms",
        latency.p50(),
        latency.p95(),
        latency.p99(),
        latency.max());
  }

  private static void line(StringBuilder text, String name, String format, Object... values) {
    text.append(String.format(Locale.ROOT, "  %-11s " + format + "%n", prepend(name, values)));
  }

  private static Object[] prepend(String name, Object[] values) {
    Object[] all = new Object[values.length + 1];
    all[0] = name;
    System.arraycopy(values, 0, all, 1, values.length);
    return all;
  }
}
