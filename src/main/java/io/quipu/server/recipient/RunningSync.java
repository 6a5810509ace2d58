package io.quipu.server.recipient;

import io.quipu.model.ReceiptState;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.Receipts;
import io.quipu.server.recipient.RecipientSession.Read;
import java.util.Optional;

/**
 * A sync on its way: first its plan, then its pages, then, if it is a full one, the receipts that
 * its client has missed, in as many reads as there are pages of them; then SyncDone, which tells
 * the mark from which on the next sync has to look.
 */
final class RunningSync {
  final int run;
  final Frame.Sync sync;
  Optional<SyncPlan> plan = Optional.empty();
  long movedMs;
  private Optional<Receipts.Position> newsAfter;
  private long receiptsMark;

  RunningSync(int run, Frame.Sync sync, long nowMs) {
    this.run = run;
    this.sync = sync;
    this.movedMs = nowMs;
    this.newsAfter = sync.onlyListed() ? Optional.empty() : Optional.of(Receipts.Position.START);
  }

  /** All pages have been sent. */
  boolean isPaged() {
    return plan.isPresent() && plan.get().isDone();
  }

  /** A page may leave: the client has answered enough of those before it. */
  boolean mayPage() {
    return plan.isPresent() && !plan.get().isDone() && plan.get().mayPage();
  }

  /** The read of receipts that is left before the end. */
  Optional<Read.News> nextNews() {
    return newsAfter.map(after -> new Read.News(run, sync.receiptsSince(), after));
  }

  void answered(Read.News read, Receipts.News news, Outlet outlet, long nowMs) {
    movedMs = nowMs;
    if (read.after().equals(Receipts.Position.START)) {
      receiptsMark = news.mark(); // what is committed from here on may be in later answers, too
    }
    newsAfter = news.next();
    for (Receipts.Watermarks one : news.watermarks()) {
      // read includes delivered
      if (one.deliveredSeq() > one.readSeq()) {
        outlet.send(receipt(one, ReceiptState.DELIVERED, one.deliveredSeq()));
      }
      if (one.readSeq() > 0) {
        outlet.send(receipt(one, ReceiptState.READ, one.readSeq()));
      }
    }
  }

  private static Frame receipt(Receipts.Watermarks of, ReceiptState state, long seq) {
    return new Frame.Receipt(of.conversation(), of.user(), state, seq);
  }

  Frame.SyncDone done() {
    return new Frame.SyncDone(
        sync.syncId(),
        plan.orElseThrow().conversations(),
        plan.orElseThrow().messagesSent(),
        receiptsMark);
  }
}
