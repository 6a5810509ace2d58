package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.MessageRange;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.journal.MessageLog.Behind;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.journal.MessageLog.Part;
import io.quipu.server.journal.Receipts;
import io.quipu.server.recipient.DeliveryWindow.Push;
import io.quipu.server.recipient.DeliveryWindow.Reading;
import io.quipu.server.recipient.SyncPlan.PageRequest;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One session's read half: its window, its sync, and which of them reads the log next. Writes
 * frames to the session's outlet; asks for one read at a time and is told what came of it. Without
 * Vert.x and clock.
 *
 * <p>The session is live, and gets pushes, from the plan of its first full sync on. What was
 * committed before that plan is read is in the plan; hints and looks from then on are remembered. A
 * sync of listed conversations only does not make a session live.
 *
 * <p>A second sync while one runs: a full one replaces a full one, running or waiting, which gets
 * no SyncDone; else it waits, and beyond {@code maxQueuedSyncs} is refused.
 *
 * <pre>
 * state      event                      next       effect
 * opened     Sync (full, complete)      planning   read: which conversations are behind
 * planning   hint, look                 planning   remembered, not pushed
 * planning   the plan                   paging     live; conversations of the plan leave the window
 * paging     hint, look of its plan     paging     remembered, read after its pages
 * paging     hint of a later portion    paging     dropped: that portion will have it
 * paging     hint of another one        paging     pushed
 * paging     page read                  paging     SyncPage; who is at his tail goes back to the window
 * paging     all sent, there are more   paging     read: the next conversations that are behind
 * paging     all sent                   telling    read: what receipts the client has missed, full syncs only
 * telling    the receipts               live       Receipt for each, SyncDone
 * paging     no SyncAck, no ack         -          close, when all tries of an ack timer would be over
 * live       Sync (listed)              as above   for those conversations only; the others stay live
 * any        look: behind, not covered  same       a second later, if not acked by then: to the window
 * any        too many conversations     same       when half of them are acked: all cursors are looked at
 * </pre>
 */
final class RecipientSession {
  private final Recipients.Recipient who;
  private final RecipientLimits limits;
  private final CursorBuffer.Holder cursors;
  private final DeliveryWindow window;
  private final SyncAssembly assembly;
  private final ArrayDeque<Frame.Sync> queued = new ArrayDeque<>(1);
  private final Suspects suspects;
  private Optional<RunningSync> running = Optional.empty();
  private int runs;
  private boolean live;
  private boolean planned;
  private boolean firstSyncDone;
  private boolean reading;
  private boolean planReading;
  private boolean pagesFirst = true;
  private boolean closing;

  /** A read of the store for this session, one at a time. */
  sealed interface Read {
    /** Which conversations are behind, for a sync. */
    record Plan(int run, Frame.Sync sync, List<Cursor> claimed, Part part) implements Read {}

    record Page(int run, int syncId, SyncPlan plan, PageRequest request) implements Read {}

    record Log(Reading reading) implements Read {}

    /** What has come of the messages that its user sent while the client was away. */
    record News(int run, long since, Receipts.Position after) implements Read {}

    /** Which conversations are behind, since not all could be remembered. */
    record Tails(List<Cursor> claimed, Part part) implements Read {}
  }

  RecipientSession(Recipients.Recipient who, RecipientLimits limits, CursorBuffer.Holder cursors) {
    this.who = who;
    this.limits = limits;
    this.cursors = cursors;
    this.window = new DeliveryWindow(who.user(), limits);
    this.assembly = new SyncAssembly(limits.maxSyncCursors());
    this.suspects = new Suspects(limits.maxOutstanding(), limits.lookGraceMs());
  }

  Recipients.Recipient who() {
    return who;
  }

  CursorBuffer.Holder cursors() {
    return cursors;
  }

  DeliveryWindow window() {
    return window;
  }

  boolean isLive() {
    return live;
  }

