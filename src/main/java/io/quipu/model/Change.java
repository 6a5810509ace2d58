package io.quipu.model;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;

/** A change of a conversation: an entry of the same log as messages. */
public sealed interface Change {
  /** Bytes of UTF-8 of a title. */
  int MAX_TITLE_BYTES = 256;

  /** Makes a group; its sender becomes the owner. */
  record Create(String title, List<UserId> members) implements Change {
    public Create {
      checkTitle(title);
      members = distinct(members);
    }
  }

  record Add(List<UserId> members) implements Change {
    public Add {
      members = distinct(members);
      checkNotEmpty(members);
    }
  }

  record Remove(List<UserId> members) implements Change {
    public Remove {
      members = distinct(members);
      checkNotEmpty(members);
    }
  }

  /** The sender goes. */
  record Leave() implements Change {}

  record Rename(String title) implements Change {
    public Rename {
      checkTitle(title);
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
