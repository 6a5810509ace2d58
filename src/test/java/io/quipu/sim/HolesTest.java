package io.quipu.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The simulation can fail: each rule of the design that is left out is found, as the models of
 * src/test/model find it. How many seeds that takes is printed.
 */
class HolesTest {
  /** Many times what most of them need today: one to four. */
  private static final int SEEDS = 100;

  private static final Map<Hole, String> FOUND = new LinkedHashMap<>();
  private static Simulation simulation;

  @BeforeAll
  static void start() {
    simulation = new Simulation();
  }

  @AfterAll
  static void stop() {
    simulation.close();
    FOUND.forEach(
        (hole, how) -> System.out.printf("  %-36s %-22s %s%n", hole, hole.inTheModel, how));
  }

  @ParameterizedTest
  @EnumSource(value = Hole.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aRuleThatIsLeftOutIsFound(Hole hole) {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Optional<String> broken = simulation.run(seed, hole, false).broken();
      if (broken.isPresent()) {
        FOUND.put(hole, broken.get());
        return;
      }
    }
    assertThat(FOUND).as("found within %d seeds", SEEDS).containsKey(hole);
  }
}
