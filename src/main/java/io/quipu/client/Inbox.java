package io.quipu.client;

import io.quipu.client.Place.Item;
import io.quipu.client.Place.State;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * What one device has of every conversation. It promises: the handler gets each seq once, in order,
 * one at a time in a conversation; a cursor moves only when the handler has succeeded and the
 * cursor store has it, and only then is it acked; what is missing is asked for.
 *
 * <pre>
 * a seq arrives (Deliver, SyncPage, own SendAck)  | then
 * ≤ cursor                                        | ignored, the cursor is acked again
 * ≤ received                                      | ignored: it is in the buffer; the cursor is acked again
 * any, HALTED                                     | dropped, the cursor is acked again: the server keeps
 *                                                 | the connection of who answers
 * = received + 1, the buffer has room             | into the buffer, and held own ones after it
 * = received + 1, no room                         | dropped; a sync once the buffer is empty
 * &gt; received + 1, own                             | held until its place is next; a sync after a while
 * &gt; received + 1                                  | dropped; a sync
 * a gap (NOT_VISIBLE, OLDER)                      | like a message, without the handler
 * reset to s                                      | the buffer is dropped, the cursor goes back to s
 *
 * a conversation
 * IDLE     | the head is a message                | HANDLING (Handle)
 * IDLE     | the head is a gap                    | KEEPING (KeepCursor)
 * HANDLING | Handled                              | KEEPING (KeepCursor)
 * HANDLING | HandlerFailed                        | PAUSED, after too many HALTED
 * KEEPING  | CursorKept                           | IDLE; the cursor moves, the ack is due
 * KEEPING  | CursorNotKept                        | PAUSED, after too many HALTED
 * PAUSED   | its time has come                    | HANDLING or KEEPING, whichever failed
 * HALTED   | Resume                               | IDLE, and a sync
 * </pre>
 */
public final class Inbox {
  /**
   * @param maxBuffered messages of one conversation that wait for the handler
   * @param maxBufferedInAll messages
   * @param maxBufferedBytes in all
   * @param handlerTries of one message until its conversation halts
   * @param ackDelayMs acks wait so long for more; 0 = until the end of the event-loop turn
   * @param ackMessages so many taken messages end that wait
   * @param confirmMs an ack that is not confirmed for so long is said again; then after twice that,
   *     and so on
   * @param ackRepeats of one ack; 0 = none
   */
  public record Settings(
      int maxBuffered,
      int maxBufferedInAll,
      int maxBufferedBytes,
      int handlerTries,
      long ackDelayMs,
      int ackMessages,
      long confirmMs,
      int ackRepeats,
      CatchUp.Settings catchUp) {
    private static final long CONFIRM_MS = 5_000;
    private static final int ACK_REPEATS = 5;

    /** Suits a phone as well as a load generator. */
    public static final Settings DEFAULT =
        new Settings(1_024, 8_192, 16 * 1024 * 1024, 8, 0, 64, CatchUp.Settings.DEFAULT);

    /** With the default's repetitions of acks. */
    public Settings(
        int maxBuffered,
        int maxBufferedInAll,
        int maxBufferedBytes,
        int handlerTries,
        long ackDelayMs,
        int ackMessages,
        CatchUp.Settings catchUp) {
      this(
          maxBuffered,
          maxBufferedInAll,
          maxBufferedBytes,
          handlerTries,
          ackDelayMs,
          ackMessages,
          CONFIRM_MS,
          ACK_REPEATS,
          catchUp);
    }
  }

  private static final long NEVER = Long.MAX_VALUE;

  private final Settings settings;
  private final Backoff handlerBackoff;
  private final CatchUp catchUp;
  private final UnconfirmedAcks unconfirmed;

  private final Map<ConversationId, Place> places = new HashMap<>();
  private final PriorityQueue<Retry> retries =
      new PriorityQueue<>((a, b) -> Long.compare(a.atMs, b.atMs));

  /** Whose cursors are to be acked. */
  private final Set<Place> acks = new LinkedHashSet<>();

  private long ackAtMs = NEVER;
  private int takenSinceAck;

  private boolean connected;
  private String storeEpoch = "";
  private int buffered;
  private long bufferedBytes;
  private int syncWaitsFor;

  private List<InboxEffect> effects = new ArrayList<>();

  private record Retry(long atMs, Place place) {}

  /**
   * @param handlerBackoff between two calls of the handler for the same message
   * @param syncBackoff between syncs that did not help
   */
  public Inbox(Settings settings, Backoff handlerBackoff, Backoff syncBackoff) {
    this.settings = settings;
    this.handlerBackoff = handlerBackoff;
    this.catchUp = new CatchUp(settings.catchUp(), syncBackoff);
    this.unconfirmed = new UnconfirmedAcks(settings.confirmMs(), settings.ackRepeats());
  }

