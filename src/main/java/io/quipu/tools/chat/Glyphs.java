package io.quipu.tools.chat;

import java.util.Map;

/**
 * The signs that a terminal can show.
 *
 * @param waiting kept on the disk, there is no connection
 * @param sent kept on the disk and on its way
 * @param stored the server has committed it
 * @param delivered a device of the other has taken it
 */
record Glyphs(
    String waiting,
    String sent,
    String stored,
    String delivered,
    String failed,
    String rule,
    String bar,
    String arrow,
    String dots) {
  static final Glyphs UNICODE = new Glyphs("◷", "↑", "✓", "✓✓", "✗", "—", "|", "→", "…");
  static final Glyphs ASCII = new Glyphs("o", "^", "v", "vv", "x", "--", "|", "->", "...");

  /** By the first of LC_ALL, LC_CTYPE and LANG that is set, as every program of a terminal does. */
  static Glyphs of(Map<String, String> environment) {
    for (String name : new String[] {"LC_ALL", "LC_CTYPE", "LANG"}) {
      String value = environment.getOrDefault(name, "");
      if (!value.isEmpty()) {
        return value.toLowerCase(java.util.Locale.ROOT).replace("-", "").contains("utf8")
            ? UNICODE
            : ASCII;
      }
    }
    return ASCII;
  }
}
