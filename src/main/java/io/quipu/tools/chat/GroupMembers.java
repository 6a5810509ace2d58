package io.quipu.tools.chat;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A group's members and title as its log tells them, read from the beginning. */
final class GroupMembers {
  private final Set<UserId> members = new TreeSet<>();
  private Optional<UserId> owner = Optional.empty();
  private Optional<String> title = Optional.empty();
  private long readTo;
  private boolean whole = true;

  /** The next stretch of the log; what is read already changes nothing. */
  void read(MessageRange range) {
    if (!range.gaps().isEmpty()) {
      whole = false;
    }
    range.messages().forEach(this::read);
    readTo = Math.max(readTo, range.toSeq());
  }

  /** A message at its turn. */
  void read(Message message) {
    if (message.seq() <= readTo) {
      return;
    }
    readTo = message.seq();
    if (message.content() instanceof Content.Changed changed) {
      apply(message.sender(), changed.change());
    }
  }

  private void apply(UserId sender, Change change) {
    if (change instanceof Change.Create create) {
      members.add(sender);
      members.addAll(create.members());
      owner = Optional.of(sender);
      title = Optional.of(create.title());
    } else if (change instanceof Change.Add add) {
      members.addAll(add.members());
    } else if (change instanceof Change.Remove remove) {
      members.removeAll(Set.copyOf(remove.members()));
    } else if (change instanceof Change.Leave) {
      members.remove(sender);
    } else if (change instanceof Change.Rename rename) {
      title = Optional.of(rename.title());
    }
  }

  Set<UserId> members() {
    return members;
  }

  Optional<UserId> owner() {
    return owner.filter(members::contains);
  }

  Optional<String> title() {
    return title;
  }

  /** Up to here it is read. */
  long readTo() {
    return readTo;
  }

  /** False if a part of the log is not visible to this user, so that members may be missing. */
  boolean whole() {
    return whole;
  }
}
