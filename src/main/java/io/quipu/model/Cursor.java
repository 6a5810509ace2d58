package io.quipu.model;

/**
 * A place in a conversation up to which a device has everything.
 *
 * @param seq the highest contiguously taken one; 0 = nothing yet
 */
public record Cursor(ConversationId conversation, long seq) {
  /**
   * @throws QuipuException INVALID_REQUEST if seq is negative
   */
  public Cursor {
    if (seq < 0) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "a cursor is 0 or more, not " + seq);
    }
  }
}
