package io.quipu.tools.checker;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.quipu.tools.checker.HistoryEvent.Absent;
import io.quipu.tools.checker.HistoryEvent.Place;
import io.quipu.tools.checker.HistoryEvent.Seen;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * Makes an event of one line. Strict about what it knows: a field that is missing, of another type
 * or out of its range is an error. Fields and events that it does not know are passed over.
 */
final class LineReading {
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private static final long ABSENT = Long.MIN_VALUE;
  private static final String NOWHERE = "";

  private String event = NOWHERE;
  private String device = NOWHERE;
  private String conversation = NOWHERE;
  private String id = NOWHERE;
  private String content = NOWHERE;
  private String sender = NOWHERE;
  private String code = NOWHERE;
  private String outcome = NOWHERE;
  private String state = NOWHERE;
  private String reason = NOWHERE;
  private String change = NOWHERE;
  private String by = NOWHERE;
  private String program = NOWHERE;
  private String clock = NOWHERE;
  private long atUs = ABSENT;
  private long seq = ABSENT;
  private long fromSeq = ABSENT;
  private long toSeq = ABSENT;
  private long amendedBy = ABSENT;
  private long version = ABSENT;
  private long lateMs = ABSENT;
  private long beatMs = ABSENT;
  private long silentMs = ABSENT;
  private long syncId = ABSENT;
  private long lines = ABSENT;
  private Optional<Boolean> complete = Optional.empty();
  private Optional<Boolean> outboxKept = Optional.empty();
  private Optional<Boolean> fresh = Optional.empty();
  private Optional<Boolean> deviceIsNew = Optional.empty();
  private Optional<Boolean> onlyListed = Optional.empty();
  private Optional<Boolean> restored = Optional.empty();
  private Optional<Boolean> historyAll = Optional.empty();
  private final List<Seen> messages = new ArrayList<>(0);
  private final List<Absent> gaps = new ArrayList<>(0);
  private final List<Place> cursors = new ArrayList<>(0);
  private final List<String> users = new ArrayList<>(0);

  private LineReading() {}

  /** What a line says, and when. */
  record Timed(long atUs, HistoryEvent event) {}

