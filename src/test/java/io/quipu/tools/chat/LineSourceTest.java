package io.quipu.tools.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class LineSourceTest {
  private static List<String> lines(String text) throws IOException {
    LineSource source = new LineSource(new StringReader(text), 5);
    List<String> lines = new ArrayList<>();
    for (Optional<String> line = source.next(); line.isPresent(); line = source.next()) {
      lines.add(line.get());
    }
    return lines;
  }

  @Test
  void linesEndWithLfOrCrLfAndTheLastNeedsNoEnd() throws IOException {
    assertThat(lines("a\nb\r\n\nc")).containsExactly("a", "b", "", "c");
    assertThat(lines("")).isEmpty();
  }

  @Test
  void aLineWithoutEndTakesNoMoreMemoryThanIsAllowed() throws IOException {
    assertThat(lines("x".repeat(1_000) + "\nnext")).containsExactly("xxxxx", "next");
  }
}
