package io.quipu.client;

import io.quipu.client.Lane.Entry;
import io.quipu.model.Advice;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.ToIntFunction;

/**
 * All sends of one client without a definite outcome. It promises: a send leaves by SendAck or a
 * definite NOT_APPLIED, never by time; every attempt has the same id; and what was asked for first
 * in a conversation goes out first in it, across refusals, time-outs and connections.
 *
 * <pre>
 * a send   | event                               | next
 * waiting  | window, connection and lane allow   | sent (Transmit, next client_seq; resend if ever sent before)
 * waiting  | Cancel, never sent                  | gone (Failed)
 * sent     | SendAck                             | gone (Settled)
 * sent     | rejected, NOT_APPLIED               | gone (Failed)
 * sent     | rejected, UNKNOWN, worth a retry    | waiting, the lane pauses
 * sent     | rejected, UNKNOWN, advice NEVER     | parked (Parked)
 * sent     | no answer in time                   | sent (the same client_seq again), then Reconnect
 * sent     | Disconnected                        | waiting
 * waiting  | sent once, too many tries, too late | parked (Parked)
 * parked   | Retry                               | waiting
 * parked   | Cancel                              | cancelling (AskCancel, again on each connection)
 * any      | status STORED / VOID                | gone (Settled / Failed)
 *
 * a lane (one conversation)
 * open     | a refusal that must be sent again   | draining: nothing goes out
 * draining | all that was sent is answered       | paused, all un-acked waiting again in order
 * paused   | the pause is over                   | open
 * </pre>
 *
 * A lane waits for every answer before it sends again, so that no copy of a later send is on its
 * way when the earlier one is repeated.
 */
public final class Outbox {
  /**
   * @param maxMessages without a definite outcome
   * @param maxBytes of those
   * @param maxTries refusals of one send before the user is told UNKNOWN
   * @param giveUpMs from its first attempt until the user is told UNKNOWN
   */
  public record Settings(int maxMessages, int maxBytes, int maxTries, long giveUpMs) {
    /** Suits a phone as well as a load generator. */
    public static final Settings DEFAULT = new Settings(10_000, 32 * 1024 * 1024, 50, 120_000);
  }

  private static final long NEVER = Long.MAX_VALUE;

  /** What stands for a client_message_id that the server could not read. */
  private static final UUID UNREAD = new UUID(0, 0);

  private static final int MAX_JUMPS = 3;
  private static final long GIVE_UP_STEP_MS = 1_000;

  private final Settings settings;
  private final Backoff backoff;
  private final ToIntFunction<PendingSend> wireBytes;

  private final Map<UUID, Entry> entries = new LinkedHashMap<>();
  private final Map<ConversationId, Lane> lanes = new HashMap<>();

  /** Lanes that may send, by the age of what they send next. */
  private final TreeMap<Long, Lane> ready = new TreeMap<>();

  private final PriorityQueue<Pause> pauses =
      new PriorityQueue<>((a, b) -> Long.compare(a.untilMs, b.untilMs));

  /** By client_seq, in the order of the last transmission. */
  private final LinkedHashMap<Integer, Entry> inFlight = new LinkedHashMap<>();

  private Optional<UserId> self = Optional.empty();
  private Limits limits = Limits.DEFAULT;
  private boolean connected;
  private boolean goingAway;
  private int nextClientSeq = 1;
  private int jumps;
  private int renumberTo;
  private long nextOrdinal;
  private long bytes;
  private long inFlightBytes;
  private long giveUpAtMs = NEVER;

  private List<OutboxEffect> effects = new ArrayList<>();

  private record Pause(long untilMs, Lane lane) {}

  /**
   * @param backoff between refusals of one conversation's sends
   * @param wireBytes of a send's frame in this client's dress, not less than it will have
   */
  public Outbox(Settings settings, Backoff backoff, ToIntFunction<PendingSend> wireBytes) {
    this.settings = settings;
    this.backoff = backoff;
    this.wireBytes = wireBytes;
  }

