package io.quipu.tools.checker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checker is believed since it catches what is planted, and nothing where nothing is. */
final class PlantedBugsTest {
  private static final int SEEDS = 12;
  private static final int CORRECT_SEEDS = 60;
  private static final Path PAGE = Path.of("src/main/proto/HISTORY.md");

  @TempDir private Path folder;

  static final class Memory implements HistoryWriter.Disk {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(byte[] from, int length) {
      bytes.write(from, 0, length);
    }

    @Override
    public void close() {}
  }

  private CheckReport run(Plant plant, long seed) throws IOException {
    ChatModel model = new ChatModel(plant, seed);
    Memory disk = new Memory();
    HistoryLine header = HistoryWriter.header("model", "virtual", 0, true);
    try (HistoryWriter writer =
        new HistoryWriter(folder, disk, model::nowUs, Integer.MAX_VALUE - 8, header)) {
      model.record(writer);
    }
    Path file = folder.resolve(plant + "-" + seed + ".history");
    Files.write(file, disk.bytes.toByteArray());
    CheckReport report =
        Checker.check(
            List.of(file), new Checker.Settings(OptionalLong.empty(), 100), progress -> {});
    Files.delete(file);
    return report;
  }

  private Set<Rule> caughtBy(Plant plant) throws IOException {
    Set<Rule> rules = EnumSet.noneOf(Rule.class);
    for (long seed = 1; seed <= SEEDS; seed++) {
      rules.addAll(run(plant, seed).counts().keySet());
    }
    return rules;
  }

  @Test
  void aCorrectServerShowsNoAnomaly() throws IOException {
    for (long seed = 1; seed <= CORRECT_SEEDS; seed++) {
      CheckReport report = run(Plant.NONE, seed);
      assertThat(report.anomalies()).as("seed " + seed).isEmpty();
      assertThat(report.acks()).isGreaterThan(40);
      assertThat(report.notes()).isEmpty();
    }
  }

  @Test
  void everyPlantedBugIsCaughtByTheRulesThatThePageNames() throws IOException {
    Map<Plant, Set<Rule>> caught = new EnumMap<>(Plant.class);
    for (Plant plant : Plant.values()) {
      if (plant != Plant.NONE) {
        caught.put(plant, caughtBy(plant));
      }
    }
    String found =
        caught.entrySet().stream()
            .map(row -> "| " + row.getKey().mistake() + " | " + labels(row.getValue()) + " |")
            .collect(Collectors.joining("\n"));
    Map<Rule, Plant> alone = new TreeMap<>();
    caught.forEach(
        (plant, rules) -> {
          if (rules.size() == 1) {
            alone.putIfAbsent(rules.iterator().next(), plant);
          }
        });

    assertThat(caught.values()).as(found).noneMatch(Set::isEmpty);
    assertThat(alone.keySet())
        .as("rules that alone catch something:\n" + found)
        .contains(Rule.values());
    String page = Files.readString(PAGE);
    String table = page.substring(page.indexOf("| planted |"));
    assertThat(table.lines().skip(2).takeWhile(line -> line.startsWith("|")))
        .as("the table of the page should be:\n" + found)
        .containsExactlyElementsOf(found.lines().toList());
  }

  @Test
  void thePageHasEveryRule() throws IOException {
    List<String> page = Files.readAllLines(PAGE);

    for (Rule rule : Rule.values()) {
      assertThat(page).anyMatch(line -> line.startsWith("| " + rule.label() + " |"));
    }
  }

  private static String labels(Set<Rule> rules) {
    return rules.stream().map(Rule::label).collect(Collectors.joining(", "));
  }
}
