package io.quipu.model;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;

/** A change of a conversation or of one of its messages: an entry of the same log as messages. */
public sealed interface Change {
  /** Bytes of UTF-8 of a title. */
  int MAX_TITLE_BYTES = 256;

  /** Bytes of UTF-8 of a reaction's key: the longest emoji sequences in use have 28. */
  int MAX_KEY_BYTES = 32;

  /** Makes a group; its sender becomes the owner. */
  record Create(String title, List<UserId> members, GroupSettings settings) implements Change {
    public Create {
      checkTitle(title);
      members = distinct(members);
    }

    /** With the default settings. */
    public Create(String title, List<UserId> members) {
      this(title, members, GroupSettings.UNCHANGED);
    }
  }

  /** New members; who is one already is passed over. */
  record Add(List<UserId> members) implements Change {
    public Add {
      members = distinct(members);
      checkNotEmpty(members);
    }
  }

  /** Ends memberships; who is no member is passed over. */
  record Remove(List<UserId> members) implements Change {
    public Remove {
      members = distinct(members);
      checkNotEmpty(members);
    }
  }

  /** The sender goes. */
  record Leave() implements Change {}

  /** Gives a group another title. */
  record Rename(String title) implements Change {
    public Rename {
      checkTitle(title);
    }
  }

  /** Gives a member another role. */
  record SetRole(UserId user, Role role) implements Change {}

  /** For those who join from then on. */
  record Configure(GroupSettings settings) implements Change {
    public Configure {
      if (settings.equals(GroupSettings.UNCHANGED)) {
        throw new QuipuException(ErrorCode.INVALID_CONTENT, "no setting is named");
      }
    }
  }

  /** About a message of the same conversation. */
  sealed interface OfMessage extends Change {
    /** Of the message. */
    long seq();
  }

  /**
   * Puts other content in the place of a message's.
   *
   * @param content text or body
   */
  record Edit(long seq, Content content) implements OfMessage {
    public Edit {
      checkSeq(seq);
      if (!(content instanceof Content.Text) && !(content instanceof Content.Body)) {
        throw new QuipuException(ErrorCode.INVALID_CONTENT, "an edit has text or body");
      }
    }
  }

  /** Takes a message's content back. */
  record Recall(long seq) implements OfMessage {
    public Recall {
      checkSeq(seq);
    }
  }

  /**
   * @param key such as an emoji
   * @param remove take it away again
   */
  record React(long seq, String key, boolean remove) implements OfMessage {
    public React {
      checkSeq(seq);
      int bytes = key.getBytes(StandardCharsets.UTF_8).length;
      if (bytes == 0 || bytes > MAX_KEY_BYTES || key.chars().anyMatch(Character::isISOControl)) {
        throw new QuipuException(
            ErrorCode.INVALID_CONTENT,
            "a reaction's key has 1 to " + MAX_KEY_BYTES + " bytes and no control characters");
      }
    }
  }

  /** In a direct conversation: the other one can no longer write here, and sees nothing more. */
  record Block() implements Change {}

  /** Ends a block. */
  record Unblock() implements Change {}

  /** The sender of this entry has been erased. */
  record EraseUser() implements Change {}

  private static void checkSeq(long seq) {
    if (seq < 1) {
      throw new QuipuException(ErrorCode.INVALID_CONTENT, "a message's seq is 1 or more: " + seq);
    }
  }

  private static List<UserId> distinct(List<UserId> users) {
    return List.copyOf(new LinkedHashSet<>(users));
  }

  private static void checkNotEmpty(List<UserId> users) {
    if (users.isEmpty()) {
      throw new QuipuException(ErrorCode.INVALID_CONTENT, "no member is named");
    }
  }

  private static void checkTitle(String title) {
    if (title.getBytes(StandardCharsets.UTF_8).length > MAX_TITLE_BYTES) {
      throw new QuipuException(
          ErrorCode.INVALID_CONTENT, "a title has at most " + MAX_TITLE_BYTES + " bytes");
    }
    if (title.chars().anyMatch(Character::isISOControl)) {
      throw new QuipuException(ErrorCode.INVALID_CONTENT, "a title has no control characters");
    }
  }
}
