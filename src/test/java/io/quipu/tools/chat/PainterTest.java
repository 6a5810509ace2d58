package io.quipu.tools.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.jline.utils.AttributedString;
import org.junit.jupiter.api.Test;

final class PainterTest {
  private static final Painter COLOURS = new Painter(true);

  private static String ansi(Painter painter, String name) {
    return painter.paint(Line.of(Tone.NAME, name)).toAnsi();
  }

  @Test
  void aNameHasTheSameColourAlwaysAndNamesDiffer() {
    assertThat(ansi(COLOURS, "alice")).isEqualTo(ansi(new Painter(true), "alice"));
    assertThat(
            IntStream.range(0, 50)
                .mapToObj(i -> ansi(COLOURS, "u" + i).replaceAll("u\\d+", ""))
                .distinct()
                .count())
        .isGreaterThan(4);
  }

  @Test
  void withoutColoursThereAreNone() {
    for (Tone tone : Tone.values()) {
      assertThat(new Painter(false).paint(Line.of(tone, "x")).toAnsi()).doesNotContain("[3", "[9");
    }
  }

  @Test
  void longLinesAreCutAtBlanksAndSetIn() {
    Line line = Line.of(Tone.PLAIN, "  #1 12:00 bob: " + "word ".repeat(20).strip());

    List<String> rows = COLOURS.rows(line, 40).stream().map(AttributedString::toString).toList();

    assertThat(rows).hasSizeGreaterThan(2).allMatch(row -> row.length() <= 40);
    assertThat(rows.subList(1, rows.size())).allMatch(row -> row.startsWith("       word"));
    assertThat(String.join("", rows).replaceAll("\\s+", " ").strip())
        .isEqualTo(line.text().replaceAll("\\s+", " ").strip());
  }

  @Test
  void aWordLongerThanTheTerminalAndWideCharactersAreCutToo() {
    for (String text : List.of("x".repeat(200), "漢".repeat(100), "👍".repeat(50))) {
      List<AttributedString> rows = COLOURS.rows(Line.of(Tone.PLAIN, text), 30);

      assertThat(rows).allMatch(row -> row.columnLength() <= 30);
      assertThat(String.join("", rows.stream().map(r -> r.toString().strip()).toList()))
          .isEqualTo(text);
    }
  }
}
