package io.quipu.server.http;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.UUID;

/** The way of one send from an HTTP request to the owner of its conversation. */
public interface Appender {
  /**
   * Completes after the commit. Fails with {@code QuipuException}: NOT_APPLIED only if that is
   * certain.
   *
   * @param resend a copy of this id may have been sent before, by an earlier request
   */
  Future<Stored> append(
      UserId user,
      ConversationId conversation,
      UUID clientMessageId,
      boolean resend,
      Content content);

  /**
   * @param duplicate it was stored before; seq is the original one
   */
  record Stored(ConversationId conversation, long seq, long storedAtMs, boolean duplicate) {}
}
