package io.quipu.tools.chat;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.ReactionCount;
import io.quipu.model.Retention;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Messages as lines for people: number, time, name, words. */
final class Rendering {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT);
  private static final DateTimeFormatter LAST_SEEN =
      DateTimeFormatter.ofPattern("d MMMM, HH:mm", Locale.ENGLISH);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("EEEE, d MMMM uuuu", Locale.ENGLISH);

  private final UserId self;
  private final ZoneId zone;
  private final Glyphs glyphs;

  Rendering(UserId self, ZoneId zone, Glyphs glyphs) {
    this.self = self;
    this.zone = zone;
    this.glyphs = glyphs;
  }

  LocalDate day(Message message) {
    return time(message.storedAtMs()).toLocalDate();
  }

  Line dayLine(LocalDate day) {
    return Line.note(glyphs.rule() + " " + DAY.format(day) + " " + glyphs.rule());
  }

  private ZonedDateTime time(long unixMs) {
    return Instant.ofEpochMilli(unixMs).atZone(zone);
  }

  /**
   * The lines of one message.
   *
   * @param tick how far an own one has come; empty for others
   */
  List<Line> message(Message message, String tick, boolean read) {
    Line.Builder first =
        Line.build()
            .add(Tone.DIM, String.format("%4s ", "#" + message.seq()))
            .add(Tone.DIM, TIME.format(time(message.storedAtMs())) + " ");
    if (message.content() instanceof Content.Changed changed) {
      return List.of(
          first
              .add(Tone.DIM, "* ")
              .add(nameTone(message.sender()), message.sender().value())
              .add(Tone.DIM, " " + words(changed.change()))
              .line());
    }
    first.add(nameTone(message.sender()), message.sender().value()).add(Tone.PLAIN, ": ");
    Content content = message.content();
    List<String> texts = Harmless.lines(content instanceof Content.Text text ? text.text() : "");
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      Line.Builder line =
          i == 0 ? first : Line.build().add(Tone.DIM, "       " + glyphs.bar() + " ");
      line.add(Tone.PLAIN, texts.get(i)).add(Tone.DIM, withoutText(content));
      if (i == texts.size() - 1 && message.amendedBySeq() > 0 && texts(content)) {
        line.add(Tone.DIM, " (edited by #" + message.amendedBySeq() + ")");
      }
      if (i == texts.size() - 1 && !tick.isEmpty()) {
        line.add(read ? Tone.READ : Tone.TICK, " " + tick);
      }
      lines.add(line.line());
    }
    return lines;
  }

  private static boolean texts(Content content) {
    return content instanceof Content.Text || content instanceof Content.Body;
  }

  private Tone nameTone(UserId user) {
    return user.equals(self) ? Tone.STRONG : Tone.NAME;
  }

  private static String withoutText(Content content) {
    if (content instanceof Content.Body body) {
      return "(" + body.bytes().size() + " bytes that are no text)";
    }
    if (content instanceof Content.Erased) {
      return "(erased)";
    }
    if (content instanceof Content.Recalled) {
      return "(taken back)";
    }
    return content instanceof Content.Unknown ? "(of a kind that this program is too old for)" : "";
  }

  /** What a change does, after the name of who does it. */
  static String words(Change change) {
    if (change instanceof Change.Create create) {
      return "makes the group \""
          + Harmless.line(create.title())
          + "\""
          + (create.members().isEmpty() ? "" : " with " + names(create.members()));
    }
    if (change instanceof Change.Add add) {
      return "adds " + names(add.members());
    }
    if (change instanceof Change.Remove remove) {
      return "removes " + names(remove.members());
    }
    if (change instanceof Change.Rename rename) {
      return "calls the group \"" + Harmless.line(rename.title()) + "\"";
    }
    if (change instanceof Change.Leave) {
      return "leaves";
    }
    if (change instanceof Change.OfMessage amended) {
      return words(amended);
    }
    if (change instanceof Change.SetRole set) {
      return "makes " + set.user() + " " + word(set.role());
    }
    if (change instanceof Change.Configure configure) {
      return configure
          .settings()
          .retention()
          .map(Rendering::words)
          .orElse("changes the group's settings");
    }
    if (change instanceof Change.Block) {
      return "blocks the other; no more is written here";
    }
    return change instanceof Change.Unblock ? "unblocks the other" : "was erased";
  }

  private static String words(Retention retention) {
    if (retention instanceof Retention.Days own) {
      return own.days() == 1
          ? "lets messages here go after a day"
          : "lets messages here go after " + own.days() + " days";
    }
    return retention instanceof Retention.ForEver
        ? "lets messages here stay for ever"
        : "lets messages here stay as long as the server keeps them";
  }

  static String word(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  private static String words(Change.OfMessage change) {
    if (change instanceof Change.Edit edit) {
      return "edits #"
          + edit.seq()
          + (edit.content() instanceof Content.Text text
              ? ": " + String.join(" / ", Harmless.lines(text.text()))
              : "");
    }
    if (change instanceof Change.React react) {
      return (react.remove() ? "takes " : "puts ")
          + Harmless.line(react.key())
          + (react.remove() ? " away from #" : " to #")
          + react.seq();
    }
    return "takes #" + change.seq() + " back";
  }

  static String names(List<UserId> users) {
    return users.stream().map(UserId::value).collect(Collectors.joining(", "));
  }

  /** Below a message. */
  Line reactions(List<ReactionCount> reactions) {
    return Line.note(
        reactions.stream()
            .map(it -> Harmless.line(it.key()) + " " + it.count() + (it.own() ? " (you too)" : ""))
            .collect(Collectors.joining(", ", "       " + glyphs.bar() + " ", "")));
  }

  /** When somebody was there last. */
  String lastSeen(long unixMs) {
    return LAST_SEEN.format(time(unixMs));
  }

  /** A stretch that this reader is not shown. */
  Line gap(Gap gap) {
    return gap(gap.fromSeq(), gap.toSeq());
  }

  Line gap(long fromSeq, long toSeq) {
    return Line.note(
        "     "
            + (fromSeq == toSeq ? "#" + fromSeq + " is" : "#" + fromSeq + " to #" + toSeq + " are")
            + " not visible to you");
  }
}
