package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.server.journal.MessageLog;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/** Answers when it is told to. */
final class SlowLog implements MessageLog {
  final ArrayDeque<Runnable> pending = new ArrayDeque<>();
  private final MessageLog log;

  SlowLog(MessageLog log) {
    this.log = log;
  }

  void answerOne() {
    pending.remove().run();
  }

  private <T> Future<T> later(Supplier<Future<T>> answer) {
    Promise<T> promise = Promise.promise();
    pending.add(
        () -> {
          Future<T> now = answer.get();
          if (now.succeeded()) {
            promise.complete(now.result());
          } else {
            promise.fail(now.cause());
          }
        });
    return promise.future();
  }

  @Override
  public Future<List<MessageRange>> read(
      UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes) {
    return later(() -> log.read(reader, ranges, maxMessages, maxBytes));
  }

  @Override
  public Future<HistorySlice> history(
      UserId reader,
      ConversationId conversation,
      long beforeSeq,
      long afterSeq,
      int maxMessages,
      int maxBytes) {
    return later(
        () -> log.history(reader, conversation, beforeSeq, afterSeq, maxMessages, maxBytes));
  }

  @Override
  public Future<List<Behind>> behind(
      UserId user, long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part) {
    return later(() -> log.behind(user, deviceKey, claimed, onlyClaimed, part));
  }

  @Override
  public Future<RecentCommits> recentCommits(long mark, Collection<Long> deviceKeys) {
    return later(() -> log.recentCommits(mark, deviceKeys));
  }
}
