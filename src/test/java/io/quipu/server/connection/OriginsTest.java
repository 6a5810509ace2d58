package io.quipu.server.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OriginsTest {
  private static final String HOST = "chat.example.org:7380";

  @Test
  void whoIsNoBrowserIsLetIn() {
    assertThat(Origins.allowed(Optional.empty(), HOST, List.of())).isTrue();
    assertThat(Origins.allowed(Optional.empty(), HOST, List.of("https://x.org"))).isTrue();
  }

  @Test
  void withoutAListOnlyPagesOfTheSameHostAreLetIn() {
    assertThat(allowed("http://chat.example.org:7380", List.of())).isTrue();
    assertThat(allowed("http://CHAT.example.org:7380", List.of())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://evil.org",
        "http://chat.example.org",
        "http://chat.example.org:7381",
        "http://chat.example.org:7380.evil.org",
        "http://evil.org/chat.example.org:7380",
        "http://x@chat.example.org:7380",
        "chat.example.org:7380",
        "://chat.example.org:7380",
        "null",
        ""
      })
  void otherPagesAreNot(String origin) {
    assertThat(allowed(origin, List.of())).isFalse();
  }

  @Test
  void aListLetsInWhatItNamesAndNothingElse() {
    List<String> list = List.of("https://a.org", "https://b.org");
    assertThat(allowed("https://b.org", list)).isTrue();
    assertThat(allowed("HTTPS://B.org", list)).isTrue();
    assertThat(allowed("https://c.org", list)).isFalse();
    assertThat(allowed("http://" + HOST, list)).as("not even the same host").isFalse();
    assertThat(allowed("https://anything.org", List.of("*"))).isTrue();
  }

  private static boolean allowed(String origin, List<String> list) {
    return Origins.allowed(Optional.of(origin), HOST, list);
  }
}
