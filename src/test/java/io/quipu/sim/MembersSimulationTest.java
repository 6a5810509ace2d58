package io.quipu.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.sim.MembersSimulation.Hole;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs many seeds; a failing one names itself and replays with {@code -Dquipu.seed=N}. */
class MembersSimulationTest {
  private static final int SEEDS = 500;
  private static final int STEPS = 500;

  @Test
  void onlyMembersWriteAndRefusalsAreTrueWhateverTheOwnersBelieve() {
    Map<String, Integer> seen = new TreeMap<>();
    Long only = Long.getLong("quipu.seed");
    long first = only == null ? 1 : only;
    long last = only == null ? SEEDS : only;
    for (long seed = first; seed <= last; seed++) {
      MembersSimulation simulation = new MembersSimulation(seed, Hole.NONE);
      try {
        simulation.run(STEPS);
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
      simulation.seen.forEach((name, count) -> seen.merge(name, count, Integer::sum));
    }
    if (only == null) {
      assertThat(seen)
          .containsKeys(
              "join",
              "leave",
              "NOT_A_MEMBER NOT_APPLIED",
              "VOIDED NOT_APPLIED",
              "CONVERSATION_UNKNOWN UNKNOWN");
    }
  }

  @ParameterizedTest
  @EnumSource(value = Hole.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void everyRuleThatIsLeftOutIsFound(Hole hole) {
    assertThat(seedsUntilFound(hole)).isLessThan(SEEDS);
  }

  private static long seedsUntilFound(Hole hole) {
    for (long seed = 1; seed <= SEEDS; seed++) {
      try {
        new MembersSimulation(seed, hole).run(STEPS);
      } catch (AssertionError found) {
        return seed;
      }
    }
    return SEEDS;
  }
}