  /**
   * @throws HistoryUnreadableException if this is no line of a history; its message does not say
   *     which one
   */
  static Timed read(byte[] bytes, int length) {
    try (JsonParser parser = JSON.createParser(bytes, 0, length)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new HistoryUnreadableException("it is no JSON object");
      }
      LineReading line = new LineReading();
      line.fields(parser);
      if (parser.nextToken() != null) {
        throw new HistoryUnreadableException("there is something behind the object");
      }
      return new Timed(line.number("at_us", line.atUs, 0), line.event());
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      throw new HistoryUnreadableException(
          "it is no JSON: " + message.lines().findFirst().orElse(""));
    }
  }

  private void fields(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      if (token == JsonToken.VALUE_STRING) {
        text(name, parser.getText());
      } else if (token == JsonToken.VALUE_NUMBER_INT) {
        number(name, parser.getLongValue());
      } else if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
        flag(name, token == JsonToken.VALUE_TRUE);
      } else if (token == JsonToken.START_ARRAY) {
        list(name, parser);
      } else {
        parser.skipChildren();
      }
    }
  }

  private void text(String name, String value) {
    switch (name) {
      case "event" -> event = value;
      case "device" -> device = value;
      case "conversation" -> conversation = value;
      case "id" -> id = value;
      case "content" -> content = value;
      case "sender" -> sender = value;
      case "code" -> code = value;
      case "outcome" -> outcome = value;
      case "state" -> state = value;
      case "reason" -> reason = value;
      case "change" -> change = value;
      case "by" -> by = value;
      case "program" -> program = value;
      case "clock" -> clock = value;
      default -> {}
    }
  }

  private void number(String name, long value) {
    switch (name) {
      case "at_us" -> atUs = value;
      case "seq" -> seq = value;
      case "from_seq" -> fromSeq = value;
      case "to_seq" -> toSeq = value;
      case "amended_by" -> amendedBy = value;
      case "version" -> version = value;
      case "late_ms" -> lateMs = value;
      case "beat_ms" -> beatMs = value;
      case "silent_ms" -> silentMs = value;
      case "sync_id" -> syncId = value;
      case "lines" -> lines = value;
      default -> {}
    }
  }

  private void flag(String name, boolean value) {
    Optional<Boolean> found = Optional.of(value);
    switch (name) {
      case "complete" -> complete = found;
      case "outbox_kept" -> outboxKept = found;
      case "fresh" -> fresh = found;
      case "device_is_new" -> deviceIsNew = found;
      case "only_listed" -> onlyListed = found;
      case "restored" -> restored = found;
      case "history_all" -> historyAll = found;
      default -> {}
    }
  }

  private void list(String name, JsonParser parser) throws IOException {
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() == JsonToken.START_OBJECT) {
        LineReading item = new LineReading();
        item.fields(parser);
        switch (name) {
          case "messages" -> messages.add(item.seen());
          case "gaps" -> gaps.add(item.absent());
          case "cursors" -> cursors.add(item.place());
          default -> {}
        }
      } else if (parser.currentToken() == JsonToken.VALUE_STRING && name.equals("users")) {
        users.add(parser.getText());
      } else if (parser.currentToken() == null) {
        throw new HistoryUnreadableException("a list has no end");
      } else {
        parser.skipChildren();
      }
    }
  }

  private Seen seen() {
    return new Seen(
        number("seq", seq, 1),
        text("sender", sender, true),
        uuid(),
        text("content", content, true),
        amendedBy == ABSENT ? 0 : number("amended_by", amendedBy, seq + 1));
  }

  private Absent absent() {
    long from = number("from_seq", fromSeq, 1);
    return new Absent(
        from, number("to_seq", toSeq, from), text("reason", reason, true).equals("OLDER"));
  }

  private Place place() {
    return new Place(conversation(), number("seq", seq, 0));
  }

  private HistoryEvent event() {
    return switch (text("event", event, true)) {
      case "history" -> header();
      case "run" ->
          new HistoryEvent.Run(
              device(), flag("outbox_kept", outboxKept), flag("fresh", fresh), cursors);
      case "up" -> new HistoryEvent.Up(device(), flag("device_is_new", deviceIsNew));
      case "live" -> new HistoryEvent.Live(device());
      case "down" -> new HistoryEvent.Down(device(), number("silent_ms", silentMs, 0));
      case "invoke" ->
          new HistoryEvent.Invoke(
              device(),
              conversation(),
              uuid(),
              text("content", content, true),
              restored.orElse(false));
      case "ack" -> new HistoryEvent.Ack(device(), conversation(), uuid(), number("seq", seq, 1));
      case "reject" -> reject();
      case "status" -> status();
      case "push" -> received(false);
      case "page" -> received(true);
      case "sync" ->
          new HistoryEvent.Sync(
              device(),
              (int) number("sync_id", syncId, 1),
              flag("only_listed", onlyListed),
              cursors);
      case "taken" -> new HistoryEvent.Taken(device(), conversation(), number("seq", seq, 1));
      case "deliver_ack" ->
          new HistoryEvent.DeliverAck(device(), conversation(), number("seq", seq, 0));
      case "ack_confirm" ->
          new HistoryEvent.AckConfirm(device(), conversation(), number("seq", seq, 0));
      case "cursor" ->
          new HistoryEvent.StoredCursor(device(), conversation(), number("seq", seq, 0));
      case "reset" -> new HistoryEvent.Reset(device(), conversation(), number("seq", seq, 0));
      case "fresh_done" -> new HistoryEvent.FreshDone(device());
      case "members" -> members();
      case "journal" -> journal();
      case "journal_done" -> new HistoryEvent.JournalDone(conversation(), number("seq", seq, 0));
      case "beat" -> new HistoryEvent.Beat();
      case "broken" -> new HistoryEvent.Broken(reason);
      case "end" -> new HistoryEvent.End(number("lines", lines, 2));
      default -> new HistoryEvent.Other(event);
    };
  }

  private HistoryEvent header() {
    long found = number("version", version, 0);
    if (found != HistoryEvent.VERSION) {
      throw new HistoryUnreadableException(
          "its version is " + found + "; this program reads version " + HistoryEvent.VERSION);
    }
    return new HistoryEvent.Header(
        program,
        text("clock", clock, true),
        number("late_ms", lateMs, 1),
        number("beat_ms", beatMs, 0),
        flag("complete", complete));
  }

  private HistoryEvent reject() {
    boolean notApplied = oneOf("outcome", outcome, "NOT_APPLIED", "UNKNOWN").equals("NOT_APPLIED");
    return new HistoryEvent.Reject(
        device(), conversation(), uuid(), text("code", code, true), notApplied);
  }

  private HistoryEvent status() {
    HistoryEvent.Status.State known =
        HistoryEvent.Status.State.valueOf(oneOf("state", state, "STORED", "VOID", "NOT_SEEN"));
    boolean stored = known == HistoryEvent.Status.State.STORED;
    return new HistoryEvent.Status(
        device(), conversation(), uuid(), known, stored ? number("seq", seq, 1) : 0);
  }

  private HistoryEvent received(boolean page) {
    long from = number("from_seq", fromSeq, 1);
    return new HistoryEvent.Received(
        device(), page, conversation(), from, number("to_seq", toSeq, from - 1), messages, gaps);
  }

  private HistoryEvent journal() {
    long from = number("from_seq", fromSeq, 1);
    return new HistoryEvent.Journal(
        conversation(), from, number("to_seq", toSeq, from - 1), messages);
  }

  private HistoryEvent members() {
    String kind =
        oneOf(
            "change",
            change,
            "create",
            "add",
            "remove",
            "leave",
            "configure",
            "block",
            "unblock",
            "erase");
    return new HistoryEvent.Members(
        conversation(),
        number("seq", seq, 1),
        HistoryEvent.Members.Kind.valueOf(kind.toUpperCase(Locale.ROOT)),
        text("by", by, true),
        users,
        historyAll);
  }

  private String device() {
    String found = text("device", device, true);
    int slash = found.indexOf('/');
    if (slash < 1 || slash == found.length() - 1) {
      throw new HistoryUnreadableException("device is USER/DEVICE, not \"" + found + "\"");
    }
    return found;
  }

  private String conversation() {
    return text("conversation", conversation, true);
  }

  private UUID uuid() {
    try {
      return UUID.fromString(text("id", id, true));
    } catch (IllegalArgumentException e) {
      throw new HistoryUnreadableException("id is a UUID, not \"" + id + "\"");
    }
  }

  private static String text(String name, String found, boolean needed) {
    if (needed && found.isEmpty()) {
      throw new HistoryUnreadableException("it has no text \"" + name + "\"");
    }
    return found;
  }

  private static String oneOf(String name, String found, String... allowed) {
    if (!List.of(allowed).contains(found)) {
      throw new HistoryUnreadableException(
          name + " is one of " + String.join(", ", allowed) + ", not \"" + found + "\"");
    }
    return found;
  }

  private long number(String name, long found, long min) {
    if (found == ABSENT) {
      throw new HistoryUnreadableException("it has no number \"" + name + "\"");
    }
    if (found < min) {
      throw new HistoryUnreadableException(name + " is " + min + " or more, not " + found);
    }
    return found;
  }

  private static boolean flag(String name, Optional<Boolean> found) {
    return found.orElseThrow(
        () -> new HistoryUnreadableException("it has no \"" + name + "\" of true or false"));
  }
}
