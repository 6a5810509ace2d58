package io.quipu.client;

import io.quipu.model.Cursor;
import io.quipu.model.Limits;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Asks for what an {@link Inbox} misses: everything after a connection came up, and single
 * conversations when a gap shows. One sync at a time; what is missed meanwhile is asked for next. A
 * page is acknowledged when there is room for the next one, so a slow application slows the server
 * down.
 *
 * <pre>
 * state  | event                                | next
 * IDLE   | connected, or a place with no cursor  | FULL (Sync of all, naming the unconfirmed cursors)
 * IDLE   | places are behind                     | LISTED (Sync of those only)
 * FULL, LISTED | page, there is room             | the same (SyncAck)
 * FULL, LISTED | page, no room                   | the same, the SyncAck waits for progress
 * FULL, LISTED | SyncDone                        | IDLE; what is still behind is asked for after a pause
 * FULL, LISTED | refused                         | IDLE, again after a pause
 * FULL, LISTED | nothing comes                   | Reconnect
 * any    | disconnected                          | IDLE
 * </pre>
 */
public final class CatchUp {
  /**
   * @param timeoutMs without a page or the end of a sync: the connection is given up
   * @param graceMs before what precedes an own message is asked for: it is most likely on its way
   * @param stuckMs a handler that makes no progress for so long does not hold up the pages of
   *     others
   */
  public record Settings(long timeoutMs, long graceMs, long stuckMs) {
    /** Suits a phone as well as a load generator. */
    public static final Settings DEFAULT = new Settings(30_000, 1_000, 5_000);
  }

  private enum State {
    IDLE,
    FULL,
    LISTED
  }

  private static final long NEVER = Long.MAX_VALUE;

  /** A Cursor in a Sync frame, beside the name; in JSON, the most verbose dress. */
  private static final int CURSOR_BYTES = 64;

  private static final int FRAME_BYTES = 128;

  private final Settings settings;
  private final Backoff backoff;

  private final Set<Place> behind = new LinkedHashSet<>();

  /** Until when each is left alone, rising. */
  private final Map<Place, Long> later = new LinkedHashMap<>();

  private Limits limits = Limits.DEFAULT;
  private boolean connected;
  private State state = State.IDLE;
  private boolean fullWanted;
  private int syncId;

  /** All receipts before it are known; 0 = nothing is. */
  private long receiptsMark;

  private int fruitless;
  private long notBeforeMs;
  private long deadlineMs = NEVER;

  /** The page whose SyncAck waits; 0 = none. */
  private int heldPage;

  private List<Place> heldFor = List.of();
  private int heldRoom;
  private long progressMs;

  CatchUp(Settings settings, Backoff backoff) {
    this.settings = settings;
    this.backoff = backoff;
  }

  void connected(Limits theirs, long nowMs) {
    limits = theirs;
    connected = true;
    fullWanted = true;
    fruitless = 0;
    notBeforeMs = nowMs;
  }

  void disconnected() {
    connected = false;
    idle();
  }

  private void idle() {
    state = State.IDLE;
    deadlineMs = NEVER;
    heldPage = 0;
    heldFor = List.of();
  }

  /** All receipts before this mark are known. */
  void receiptsKnown(long mark) {
    receiptsMark = mark;
  }

  /** Something of this place is missing. */
  void wants(Place place) {
    behind.add(place);
  }

  void wantsLater(Place place, long nowMs) {
    later.putIfAbsent(place, nowMs + settings.graceMs());
  }

  /** Sends the next Sync, if one is due. */
  void start(Collection<Place> places, long nowMs, List<InboxEffect> effects) {
    if (!connected || state != State.IDLE || nowMs < notBeforeMs) {
      return;
    }
    if (!fullWanted && behind.isEmpty()) {
      return;
    }
    List<Cursor> cursors = new ArrayList<>();
    if (!fullWanted) {
      for (Iterator<Place> i = behind.iterator(); i.hasNext(); ) {
        Place place = i.next();
        if (!place.behind()) {
          i.remove();
        } else if (!place.known) {
          fullWanted = true; // only a sync of all says where the server has this device
        } else if (cursors.size() < limits.syncCursors()) {
          cursors.add(new Cursor(place.conversation, place.cursor));
        }
      }
    }
    if (fullWanted) {
      cursors.clear();
      for (Place place : places) {
        if (place.known && place.cursor > place.confirmed) { // 0 = from the beginning
          cursors.add(new Cursor(place.conversation, place.cursor));
        }
      }
    } else if (cursors.isEmpty()) {
      return;
    }
    state = fullWanted ? State.FULL : State.LISTED;
    fullWanted = false;
    syncId++;
    deadlineMs = nowMs + settings.timeoutMs();
    send(cursors, effects);
  }