  /** What this event brings about. */
  public List<InboxEffect> step(InboxEvent event, long nowMs) {
    if (event instanceof InboxEvent.Handled handled) {
      handled(handled.conversation(), handled.run());
    } else if (event instanceof InboxEvent.CursorKept kept) {
      cursorKept(kept.conversation(), kept.run(), nowMs);
    } else if (event instanceof InboxEvent.Flush) {
      flushAcks(nowMs);
    } else if (event instanceof InboxEvent.Delivered delivered) {
      taken(delivered.range(), false, nowMs);
    } else if (event instanceof InboxEvent.OwnStored own) {
      ownStored(own.conversation(), own.message(), nowMs);
    } else if (event instanceof InboxEvent.Confirmed confirmed) {
      Place place = place(confirmed.conversation());
      place.confirmed = Math.max(place.confirmed, confirmed.seq());
      unconfirmed.confirmed(place, nowMs);
    } else if (event instanceof InboxEvent.Tick) {
      tick(nowMs);
    } else if (event instanceof InboxEvent.Paged paged) {
      paged(paged.page(), nowMs);
    } else if (event instanceof InboxEvent.SyncEnded ended) {
      syncEnded(ended, nowMs);
    } else if (event instanceof InboxEvent.SyncRefused refused) {
      catchUp.refused(refused.syncId(), refused.retryAfterMs(), nowMs);
    } else if (event instanceof InboxEvent.Grown grown) {
      Place place = place(grown.conversation());
      place.seen = Math.max(place.seen, grown.seq());
      catchUp.wants(place);
    } else if (event instanceof InboxEvent.Doubtful doubtful) {
      Place place = place(doubtful.conversation());
      place.doubtful = true;
      catchUp.wants(place);
    } else if (event instanceof InboxEvent.HandlerFailed failed) {
      failed(failed.conversation(), failed.run(), failed.cause(), nowMs);
    } else if (event instanceof InboxEvent.CursorNotKept failed) {
      failed(failed.conversation(), failed.run(), failed.cause(), nowMs);
    } else if (event instanceof InboxEvent.Resume resume) {
      resume(resume.conversation());
    } else if (event instanceof InboxEvent.Connected up) {
      connected(up, nowMs);
    } else if (event instanceof InboxEvent.Disconnected) {
      disconnected();
    } else if (event instanceof InboxEvent.Loaded loaded) {
      loaded.cursors().forEach((conversation, seq) -> place(conversation).knownAt(seq));
      catchUp.receiptsKnown(loaded.receiptsMark());
    }
    catchUp.start(places.values(), nowMs, effects);
    if (effects.isEmpty()) {
      return List.of();
    }
    List<InboxEffect> done = effects;
    effects = new ArrayList<>();
    return done;
  }

  /** When a Tick is due; Long.MAX_VALUE if never. */
  public long nextDeadlineMs() {
    long next = Math.min(catchUp.nextDeadlineMs(), ackAtMs);
    next = Math.min(next, unconfirmed.nextDeadlineMs());
    return retries.isEmpty() ? next : Math.min(next, retries.peek().atMs);
  }

  /** The highest seq that the application has taken; 0 = none, or nothing is known. */
  public long cursor(ConversationId conversation) {
    Place place = places.get(conversation);
    return place == null ? 0 : place.cursor;
  }

  /** Messages that wait for the handler. */
  public int buffered() {
    return buffered;
  }

  private Place place(ConversationId conversation) {
    Place place = places.get(conversation);
    if (place == null) {
      place = new Place(conversation);
      places.put(conversation, place);
    }
    return place;
  }

  private void connected(InboxEvent.Connected up, long nowMs) {
    if (up.deviceIsNew() || !up.storeEpoch().equals(storeEpoch)) {
      // what was confirmed, another store confirmed: name every cursor
      places.values().forEach(place -> place.confirmed = Place.UNCONFIRMED);
    }
    if (!storeEpoch.isEmpty() && !up.storeEpoch().equals(storeEpoch)) {
      catchUp.receiptsKnown(0); // the mark is of another store
    }
    storeEpoch = up.storeEpoch();
    connected = true;
    acks.clear(); // the sync carries them
    ackAtMs = NEVER;
    unconfirmed.clear();
    for (Place place : places.values()) {
      if (place.known && place.cursor > 0) {
        unconfirmed.sent(place, nowMs);
      }
    }
    catchUp.connected(up.limits(), nowMs);
  }

  private void disconnected() {
    connected = false;
    syncWaitsFor = 0;
    unconfirmed.clear();
    places.values().forEach(place -> place.syncTarget = 0);
    catchUp.disconnected();
  }

