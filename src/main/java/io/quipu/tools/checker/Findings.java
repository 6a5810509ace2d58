package io.quipu.tools.checker;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The anomalies: all are counted, and so many of each rule are kept. */
final class Findings {
  private final int maxOfRule;
  private final Map<Rule, Long> counts = new EnumMap<>(Rule.class);
  private final List<Found> kept = new ArrayList<>();

  /**
   * An anomaly, perhaps with evidence that only a second reading finds.
   *
   * @param lines that show it, known already
   */
  record Found(Rule rule, String what, List<Long> lines, Optional<Query> query) {}

  /** The first line at which this device did this with this seq. */
  record Query(Kind kind, String device, String conversation, long seq) {
    enum Kind {
      RECEIVED,
      TAKEN_BEYOND
    }
  }

  Findings(int maxOfRule) {
    this.maxOfRule = maxOfRule;
  }

  void add(Rule rule, String what, Long... lines) {
    add(rule, Optional.empty(), what, lines);
  }

  void add(Rule rule, Query query, String what, Long... lines) {
    add(rule, Optional.of(query), what, lines);
  }

  private void add(Rule rule, Optional<Query> query, String what, Long... lines) {
    if (counts.merge(rule, 1L, Long::sum) <= maxOfRule) {
      kept.add(new Found(rule, what, List.of(lines), query));
    }
  }

  Map<Rule, Long> counts() {
    return counts;
  }

  List<Found> kept() {
    return kept;
  }
}
