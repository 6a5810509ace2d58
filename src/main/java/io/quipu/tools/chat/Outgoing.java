package io.quipu.tools.chat;

import io.quipu.client.PendingSend;
import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Own sends that are not in the conversation yet, oldest first. As many as the client's outbox
 * takes; a few of them are shown.
 *
 * <pre>
 * a send  | event                 | next
 * entered | on the disk           | kept (shown)
 * kept    | outcome UNKNOWN       | unknown (shown with its number; the later ones wait)
 * unknown | retry                 | kept
 * kept    | stored                | stored (until its message has its turn on the screen)
 * any     | refused, cancelled    | gone
 * stored  | its message is shown  | gone
 * </pre>
 */
final class Outgoing {
  private static final int SHOWN = 4;
  private static final int MAX_LISTED = 50;
  private static final int SHOWN_CHARS = 60;

  /** One send. */
  static final class Entry {
    final PendingSend send;
    final int number;
    private boolean kept;
    private boolean unknown;
    private boolean stored;

    private Entry(PendingSend send, int number, boolean kept) {
      this.send = send;
      this.number = number;
      this.kept = kept;
    }

    UUID id() {
      return send.id();
    }

    boolean unknown() {
      return unknown;
    }
  }

  private final UserId self;
  private final Glyphs glyphs;
  private final List<Entry> entries = new ArrayList<>();
  private int numbers;

  Outgoing(UserId self, Glyphs glyphs) {
    this.self = self;
    this.glyphs = glyphs;
  }

  void add(PendingSend send, boolean kept) {
    if (find(send.id()).isEmpty()) {
      if (entries.isEmpty()) {
        numbers = 0;
      }
      entries.add(new Entry(send, ++numbers, kept));
    }
  }

  Optional<Entry> find(UUID id) {
    return entries.stream().filter(entry -> entry.id().equals(id)).findFirst();
  }

  Optional<Entry> numbered(int number) {
    return entries.stream().filter(entry -> entry.number == number && !entry.stored).findFirst();
  }

  Optional<Entry> oldestUnknown() {
    return entries.stream().filter(Entry::unknown).findFirst();
  }

  /** What has no outcome, or one that is unknown. */
  List<Entry> open() {
    return entries.stream().filter(entry -> !entry.stored).toList();
  }

  /** True if everything is in the conversation, or refused. */
  boolean isEmpty() {
    return entries.isEmpty();
  }

  void kept(UUID id) {
    find(id).ifPresent(entry -> entry.kept = true);
  }

  void unknown(UUID id, boolean is) {
    find(id).ifPresent(entry -> entry.unknown = is);
  }

  void stored(UUID id) {
    find(id)
        .ifPresent(
            entry -> {
              entry.stored = true;
              entry.unknown = false;
            });
  }

  void remove(UUID id) {
    entries.removeIf(entry -> entry.id().equals(id));
  }

  /** For the input line: what is on the disk and not in the conversation yet. */
  List<Line> lines(ConversationId here, boolean online) {
    List<Entry> shown = entries.stream().filter(entry -> entry.kept && !entry.stored).toList();
    List<Line> lines = new ArrayList<>();
    for (Entry entry : shown.subList(0, Math.min(SHOWN, shown.size()))) {
      lines.add(line(entry, here, online));
    }
    if (shown.size() > SHOWN) {
      lines.add(Line.note("  " + glyphs.dots() + " and " + (shown.size() - SHOWN) + " more"));
    }
    return lines;
  }

  private Line line(Entry entry, ConversationId here, boolean online) {
    String sign = online ? glyphs.sent() : glyphs.waiting();
    ConversationId where = entry.send.to().conversation(self, entry.id());
    boolean elsewhere = !where.equals(here) && !(entry.send.to() instanceof To.NewGroup);
    return Line.build()
        .add(entry.unknown ? Tone.ERROR : Tone.TICK, "  " + (entry.unknown ? "?" : sign) + " ")
        .add(Tone.DIM, "[" + entry.number + "] ")
        .add(Tone.DIM, elsewhere ? glyphs.arrow() + " " + name(where) + " " : "")
        .add(Tone.DIM, excerpt(entry.send.content()))
        .add(Tone.ERROR, entry.unknown ? "  outcome unknown: /retry or /cancel" : "")
        .line();
  }

  /** At the end: what has no outcome, and where it is kept. Nothing if there is none. */
  List<Line> left(String folder, String device) {
    List<Entry> left = open();
    List<Line> lines = new ArrayList<>();
    if (!left.isEmpty()) {
      lines.add(
          Line.error(
              "Not known to be stored: "
                  + count(left.size())
                  + ". Kept in "
                  + folder
                  + " and sent by the next chat --user "
                  + self
                  + " --device "
                  + device
                  + ":"));
      left.stream()
          .limit(MAX_LISTED)
          .forEach(entry -> lines.add(Line.note("  " + excerpt(entry.send.content()))));
    }
    if (left.size() > MAX_LISTED) {
      lines.add(Line.note("  and " + (left.size() - MAX_LISTED) + " more"));
    }
    return lines;
  }

  static String count(int sends) {
    return sends == 1 ? "1 message" : sends + " messages";
  }

  String name(ConversationId conversation) {
    return name(conversation, self);
  }

  /** The other one's name, or the group's id. */
  static String name(ConversationId conversation, UserId self) {
    List<UserId> users = conversation.directUsers();
    return users.stream()
        .filter(user -> !user.equals(self))
        .findFirst()
        .map(UserId::value)
        .orElse(users.isEmpty() ? conversation.value() : self.value());
  }

  /** The beginning of a content, on one line. */
  static String excerpt(Content content) {
    if (content instanceof Content.Text text) {
      return Harmless.line(text.text().strip().replaceAll("\\s*[\r\n]+\\s*", " / "), SHOWN_CHARS);
    }
    if (content instanceof Content.Changed changed) {
      Change change = changed.change();
      return "(" + Rendering.words(change) + ")";
    }
    return "(no text)";
  }
}
