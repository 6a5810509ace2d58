package io.quipu.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Runs many seeds; a failing one names itself and replays with {@code -Dquipu.seed=N}. */
class AppendPathSimulationTest {
  private static final int SEEDS = 1_000;

  @Test
  void everySendIsStoredOnceInOrderWhateverTheBusTheStoreAndTheOwnersDo() {
    Map<String, Integer> faults = new TreeMap<>();
    Long only = Long.getLong("quipu.seed");
    long first = only == null ? 1 : only;
    long last = only == null ? SEEDS : only;
    for (long seed = first; seed <= last; seed++) {
      AppendPathSimulation simulation = new AppendPathSimulation(seed);
      try {
        simulation.run(600, 12);
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
      simulation.faults.forEach((name, count) -> faults.merge(name, count, Integer::sum));
      assertThat(simulation.events()).isGreaterThanOrEqualTo(600);
    }
    if (only == null) {
      assertThat(faults)
          .containsKeys(
              "owner crash",
              "reconnect",
              "store away",
              "message lost",
              "message repeated",
              "load failed",
              "insert lost, outcome unknown",
              "insert lands late, outcome unknown",
              "insert done, outcome unknown, and its reply comes late",
              "cancel",
              "rejected VOIDED",
              "rejected STORE_DOWN");
    }
  }
}
