package io.quipu.server.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredContentTest {
  @Test
  void whatIsStoredComesBack() {
    for (Content content :
        List.of(
            Content.Text.of("hi"),
            new Content.Body(ByteString.copyFromUtf8("bytes")),
            new Content.Changed(new Change.Recall(7)))) {
      assertThat(StoredContent.of(content).content()).isEqualTo(content);
    }
  }

  /** An unknown field of the oneof; an edit without content that is known; no protobuf at all. */
  @ParameterizedTest
  @ValueSource(strings = {"a20600", "42020803", "ff"})
  void whatANewerVersionWroteKeepsItsPlace(String change) {
    ByteString bytes = ByteString.copyFrom(HexFormat.of().parseHex(change));
    assertThat(new StoredContent(StoredContent.CHANGE, bytes).content())
        .isEqualTo(new Content.Unknown());
    assertThat(new StoredContent(99, bytes).content()).isEqualTo(new Content.Unknown());
  }
}