  /** What this event brings about. */
  public List<OutboxEffect> step(OutboxEvent event, long nowMs) {
    if (event instanceof OutboxEvent.Acked acked) {
      acked(acked.ack());
    } else if (event instanceof OutboxEvent.Put put) {
      put(put.send(), put.restored());
    } else if (event instanceof OutboxEvent.Tick) {
      tick(nowMs);
    } else if (event instanceof OutboxEvent.Rejected rejected) {
      rejected(rejected.rejection(), nowMs);
    } else if (event instanceof OutboxEvent.Connected up) {
      connected(up.self(), up.limits());
    } else if (event instanceof OutboxEvent.GoingAway) {
      goingAway = true;
    } else if (event instanceof OutboxEvent.Disconnected) {
      disconnected(nowMs);
    } else if (event instanceof OutboxEvent.Retry retry) {
      retry(retry.id(), nowMs);
    } else if (event instanceof OutboxEvent.Cancel cancel) {
      cancel(cancel.id());
    } else if (event instanceof OutboxEvent.StatusKnown known) {
      statusKnown(known);
    } else if (event instanceof OutboxEvent.StatusFailed failed) {
      statusFailed(failed);
    }
    pump(nowMs);
    if (effects.isEmpty()) {
      return List.of();
    }
    List<OutboxEffect> done = effects;
    effects = new ArrayList<>();
    return done;
  }

  /** When a Tick is due; Long.MAX_VALUE if never. */
  public long nextDeadlineMs() {
    long next = giveUpAtMs;
    if (!inFlight.isEmpty()) {
      next = Math.min(next, inFlight.values().iterator().next().sentAtMs + answerTimeoutMs());
    }
    if (!pauses.isEmpty()) {
      next = Math.min(next, pauses.peek().untilMs);
    }
    return next;
  }

  /** True if nothing is on its way to the server. */
  public boolean quiet() {
    return inFlight.isEmpty();
  }

  /** Whether this send has no definite outcome yet. */
  public boolean contains(UUID id) {
    return entries.containsKey(id);
  }

  /** True if a copy of it may be with the server. */
  public boolean maybeSent(UUID id) {
    return entries.containsKey(id) && entries.get(id).maybeSent;
  }

  /** Sends without a definite outcome. */
  public int size() {
    return entries.size();
  }

  /** What has no definite outcome yet, oldest first. */
  public List<PendingSend> pending() {
    return entries.values().stream().map(entry -> entry.send).toList();
  }

  private void put(PendingSend send, boolean restored) {
    if (entries.containsKey(send.id())) {
      effects.add(
          new OutboxEffect.NotTaken(
              send, ErrorCode.INVALID_REQUEST, send.id() + " is in the outbox already"));
      return;
    }
    Entry entry = new Entry(send, nextOrdinal, restored);
    boolean full =
        entries.size() >= settings.maxMessages() || bytes + entry.sizeBytes > settings.maxBytes();
    if (full && !restored) { // what was taken once is not refused later

      effects.add(
          new OutboxEffect.NotTaken(
              send,
              ErrorCode.SEND_WINDOW_FULL,
              "the outbox is full: " + entries.size() + " sends"));
      return;
    }
    nextOrdinal++;
    bytes += entry.sizeBytes;
    entries.put(send.id(), entry);
    if (self.isPresent()) {
      review(join(entry));
    }
  }

  /** The lane of a new entry, which goes to its end. */
  private Lane join(Entry entry) {
    ConversationId conversation = entry.send.to().conversation(self.orElseThrow(), entry.send.id());
    Lane lane = lanes.computeIfAbsent(conversation, Lane::new);
    entry.lane = lane;
    lane.waiting.addLast(entry);
    return lane;
  }

  private void connected(UserId user, Limits theirs) {
    boolean first = self.isEmpty();
    self = Optional.of(user);
    limits = theirs;
    connected = true;
    goingAway = false;
    nextClientSeq = 1;
    jumps = 0;
    renumberTo = 0;
    if (first) {
      for (Entry entry : entries.values()) {
        join(entry);
      }
    }
    for (Lane lane : lanes.values()) {
      lane.headRefusals = 0;
      review(lane);
    }
    for (Entry entry : entries.values()) {
      if (entry.cancelling) {
        effects.add(new OutboxEffect.AskCancel(entry.lane.conversation, entry.send.id()));
      }
    }
  }

  private void disconnected(long nowMs) {
    connected = false;
    inFlight.clear();
    inFlightBytes = 0;
    for (Lane lane : lanes.values()) {
      for (Entry entry : lane.sent) {
        entry.unanswered = false;
        entry.timeouts = 0;
      }
      lane.unanswered = 0;
      rewind(lane);
    }
    giveUp(nowMs);
  }