  /** Every seq of the range, in order: messages and gaps merged. */
  private void taken(MessageRange range, boolean synced, long nowMs) {
    Place place = place(range.conversation());
    if (!place.known && (synced || range.fromSeq() == 1)) {
      place.knownAt(range.fromSeq() - 1); // a sync begins where the server has this device's cursor
    }
    List<Message> messages = range.messages();
    List<Gap> gaps = range.gaps();
    int m = 0;
    int g = 0;
    while (m < messages.size() || g < gaps.size()) {
      boolean message =
          g == gaps.size()
              || (m < messages.size() && messages.get(m).seq() < gaps.get(g).fromSeq());
      offer(place, message ? Item.of(messages.get(m++)) : Item.of(gaps.get(g++)), nowMs);
    }
    place.seen = Math.max(place.seen, range.toSeq());
    if (place.known) {
      fillHeld(place);
    }
    missing(place);
    advance(place);
  }

  private void missing(Place place) {
    if (place.behind()) {
      catchUp.wants(place);
    }
  }

  private void offer(Place place, Item item, long nowMs) {
    if (place.known && item.toSeq() <= place.received) {
      ackAgain(place, nowMs);
      return;
    }
    place.seen = Math.max(place.seen, item.toSeq());
    if (place.state == State.HALTED) {
      ackAgain(place, nowMs);
    }
    if (!place.known || item.fromSeq() > place.received + 1 || place.state == State.HALTED) {
      return;
    }
    if (hasRoom(place, item)) {
      append(place, item);
      fillHeld(place);
    } else {
      place.overflowed = true;
    }
  }

  /** What came again may wait for the handler: the server then hears that somebody is here. */
  private void ackAgain(Place place, long nowMs) {
    if (place.cursor > 0) {
      ackDue(place, nowMs);
    }
  }

  private boolean hasRoom(Place place, Item item) {
    return place.buffer.size() < settings.maxBuffered()
        && buffered < settings.maxBufferedInAll()
        && bufferedBytes + item.sizeBytes() <= settings.maxBufferedBytes();
  }

  private void append(Place place, Item item) {
    place.append(item);
    buffered++;
    bufferedBytes += item.sizeBytes();
  }

  /** Own messages whose place is next now. */
  private void fillHeld(Place place) {
    while (!place.held.isEmpty() && place.held.firstKey() <= place.received + 1) {
      Message own = place.held.pollFirstEntry().getValue();
      if (own.seq() > place.received) {
        if (!hasRoom(place, Item.of(own))) {
          place.overflowed = true;
          return;
        }
        append(place, Item.of(own));
      }
    }
  }

  private void ownStored(ConversationId conversation, Message message, long nowMs) {
    Place place = place(conversation);
    if (!place.known && message.seq() == 1) {
      place.knownAt(0);
    }
    offer(place, Item.of(message), nowMs);
    if (place.state != State.HALTED && (!place.known || message.seq() > place.received)) {
      if (!place.overflowed && place.held.size() < settings.maxBuffered()) {
        place.held.put(message.seq(), message);
      }
      catchUp.wantsLater(place, nowMs); // what is before it is most likely on its way
    }
    advance(place);
  }

  /** Hands over the head of the buffer, if nothing is going on. */
  private void advance(Place place) {
    if (place.state != State.IDLE) {
      return;
    }
    if (place.buffer.isEmpty()) {
      if (place.overflowed) {
        place.overflowed = false;
        missing(place);
      }
      return;
    }
    Optional<Message> message = place.buffer.getFirst().message();
    if (message.isPresent() && !place.handled) {
      place.state = State.HANDLING;
      effects.add(new InboxEffect.Handle(place.conversation, message.get(), ++place.run));
    } else {
      keep(place);
    }
  }

  private void keep(Place place) {
    place.state = State.KEEPING;
    effects.add(
        new InboxEffect.KeepCursor(
            place.conversation, place.buffer.getFirst().toSeq(), ++place.run));
  }

  /** The place that this result is for; empty if it counts for nothing any more. */
  private Optional<Place> resultFor(ConversationId conversation, long run, State state) {
    Place place = place(conversation);
    if (place.run != run || place.state != state) {
      return Optional.empty();
    }
    if (place.outdated) {
      place.outdated = false;
      place.state = State.IDLE;
      advance(place);
      return Optional.empty();
    }
    return Optional.of(place);
  }

  private void handled(ConversationId conversation, long run) {
    resultFor(conversation, run, State.HANDLING)
        .ifPresent(
            place -> {
              place.handled = true;
              place.failures = 0;
              keep(place);
            });
  }

  private void cursorKept(ConversationId conversation, long run, long nowMs) {
    Optional<Place> found = resultFor(conversation, run, State.KEEPING);
    if (found.isEmpty()) {
      return;
    }
    Place place = found.get();
    Item head = place.buffer.removeFirst();
    buffered--;
    bufferedBytes -= head.sizeBytes();
    place.bufferedBytes -= head.sizeBytes();
    place.cursor = head.toSeq();
    place.state = State.IDLE;
    place.handled = false;
    place.failures = 0;
    takenSinceAck++;
    ackDue(place, nowMs);
    reached(place);
    catchUp.progress(place, congested(), nowMs, effects);
    advance(place);
  }