  /**
   * Fresh entries.
   *
   * @param size of all their messages in bytes
   * @param foreign another user sent some of them, and waits to hear of them
   */
  void deliver(Outbound.Delivery delivery, int size, boolean foreign, long nowMs) {
    MessageRange range = delivery.range();
    if (remembered(range)) {
      return;
    }
    if (window.hint(
        range.conversation(), range.fromSeq(), range.toSeq(), size, foreign, mayPush(), nowMs)) {
      who.outlet().send(delivery.frame());
    }
  }

  /** Fresh entries, some of which this session sent itself: it is not sent those. */
  void deliverRest(MessageRange range, List<Long> ownSeqs, boolean foreign, long nowMs) {
    if (remembered(range)) {
      return;
    }
    List<MessageRange> rest = Ranges.without(range, ownSeqs);
    int size = 0;
    for (MessageRange run : rest) {
      size += Sizes.bytes(run);
    }
    if (window.hint(
        range.conversation(), range.fromSeq(), range.toSeq(), size, foreign, mayPush(), nowMs)) {
      for (MessageRange run : rest) {
        who.outlet().send(new Frame.Deliver(run, false));
      }
    }
  }

  private boolean remembered(MessageRange range) {
    if (!planned) {
      return true; // committed before the plan will be read
    }
    Optional<Outstanding> place = inPlan(range.conversation());
    place.ifPresent(p -> p.seen = Math.max(p.seen, range.toSeq()));
    return place.isPresent()
        || (!firstSyncDone
            && !planReading
            && !window.knows(range.conversation())
            && awaited(range.conversation()));
  }

  /** A portion of the plan that is yet to be read will have it. */
  private boolean awaited(ConversationId conversation) {
    return running.flatMap(sync -> sync.plan).map(plan -> plan.awaits(conversation)).orElse(false);
  }

  /**
   * Not while nobody can tell what the device lacks in a conversation: what is pushed there would
   * overtake what the plan will bring.
   */
  private boolean mayPush() {
    boolean unplanned = planReading || running.map(sync -> sync.plan.isEmpty()).orElse(false);
    return live && (firstSyncDone || !unplanned) && who.outlet().writable();
  }

  private Optional<Outstanding> inPlan(ConversationId conversation) {
    if (running.isEmpty() || running.get().plan.isEmpty()) {
      return Optional.empty();
    }
    return running.get().plan.get().place(conversation);
  }

  /**
   * The device has taken everything up to {@code seq}. Without room to store that, the ack counts
   * as lost: the range comes again, and with it the ack.
   */
  void deliverAck(ConversationId conversation, long seq, long nowMs) {
    if (seq < 0) {
      error(ErrorCode.INVALID_REQUEST, 0, "seq " + seq, Optional.of(conversation), 0);
      return;
    }
    if (seq > 0 && !cursors.hasRoom(conversation)) {
      error(
          ErrorCode.TOO_MANY_REQUESTS,
          limits.cursorFlushMs(),
          "too many acks are not yet stored",
          Optional.of(conversation),
          0);
      return;
    }
    Optional<Outstanding> place = inPlan(conversation);
    boolean tell;
    if (place.isPresent()) {
      Outstanding p = place.get();
      tell = seq > p.acked;
      p.acked = Math.max(p.acked, seq);
      while (p.pollChunk(p.acked) >= 0) {
        // what is acked counts no more
      }
    } else {
      tell = window.ack(conversation, seq, nowMs);
    }
    running.ifPresent(r -> r.movedMs = nowMs);
    suspects.acked(conversation, seq);
    if (seq > 0) {
      cursors.put(conversation, seq, tell, who.session());
    }
  }

  void sync(Frame.Sync frame, long nowMs) {
    if (frame.cursors().size() > limits.syncCursors()) {
      syncError(ErrorCode.INVALID_REQUEST, frame, "more than " + limits.syncCursors() + " cursors");
      return;
    }
    switch (assembly.add(frame)) {
      case MORE, IGNORED -> {}
      case TOO_MANY ->
          syncError(
              ErrorCode.TOO_MANY_REQUESTS,
              frame,
              "more than " + limits.maxSyncCursors() + " cursors in one sync");
      case COMPLETE -> begin(assembly.take(frame), nowMs);
    }
  }

