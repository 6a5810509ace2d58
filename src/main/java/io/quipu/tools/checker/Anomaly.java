package io.quipu.tools.checker;

import java.util.List;

/**
 * What a server that keeps its promises does not do, and the fewest lines of the history that show
 * it.
 *
 * @param lines rising
 */
record Anomaly(Rule rule, String what, List<Line> lines) {
  /**
   * @param file which of those that were given, from 0
   * @param number from 1
   */
  record Line(int file, long number) {}
}