  private void pump(long nowMs) {
    while (connected && !goingAway && renumberTo == 0 && !ready.isEmpty()) {
      Lane lane = ready.firstEntry().getValue();
      Entry entry = lane.waiting.getFirst();
      if (inFlight.size() >= limits.sendWindowMessages()
          || (!inFlight.isEmpty() && inFlightBytes + entry.sizeBytes > limits.sendWindowBytes())) {
        return;
      }
      unready(lane);
      if (entry.fits(limits, wireBytes.applyAsInt(entry.send))) {
        lane.waiting.removeFirst();
        lane.sent.addLast(entry);
        transmit(lane, entry, nowMs);
        review(lane);
      } else if (entry.maybeSent) {
        park(entry, ErrorCode.BODY_TOO_LARGE, "the server takes no frame of this size any more");
      } else {
        fail(
            entry,
            ErrorCode.BODY_TOO_LARGE,
            "the server takes at most " + limits.maxBodyBytes() + " bytes");
      }
    }
  }

  private void transmit(Lane lane, Entry entry, long nowMs) {
    entry.clientSeq = nextClientSeq++;
    entry.unanswered = true;
    entry.timeouts = 0;
    entry.sentAtMs = nowMs;
    if (entry.firstSentMs == NEVER) {
      entry.firstSentMs = nowMs;
      giveUpAtMs = Math.min(giveUpAtMs, nowMs + settings.giveUpMs());
    }
    lane.unanswered++;
    inFlight.put(entry.clientSeq, entry);
    inFlightBytes += entry.sizeBytes;
    effects.add(new OutboxEffect.Transmit(entry.frame(entry.maybeSent)));
    entry.maybeSent = true;
  }

  private void acked(Frame.SendAck ack) {
    taken(ack.clientSeq());
    Entry entry = entries.get(ack.clientMessageId());
    if (entry != null) {
      settle(
          entry,
          new Stored(
              ack.clientMessageId(),
              ack.conversation(),
              ack.seq(),
              ack.storedAtMs(),
              ack.duplicate()));
    }
  }

  private void settle(Entry entry, Stored stored) {
    Lane lane = entry.lane;
    lane.failures = 0;
    lane.headRefusals = 0;
    effects.add(new OutboxEffect.Settled(entry.send, stored));
    remove(lane, entry);
  }

  private void fail(Entry entry, ErrorCode code, String detail) {
    effects.add(new OutboxEffect.Failed(entry.send, code, detail));
    remove(entry.lane, entry);
  }

  private void park(Entry entry, ErrorCode code, String detail) {
    entry.parked = true;
    effects.add(new OutboxEffect.Parked(entry.send, code, detail));
  }

  private void remove(Lane lane, Entry entry) {
    answered(lane, entry);
    entries.remove(entry.send.id());
    bytes -= entry.sizeBytes;
    if (!lane.sent.remove(entry)) {
      lane.waiting.remove(entry);
    }
    afterAnswer(lane);
    if (lane.sent.isEmpty() && lane.waiting.isEmpty() && !lane.paused) {
      unready(lane);
      lanes.remove(lane.conversation);
    }
  }

  private void rejected(Frame.SendRejected rejection, long nowMs) {
    Entry entry =
        rejection.clientMessageId().equals(UNREAD)
            ? inFlight.get(rejection.clientSeq())
            : entries.get(rejection.clientMessageId());
    if (entry == null || !entry.unanswered || entry.clientSeq != rejection.clientSeq()) {
      return; // the answer to an attempt that is over
    }
    Lane lane = entry.lane;
    ErrorCode code = rejection.code();
    if (code == ErrorCode.CLIENT_SEQ_JUMP) {
      jumped(lane, entry, rejection.expectedClientSeq(), nowMs);
    } else if (rejection.outcome() == Outcome.NOT_APPLIED) {
      taken(entry.clientSeq);
      fail(entry, code, rejection.detail());
    } else {
      taken(entry.clientSeq);
      answered(lane, entry);
      lane.draining = true;
      if (code == ErrorCode.EARLIER_SEND_UNRESOLVED) {
        behindAnother(lane, entry, rejection.retryAfterMs(), nowMs);
      } else if (!worthARetry(code.advice())) {
        park(entry, code, rejection.detail());
      } else {
        pause(lane, rejection.retryAfterMs(), nowMs);
        entry.tries++;
        if (entry.tries >= settings.maxTries()
            || nowMs - entry.firstSentMs >= settings.giveUpMs()) {
          park(entry, code, rejection.detail());
        }
      }
    }
    afterAnswer(lane);
  }

