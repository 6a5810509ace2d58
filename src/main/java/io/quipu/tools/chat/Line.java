package io.quipu.tools.chat;

import java.util.ArrayList;
import java.util.List;

/**
 * One line for a person: pieces of text without control characters, each with its tone. Where it
 * runs over a terminal's edge the rest is set in, so that no message can look like two.
 */
record Line(List<Span> spans) {
  /** A piece of a line. */
  record Span(String text, Tone tone) {}

  Line {
    spans = List.copyOf(spans);
  }

  static Line of(Tone tone, String text) {
    return new Line(List.of(new Span(text, tone)));
  }

  /** A note of the program itself. */
  static Line note(String text) {
    return of(Tone.DIM, text);
  }

  static Line error(String text) {
    return of(Tone.ERROR, text);
  }

  static Builder build() {
    return new Builder();
  }

  /** Without tones. */
  String text() {
    StringBuilder all = new StringBuilder();
    spans.forEach(span -> all.append(span.text()));
    return all.toString();
  }

  /** Piece by piece. */
  static final class Builder {
    private final List<Span> spans = new ArrayList<>();

    private Builder() {}

    Builder add(Tone tone, String text) {
      if (!text.isEmpty()) {
        spans.add(new Span(text, tone));
      }
      return this;
    }

    Line line() {
      return new Line(spans);
    }
  }
}
