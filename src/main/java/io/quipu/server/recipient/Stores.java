package io.quipu.server.recipient;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.ReceiptState;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.Cursors.CursorWrite;
import io.quipu.server.journal.Cursors.ReadMarkWrite;
import io.quipu.server.journal.Cursors.Receipt;
import io.quipu.server.journal.Cursors.Stored;
import io.quipu.server.recipient.CursorBuffer.Flying;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes cursors and read marks of one event loop to the store in batches, one statement of each
 * kind at a time, and tells who waits for it afterwards: AckConfirm to the device, receipts to
 * others.
 */
final class Stores {
  private static final Logger log = LoggerFactory.getLogger(Stores.class);

  final CursorBuffer cursors;
  final CursorBuffer readMarks;
  private final RecipientLimits limits;
  private final Cursors store;
  private final ReceiptRouting receipts;
  private final Clock clock;
  private final LongFunction<Optional<RecipientSession>> sessions;
  private final OnLoop onLoop;
  private final Lane cursorLane;
  private final Lane readMarkLane;

  /** Calls the store and comes back to the event loop. */
  interface OnLoop {
    <T> void call(Supplier<Future<T>> call, Consumer<T> then, Consumer<Throwable> otherwise);
  }

  /** One kind of statement: at most one in flight. */
  private final class Lane {
    final CursorBuffer buffer;
    final Function<List<Flying>, Future<Stored>> statement;
    final BiConsumer<Flying, Boolean> settled;
    final ReceiptState state;
    final StorePause pause = new StorePause(limits.storeRetryMs(), limits.maxStoreRetryMs());
    Promise<Void> idle = Promise.promise();
    boolean busy;
    int batch = limits.cursorBatch();

    Lane(
        CursorBuffer buffer,
        Function<List<Flying>, Future<Stored>> statement,
        BiConsumer<Flying, Boolean> settled,
        ReceiptState state) {
      this.buffer = buffer;
      this.statement = statement;
      this.settled = settled;
      this.state = state;
    }

    void flush(long nowMs) {
      if (busy || buffer.isEmpty() || !pause.isOver(nowMs)) {
        return;
      }
      busy = true;
      List<Flying> flying = buffer.take(batch);
      onLoop.call(
          () -> statement.apply(flying),
          answer -> stored(flying, answer),
          failure -> failed(flying, failure));
    }

    private void stored(List<Flying> flying, Stored answer) {
      List<Boolean> counts = answer.counts();
      if (counts.size() != flying.size()) {
        failed(flying, new IllegalStateException(counts.size() + " answers"));
        return;
      }
      pause.succeeded();
      batch = Math.min(limits.cursorBatch(), batch * 2);
      buffer.settled(flying);
      for (int i = 0; i < flying.size(); i++) {
        settled.accept(flying.get(i), counts.get(i));
      }
      for (Receipt receipt : answer.receipts()) {
        Flying of = flying.get(receipt.place());
        receipts.told(of.conversation(), of.holder().user, state, receipt);
      }
      receipts.flush();
      idle();
    }

    private void failed(List<Flying> flying, Throwable failure) {
      if (failure instanceof QuipuException known && known.code() == ErrorCode.STORE_DOWN) {
        buffer.failed(flying);
      } else if (flying.size() == 1) {
        // its device names it again in its next sync; behind it others wait
        log.atError()
            .addKeyValue("conversation", flying.get(0).conversation())
            .setCause(failure)
            .log("a cursor or read mark cannot be stored");
        buffer.settled(flying);
      } else {
        log.error("{} cursors or read marks cannot be stored together", flying.size(), failure);
        batch = Math.max(1, flying.size() / 2);
        buffer.failed(flying);
      }
      pause.failed(clock.nowMs());
      idle();
    }

    private void idle() {
      busy = false;
      Promise<Void> waiting = idle;
      idle = Promise.promise();
      waiting.complete();
    }

    /** What is under way ends, then everything once more as long as the store takes it. */
    Future<Void> drain() {
      if (!busy) {
        flush(clock.nowMs());
      }
      return busy ? idle.future().compose(v -> drain()) : Future.succeededFuture();
    }
  }

  Stores(
      RecipientLimits limits,
      Cursors store,
      ReceiptRouting receipts,
      Clock clock,
      LongFunction<Optional<RecipientSession>> sessions,
      OnLoop onLoop) {
    this.limits = limits;
    this.store = store;
    this.receipts = receipts;
    this.clock = clock;
    this.sessions = sessions;
    this.onLoop = onLoop;
    this.cursors = new CursorBuffer(limits.maxOutstanding() * 2, limits.maxPendingCursors());
    this.readMarks = new CursorBuffer(limits.maxOutstanding(), limits.maxPendingCursors());
    this.cursorLane =
        new Lane(cursors, this::storeCursors, this::cursorSettled, ReceiptState.DELIVERED);
    this.readMarkLane =
        new Lane(readMarks, this::storeReadMarks, this::readMarkSettled, ReceiptState.READ);
  }

  void flush(long nowMs) {
    cursorLane.flush(nowMs);
    readMarkLane.flush(nowMs);
  }

  Future<Void> drain() {
    return Future.join(cursorLane.drain(), readMarkLane.drain()).mapEmpty();
  }

  private Future<Stored> storeCursors(List<Flying> flying) {
    List<CursorWrite> writes = new ArrayList<>(flying.size());
    for (Flying one : flying) {
      CursorBuffer.Holder device = one.holder();
      writes.add(
          new CursorWrite(device.userKey, device.key, one.conversation(), one.seq(), one.tell()));
    }
    return store.store(writes);
  }

  private void cursorSettled(Flying cursor, boolean counts) {
    if (!counts) {
      refuse(cursor);
      return;
    }
    Optional<RecipientSession> session = sessions.apply(cursor.session());
    if (session.isEmpty()) {
      session = sessions.apply(cursor.holder().session());
    }
    session.ifPresent(
        s -> s.who().outlet().send(new Frame.AckConfirm(cursor.conversation(), cursor.seq())));
  }

  private Future<Stored> storeReadMarks(List<Flying> flying) {
    List<ReadMarkWrite> writes = new ArrayList<>(flying.size());
    for (Flying one : flying) {
      writes.add(new ReadMarkWrite(one.holder().userKey, one.conversation(), one.seq()));
    }
    return store.storeReadMarks(writes);
  }

  private void readMarkSettled(Flying mark, boolean counts) {
    if (counts) {
      receipts.readMark(mark.conversation(), mark.holder().user, mark.seq(), mark.session());
    } else {
      refuse(mark);
    }
  }

  private void refuse(Flying one) {
    sessions
        .apply(one.session())
        .ifPresent(
            s ->
                s.error(
                    ErrorCode.ACK_BEYOND_TAIL,
                    0,
                    "no seq " + one.seq() + " there",
                    Optional.of(one.conversation()),
                    0));
  }
}