  private static boolean worthARetry(Advice advice) {
    return advice != Advice.NEVER && advice != Advice.STOP;
  }

  /**
   * The session waits for another id of this conversation. That is one of ours, before this one; or
   * one that has left the outbox since, and then only a new connection helps.
   */
  private void behindAnother(Lane lane, Entry entry, int retryAfterMs, long nowMs) {
    if (lane.sent.getFirst() != entry) {
      return;
    }
    if (++lane.headRefusals > 1) {
      effects.add(
          new OutboxEffect.Reconnect(
              "the session waits for a send that has ended, and not for " + entry.send.id()));
    }
    pause(lane, retryAfterMs, nowMs);
  }

  private void pause(Lane lane, int retryAfterMs, long nowMs) {
    if (lane.untilMs == 0) { // the first of a row of refusals; the others say the same
      lane.untilMs = nowMs + backoff.delayMs(lane.failures);
      lane.failures++;
    }
    lane.untilMs = Math.max(lane.untilMs, nowMs + retryAfterMs);
  }

  /**
   * Nothing goes out until all is answered; then the numbers go on where the server says, or behind
   * what it has taken since. The one that it expects has not come to it: that goes again at once.
   */
  private void jumped(Lane lane, Entry entry, int expected, long nowMs) {
    answered(lane, entry);
    lane.draining = true;
    if (expected < 1 || (renumberTo == 0 && ++jumps > MAX_JUMPS)) {
      effects.add(new OutboxEffect.Reconnect("client_seq cannot be agreed on"));
    }
    renumberTo = Math.max(renumberTo, Math.max(1, expected));
    Entry missing = inFlight.get(expected);
    if (missing != null && missing.timeouts == 0) {
      repeat(missing, nowMs);
    }
  }

  /** The server has this number, whatever it said before: it is never used for another send. */
  private void taken(int clientSeq) {
    if (renumberTo != 0) {
      renumberTo = Math.max(renumberTo, clientSeq + 1);
    }
  }

  private void answered(Lane lane, Entry entry) {
    if (entry.unanswered) {
      entry.unanswered = false;
      lane.unanswered--;
      inFlight.remove(entry.clientSeq);
      inFlightBytes -= entry.sizeBytes;
    }
  }

  private void afterAnswer(Lane lane) {
    if (lane.draining && lane.unanswered == 0) {
      rewind(lane);
    }
    if (renumberTo != 0 && inFlight.isEmpty()) {
      nextClientSeq = renumberTo;
      renumberTo = 0;
    }
    review(lane);
  }

  private void rewind(Lane lane) {
    while (!lane.sent.isEmpty()) {
      lane.waiting.addFirst(lane.sent.removeLast());
    }
    lane.draining = false;
    if (lane.untilMs != 0 && !lane.paused) {
      lane.paused = true;
      pauses.add(new Pause(lane.untilMs, lane));
    }
    review(lane);
  }

  /** Puts the lane where it belongs: among those that may send, or not. */
  private void review(Lane lane) {
    long key =
        lane.draining || lane.paused || lane.waiting.isEmpty() || lane.waiting.getFirst().held()
            ? Lane.NOT_READY
            : lane.waiting.getFirst().ordinal;
    if (key != lane.readyKey) {
      unready(lane);
      if (key != Lane.NOT_READY) {
        ready.put(key, lane);
        lane.readyKey = key;
      }
    }
  }

  private void unready(Lane lane) {
    if (lane.readyKey != Lane.NOT_READY) {
      ready.remove(lane.readyKey);
      lane.readyKey = Lane.NOT_READY;
    }
  }

  private void retry(UUID id, long nowMs) {
    Entry entry = entries.get(id);
    if (entry != null && entry.parked) {
      entry.parked = false;
      entry.tries = 0;
      if (entry.firstSentMs != NEVER) {
        entry.firstSentMs = nowMs;
        giveUpAtMs = Math.min(giveUpAtMs, nowMs + settings.giveUpMs());
      }
      if (self.isPresent()) {
        review(entry.lane);
      }
    }
  }

