package io.quipu.tools.chat;

import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Who of the open conversation is there, and who is writing: hints, forgotten with it. */
final class People {
  /** At most as many as are watched, and as many that write as a line holds. */
  static final int MAX_WATCHED = 50;

  private static final int MAX_WRITING = 3;

  /**
   * @param lastSeenMs 0 = not known
   */
  record Presence(boolean online, long lastSeenMs) {}

  private final Map<UserId, Presence> presence = new HashMap<>();
  private final Map<UserId, Integer> writing = new TreeMap<>();

  void presence(UserId user, boolean online, long lastSeenMs) {
    if (presence.size() < MAX_WATCHED || presence.containsKey(user)) {
      presence.put(user, new Presence(online, lastSeenMs));
    }
  }

  Optional<Presence> presence(UserId user) {
    return Optional.ofNullable(presence.get(user));
  }

  /** Returns true if it is remembered, and wants an end. */
  boolean writes(UserId user) {
    if (writing.size() >= MAX_WRITING && !writing.containsKey(user)) {
      return false;
    }
    writing.merge(user, 1, Integer::sum);
    return true;
  }

  /** The end of one such hint; a later one goes on. */
  void pauses(UserId user) {
    writing.computeIfPresent(user, (who, hints) -> hints > 1 ? hints - 1 : null);
  }

  /** His message is there. */
  void hasWritten(UserId user) {
    writing.remove(user);
  }

  /** For the input line; none if nobody writes. */
  List<Line> lines(String dots) {
    List<Line> lines = new ArrayList<>();
    for (UserId user : writing.keySet()) {
      lines.add(
          Line.build()
              .add(Tone.PLAIN, "  ")
              .add(Tone.NAME, user.value())
              .add(Tone.DIM, " is writing" + dots)
              .line());
    }
    return lines;
  }
}
