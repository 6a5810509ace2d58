package io.quipu.tools.checker;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class CheckCommandTest {
  private static final int MESSAGES = 2_000;

  @TempDir private Path folder;
  private Path history;

  private record Result(int code, String out, String err) {}

  @BeforeEach
  void write() throws IOException {
    history = folder.resolve("a.history");
    LargeHistory.write(history, MESSAGES);
  }

  private static Result check(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        new CommandLine(new CheckCommand())
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(arguments);
    return new Result(code, out.toString(), err.toString());
  }

  /** The history without its last message in the journal, which is acked. */
  private Path lossy() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(history));
    int journal = -1;
    for (int i = 0; i < lines.size(); i++) {
      journal = lines.get(i).contains("\"event\":\"journal\"") ? i : journal;
    }
    lines.set(journal, lines.get(journal).replaceAll(",\\{\"seq\":[^{]*}]}$", "]}"));
    return Files.write(folder.resolve("lossy.history"), lines);
  }

  @Test
  void aGoodHistoryIsExitCodeZero() {
    Result result = check(history.toString());

    assertThat(result.err()).isEmpty();
    assertThat(result.out()).contains("2,000 sends, 2,000 acks", "No anomaly.");
    assertThat(result.code()).isZero();
  }

  @Test
  void anomaliesAreExitCodeOneWithTheLinesThatShowThem() throws IOException {
    Result result = check(lossy().toString());

    assertThat(result.out()).contains("lost-write: ", "shown by line ", "ANOMALIES: 1");
    assertThat(result.code()).isEqualTo(1);
  }

  @Test
  void jsonHasTheSame() throws IOException {
    JsonObject good = new JsonObject(check("--json", history.toString()).out());
    assertThat(good.getBoolean("good")).isTrue();
    assertThat(good.getJsonArray("anomalies")).isEmpty();

    JsonObject bad = new JsonObject(check("--json", lossy().toString()).out());
    assertThat(bad.getBoolean("good")).isFalse();
    assertThat(bad.getJsonObject("counts").getLong("lost-write")).isEqualTo(1);
    JsonObject shown = bad.getJsonArray("anomalies").getJsonObject(0);
    assertThat(shown.getString("rule")).isEqualTo("lost-write");
    assertThat(shown.getJsonArray("evidence")).hasSize(2);
  }

  @Test
  void whatIsNoHistoryIsExitCodeTwo() throws IOException {
    assertThat(check(folder.resolve("none").toString()).code()).isEqualTo(2);
    assertThat(check(folder.toString()).code()).isEqualTo(2);
    Path text = Files.writeString(folder.resolve("text"), "hello\n");
    Result result = check(history.toString(), text.toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("text, line 1: it is no JSON").doesNotContain("\tat ");
  }

  @Test
  void wrongUsageIsExitCodeTwo() {
    assertThat(check().code()).isEqualTo(2);
    assertThat(check("--show", "0", history.toString()).err()).contains("from 1 to 10000");
    assertThat(check("--late-ms", "0", history.toString()).code()).isEqualTo(2);
  }

  @Test
  void aShorterBoundThanTheHistorysOwnCanBeAsked() {
    assertThat(check("--late-ms", "10000", history.toString()).code()).isZero();
  }

  @Test
  void onlySoManyOfEachRuleAreShown() throws IOException {
    Path twice = folder.resolve("twice");
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(history)) {
      lines.add(line);
      if (line.contains("\"event\":\"taken\"")) {
        lines.add(line);
      }
    }
    int last = lines.size() - 1;
    lines.set(last, lines.get(last).replaceAll("\"lines\":.*}", "\"lines\":" + (last + 1) + "}"));
    Files.write(twice, lines);

    Result result = check("--show", "3", twice.toString());

    assertThat(result.out()).contains("and 9,997 more");
    assertThat(result.out().lines().filter(line -> line.contains("shown by"))).hasSize(3);
  }
}
