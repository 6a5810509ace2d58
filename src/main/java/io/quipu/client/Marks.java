package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What is told to the server without an answer: read marks, mutes, whose presence is watched. While
 * there is no connection the latest of each is kept, and told on the next one; typing is not.
 */
final class Marks {
  /** Conversations with something to tell; what is beyond is dropped, as any hint may be. */
  private static final int MAX_KEPT = 1_000;

  private final Consumer<Frame> writer;
  private final Map<ConversationId, Long> readMarks = new LinkedHashMap<>();
  private final Map<ConversationId, Long> mutes = new LinkedHashMap<>();
  private Optional<List<UserId>> watched = Optional.empty();
  private boolean connected;

  Marks(Consumer<Frame> writer) {
    this.writer = writer;
  }

  void read(ConversationId conversation, long seq) {
    if (connected) {
      writer.accept(new Frame.ReadMark(conversation, seq));
    } else if (hasRoom(readMarks, conversation)) {
      readMarks.merge(conversation, seq, Math::max);
    }
  }

  void mute(ConversationId conversation, long untilMs) {
    if (connected) {
      writer.accept(new Frame.Mute(conversation, untilMs));
    } else if (hasRoom(mutes, conversation)) {
      mutes.put(conversation, untilMs);
    }
  }

  private static boolean hasRoom(Map<ConversationId, Long> kept, ConversationId conversation) {
    return kept.size() < MAX_KEPT || kept.containsKey(conversation);
  }

  void typing(ConversationId conversation) {
    if (connected) {
      writer.accept(new Frame.Typing(conversation, Optional.empty()));
    }
  }

  /** From now on, and again on every connection. */
  void watch(List<UserId> users) {
    watched = users.isEmpty() ? Optional.empty() : Optional.of(List.copyOf(users));
    if (connected) {
      writer.accept(new Frame.WatchPresence(users));
    }
  }

  void connected() {
    connected = true;
    readMarks.forEach((conversation, seq) -> writer.accept(new Frame.ReadMark(conversation, seq)));
    readMarks.clear();
    mutes.forEach((conversation, untilMs) -> writer.accept(new Frame.Mute(conversation, untilMs)));
    mutes.clear();
    watched.ifPresent(users -> writer.accept(new Frame.WatchPresence(users)));
  }

  void disconnected() {
    connected = false;
  }
}