  private void reached(Place place) {
    if (place.syncTarget != 0
        && (place.cursor >= place.syncTarget || place.state == State.HALTED)) {
      waitsNoMore(place);
    }
  }

  private void waitsNoMore(Place place) {
    if (place.syncTarget != 0) {
      place.syncTarget = 0;
      if (--syncWaitsFor == 0) {
        effects.add(new InboxEffect.Synced());
      }
    }
  }

  private void failed(ConversationId conversation, long run, Throwable cause, long nowMs) {
    Place place = place(conversation);
    Optional<Place> found = resultFor(conversation, run, place.state);
    if (found.isEmpty() || !place.busy()) {
      return;
    }
    place.failures++;
    if (place.failures >= settings.handlerTries()) {
      long seq = place.buffer.getFirst().toSeq();
      dropBuffer(place);
      place.state = State.HALTED;
      effects.add(new InboxEffect.Halted(conversation, seq, cause));
      reached(place);
    } else {
      place.state = State.PAUSED;
      place.retryAtMs = nowMs + handlerBackoff.delayMs(place.failures - 1);
      retries.add(new Retry(place.retryAtMs, place));
    }
  }

  private void dropBuffer(Place place) {
    place.seen = Math.max(place.seen, place.received);
    bufferedBytes -= place.bufferedBytes;
    buffered -= place.clear();
  }

  private void resume(ConversationId conversation) {
    Place place = place(conversation);
    if (place.state == State.HALTED) {
      place.state = State.IDLE;
      missing(place);
    }
  }

  private void reset(Cursor to) {
    Place place = place(to.conversation());
    dropBuffer(place);
    place.knownAt(to.seq());
    place.seen = to.seq();
    place.confirmed = Place.UNCONFIRMED;
    place.doubtful = false;
    if (place.busy()) {
      place.outdated = true;
    } else {
      place.state = State.IDLE;
    }
    append(place, Item.rewind(to.seq()));
    effects.add(new InboxEffect.Reset(to.conversation(), to.seq()));
    waitsNoMore(place); // what it waited for is gone
    advance(place);
  }

  private void paged(Frame.SyncPage page, long nowMs) {
    page.resets().forEach(this::reset);
    List<Place> touched = new ArrayList<>();
    for (MessageRange range : page.ranges()) {
      taken(range, true, nowMs);
      touched.add(place(range.conversation()));
    }
    catchUp.paged(page, touched, settings.maxBuffered() / 2, congested(), nowMs, effects);
  }

  private boolean congested() {
    return buffered > settings.maxBufferedInAll() / 2
        || bufferedBytes > settings.maxBufferedBytes() / 2;
  }

  private void syncEnded(InboxEvent.SyncEnded ended, long nowMs) {
    if (!catchUp.ended(ended.syncId(), nowMs)) {
      return;
    }
    if (ended.receiptsMark() != 0) {
      catchUp.receiptsKnown(ended.receiptsMark());
      effects.add(new InboxEffect.KeepReceiptsMark(ended.receiptsMark()));
    }
    for (Place place : places.values()) {
      if (place.syncTarget == 0 && place.state != State.HALTED && !place.drained()) {
        place.syncTarget = Math.max(place.received, place.seen);
        syncWaitsFor++;
      }
    }
    if (syncWaitsFor == 0) {
      effects.add(new InboxEffect.Synced());
    }
  }

  private void ackDue(Place place, long nowMs) {
    if (connected) {
      acks.add(place);
      if (ackAtMs == NEVER) {
        ackAtMs = nowMs + settings.ackDelayMs();
      }
    }
  }

  private void flushAcks(long nowMs) {
    if (acks.isEmpty() || (nowMs < ackAtMs && takenSinceAck < settings.ackMessages())) {
      return;
    }
    for (Place place : acks) {
      ack(place);
      unconfirmed.sent(place, nowMs);
    }
    acks.clear();
    ackAtMs = NEVER;
    takenSinceAck = 0;
  }

  private void ack(Place place) {
    effects.add(new InboxEffect.Transmit(new Frame.DeliverAck(place.conversation, place.cursor)));
  }

  private void tick(long nowMs) {
    while (!retries.isEmpty() && retries.peek().atMs <= nowMs) {
      Retry retry = retries.poll();
      if (retry.place.state == State.PAUSED && retry.place.retryAtMs == retry.atMs) {
        retry.place.state = State.IDLE;
        advance(retry.place);
      }
    }
    flushAcks(nowMs);
    unconfirmed.due(nowMs).forEach(this::ack);
    catchUp.tick(nowMs, effects);
  }
}
