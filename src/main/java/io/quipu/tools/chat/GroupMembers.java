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
  /** Of a hundred messages at most, so that a question does not read a log of millions. */
  private static final int MAX_PAGES = 100;

  private final Set<UserId> members = new TreeSet<>();
  private Optional<UserId> owner = Optional.empty();
  private Optional<String> title = Optional.empty();
  private long readTo;
  private int pages;
  private boolean whole = true;

  /** The next stretch of the log; what is read already changes nothing. */
  void read(MessageRange range) {
    pages++;
    whole &= range.gaps().isEmpty();
    for (Message message : range.messages()) {
      if (message.seq() > readTo) {
        readTo = message.seq() - 1; // over what is not visible
        read(message);
      }
    }
    readTo = Math.max(readTo, range.toSeq());
  }

  /** The next message of the log; one that is not the next changes nothing. */
  void read(Message message) {
    if (message.seq() != readTo + 1) {
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

  /** True if that was so much that what is left is left out. */
  boolean enough() {
    return pages >= MAX_PAGES;
  }

  /** What is left is left out. */
  void leaveOut() {
    whole = false;
  }

  /** Up to here it is read. */
  long readTo() {
    return readTo;
  }

  /** False if a part of the log was not read, or is not visible, so that members may be missing. */
  boolean whole() {
    return whole;
  }
}
