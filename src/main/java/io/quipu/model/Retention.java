package io.quipu.model;

/** How long the bodies of a conversation's messages are kept. */
public sealed interface Retention {
  /** A hundred years. */
  int MAX_DAYS = 36_500;

  /** As long as the server keeps those of any conversation. */
  record AsServer() implements Retention {}

  /** As long as the conversation. */
  record ForEver() implements Retention {}

  /**
   * @param days of 24 hours from stored_at on, 1 to {@value Retention#MAX_DAYS}
   */
  record Days(int days) implements Retention {
    public Days {
      if (days < 1 || days > MAX_DAYS) {
        throw new QuipuException(
            ErrorCode.INVALID_REQUEST, "retention is 1 to " + MAX_DAYS + " days, not " + days);
      }
    }
  }
}
