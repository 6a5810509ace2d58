package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.server.journal.MessageLog.RangeRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What one session was pushed and has not acked: the algorithm of {@code deliver.pml}, for many
 * conversations under one window. Remembers a conversation only while something is outstanding in
 * it, and of messages only their sizes; bodies are read from the log again.
 *
 * <p>A hint for a conversation that is not remembered is believed to follow what the device has:
 * {@code acked = from - 1}, not certain. If it does not, the device sees the gap and syncs, or its
 * next ack (below {@code acked}) or a look says where it is. Only what the device itself said is
 * ever stored as its cursor, never this belief.
 *
 * <pre>
 * event                     condition                                effect
 * hint a..b with bodies     a = pushed + 1, fits, may push           pushed = b; send; timer
 *                           else, b > seen                           seen = b; read later
 *                           b <= pushed                              nothing
 *                           too many conversations                   look at all cursors later
 * own messages among them   as above                                 pushed = b; only the rest is sent
 * ack n                     n > acked (above pushed too)             acked = n, pushed >= n; room; timer anew
 *                           n = acked, after a repetition, and       counts for the timers as an ack
 *                           half of the window is free
 *                           n < acked, not certain                   acked = n
 *                           n <= acked                               nothing
 *                           acked = seen                             forgotten
 * look: cursor c, tail t    none                                     acked = pushed = c, seen = t
 *                           not certain, c < acked                   acked = c; c + 1 .. pushed again
 *                           else                                     seen = max(seen, t)
 * room, seen > pushed       room for a quarter of the window         read pushed + 1 .. seen
 * read a..b                 a = pushed + 1, fits                     pushed = b; send; timer
 *                           else                                     dropped, read again
 *                           nothing there for this reader            seen = pushed
 * timer                     acked < pushed, tries left               acked + 1 .. pushed again, own ones too
 *                           no tries left, no ack in any             close
 *                           conversation since the last one
 * sync takes it over        -                                        forgotten here: the plan has it
 * sync hands it back        pages up to its tail are sent            acked, pushed, seen as it says
 * </pre>
 */
final class DeliveryWindow {
  private static final int MAX_RANGES_PER_READ = 32;

  /** So many conversations fit the tables of a session in which little happens. */
  private static final int FEW = 4;

  /** Room below this share of the window is not worth a read of the log. */
  private static final int WORTHWHILE_SHARE = 4;

  private final UserId user;
  private final RecipientLimits limits;
  private final RetryPolicy retry;
  private Map<ConversationId, Outstanding> outstanding = new HashMap<>(FEW);
  private ArrayDeque<Outstanding> ready = new ArrayDeque<>(FEW);

  /** Conversations, since the tables above are as they are. */
  private int most;

  private int messages;
  private long bytes;
  private int reservedMessages;
  private long reservedBytes;
  private boolean blocked;
  private boolean overflowed;
  private long progress;
  private long wakeAtMs = Outstanding.NEVER;

  DeliveryWindow(UserId user, RecipientLimits limits) {
    this.user = user;
    this.limits = limits;
    this.retry = limits.retryPolicy();
  }

  /** One range to be read for this session. {@code readFromSeq} is above an OLDER gap. */
  record Ask(Outstanding of, long fromSeq, long readFromSeq, long toSeq, boolean again) {}

  /** One read of the log. */
  record Reading(List<Ask> asks, int maxMessages, int maxBytes) {
    List<RangeRequest> ranges() {
      return asks.stream()
          .map(ask -> new RangeRequest(ask.of.conversation, ask.readFromSeq, ask.toSeq))
          .toList();
    }
  }

  /** One Deliver. */
  record Push(MessageRange range, boolean redelivered) {}

  /** What the timers ask for. */
  enum Due {
    NOTHING,
    WORK,
    CLOSE
  }

  /**
   * Fresh entries, with bodies at hand.
   *
   * @param size bytes that would be sent: without the session's own messages
   * @param foreign some of them are another user's
   * @param mayPush the session is live and its socket takes frames
   * @return true: they are pushed now; false: the log will be read, or they are known
   */
  boolean hint(
      ConversationId conversation,
      long fromSeq,
      long toSeq,
      int size,
      boolean foreign,
      boolean mayPush,
      long nowMs) {
    Outstanding o = outstanding.get(conversation);
    if (o == null) {
      if (outstanding.size() >= limits.maxOutstanding()) {
        overflowed = true;
        return false;
      }
      o = new Outstanding(conversation, fromSeq - 1, false);
      remember(o);
    } else if (!o.certain && fromSeq - 1 < o.acked) {
      o.acked = fromSeq - 1;
      if (o.deadlineMs == Outstanding.NEVER) {
        o.pushed = o.acked; // nothing has been pushed yet
      }
    }
    if (toSeq <= o.pushed) {
      return false;
    }
    o.seen = Math.max(o.seen, toSeq);
    int places = (int) Math.min(Integer.MAX_VALUE, toSeq - fromSeq + 1);
    boolean oneFrame = places == 1 || size <= limits.pageBytes();
    if (!mayPush || blocked || o.pushed + 1 != fromSeq || !oneFrame || !fits(places, size)) {
      enqueue(o);
      return false;
    }
    pushed(o, toSeq, places, size, nowMs);
    if (foreign) {
      o.lastForeign = toSeq;
    }
    return true;
  }