  private void begin(Frame.Sync sync, long nowMs) {
    if (!sync.onlyListed()) {
      queued.removeIf(other -> !other.onlyListed());
      if (running.isPresent() && !running.get().sync.onlyListed()) {
        running =
            Optional.of(
                new RunningSync(++runs, sync, nowMs)); // its plan covers what the old one left
        return;
      }
    }
    if (queued.size() >= limits.maxQueuedSyncs()) {
      syncError(ErrorCode.TOO_MANY_REQUESTS, sync, "too many syncs wait");
      return;
    }
    queued.add(sync);
  }

  void syncAck(Frame.SyncAck ack, long nowMs) {
    if (running.isPresent() && running.get().sync.syncId() == ack.syncId()) {
      running.get().movedMs = nowMs;
      running.get().plan.ifPresent(plan -> plan.pageAcked(ack.page()));
    }
  }

  /**
   * The store says that this device is behind. Acted upon when the acks under way have had time.
   */
  void look(DeviceBehind behind, long nowMs) {
    ConversationId conversation = behind.conversation();
    if (!planned) {
      return; // the plan will see it
    }
    Optional<Outstanding> place = inPlan(conversation);
    if (place.isPresent()) {
      place.get().seen = Math.max(place.get().seen, behind.tail());
      return;
    }
    long cursor = Math.max(behind.cursor(), cursors.pendingSeq(conversation));
    if (cursor >= behind.tail() || window.covers(conversation, behind.tail())) {
      return;
    }
    if (!suspects.add(behind, cursor, nowMs)) {
      window.lookAtAll(true);
    }
  }

  /** A look did not know this session, or there was none: its cursors are looked at. */
  void lookMissed() {
    if (planned) {
      window.lookAtAll(true);
    }
  }

  /** Not before this time is there anything for {@link #wake}. */
  long wakeAtMs() {
    if (closing) {
      return Outstanding.NEVER;
    }
    long at = Math.min(window.wakeAtMs(), suspects.dueMs());
    return running.isPresent() ? Math.min(at, stallsAtMs()) : at;
  }

  /** A sync that waits for its client has sent a page. */
  private long stallsAtMs() {
    Optional<SyncPlan> plan = running.get().plan;
    if (plan.isEmpty() || !plan.get().hasPaged()) {
      return Outstanding.NEVER;
    }
    return running.get().movedMs + limits.retryPolicy().patienceMs();
  }

  /** Runs the timers that are due. */
  void wake(long nowMs) {
    boolean writable = who.outlet().writable();
    if (suspects.dueMs() <= nowMs) {
      suspects.take(this::apply);
    }
    DeliveryWindow.Due due = window.wake(nowMs, writable);
    boolean stalled = false;
    if (running.isPresent() && stallsAtMs() <= nowMs) {
      RunningSync sync = running.get();
      boolean waitsForStore = writable && (sync.isPaged() || sync.mayPage());
      stalled = sync.plan.isPresent() && !waitsForStore;
      running.get().movedMs = nowMs;
    }
    if (!closing && (due == DeliveryWindow.Due.CLOSE || stalled)) {
      close(ErrorCode.SLOW_CONSUMER, "no ack after " + limits.ackTries() + " tries");
    }
  }

  private void apply(ConversationId conversation, long cursor, long tail, long older) {
    Optional<Outstanding> place = inPlan(conversation);
    if (place.isPresent()) {
      place.get().seen = Math.max(place.get().seen, tail);
    } else {
      window.look(conversation, cursor, tail, older);
    }
  }

  /** False: {@link #next} would find nothing. */
  boolean hasWork() {
    return !reading
        && !closing
        && (running.isPresent()
            || !queued.isEmpty()
            || (live && window.hasWork())
            || window.mustLookAtAll());
  }

