package io.quipu.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A conversation, the same name for everybody: {@code d~alice~bob} for the direct one of two users
 * (in the order of their UTF-8 bytes), {@code g~} and 24 characters of base 32 for a group.
 */
public record ConversationId(String value) {
  private static final Pattern GROUP = Pattern.compile("g~[a-z2-7]{24}");
  private static final String BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
  private static final int GROUP_BYTES = 15;

  /**
   * @throws QuipuException INVALID_ID if it is neither form
   */
  public ConversationId {
    if (value.startsWith("d~")) {
      int second = value.indexOf('~', 2);
      if (second < 0) {
        throw invalid(value);
      }
      UserId a = new UserId(value.substring(2, second));
      UserId b = new UserId(value.substring(second + 1));
      if (a.compareTo(b) > 0) {
        throw new QuipuException(
            ErrorCode.INVALID_ID,
            "the users of a direct conversation stand in byte order: " + b + " before " + a);
      }
    } else if (!GROUP.matcher(value).matches()) {
      throw invalid(value);
    }
  }

  private static QuipuException invalid(String value) {
    return new QuipuException(
        ErrorCode.INVALID_ID,
        "a conversation is d~USER~USER or g~ and 24 characters, not " + value.length() + " others");
  }

  /** The direct conversation of two users; of a user with himself too. */
  public static ConversationId direct(UserId one, UserId other) {
    boolean inOrder = one.compareTo(other) <= 0;
    return new ConversationId("d~" + (inOrder ? one : other) + "~" + (inOrder ? other : one));
  }

  /**
   * The group that this creator makes with this id of his send. Derived, so that a repeated
   * creation is the same group, and one-way, so that nobody can probe for the groups of others.
   */
  public static ConversationId group(UserId creator, UUID clientMessageId) {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
    String seed = "quipu group\n" + creator.value() + "\n" + clientMessageId;
    byte[] digest = sha256.digest(seed.getBytes(StandardCharsets.UTF_8));
    StringBuilder name = new StringBuilder("g~");
    for (int bit = 0; bit < GROUP_BYTES * 8; bit += 5) {
      int window = (digest[bit / 8] & 0xff) << 8 | (digest[bit / 8 + 1] & 0xff);
      name.append(BASE32.charAt(window >> (11 - bit % 8) & 31));
    }
    return new ConversationId(name.toString());
  }

  /** True for a direct conversation, false for a group. */
  public boolean isDirect() {
    return value.charAt(0) == 'd';
  }

  /** True for the direct conversation of this user with anybody; without a copy of anything. */
  public boolean isDirectOf(UserId user) {
    if (!isDirect()) {
      return false;
    }
    String name = user.value();
    int second = value.indexOf('~', 2);
    return second - 2 == name.length() && value.startsWith(name, 2)
        || value.length() - second - 1 == name.length() && value.startsWith(name, second + 1);
  }

  /** The users of a direct conversation: two, or one who writes to himself; empty for a group. */
  public List<UserId> directUsers() {
    if (!isDirect()) {
      return List.of();
    }
    int second = value.indexOf('~', 2);
    UserId a = new UserId(value.substring(2, second));
    UserId b = new UserId(value.substring(second + 1));
    return a.equals(b) ? List.of(a) : List.of(a, b);
  }

  @Override
  public String toString() {
    return value;
  }
}
