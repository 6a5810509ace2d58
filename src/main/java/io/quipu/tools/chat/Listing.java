package io.quipu.tools.chat;

import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.Member;
import io.quipu.model.ReceiptState;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.List;

/** Who there is and what there is, as lines. */
record Listing(UserId self, Rendering rendering) {
  /** The members of the open group. */
  List<Line> members(OpenConversation open, ChatEvent.MembersRead read) {
    List<Line> lines = new ArrayList<>();
    String title = open.title().map(it -> "\"" + Harmless.line(it) + "\", ").orElse("");
    lines.add(Line.note(title + open.id));
    for (Member member : read.members()) {
      boolean plain = member.role() == Role.MEMBER;
      String role = plain ? "" : " (" + Rendering.word(member.role()) + ")";
      lines.add(member(open, member.user(), role));
    }
    if (read.more()) {
      lines.add(Line.note("  and more"));
    }
    return lines;
  }

  /** One user of the open conversation: whether he is there, and how far messages have come. */
  Line member(OpenConversation open, UserId user, String role) {
    long delivered = open.receipts.seq(user, ReceiptState.DELIVERED);
    long read = open.receipts.seq(user, ReceiptState.READ);
    boolean own = user.equals(self);
    return Line.build()
        .add(Tone.PLAIN, "  ")
        .add(own ? Tone.STRONG : Tone.NAME, user.value())
        .add(Tone.DIM, role + (own ? " (you)" : ""))
        .add(Tone.DIM, open.people.presence(user).map(this::words).orElse(""))
        .add(Tone.DIM, delivered > 0 ? ", has got all up to #" + delivered : "")
        .add(Tone.DIM, read > 0 ? ", has read all up to #" + read : "")
        .line();
  }

  private String words(People.Presence presence) {
    if (presence.online()) {
      return ", is there";
    }
    return presence.lastSeenMs() == 0
        ? ""
        : ", was there until " + rendering.lastSeen(presence.lastSeenMs());
  }

  /** The user's conversations. */
  List<Line> conversations(ConversationId here, ChatEvent.ListRead read) {
    List<Line> lines = new ArrayList<>();
    for (ConversationSummary it : read.conversations()) {
      String title = it.title().isEmpty() ? "" : "  \"" + Harmless.line(it.title()) + "\"";
      String more = it.unreadMore() ? " and more" : "";
      String unread = it.unread() == 0 ? "" : "  " + it.unread() + more + " unread";
      String open = it.conversation().equals(here) ? "  (here)" : "";
      lines.add(Line.note("  " + way(it.conversation()) + title + unread + open));
    }
    if (lines.isEmpty()) {
      lines.add(Line.note("None yet."));
    }
    if (read.more()) {
      lines.add(Line.note("  and more"));
    }
    return lines;
  }

  /** The command that puts a conversation on the screen. */
  String way(ConversationId id) {
    return id.isDirect() ? "/to " + Outgoing.name(id, self) : "/group " + id;
  }
}
