package io.quipu.tools.checker;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A verdict.
 *
 * @param counts of all anomalies; rules without any are absent
 * @param anomalies of each rule as many as were wanted
 * @param notes on what was not judged, and why
 */
record CheckReport(
    long lines,
    long sends,
    long acks,
    long batches,
    int devices,
    int conversations,
    long tookMs,
    Map<Rule, Long> counts,
    List<Anomaly> anomalies,
    List<String> notes) {
  boolean good() {
    return counts.isEmpty();
  }

  JsonObject json(List<Path> files) {
    JsonObject found = new JsonObject();
    for (Rule rule : Rule.values()) {
      found.put(rule.label(), counts.getOrDefault(rule, 0L));
    }
    JsonArray shown = new JsonArray();
    for (Anomaly anomaly : anomalies) {
      JsonArray evidence = new JsonArray();
      for (Anomaly.Line line : anomaly.lines()) {
        evidence.add(
            new JsonObject()
                .put("file", files.get(line.file()).toString())
                .put("line", line.number()));
      }
      shown.add(
          new JsonObject()
              .put("rule", anomaly.rule().label())
              .put("what", anomaly.what())
              .put("evidence", evidence));
    }
    return new JsonObject()
        .put("good", good())
        .put("lines", lines)
        .put("sends", sends)
        .put("acks", acks)
        .put("batches", batches)
        .put("devices", devices)
        .put("conversations", conversations)
        .put("took_ms", tookMs)
        .put("counts", found)
        .put("anomalies", shown)
        .put("notes", new JsonArray(notes));
  }

  String text(List<Path> files) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%,d lines: %,d sends, %,d acks, %,d batches, %,d devices, %,d conversations; %.1f s%n",
            lines,
            sends,
            acks,
            batches,
            devices,
            conversations,
            tookMs / 1e3));
    for (Rule rule : Rule.values()) {
      if (counts.containsKey(rule)) {
        of(rule, files, text);
      }
    }
    notes.forEach(note -> text.append("note: ").append(note).append('\n'));
    text.append(
        good()
            ? "No anomaly.\n"
            : String.format(
                Locale.ROOT,
                "ANOMALIES: %,d%n",
                counts.values().stream().mapToLong(Long::longValue).sum()));
    return text.toString();
  }

  private void of(Rule rule, List<Path> files, StringBuilder text) {
    List<Anomaly> shown = anomalies.stream().filter(one -> one.rule() == rule).toList();
    text.append(String.format(Locale.ROOT, "%n%s: %s%n", rule.label(), rule.meaning()));
    for (Anomaly anomaly : shown) {
      text.append("  ").append(anomaly.what()).append('\n');
      text.append("    shown by ").append(where(anomaly, files)).append('\n');
    }
    long more = counts.get(rule) - shown.size();
    if (more > 0) {
      text.append(String.format(Locale.ROOT, "  and %,d more%n", more));
    }
    text.append('\n');
  }

  private static String where(Anomaly anomaly, List<Path> files) {
    return anomaly.lines().stream()
        .map(
            line ->
                files.size() == 1
                    ? "line " + line.number()
                    : files.get(line.file()) + ":" + line.number())
        .collect(Collectors.joining(", "));
  }
}