  /**
   * The device has taken everything up to {@code seq}.
   *
   * @return false if it is certain that none of it was another user's: nobody waits to hear of it
   */
  boolean ack(ConversationId conversation, long seq, long nowMs) {
    Outstanding o = outstanding.get(conversation);
    if (o == null) {
      return true;
    }
    boolean sure = o.certain;
    o.certain = true;
    if (seq <= o.acked) {
      if (!sure) {
        o.acked = seq;
        if (o.deadlineMs == Outstanding.NEVER) {
          o.pushed = seq; // nothing has been pushed yet
        }
      } else if (seq == o.acked && o.tries > 0 && hasRoomForOthers()) {
        progress++; // it has heard the repetition, and is still at work
      }
      return !sure;
    }
    // what lies below, if the cursor was not sure, or beyond what was pushed, nobody has looked at
    boolean foreign = !sure || seq > o.pushed || o.lastForeign > o.acked;
    progress++;
    o.acked = seq;
    o.pushed = Math.max(o.pushed, seq);
    o.seen = Math.max(o.seen, seq);
    o.tries = 0;
    o.wantedBytes = 0;
    release(o, seq);
    if (o.settled()) {
      forget(o);
      return foreign;
    }
    if (o.acked < o.pushed) {
      arm(o, nowMs);
    } else {
      o.deadlineMs = Outstanding.NEVER;
    }
    if (o.behind()) {
      enqueue(o);
    }
    return foreign;
  }

  /**
   * The store says: this device's cursor is there, and there is more up to {@code tail}, of which
   * it is not sent what is not above {@code older}.
   */
  void look(ConversationId conversation, long cursor, long tail, long older) {
    Outstanding o = outstanding.get(conversation);
    if (o == null) {
      if (cursor >= tail) {
        return;
      }
      if (outstanding.size() >= limits.maxOutstanding()) {
        overflowed = true;
        return;
      }
      o = new Outstanding(conversation, cursor, true);
      o.seen = tail;
      o.older = older;
      remember(o);
      enqueue(o);
      return;
    }
    if (!o.certain && cursor < o.acked) {
      o.acked = cursor;
      o.older = older;
      if (o.deadlineMs == Outstanding.NEVER) {
        o.pushed = cursor;
      } else {
        again(o);
      }
    }
    o.certain = true;
    o.seen = Math.max(o.seen, tail);
    if (o.behind()) {
      enqueue(o);
    }
  }

  /** True if nothing of it up to {@code tail} can be lost: it is pushed, and its timer runs. */
  boolean covers(ConversationId conversation, long tail) {
    Outstanding o = outstanding.get(conversation);
    return o != null && o.certain && o.pushed >= tail;
  }

  boolean knows(ConversationId conversation) {
    return outstanding.containsKey(conversation);
  }

  /** Forgets those of which there is a hint and nothing more: nothing was pushed. */
  void forgetBelieved(Predicate<ConversationId> which) {
    for (Outstanding o : List.copyOf(outstanding.values())) {
      if (!o.certain && o.deadlineMs == Outstanding.NEVER && which.test(o.conversation)) {
        forget(o);
      }
    }
  }

  /** Gives a conversation to a sync, which reads it from the device's cursor. */
  Optional<Outstanding> take(ConversationId conversation) {
    Outstanding o = outstanding.get(conversation);
    if (o == null) {
      return Optional.empty();
    }
    forget(o);
    return Optional.of(o);
  }

  /**
   * Gets it back when the pages are sent; beyond the bound on conversations it is looked at from
   * its cursor later.
   */
  void adopt(Outstanding place, long nowMs) {
    place.pushed = Math.max(place.pushed, place.acked);
    place.seen = Math.max(place.seen, place.pushed);
    if (place.settled()) {
      return;
    }
    if (outstanding.size() >= limits.maxOutstanding()) {
      overflowed = true;
      return;
    }
    while (place.pollChunk(place.acked) >= 0) {
      // acked while it was being sent
    }
    remember(place);
    messages += place.messages();
    bytes += place.bytes();
    if (place.acked < place.pushed) {
      arm(place, nowMs);
    }
    if (place.behind()) {
      enqueue(place);
    }
  }

