package io.quipu.contract;

import static org.assertj.core.api.Assertions.fail;

import io.quipu.model.QuipuException;
import io.vertx.core.Future;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Futures, waited for by a test's own thread. */
public final class Awaiting {
  private static final int PATIENCE_S = 20;

  private Awaiting() {}

  public static <T> T await(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException expected) {
        throw expected;
      }
      throw new AssertionError(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  /** The QuipuException that the future fails with. */
  public static QuipuException awaitFailure(Future<?> future) {
    try {
      Object result = await(future);
      return fail("it succeeded: " + result);
    } catch (QuipuException e) {
      return e;
    }
  }
}
