package io.quipu.sim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs seeds: alone, and again with a trace when they fail. */
final class Simulation implements AutoCloseable {
  private static final Path TRACES = Path.of("target", "sim");

  private final LogWatch logs = new LogWatch();
  private final Tokens tokens = new Tokens();

  /**
   * What came of a seed.
   *
   * @param broken the promise that was broken, and how; empty if all were kept
   */
  record Outcome(
      Optional<String> broken,
      long fingerprint,
      int events,
      int ticks,
      int clients,
      Map<String, Integer> faults,
      List<String> trace) {
    int count(String prefix) {
      return faults.entrySet().stream()
          .filter(one -> one.getKey().startsWith(prefix))
          .mapToInt(Map.Entry::getValue)
          .sum();
    }

    int crashes() {
      return count("client crash") + count("node crash") + count("owner crash");
    }

    int unknownOutcomes() {
      return count("unknown outcome");
    }
  }

  Outcome run(long seed, Hole hole, boolean tracing) {
    World world = new World(seed, hole, tokens, logs, tracing);
    Optional<String> broken = Optional.empty();
    try {
      world.run();
    } catch (AssertionError e) {
      broken = Optional.of(e.getMessage());
    }
    return new Outcome(
        broken,
        world.scheduler().fingerprint(),
        world.scheduler().events(),
        world.scheduler().ticks(),
        world.clients(),
        world.faults().seen(),
        world.scheduler().trace());
  }

  /** Fails with everything that somebody needs who wants to know why. */
  AssertionError failure(long seed, Hole hole, Outcome outcome) {
    Outcome again = run(seed, hole, true);
    Path file = TRACES.resolve("seed-" + seed + ".txt");
    try {
      Files.createDirectories(TRACES);
      Files.write(file, again.trace(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> trace = again.trace();
    String tail = String.join("\n", trace.subList(Math.max(0, trace.size() - 40), trace.size()));
    String replay =
        again.fingerprint() == outcome.fingerprint() ? "the same again" : "NOT the same again";
    return new AssertionError(
        String.format(
            "%s%nreplay: mvn test -Dtest=SimulationTest -Dsim.seed=%d   (%s)%n"
                + "trace:  %s, ending with%n%s",
            outcome.broken().orElseThrow(), seed, replay, file, tail));
  }

  @Override
  public void close() {
    tokens.close();
    logs.close();
  }
}