  /** Something waits for a read of the log, if the window has room. */
  boolean hasWork() {
    return !ready.isEmpty();
  }

  /** The next read: what is to be sent again, and what is new as far as the window has room. */
  Optional<Reading> nextReading() {
    List<Ask> asks = List.of();
    int budget = limits.pageMessages();
    long roomBytes = limits.windowBytes() - bytes;
    long maxBytes = limits.pageBytes();
    blocked = false;
    for (int left = ready.size();
        left > 0 && budget > 0 && asks.size() < MAX_RANGES_PER_READ;
        left--) {
      Outstanding o = ready.poll();
      o.queued = false;
      if (o.dropped) {
        continue;
      }
      Optional<Ask> ask = askAgain(o, budget);
      if (ask.isEmpty() && o.behind()) {
        int room = limits.windowMessages() - messages - reservedMessages;
        int places = (int) Math.min(o.unpushed(), Math.min(room, limits.windowMessages()));
        if (!worthwhile(o, places, roomBytes)) {
          blocked = true;
          enqueue(o);
          continue;
        }
        places = Math.min(places, budget);
        reservedMessages += places;
        maxBytes = Math.max(1, Math.min(maxBytes, roomBytes));
        ask = Optional.of(fresh(o, places));
      }
      if (ask.isPresent()) {
        if (asks.isEmpty()) {
          asks = new ArrayList<>(4);
        }
        asks.add(ask.get());
        budget -= (int) (ask.get().toSeq() - ask.get().readFromSeq() + 1);
      }
    }
    if (asks.isEmpty()) {
      return Optional.empty();
    }
    reservedBytes = maxBytes;
    return Optional.of(new Reading(asks, limits.pageMessages(), (int) maxBytes));
  }

  /** What the log gave; a range that is absent behind another one waits for the next read. */
  List<Push> answered(Reading reading, List<MessageRange> answers, long nowMs) {
    reservedMessages = 0;
    reservedBytes = 0;
    List<Push> pushes = new ArrayList<>(answers.size());
    for (int i = 0; i < reading.asks().size(); i++) {
      Ask ask = reading.asks().get(i);
      if (ask.of().dropped) {
        continue;
      }
      Optional<MessageRange> answer = Ranges.find(answers, ask.of().conversation);
      if (answer.isPresent()) {
        MessageRange range = Ranges.withOlder(answer.get(), ask.fromSeq(), ask.readFromSeq());
        if (ask.again()) {
          pushAgain(ask.of(), range, pushes);
        } else {
          pushFresh(ask.of(), range, pushes, nowMs);
        }
      } else if (i == 0) {
        nothingThere(ask);
      } else {
        enqueue(ask.of());
      }
    }
    return pushes;
  }

  /** The log could not be read: the same again. */
  void failed(Reading reading) {
    reservedMessages = 0;
    reservedBytes = 0;
    for (Ask ask : reading.asks()) {
      if (!ask.of().dropped) {
        enqueue(ask.of());
      }
    }
  }

  /** Not before this time is there anything for {@link #wake}. */
  long wakeAtMs() {
    return wakeAtMs;
  }

  /**
   * Looks at all timers.
   *
   * @param writable false: the socket takes nothing, which counts as a try
   */
  Due wake(long nowMs, boolean writable) {
    long next = Outstanding.NEVER;
    Due due = Due.NOTHING;
    for (Outstanding o : outstanding.values()) {
      if (o.deadlineMs <= nowMs) {
        if (o.acked >= o.pushed) {
          o.deadlineMs = Outstanding.NEVER;
        } else if (o.repeatFrom != 0 && writable) {
          o.deadlineMs = nowMs + retry.delayMs(o.tries); // the log is slow, not the device
        } else if (retry.exhausted(o.tries) && o.progressThen == progress) {
          return Due.CLOSE;
        } else {
          o.tries = retry.exhausted(o.tries) ? o.tries : o.tries + 1;
          o.progressThen = progress;
          o.deadlineMs = nowMs + retry.delayMs(o.tries);
          again(o);
          due = Due.WORK;
        }
      }
      next = Math.min(next, o.deadlineMs);
    }
    wakeAtMs = next;
    return due;
  }

  /** There were more conversations than the bound: look at all cursors when it has drained. */
  boolean mustLookAtAll() {
    return overflowed && outstanding.size() <= limits.maxOutstanding() / 2;
  }

  void lookAtAll(boolean necessary) {
    overflowed = necessary;
  }

  int conversations() {
    return outstanding.size();
  }

  int messages() {
    return messages;
  }

  long bytes() {
    return bytes;
  }

  /** While a device is stuck in one conversation, the others are to be served. */
  private boolean hasRoomForOthers() {
    return messages <= limits.windowMessages() / 2 && bytes <= limits.windowBytes() / 2;
  }