  /** The next read, whose end is told by one of the methods below; none while one runs. */
  Optional<Read> next(long nowMs) {
    while (!reading && !closing) {
      if (running.isEmpty() && !queued.isEmpty()) {
        running = Optional.of(new RunningSync(++runs, queued.poll(), nowMs));
      }
      if (running.isPresent() && running.get().plan.isEmpty()) {
        return started(plan(running.get(), Part.mostRecent(limits.planConversations())));
      }
      boolean writable = who.outlet().writable();
      if (running.isPresent() && running.get().isPaged()) {
        Optional<Part> further = running.get().plan.get().further();
        if (further.isPresent()) {
          return started(plan(running.get(), further.get()));
        }
        Optional<Read.News> news = running.get().nextNews();
        if (news.isEmpty()) {
          done(running.get());
          continue;
        }
        if (writable) {
          return started(news.get());
        }
      }
      boolean mayPage = writable && running.isPresent() && running.get().mayPage();
      boolean mayPush = writable && live && window.hasWork();
      if (mayPage && (pagesFirst || !mayPush)) {
        Read.Page page = page(running.get());
        pagesFirst = false;
        if (!page.request.wanted().isEmpty()) {
          return started(page);
        }
        send(page, List.of(), nowMs);
        continue;
      }
      pagesFirst = true;
      if (mayPush) {
        Optional<Reading> log = window.nextReading();
        if (log.isPresent()) {
          return started(new Read.Log(log.get()));
        }
      }
      if (mayPage) {
        continue;
      }
      if (live && running.isEmpty() && window.mustLookAtAll()) {
        window.lookAtAll(false);
        return started(new Read.Tails(claims(List.of()), Part.mostRecent(limits.maxOutstanding())));
      }
      return Optional.empty();
    }
    return Optional.empty();
  }

  private Optional<Read> started(Read read) {
    reading = true;
    planReading = read instanceof Read.Plan;
    return Optional.of(read);
  }

  private Read.Plan plan(RunningSync next, Part part) {
    Frame.Sync sync = next.sync;
    if (sync.onlyListed()) {
      return new Read.Plan(next.run, sync, sync.cursors(), part);
    }
    planned = true;
    return new Read.Plan(next.run, sync, claims(sync.cursors()), part);
  }

  /** What the device says, and what it has said in acks that are not yet stored. */
  private List<Cursor> claims(List<Cursor> claimed) {
    Map<ConversationId, CursorBuffer.Mark> pending = cursors.pendingMarks();
    if (pending.isEmpty()) {
      return claimed;
    }
    Map<ConversationId, Cursor> all = new HashMap<>();
    pending.forEach((c, mark) -> all.put(c, new Cursor(c, mark.seq())));
    claimed.forEach(c -> all.put(c.conversation(), c));
    return List.copyOf(all.values());
  }

  /** The answer to {@link Read.Plan}. */
  void planned(Read.Plan read, List<Behind> behind, long nowMs) {
    reading = false;
    planReading = false;
    if (running.isEmpty() || running.get().run != read.run) {
      return; // replaced
    }
    RunningSync sync = running.get();
    Set<ConversationId> claimed = new HashSet<>();
    read.sync.cursors().forEach(c -> claimed.add(c.conversation()));
    boolean newestOnly = who.deviceIsNew() && !firstSyncDone;
    SyncPlan plan = sync.plan.orElseGet(() -> new SyncPlan(limits));
    plan.add(
        read.part,
        behind,
        newestOnly,
        new SyncPlan.Start() {
          @Override
          public boolean claimed(ConversationId conversation) {
            return claimed.contains(conversation);
          }

          @Override
          public Outstanding place(Behind one) {
            return takeOver(one, claimed.contains(one.conversation()));
          }
        });
    sync.movedMs = nowMs;
    if (!firstSyncDone) {
      window.forgetBelieved(plan::awaits);
    }
    if (sync.plan.isEmpty()) {
      sync.plan = Optional.of(plan);
      live |= !read.sync.onlyListed();
      store(read.sync.cursors(), behind);
    }
  }

  /** What a device claims counts as acked, but for what is beyond the end of the log. */
  private void store(List<Cursor> claims, List<Behind> behind) {
    Set<ConversationId> rolledBack = new HashSet<>();
    for (Behind one : behind) {
      if (one.rolledBack()) {
        rolledBack.add(one.conversation());
      }
    }
    for (Cursor cursor : claims) {
      if (cursor.seq() > 0 && !rolledBack.contains(cursor.conversation())) {
        // without room, the device names it in its next sync again: it gets no AckConfirm
        cursors.put(cursor.conversation(), cursor.seq(), true, who.session());
      }
    }
  }

