package io.quipu.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Holds METRICS.md to the code. To write its table anew: {@code mvn test -Dtest=MetricsPageTest
 * -Dquipu.metrics=write}.
 */
final class MetricsPageTest {
  private static final Path PAGE = Path.of("src/main/doc/METRICS.md");
  private static final String BEGIN = "<!-- metrics: from the code, see MetricsPageTest -->\n";
  private static final String END = "<!-- end of metrics -->\n";
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  /** What Prometheus takes for a base unit, or what is counted. */
  private static final Pattern ENDING =
      Pattern.compile(".*_(total|seconds|bytes|entries|batches|messages|conversations|info)");

  private static final Set<String> COUNTS_OF_NOW =
      Set.of(
          "quipu_connections",
          "quipu_sessions",
          "quipu_conversations_loaded",
          "quipu_key_files_broken",
          "quipu_peers_silent",
          "quipu_redis_up",
          "quipu_whereabouts_cached");

  /** A family of the scrape. */
  private static final class Family {
    String type = "";
    String help = "";
    final Map<String, Set<String>> labels = new TreeMap<>();
  }

  private final Map<String, Family> families = families();

  private static Map<String, Family> families() {
    Map<String, Family> families = new TreeMap<>();
    try (Metrics metrics = new Metrics("1.2.3", "node-1")) {
      metrics.httpAnswered(200);
      for (String line : metrics.scrape().lines().toList()) {
        String[] words = line.split(" ", 4);
        if (words[0].equals("#")) {
          Family family = families.computeIfAbsent(words[2], name -> new Family());
          if (words[1].equals("TYPE")) {
            family.type = words[3];
          } else {
            family.help = words[3];
          }
          continue;
        }
        String name = line.replaceAll("[{ ].*", "");
        Family family = families.get(name.replaceAll("_(bucket|sum|count)$", ""));
        family = family == null ? families.get(name) : family;
        Matcher label = LABEL.matcher(line);
        while (label.find()) {
          if (!label.group(1).equals("le")) {
            family
                .labels
                .computeIfAbsent(label.group(1), key -> new TreeSet<>())
                .add(label.group(2));
          }
        }
      }
    }
    return families;
  }

  @Test
  void thePageShowsEveryMetricOfQuipu() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN);
    int end = page.indexOf(END);
    assertThat(begin).isNotNegative();
    assertThat(end).isGreaterThan(begin);
    String whole = page.substring(0, begin + BEGIN.length()) + table() + page.substring(end);
    if ("write".equals(System.getProperty("quipu.metrics"))) {
      Files.writeString(PAGE, whole);
    }
    assertThat(Files.readString(PAGE)).isEqualTo(whole);
  }

  @Test
  void thePageNamesEveryOtherMetricToo() throws IOException {
    String page = Files.readString(PAGE);
    for (String name : families.keySet()) {
      assertThat(page).contains("`" + name.replaceAll("^(quipu_.*)_max$", "$1") + "`");
    }
    Matcher named = Pattern.compile("`((?:jvm|process|system)_[a-z0-9_]+)`").matcher(page);
    while (named.find()) {
      // Collectors differ, and some of their numbers come with the first collection.
      if (!named.group(1).startsWith("jvm_gc_")) {
        assertThat(families).containsKey(named.group(1));
      }
    }
  }

  @Test
  void theQueriesOfThePageAskForWhatThereIs() throws IOException {
    Matcher named = Pattern.compile("quipu_[a-z_]+").matcher(Files.readString(PAGE));
    while (named.find()) {
      String name = named.group().replaceAll("_(bucket|sum|count)$", "");
      assertThat(families).containsKey(name);
    }
  }

  @Test
  void namesFollowTheConventionsOfPrometheus() {
    families.forEach(
        (name, family) -> {
          if (!name.startsWith("quipu_")) {
            return;
          }
          assertThat(family.help).as(name).isNotBlank().doesNotEndWith(".");
          assertThat(name.endsWith("_total")).as(name).isEqualTo(family.type.equals("counter"));
          String base = name.replaceAll("_max$", "");
          assertThat(COUNTS_OF_NOW.contains(base) || ENDING.matcher(base).matches())
              .as(name)
              .isTrue();
        });
  }

  private String table() {
    StringBuilder table = new StringBuilder("| metric | type | labels | |\n|---|---|---|---|\n");
    families.forEach(
        (name, family) -> {
          if (name.startsWith("quipu_") && !name.endsWith("_max")) {
            table
                .append("| `")
                .append(name)
                .append("` | ")
                .append(family.type)
                .append(" | ")
                .append(labels(family))
                .append(" | ")
                .append(family.help)
                .append(" |\n");
          }
        });
    return table.toString();
  }

  private static String labels(Family family) {
    StringBuilder labels = new StringBuilder();
    family.labels.forEach(
        (name, values) -> {
          Set<String> own = new TreeSet<>(values);
          boolean codes = false;
          for (ErrorCode code : ErrorCode.values()) {
            codes |= own.remove(code.name());
          }
          if (name.equals("status")
              || name.equals("version")
              || name.equals("java")
              || name.equals("node")) {
            own.clear(); // one of many
          }
          labels.append(labels.isEmpty() ? "" : ", ").append('`').append(name).append('`');
          if (!own.isEmpty()) {
            labels.append(codes ? " (codes, " : " (").append(String.join(", ", own)).append(')');
          } else if (codes) {
            labels.append(" (codes)");
          }
        });
    return labels.isEmpty() ? "–" : labels.toString();
  }
}
