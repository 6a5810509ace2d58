package io.quipu.server.command;

import io.vertx.core.Future;
import java.util.concurrent.CompletionException;

/** A command's thread, which is no event loop and may wait. */
final class Waiting {
  private Waiting() {}

  /** The result, or the failure thrown as it is. */
  static <T> T until(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException expected) {
        throw expected;
      }
      throw e;
    }
  }
}