  private void send(List<Cursor> cursors, List<InboxEffect> effects) {
    int from = 0;
    do {
      int to = from;
      long size = FRAME_BYTES;
      while (to < cursors.size() && to - from < Math.max(1, limits.syncCursors())) {
        size += CURSOR_BYTES + 3L * cursors.get(to).conversation().value().length();
        if (to > from && size > limits.maxFrameBytes()) {
          break;
        }
        to++;
      }
      effects.add(
          new InboxEffect.Transmit(
              new Frame.Sync(
                  syncId,
                  cursors.subList(from, to),
                  state == State.LISTED,
                  to < cursors.size(),
                  state == State.LISTED ? 0 : receiptsMark)));
      from = to;
    } while (from < cursors.size());
  }

  /**
   * @param room a place with more than that in its buffer should have no more for now
   */
  void paged(
      Frame.SyncPage page,
      List<Place> touched,
      int room,
      boolean congested,
      long nowMs,
      List<InboxEffect> effects) {
    if (state == State.IDLE || page.syncId() != syncId) {
      return;
    }
    heldPage = page.page();
    heldFor = touched;
    heldRoom = room;
    progressMs = nowMs;
    deadlineMs = NEVER;
    acknowledge(congested, nowMs, effects);
  }

  /** The application has taken something. */
  void progress(Place place, boolean congested, long nowMs, List<InboxEffect> effects) {
    if (heldPage != 0) {
      if (congested || heldFor.contains(place)) {
        progressMs = nowMs;
      }
      acknowledge(congested, nowMs, effects);
    }
  }

  private void acknowledge(boolean congested, long nowMs, List<InboxEffect> effects) {
    boolean full = congested;
    for (int i = 0; i < heldFor.size() && !full; i++) {
      full = heldFor.get(i).buffer.size() > heldRoom;
    }
    if (!full || nowMs - progressMs >= settings.stuckMs()) {
      effects.add(new InboxEffect.Transmit(new Frame.SyncAck(syncId, heldPage)));
      heldPage = 0;
      heldFor = List.of();
      deadlineMs = nowMs + settings.timeoutMs();
    }
  }

  /** Returns true if that was the end of a sync of everything. */
  boolean ended(int id, long nowMs) {
    if (state == State.IDLE || id != syncId) {
      return false;
    }
    boolean full = state == State.FULL;
    idle();
    behind.forEach(place -> place.doubtful = false);
    behind.removeIf(place -> !place.behind());
    if (behind.isEmpty()) {
      fruitless = 0;
    } else {
      notBeforeMs = nowMs + (fruitless == 0 ? 0 : backoff.delayMs(fruitless));
      fruitless++;
    }
    return full;
  }

  void refused(int id, int retryAfterMs, long nowMs) {
    if (state != State.IDLE && id == syncId) {
      fullWanted |= state == State.FULL;
      idle();
      notBeforeMs = nowMs + Math.max(retryAfterMs, backoff.delayMs(fruitless));
      fruitless++;
    }
  }

  void tick(long nowMs, List<InboxEffect> effects) {
    for (Iterator<Map.Entry<Place, Long>> i = later.entrySet().iterator(); i.hasNext(); ) {
      Map.Entry<Place, Long> entry = i.next();
      if (entry.getValue() > nowMs) {
        break;
      }
      i.remove();
      if (entry.getKey().behind()) {
        behind.add(entry.getKey());
      }
    }
    if (heldPage != 0) {
      acknowledge(true, nowMs, effects);
    }
    if (deadlineMs <= nowMs) {
      deadlineMs = NEVER;
      effects.add(new InboxEffect.Reconnect("a sync that does not go on"));
    }
  }

  long nextDeadlineMs() {
    long next = deadlineMs;
    if (!later.isEmpty()) {
      next = Math.min(next, later.values().iterator().next());
    }
    if (heldPage != 0) {
      next = Math.min(next, progressMs + settings.stuckMs());
    }
    if (connected && state == State.IDLE && (fullWanted || !behind.isEmpty())) {
      next = Math.min(next, notBeforeMs);
    }
    return next;
  }
}
