package io.quipu.tools.chat;

import io.quipu.client.ReceivedMessage;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What has come in other conversations since they were last on the screen: a line for each. */
final class Elsewhere {
  private static final int SHOWN = 3;

  /** Beyond it the oldest is forgotten; /list still knows it. */
  private static final int MAX_CONVERSATIONS = 100;

  private record News(long messages, ReceivedMessage last) {}

  private final UserId self;
  private final Map<ConversationId, News> news = new LinkedHashMap<>();

  Elsewhere(UserId self) {
    this.self = self;
  }

  /** Returns true for the first of its conversation. */
  boolean take(ReceivedMessage message) {
    News before = news.remove(message.conversation());
    news.put(message.conversation(), new News(before == null ? 1 : before.messages + 1, message));
    if (news.size() > MAX_CONVERSATIONS) {
      news.remove(news.keySet().iterator().next());
    }
    return before == null;
  }

  /** This conversation is on the screen now. */
  void seen(ConversationId conversation) {
    news.remove(conversation);
  }

  /** For the input line, the newest last. */
  List<Line> lines() {
    List<News> all = new ArrayList<>(news.values());
    List<Line> lines = new ArrayList<>();
    if (all.size() > SHOWN) {
      lines.add(Line.note("  in " + (all.size() - SHOWN) + " more conversations, see /list"));
    }
    all.subList(Math.max(0, all.size() - SHOWN), all.size()).forEach(it -> lines.add(line(it)));
    return lines;
  }

  private Line line(News it) {
    ConversationId id = it.last.conversation();
    String way = id.isDirect() ? "/to " + Outgoing.name(id, self) : "/group " + id;
    return Line.build()
        .add(Tone.DIM, "  " + it.messages + " new elsewhere: ")
        .add(Tone.NAME, it.last.sender().value())
        .add(Tone.DIM, ": " + Outgoing.excerpt(it.last.content()))
        .add(Tone.TICK, "  " + way)
        .line();
  }
}
