package io.quipu.tools.checker;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.GroupSettings;
import io.quipu.model.Message;
import io.quipu.model.UserId;
import io.quipu.tools.checker.HistoryEvent.Members.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The line about an entry that changes who may see a conversation. */
final class MembershipLine {
  private MembershipLine() {}

  /** Empty for an entry that changes nothing about it. */
  static Optional<HistoryLine> of(ConversationId conversation, Message message) {
    if (!(message.content() instanceof Content.Changed changed)) {
      return Optional.empty();
    }
    Change change = changed.change();
    if (change instanceof Change.Create create) {
      return line(conversation, message, Kind.CREATE, create.members(), create.settings());
    }
    if (change instanceof Change.Add add) {
      return line(conversation, message, Kind.ADD, add.members(), GroupSettings.UNCHANGED);
    }
    if (change instanceof Change.Remove remove) {
      return line(conversation, message, Kind.REMOVE, remove.members(), GroupSettings.UNCHANGED);
    }
    if (change instanceof Change.Configure configure) {
      return line(conversation, message, Kind.CONFIGURE, List.of(), configure.settings());
    }
    return plain(change)
        .flatMap(kind -> line(conversation, message, kind, List.of(), GroupSettings.UNCHANGED));
  }

  private static Optional<Kind> plain(Change change) {
    if (change instanceof Change.Leave) {
      return Optional.of(Kind.LEAVE);
    }
    if (change instanceof Change.Block) {
      return Optional.of(Kind.BLOCK);
    }
    if (change instanceof Change.Unblock) {
      return Optional.of(Kind.UNBLOCK);
    }
    return change instanceof Change.EraseUser ? Optional.of(Kind.ERASE) : Optional.empty();
  }

  private static Optional<HistoryLine> line(
      ConversationId conversation,
      Message message,
      Kind kind,
      List<UserId> users,
      GroupSettings settings) {
    HistoryLine line =
        HistoryLine.of("members")
            .text("conversation", conversation.value())
            .number("seq", message.seq())
            .text("change", kind.name().toLowerCase(Locale.ROOT))
            .text("by", message.sender().value());
    if (!users.isEmpty()) {
      line.texts("users", users.stream().map(UserId::value).toList());
    }
    settings
        .history()
        .ifPresent(history -> line.flag("history_all", history == GroupSettings.History.ALL));
    return Optional.of(line);
  }
}
