package io.quipu.server.recipient;

import io.quipu.model.Cursor;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.List;

/**
 * Joins the frames of one sync. A frame of another sync id begins anew: the client has given up the
 * other one.
 */
final class SyncAssembly {
  private final int maxCursors;
  private List<Cursor> cursors = List.of();
  private int syncId;
  private boolean begun;
  private boolean refused;

  SyncAssembly(int maxCursors) {
    this.maxCursors = maxCursors;
  }

  /** What became of a frame. */
  enum Verdict {
    MORE,
    COMPLETE,
    TOO_MANY,
    /** Belongs to one that was refused. */
    IGNORED
  }

  Verdict add(Frame.Sync frame) {
    if (!begun || frame.syncId() != syncId) {
      cursors = new ArrayList<>();
      refused = false;
    }
    begun = frame.more();
    syncId = frame.syncId();
    if (refused) {
      return Verdict.IGNORED;
    }
    if (cursors.size() + frame.cursors().size() > maxCursors) {
      cursors = List.of();
      refused = true;
      return Verdict.TOO_MANY;
    }
    cursors.addAll(frame.cursors());
    return frame.more() ? Verdict.MORE : Verdict.COMPLETE;
  }

  /** The whole request, after COMPLETE; the flags are those of the last frame. */
  Frame.Sync take(Frame.Sync last) {
    Frame.Sync whole =
        new Frame.Sync(
            last.syncId(), List.copyOf(cursors), last.onlyListed(), false, last.receiptsSince());
    cursors = List.of(); // thousands, perhaps, of a session that may sit there for days
    return whole;
  }
}