  private Outstanding takeOver(Behind one, boolean claimed) {
    Optional<Outstanding> before = window.take(one.conversation());
    long cursor = one.cursor();
    if (before.isPresent() && before.get().certain && !claimed && !one.rolledBack()) {
      cursor = Math.max(cursor, before.get().acked);
    }
    Outstanding place = new Outstanding(one.conversation(), cursor, true);
    place.seen = one.tail();
    if (before.isPresent() && !one.rolledBack()) {
      place.seen = Math.max(place.seen, before.get().seen);
    }
    return place;
  }

  private Read.Page page(RunningSync sync) {
    SyncPlan plan = sync.plan.get();
    return new Read.Page(sync.run, sync.sync.syncId(), plan, plan.nextPage());
  }

  /** The answer to {@link Read.Page}. */
  void paged(Read.Page read, List<MessageRange> answers, long nowMs) {
    reading = false;
    if (isRunning(read.run)) {
      send(read, answers, nowMs);
    }
  }

  private boolean isRunning(int run) {
    return running.isPresent() && running.get().run == run;
  }

  private void send(Read.Page read, List<MessageRange> answers, long nowMs) {
    SyncPlan.Page page = read.plan.answered(read.request, answers);
    running.get().movedMs = nowMs;
    if (!page.isEmpty()) {
      who.outlet()
          .send(new Frame.SyncPage(read.syncId, page.number(), page.ranges(), page.resets()));
    }
    for (SyncPlan.Entry entry : page.finished()) {
      window.adopt(entry.place(), nowMs);
    }
  }

  /** The answer to {@link Read.News}. */
  void news(Read.News read, Receipts.News news, long nowMs) {
    reading = false;
    if (!isRunning(read.run)) {
      return;
    }
    running.get().answered(read, news, who.outlet(), nowMs);
  }

  private void done(RunningSync sync) {
    running = Optional.empty();
    firstSyncDone |= !sync.sync.onlyListed();
    who.outlet().send(sync.done());
  }

  /** The answer to {@link Read.Log}. */
  void read(Read.Log read, List<MessageRange> answers, long nowMs) {
    reading = false;
    for (Push push : window.answered(read.reading, answers, nowMs)) {
      who.outlet().send(new Frame.Deliver(push.range(), push.redelivered()));
    }
  }

  /** The answer to {@link Read.Tails}. */
  void tails(Read.Tails read, List<Behind> behind) {
    reading = false;
    if (behind.size() >= read.part.most()) {
      window.lookAtAll(true); // again, when these are acked
    }
    for (Behind one : behind) {
      apply(one.conversation(), one.cursor(), one.tail(), one.older());
    }
  }

  /** The store was away: the same will be asked again. */
  void failed(Read read) {
    reading = false;
    planReading = false;
    if (read instanceof Read.Page page && isRunning(page.run)) {
      page.plan.failed(page.request);
    } else if (read instanceof Read.Log log) {
      window.failed(log.reading);
    } else if (read instanceof Read.Tails) {
      window.lookAtAll(true);
    }
  }

  void close(ErrorCode reason, String detail) {
    closing = true;
    who.outlet().close(reason, limits.ackTimeoutMs(), detail);
  }

  private void syncError(ErrorCode code, Frame.Sync sync, String detail) {
    error(code, limits.ackTimeoutMs(), detail, Optional.empty(), sync.syncId());
  }

  void error(
      ErrorCode code,
      int retryAfterMs,
      String detail,
      Optional<ConversationId> conversation,
      int request) {
    who.outlet()
        .send(
            new Frame.Error(
                code.code(), code.advice(), retryAfterMs, detail, conversation, request));
  }

  int outstandingConversations() {
    return window.conversations();
  }

  int unackedMessages() {
    return window.messages();
  }
}
