package io.quipu.server.adapter.redis;

import io.quipu.server.limits.Budget;
import io.quipu.server.limits.SharedBuckets;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Response;
import java.util.Locale;

/** One key for each bucket that is not full. */
final class RedisBuckets implements SharedBuckets {
  private final Context context;
  private final Keys keys;
  private final Link link;

  RedisBuckets(Context context, Keys keys, Link link) {
    this.context = context;
    this.keys = keys;
    this.link = link;
  }

  @Override
  public boolean isUp() {
    return link.isUp();
  }

  /** Ends on the context that called, if there is one. */
  @Override
  public Future<Grant> take(Budget budget, String who, int owed, int wanted) {
    Context caller = Vertx.currentContext();
    Promise<Grant> promise = Promise.promise();
    context.runOnContext(
        now ->
            link.call(
                    Script.BUCKET,
                    keys.bucket(budget.name(), who),
                    String.format(Locale.ROOT, "%.6f", budget.intervalMicros()),
                    Integer.toString(budget.burst()),
                    Integer.toString(owed),
                    Integer.toString(wanted))
                .map(RedisBuckets::grant)
                .onComplete(
                    done -> {
                      if (caller == null) {
                        promise.handle(done);
                      } else {
                        caller.runOnContext(back -> promise.handle(done));
                      }
                    }));
    return promise.future();
  }

  private static Grant grant(Response answer) {
    return new Grant(answer.get(0).toInteger(), answer.get(1).toInteger());
  }
}
