package io.quipu.tools.chat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HarmlessTest {
  @Test
  void nothingThatATerminalObeysComesThrough() {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      String shown = Harmless.line("a" + Character.toString(c) + "b");
      assertThat(shown.codePoints().noneMatch(HarmlessTest::obeyed))
          .as("U+%04X is shown as %s", c, shown)
          .isTrue();
    }
  }

  private static boolean obeyed(int c) {
    boolean turnsTheWritingAround =
        c == 0x200e || c == 0x200f || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069;
    return Character.isISOControl(c)
        || c == 0x2028
        || c == 0x2029
        || turnsTheWritingAround
        || c >= 0xd800 && c <= 0xdfff;
  }

  @ParameterizedTest
  @CsvSource({
    "'\u001b[2J', '^[[2J'",
    "'\u001b]0;title\u0007', '^[]0;title^G'",
    "'\u009b31m', '<U+009B>31m'",
    "'a\u202eb', 'a<U+202E>b'",
    "'\u007f', '^?'",
    "'a\tb', 'a    b'"
  })
  void whatIsForbiddenBecomesVisible(String text, String shown) {
    assertThat(Harmless.line(text)).isEqualTo(shown);
  }

  @Test
  void wordsOfAllLanguagesStayAsTheyAre() {
    String words = "Grüße, здравствуйте, 你好, नमस्ते, 👩‍👩‍👧 👍🏽, العربية";

    assertThat(Harmless.line(words)).isEqualTo(words);
  }

  @Test
  void everyLineEndEndsALine() {
    assertThat(Harmless.lines("a\nb\r\nc\rd\u2028e\u0085f"))
        .containsExactly("a", "b", "c", "d", "e", "f");
    assertThat(Harmless.lines("")).containsExactly("");
  }

  @Test
  void aCutDoesNotHalveACharacter() {
    assertThat(Harmless.line("👍👍👍", 2)).isEqualTo("👍👍...");
    assertThat(Harmless.line("ab", 2)).isEqualTo("ab");
  }
}
