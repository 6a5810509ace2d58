package io.quipu.server.http;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.vertx.core.Future;

/** The way of a read mark that no session of the user has set. */
@FunctionalInterface
public interface ReadMarks {
  /**
   * Completes when it is stored, with false if there is no such seq that the user may see; it only
   * rises.
   */
  Future<Boolean> read(UserId user, ConversationId conversation, long seq);
}
