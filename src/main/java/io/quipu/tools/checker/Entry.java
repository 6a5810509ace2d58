package io.quipu.tools.checker;

import java.util.Map;
import java.util.TreeMap;

/** What was seen at one place of one conversation. */
final class Entry {
  final Send send;

  /** Where its identity was seen first, in an ack too. */
  final long line;

  /** As it was sent, that is amended by 0; empty if only an ack was seen. */
  String content = "";

  long contentLine;

  /** Where a device received it first; 0 = none did. */
  long deviceLine;

  boolean conflicted;

  /** Contents after an edit or a recall, by the seq of that; none nearly always. */
  private Map<Long, Version> amended = Map.of();

  record Version(String content, long line) {}

  Entry(Send send, long line) {
    this.send = send;
    this.line = line;
  }

  /** The first sight of the content amended by this seq; this one, if it is the first. */
  Version first(long amendedBy, Version found) {
    if (!Fingerprint.comparable(found.content())) {
      return found; // nothing to compare
    }
    if (amendedBy != 0) {
      if (amended.isEmpty()) {
        amended = new TreeMap<>();
      }
      Version before = amended.putIfAbsent(amendedBy, found);
      return before == null ? found : before;
    }
    if (content.isEmpty()) {
      content = found.content().equals(send.content) ? send.content : found.content();
      contentLine = found.line();
    }
    return new Version(content, contentLine);
  }
}
