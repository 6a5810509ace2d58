package io.quipu.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Append path, delivery and clients together, over many seeds.
 *
 * <pre>
 * -Dsim.seeds=100000   as many seeds
 * -Dsim.seed=17        this one only, with its trace on standard output
 * </pre>
 */
class SimulationTest {
  private static final int SEEDS = 1_000;
  private static final int EVENTS = 500;

  private static Simulation simulation;

  @BeforeAll
  static void start() {
    simulation = new Simulation();
  }

  @AfterAll
  static void stop() {
    simulation.close();
  }

  @Test
  void everyPromiseHoldsWhateverTheSeedBrings() {
    Long only = Long.getLong("sim.seed");
    if (only != null) {
      Simulation.Outcome outcome = simulation.run(only, Hole.NONE, true);
      outcome.trace().forEach(System.out::println);
      check(only, outcome);
      return;
    }
    int seeds = Integer.getInteger("sim.seeds", SEEDS);
    Sums sums = new Sums();
    long startedNanos = System.nanoTime();
    LongStream.rangeClosed(1, seeds)
        .parallel()
        .forEach(
            seed -> {
              if (sums.failed.isEmpty()) {
                Simulation.Outcome outcome = simulation.run(seed, Hole.NONE, false);
                sums.add(outcome);
                try {
                  check(seed, outcome);
                } catch (AssertionError e) {
                  sums.failed.put(seed, e);
                }
              }
            });
    if (!sums.failed.isEmpty()) {
      throw sums.failed.firstEntry().getValue();
    }
    double seconds = (System.nanoTime() - startedNanos) / 1e9;
    long events = sums.events.sum();
    long ticks = sums.ticks.sum();
    System.out.printf(
        "simulation: %,d seeds, %,d events and %,d ticks in %.1f s, %,.0f events/s%n",
        seeds, events, ticks, seconds, (events + ticks) / seconds);
    sums.faults.forEach((name, count) -> System.out.printf("  %,10d  %s%n", count.sum(), name));
    assertThat(sums.faults).containsKeys(COVERED);
  }

  /** Over all seeds. */
  private static final class Sums {
    final Map<String, LongAdder> faults = new ConcurrentSkipListMap<>();
    final ConcurrentSkipListMap<Long, AssertionError> failed = new ConcurrentSkipListMap<>();
    final LongAdder events = new LongAdder();
    final LongAdder ticks = new LongAdder();

    void add(Simulation.Outcome outcome) {
      outcome
          .faults()
          .forEach(
              (name, count) -> faults.computeIfAbsent(name, key -> new LongAdder()).add(count));
      events.add(outcome.events());
      ticks.add(outcome.ticks());
    }
  }

  /** Every kind of fault that the simulation knows must have happened in some seed. */
  private static final String[] COVERED = {
    "bus message late",
    "bus message lost",
    "bus message repeated",
    "bus split",
    "cancel",
    "client crash",
    "connection cut",
    "cursor not kept",
    "device offline",
    "frame lost: AckConfirm",
    "frame lost: Deliver",
    "frame lost: DeliverAck",
    "frame lost: Receipt",
    "frame lost: Send",
    "frame lost: SendAck",
    "frame lost: SendRejected",
    "handler failed",
    "node crash",
    "node drained",
    "node frozen",
    "owner crash",
    "registry knows nobody",
    "not the owner",
    "robot repeats what was refused",
    "second owner",
    "store away",
    "unknown outcome: done, its answer lost",
    "unknown outcome: lands late",
    "unknown outcome: lost on the way there",
  };

  private static void check(long seed, Simulation.Outcome outcome) {
    if (outcome.broken().isPresent()) {
      throw simulation.failure(seed, Hole.NONE, outcome);
    }
    assertThat(outcome.events()).as("events of seed %d", seed).isGreaterThanOrEqualTo(EVENTS);
    assertThat(outcome.clients()).as("clients of seed %d", seed).isGreaterThanOrEqualTo(3);
    assertThat(outcome.crashes()).as("crashes of seed %d", seed).isPositive();
    assertThat(outcome.unknownOutcomes()).as("unknown outcomes of seed %d", seed).isPositive();
  }

  @Test
  void aSeedReplaysIdentically() {
    for (long seed = 1; seed <= 20; seed++) {
      Simulation.Outcome once = simulation.run(seed, Hole.NONE, true);
      Simulation.Outcome again = simulation.run(seed, Hole.NONE, true);
      String parting = "none";
      for (int i = 0; i < Math.min(once.trace().size(), again.trace().size()); i++) {
        if (!once.trace().get(i).equals(again.trace().get(i))) {
          parting = once.trace().get(i) + "\n" + again.trace().get(i);
          break;
        }
      }
      assertThat(parting).as("where two runs of seed %d part", seed).isEqualTo("none");
      assertThat(again.fingerprint()).as("seed %d", seed).isEqualTo(once.fingerprint());
    }
  }
}
