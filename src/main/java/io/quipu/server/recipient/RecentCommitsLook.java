package io.quipu.server.recipient;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.journal.MessageLog.RecentCommits;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Heals what hints lost, for all sessions of a node: every {@code lookMs} it reads which of their
 * devices are behind in conversations that were written since the last completed look. "Since" is
 * the snapshot horizon of that look, not a time.
 *
 * <p>The mark moves only when every event loop has taken over what was found. Nothing falls between
 * a session's sync and its first look: a session that was opened after the devices were gathered
 * and whose plan was read before the look ended has all its cursors looked at. So have all sessions
 * after the first look, which only sets the mark, and when the mark goes back: then the store was
 * rolled back.
 *
 * <p>Deploy one per node, after its recipient verticles and before the sockets open: the first look
 * is made at the start, so that in the usual case no session is there yet.
 */
public final class RecentCommitsLook extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(RecentCommitsLook.class);

  private final MessageLog messages;
  private final List<? extends Watched> loops;
  private final int lookMs;
  private final IntConsumer completed;
  private long timer;
  private long mark;
  private boolean looking;
  private boolean onceMore;
  private boolean failing;

  /**
   * @param completed hears of each completed look how many devices it found behind
   */
  public RecentCommitsLook(
      MessageLog messages, List<RecipientVerticle> recipients, int lookMs, IntConsumer completed) {
    this(lookMs, messages, recipients, completed);
  }

  RecentCommitsLook(
      int lookMs, MessageLog messages, List<? extends Watched> loops, IntConsumer completed) {
    this.completed = completed;
    this.messages = messages;
    this.loops = List.copyOf(loops);
    this.lookMs = lookMs;
  }

  /** Succeeds also when the store is down: the look is made as soon as it is back. */
  @Override
  public Future<?> start() {
    timer = vertx.setPeriodic(lookMs, id -> look());
    return look();
  }

  @Override
  public Future<?> stop() {
    vertx.cancelTimer(timer);
    return Future.succeededFuture();
  }

  /**
   * Looks at once, or as soon as the look that runs has ended: a node is gone, and may have
   * committed what it told nobody. For any thread.
   */
  public void soon() {
    context.runOnContext(
        v -> {
          onceMore = looking;
          look();
        });
  }

  /** One look, unless one runs; its failure is logged and keeps the mark. */
  Future<Void> look() {
    if (looking) {
      return Future.succeededFuture();
    }
    looking = true;
    return gathered()
        .compose(this::read)
        .onComplete(
            done -> {
              looking = false;
              if (done.succeeded()) {
                failing = false;
              } else {
                report(done.cause());
              }
              if (onceMore) {
                onceMore = false;
                look();
              }
            })
        .otherwiseEmpty();
  }

  private Future<List<Set<Long>>> gathered() {
    List<Future<Collection<Long>>> each = new ArrayList<>();
    loops.forEach(loop -> each.add(loop.gather()));
    return here(Future.all(each))
        .map(
            all -> {
              List<Set<Long>> keys = new ArrayList<>();
              each.forEach(one -> keys.add(new HashSet<>(one.result())));
              return keys;
            });
  }

  private Future<Void> read(List<Set<Long>> keys) {
    Set<Long> all = new HashSet<>();
    keys.forEach(all::addAll);
    return here(messages.recentCommits(mark, all)).compose(found -> handOver(keys, found));
  }

  private Future<Void> handOver(List<Set<Long>> keys, RecentCommits found) {
    List<Future<Void>> each = new ArrayList<>();
    boolean blind = mark == 0 || found.nextMark() < mark;
    for (int i = 0; i < loops.size(); i++) {
      List<DeviceBehind> mine = new ArrayList<>();
      for (DeviceBehind behind : found.behind()) {
        if (keys.get(i).contains(behind.deviceKey())) {
          mine.add(behind);
        }
      }
      each.add(blind ? loops.get(i).lookAtAll() : loops.get(i).looked(mine));
    }
    return here(Future.all(each))
        .map(
            all -> {
              completed.accept(found.behind().size());
              return moved(found.nextMark());
            });
  }

  /** The same, ending on this verticle's event loop. */
  private <T> Future<T> here(Future<T> elsewhere) {
    Promise<T> promise = Promise.promise();
    elsewhere.onComplete(ended -> context.runOnContext(now -> promise.handle(ended)));
    return promise.future();
  }

  private Void moved(long nextMark) {
    mark = nextMark;
    return null;
  }

  private void report(Throwable failure) {
    if (failure instanceof QuipuException known && known.code() == ErrorCode.STORE_DOWN) {
      if (!failing) {
        log.warn("the look at recent commits waits for the store: {}", known.getMessage());
      }
    } else {
      log.error("the look at recent commits failed", failure);
    }
    failing = true;
  }
}
