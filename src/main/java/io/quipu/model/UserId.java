package io.quipu.model;

/**
 * A user, as the product calls him: the {@code sub} of his token.
 *
 * @param value 1 to 64 bytes of UTF-8 without control characters, white space, {@code ~} or {@code
 *     /}
 */
public record UserId(String value) implements Comparable<UserId> {
  /**
   * The reserved user as whom a service acts that names none. Nobody can log in as it: a user's
   * token with this {@code sub} is refused.
   */
  public static final UserId SYSTEM = new UserId("system");

  private static final String ERASED = "erased.";

  /**
   * @throws QuipuException INVALID_ID
   */
  public UserId {
    Ids.checked("user", value);
  }

  /** Who is left of a user after his erasure: {@code erased.} and the key of his row in base 36. */
  public static UserId erased(long userKey) {
    return new UserId(ERASED + Long.toString(userKey, 36));
  }

  /** True for what {@link #erased} makes. */
  public boolean isErased() {
    return value.startsWith(ERASED);
  }

  /** The order of the UTF-8 bytes, the same in every language: that of the code points. */
  @Override
  public int compareTo(UserId other) {
    int common = Math.min(value.length(), other.value.length());
    for (int i = 0; i < common; i++) {
      char mine = value.charAt(i);
      char others = other.value.charAt(i);
      if (mine != others) {
        return Integer.compare(rank(mine), rank(others));
      }
    }
    return Integer.compare(value.length(), other.value.length());
  }

  /** Surrogates stand for code points above all other characters. */
  private static int rank(char c) {
    return Character.isSurrogate(c) ? c + 0x10000 : c;
  }

  @Override
  public String toString() {
    return value;
  }
}