  private void cancel(UUID id) {
    Entry entry = entries.get(id);
    if (entry == null) {
      effects.add(
          new OutboxEffect.CancelFailed(
              id, ErrorCode.INVALID_REQUEST, id + " is not in the outbox"));
    } else if (!entry.maybeSent) {
      cancelUnsent(entry);
    } else if (!entry.cancelling) {
      entry.cancelling = true;
      if (self.isPresent()) {
        review(entry.lane);
      }
      if (connected) {
        effects.add(new OutboxEffect.AskCancel(entry.lane.conversation, id));
      }
    }
  }

  private void cancelUnsent(Entry entry) {
    if (self.isPresent()) {
      fail(entry, ErrorCode.VOIDED, "cancelled before it was sent");
    } else {
      entries.remove(entry.send.id());
      bytes -= entry.sizeBytes;
      effects.add(
          new OutboxEffect.Failed(entry.send, ErrorCode.VOIDED, "cancelled before it was sent"));
    }
  }

  private void statusKnown(OutboxEvent.StatusKnown known) {
    Entry entry = entries.get(known.id());
    if (entry == null || self.isEmpty()) {
      return;
    }
    if (entry.unanswered) {
      taken(entry.clientSeq); // perhaps: if it is not, the next one jumps, and the server says so
    }
    if (known.state() == SendState.STORED) {
      settle(
          entry,
          new Stored(known.id(), entry.lane.conversation, known.seq(), known.storedAtMs(), true));
    } else if (known.state() == SendState.VOID) {
      fail(entry, ErrorCode.VOIDED, "cancelled");
    }
  }

  private void statusFailed(OutboxEvent.StatusFailed failed) {
    Entry entry = entries.get(failed.id());
    if (entry != null && entry.cancelling) {
      entry.cancelling = false;
      if (!entry.unanswered && !entry.parked) {
        entry.parked = true; // the user wanted it ended, so it does not go out by itself
      }
      review(entry.lane);
      effects.add(new OutboxEffect.CancelFailed(failed.id(), failed.code(), failed.detail()));
    }
  }

  private void tick(long nowMs) {
    while (!pauses.isEmpty() && pauses.peek().untilMs <= nowMs) {
      Lane lane = pauses.poll().lane;
      lane.paused = false;
      lane.untilMs = 0;
      review(lane);
      if (lane.sent.isEmpty() && lane.waiting.isEmpty()) {
        lanes.remove(lane.conversation);
      }
    }
    repeatUnanswered(nowMs);
    if (nowMs >= giveUpAtMs) {
      giveUp(nowMs);
    }
  }

  private void repeatUnanswered(long nowMs) {
    List<Entry> late = new ArrayList<>();
    for (Entry entry : inFlight.values()) {
      if (entry.sentAtMs + answerTimeoutMs() > nowMs) {
        break;
      }
      late.add(entry);
    }
    for (Entry entry : late) {
      if (entry.timeouts > 0) {
        effects.add(new OutboxEffect.Reconnect("no answer to send " + entry.clientSeq));
        return;
      }
      repeat(entry, nowMs);
    }
  }

  /** The same client_seq again: the server answers it once, or says what it answered. */
  private void repeat(Entry entry, long nowMs) {
    entry.timeouts++;
    entry.sentAtMs = nowMs;
    inFlight.remove(entry.clientSeq);
    inFlight.put(entry.clientSeq, entry);
    effects.add(new OutboxEffect.Transmit(entry.frame(true)));
  }

  /** Half as long again as the server promises. */
  private long answerTimeoutMs() {
    return Math.max(1_000, limits.sendTimeoutMs() * 3L / 2);
  }

  /** Tells the user UNKNOWN of what was sent once and had no end for too long. */
  private void giveUp(long nowMs) {
    giveUpAtMs = NEVER;
    for (Iterator<Entry> i = entries.values().iterator(); i.hasNext(); ) {
      Entry entry = i.next();
      if (entry.firstSentMs == NEVER || entry.held()) {
        continue;
      }
      long dueMs = entry.firstSentMs + settings.giveUpMs();
      if (dueMs > nowMs) {
        giveUpAtMs = Math.min(giveUpAtMs, dueMs);
      } else if (entry.unanswered) {
        giveUpAtMs = Math.min(giveUpAtMs, nowMs + GIVE_UP_STEP_MS);
      } else {
        park(entry, ErrorCode.OWNER_UNREACHABLE, "no outcome after " + settings.giveUpMs() + " ms");
        review(entry.lane);
      }
    }
  }
}