  private boolean fits(int places, int size) {
    int taken = messages + reservedMessages;
    return taken + places <= limits.windowMessages()
        && (bytes + reservedBytes + size <= limits.windowBytes() || (taken == 0 && places == 1));
  }

  private boolean worthwhile(Outstanding o, int places, long roomBytes) {
    if (messages + reservedMessages == 0) {
      return true;
    }
    long wanted = Math.min(o.unpushed(), limits.windowMessages() / WORTHWHILE_SHARE);
    long least = Math.min(limits.pageBytes(), limits.windowBytes() / WORTHWHILE_SHARE);
    return places > 0 && places >= wanted && roomBytes >= Math.max(least, o.wantedBytes);
  }

  private Optional<Ask> askAgain(Outstanding o, int budget) {
    if (o.repeatFrom == 0) {
      return Optional.empty();
    }
    long from = Math.max(o.repeatFrom, o.acked + 1);
    if (from > o.repeatTo) {
      o.repeatFrom = 0;
      return Optional.empty();
    }
    long readFrom = Math.max(from, o.older + 1);
    return Optional.of(
        new Ask(o, from, readFrom, Math.min(o.repeatTo, readFrom + budget - 1), true));
  }

  private static Ask fresh(Outstanding o, int places) {
    long from = o.pushed + 1;
    long readFrom = Math.max(from, o.older + 1);
    return new Ask(o, from, readFrom, readFrom + places - 1, false);
  }

  private void pushAgain(Outstanding o, MessageRange range, List<Push> pushes) {
    if (range.toSeq() > o.acked) {
      pushes.add(new Push(range, true));
    }
    o.repeatFrom = range.toSeq() + 1;
    if (o.repeatFrom > o.repeatTo) {
      o.repeatFrom = 0;
    }
    if (o.repeatFrom != 0 || o.behind()) {
      enqueue(o);
    }
  }

  private void pushFresh(Outstanding o, MessageRange range, List<Push> pushes, long nowMs) {
    if (range.fromSeq() == o.pushed + 1) {
      int places = (int) (range.toSeq() - Math.max(o.pushed, o.older));
      int size = Sizes.bytes(range);
      if (messages == 0 || fits(places, size)) {
        o.wantedBytes = 0;
        pushed(o, range.toSeq(), places, size, nowMs);
        if (Ranges.hasForeign(range, user)) {
          o.lastForeign = range.toSeq();
        }
        pushes.add(new Push(range, false));
      } else {
        o.wantedBytes = size;
      }
    }
    if (o.behind() || o.repeatFrom != 0) {
      enqueue(o);
    }
  }

  /** The reader may see nothing there: removed since, or never a member. */
  private void nothingThere(Ask ask) {
    Outstanding o = ask.of();
    if (ask.again()) {
      forget(o);
      return;
    }
    o.seen = o.pushed;
    if (o.settled()) {
      forget(o);
    } else if (o.repeatFrom != 0) {
      enqueue(o);
    }
  }

  private void pushed(Outstanding o, long toSeq, int count, int size, long nowMs) {
    o.pushed = toSeq;
    o.addChunk(toSeq, count, size);
    messages += count;
    bytes += size;
    if (o.deadlineMs == Outstanding.NEVER) {
      arm(o, nowMs);
    }
  }

  private void arm(Outstanding o, long nowMs) {
    o.deadlineMs = nowMs + retry.delayMs(o.tries);
    o.progressThen = progress;
    if (o.deadlineMs < wakeAtMs) {
      wakeAtMs = o.deadlineMs;
    }
  }

  private void again(Outstanding o) {
    o.repeatFrom = o.acked + 1;
    o.repeatTo = o.pushed;
    enqueue(o);
  }

  private void release(Outstanding o, long seq) {
    for (long size = o.pollChunk(seq); size >= 0; size = o.pollChunk(seq)) {
      messages -= Outstanding.messagesOf(size);
      bytes -= Outstanding.bytesOf(size);
    }
  }

  private void remember(Outstanding o) {
    outstanding.put(o.conversation, o);
    most = Math.max(most, outstanding.size());
  }

  private void forget(Outstanding o) {
    release(o, Long.MAX_VALUE);
    o.dropped = true;
    o.deadlineMs = Outstanding.NEVER;
    outstanding.remove(o.conversation);
    if (outstanding.isEmpty() && most > FEW) {
      // a table keeps the size that it once had, and what is still in the queue is dropped
      outstanding = new HashMap<>(FEW);
      ready = new ArrayDeque<>(FEW);
      most = 0;
    }
  }

  private void enqueue(Outstanding o) {
    if (!o.queued) {
      o.queued = true;
      ready.add(o);
    }
  }
}
