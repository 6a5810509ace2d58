package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.Cursors.ReadMarkWrite;
import io.quipu.server.journal.Directory;
import io.vertx.core.Future;
import java.util.List;

/**
 * Read marks that come from no session: stored at once, then told to whom a session's would be
 * told. Belongs to one event loop.
 */
public final class ReadMarks {
  /** The number of no session. */
  private static final long NONE = 0;

  private final Directory directory;
  private final Cursors cursors;
  private final ReceiptRouting routing;

  public ReadMarks(Address.Loop self, Directory directory, Cursors cursors, Outreach outreach) {
    this.directory = directory;
    this.cursors = cursors;
    this.routing = new ReceiptRouting(self, outreach);
  }

  /** Completes when it is stored, with false if there is no such seq that the user may see. */
  public Future<Boolean> read(UserId user, ConversationId conversation, long seq) {
    return directory
        .userKey(user)
        .compose(key -> cursors.storeReadMarks(List.of(new ReadMarkWrite(key, conversation, seq))))
        .map(
            stored -> {
              boolean counts = stored.counts().get(0);
              if (counts) {
                routing.readMark(conversation, user, seq, NONE);
              }
              for (Cursors.Receipt receipt : stored.receipts()) {
                routing.told(conversation, user, ReceiptState.READ, receipt);
              }
              routing.flush();
              return counts;
            });
  }
}
