package io.quipu.server.session;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.SessionAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * ② One authenticated device on a connection: its state, and what each frame means in it. Pure.
 *
 * <pre>
 * state       event                          next
 * CONNECTING  Connect                        OPENING
 *             anything else                  CLOSED  NOT_CONNECTED
 * OPENING     Opened                         OPEN    Connected; then the frames that came meanwhile
 *             OpenFailed                     CLOSED
 * OPEN        Connect                        CLOSED  ALREADY_CONNECTED
 *             Drain                          DRAINING  GoAway; what is accepted is finished
 *             Kicked by a newer generation   CLOSED  REPLACED
 *             Tick past the token's expiry   CLOSED  TOKEN_EXPIRED
 *             Dismissed                      CLOSED  TOKEN_REVOKED or USER_ERASED
 * DRAINING    as OPEN
 * any         Gone                           CLOSED
 * </pre>
 */
public final class Session {
  private enum State {
    CONNECTING,
    OPENING,
    OPEN,
    DRAINING,
    CLOSED
  }

  /** Frames that may come between Connect and Connected. */
  private static final int EARLY_FRAMES = 16;

  private final SessionAddress address;
  private final Rules rules;
  private final LongSupplier linkIds;
  private final SendPace sendPace;
  private final Deque<Frame> early = new ArrayDeque<>();
  private final TypingPace pace = new TypingPace();
  private State state = State.CONNECTING;
  private DeviceId device = new DeviceId("none");
  private UserId user = new UserId("nobody");
  private long generation;
  private long tokenExpiresAtMs;
  private Sends sends;
  private int requests;

  /**
   * @param limits what the connection is told
   * @param appendRetryMs an append without an answer goes to the owner again after so long
   * @param maxRequests SendStatus frames at work at once
   * @param maxUnresolved conversations that wait for an id; beyond it the connection closes
   */
  public record Rules(Limits limits, int appendRetryMs, int maxRequests, int maxUnresolved) {}

  /**
   * @param linkIds never gives the same number twice in the life of the node
   */
  public Session(SessionAddress address, Rules rules, LongSupplier linkIds, SendPace sendPace) {
    this.address = address;
    this.rules = rules;
    this.linkIds = linkIds;
    this.sendPace = sendPace;
    this.sends = new Sends(address, rules, linkIds, sendPace, user, 0);
  }

  boolean isOpen() {
    return state == State.OPEN || state == State.DRAINING;
  }

  boolean isConnecting() {
    return state == State.CONNECTING || state == State.OPENING;
  }

  /** True while something waits for an owner: then a Tick is due a few times a second. */
  boolean wantsTicks() {
    return state != State.CLOSED && sends.waitForOwners();
  }

  /** True when nothing that was accepted waits any more. */
  boolean isDrained() {
    return sends.allAnswered() && requests == 0;
  }

  /** Unix time. */
  long tokenExpiresAtMs() {
    return tokenExpiresAtMs;
  }

  UserId user() {
    return user;
  }

  DeviceId device() {
    return device;
  }

  /**
   * @param nowMs for time-outs
   * @param unixMs for people and tokens
   */
  public List<SessionEffect> step(SessionEvent event, long nowMs, long unixMs) {
    List<SessionEffect> effects = new ArrayList<>(2);
    if (state == State.CLOSED) {
      return effects;
    }
    if (event instanceof SessionEvent.Received received) {
      received(received.frame(), nowMs, unixMs, effects);
    } else if (event instanceof SessionEvent.Answered answered) {
      sends.answered(answered.answer(), nowMs, effects);
    } else if (event instanceof SessionEvent.Tick) {
      tick(nowMs, unixMs, effects);
    } else if (event instanceof SessionEvent.OwnersLost lost) {
      if (wantsTicks()) {
        sends.ownersLost(lost.conversations(), nowMs, effects);
      }
    } else if (event instanceof SessionEvent.Opened opened) {
      opened(opened, nowMs, unixMs, effects);
    } else if (event instanceof SessionEvent.OpenFailed failed) {
      QuipuException reason = failed.reason();
      close(reason.code(), reason.retryAfterMs(), reason.getMessage(), effects);
    } else if (event instanceof SessionEvent.TokenChecked checked) {
      requests--;
      renewed(checked, effects);
    } else if (event instanceof SessionEvent.TokenRefused refused) {
      requests--;
      effects.add(error(refused.reason(), Optional.empty(), 0));
    } else if (event instanceof SessionEvent.FateTold told) {
      fateTold(told, effects);
    } else if (event instanceof SessionEvent.FateUntold untold) {
      requests--;
      effects.add(error(untold.reason(), Optional.of(untold.conversation()), untold.request()));
    } else if (event instanceof SessionEvent.Ended ended) {
      sends.ended(ended.asked(), ended.fate(), effects);
    } else if (event instanceof SessionEvent.EndFailed failed) {
      sends.endFailed(failed.asked(), failed.reason(), effects);
    } else if (event instanceof SessionEvent.Kicked kicked) {
      if (kicked.newerGeneration() > generation) {
        close(ErrorCode.REPLACED, "a newer session of this device has begun", effects);
      }
    } else if (event instanceof SessionEvent.Dismissed dismissed) {
      close(dismissed.code(), dismissed.detail(), effects);
    } else if (event instanceof SessionEvent.Drain drain) {
      drain(drain.retryAfterMs(), effects);
    } else {
      state = State.CLOSED;
    }
    if (state != State.CLOSED && sends.tooManyUnresolved()) {
      close(ErrorCode.RATE_LIMITED, "too many conversations with an unresolved send", effects);
    }
    return effects;
  }

  // ---- frames

  private void received(Frame frame, long nowMs, long unixMs, List<SessionEffect> effects) {
    if (state == State.CONNECTING) {
      if (frame instanceof Frame.Connect connect) {
        connect(connect, effects);
      } else {
        close(ErrorCode.NOT_CONNECTED, "the first frame is Connect", effects);
      }
    } else if (frame instanceof Frame.Connect) {
      close(ErrorCode.ALREADY_CONNECTED, "a connection has one Connect", effects);
    } else if (state == State.OPENING) {
      if (early.size() == EARLY_FRAMES) {
        close(ErrorCode.NOT_CONNECTED, "too many frames before Connected", effects);
      } else {
        early.add(frame);
      }
    } else {
      served(frame, nowMs, unixMs, effects);
    }
  }

  private void connect(Frame.Connect connect, List<SessionEffect> effects) {
    if (connect.protocolVersion() != Frame.PROTOCOL_VERSION) {
      close(
          ErrorCode.UNSUPPORTED_VERSION,
          "this node speaks version " + Frame.PROTOCOL_VERSION,
          effects);
      return;
    }
    state = State.OPENING;
    device = connect.device();
    effects.add(new SessionEffect.OpenDevice(connect.token(), connect.device()));
  }

  private void opened(
      SessionEvent.Opened opened, long nowMs, long unixMs, List<SessionEffect> effects) {
    state = State.OPEN;
    user = opened.user();
    sends = new Sends(address, rules, linkIds, sendPace, user, opened.device().userKey());
    generation = opened.device().generation();
    tokenExpiresAtMs = opened.tokenExpiresAtMs();
    // In the tables before the client can ask for a sync: nothing falls between sync and push.
    effects.add(new SessionEffect.Enter(user, device, opened.device()));
    effects.add(
        new SessionEffect.Reply(
            new Frame.Connected(
                Frame.PROTOCOL_VERSION,
                user,
                device,
                generation,
                opened.device().storeEpoch(),
                unixMs,
                tokenExpiresAtMs,
                opened.device().deviceIsNew(),
                rules.limits())));
    while (!early.isEmpty() && state == State.OPEN) {
      served(early.remove(), nowMs, unixMs, effects);
    }
  }

  private void served(Frame frame, long nowMs, long unixMs, List<SessionEffect> effects) {
    if (frame instanceof Frame.Send send) {
      sends.send(send, nowMs, effects);
    } else if (frame instanceof Frame.DeliverAck
        || frame instanceof Frame.Sync
        || frame instanceof Frame.SyncAck
        || frame instanceof Frame.ReadMark
        || frame instanceof Frame.History
        || frame instanceof Frame.Conversations
        || frame instanceof Frame.Members
        || frame instanceof Frame.Receipts
        || frame instanceof Frame.Mute) {
      effects.add(new SessionEffect.Pass(frame));
    } else if (frame instanceof Frame.WatchPresence watch) {
      watch(watch, effects);
    } else if (frame instanceof Frame.Ping ping) {
      effects.add(new SessionEffect.Reply(new Frame.Pong(ping.nonce(), unixMs)));
    } else if (frame instanceof Frame.InvalidSend invalid) {
      sends.invalidSend(invalid, effects);
    } else if (frame instanceof Frame.SendStatus status) {
      status(status, effects);
    } else if (frame instanceof Frame.Renew renew) {
      renew(renew, effects);
    } else if (frame instanceof Frame.Typing typing) {
      typing(typing.conversation(), nowMs, effects);
    } else if (frame instanceof Frame.Presence || frame instanceof Frame.Tail) {
      effects.add(
          error(
              new QuipuException(
                  ErrorCode.NOT_SUPPORTED, frame.getClass().getSimpleName() + " is not supported"),
              Optional.empty(),
              0));
    } else if (!(frame instanceof Frame.Pong)) {
      effects.add(
          error(
              new QuipuException(
                  ErrorCode.UNEXPECTED_FRAME,
                  frame.getClass().getSimpleName() + " comes from servers only"),
              Optional.empty(),
              0));
    }
  }

  /** Too often, or where he cannot be heard: nothing comes of it, and nothing is told. */
  private void typing(ConversationId conversation, long nowMs, List<SessionEffect> effects) {
    boolean foreign = conversation.isDirect() && !conversation.isDirectOf(user);
    if (!foreign && pace.mayWhisper(conversation, nowMs)) {
      effects.add(new SessionEffect.Whisper(conversation));
    }
  }

  private void watch(Frame.WatchPresence watch, List<SessionEffect> effects) {
    int most = rules.limits().watchedUsers();
    effects.add(
        watch.users().size() <= most
            ? new SessionEffect.Pass(watch)
            : error(
                new QuipuException(
                    ErrorCode.INVALID_REQUEST, "more than " + most + " users to watch"),
                Optional.empty(),
                0));
  }

  private void renew(Frame.Renew renew, List<SessionEffect> effects) {
    if (requests >= rules.maxRequests()) {
      effects.add(error(tooManyRequests(), Optional.empty(), 0));
    } else {
      requests++;
      effects.add(new SessionEffect.CheckToken(renew.token()));
    }
  }

  private void renewed(SessionEvent.TokenChecked checked, List<SessionEffect> effects) {
    if (!checked.user().equals(user)) {
      close(ErrorCode.TOKEN_OTHER_USER, "the token is another user's", effects);
      return;
    }
    tokenExpiresAtMs = checked.tokenExpiresAtMs();
    effects.add(new SessionEffect.Reply(new Frame.Renewed(tokenExpiresAtMs)));
  }

  // ---- status, time, the end

  private void status(Frame.SendStatus status, List<SessionEffect> effects) {
    if (requests >= rules.maxRequests()) {
      effects.add(error(tooManyRequests(), Optional.of(status.conversation()), status.request()));
      return;
    }
    requests++;
    effects.add(
        new SessionEffect.AskFate(
            status.request(), status.conversation(), status.clientMessageId(), status.cancel()));
  }

  private void fateTold(SessionEvent.FateTold told, List<SessionEffect> effects) {
    requests--;
    if (told.fate().state() != SendState.NOT_SEEN) {
      sends.settled(told.conversation(), told.clientMessageId());
    }
    effects.add(
        new SessionEffect.Reply(
            new Frame.SendStatusResult(
                told.request(),
                told.conversation(),
                told.clientMessageId(),
                told.fate().state(),
                told.fate().seq(),
                told.fate().storedAtMs())));
  }

  private void tick(long nowMs, long unixMs, List<SessionEffect> effects) {
    if (isOpen() && unixMs >= tokenExpiresAtMs) {
      close(ErrorCode.TOKEN_EXPIRED, "the token has expired: renew it in time", effects);
      return;
    }
    sends.tick(nowMs, effects);
  }

  private void drain(int retryAfterMs, List<SessionEffect> effects) {
    if (isOpen()) {
      state = State.DRAINING;
      effects.add(
          new SessionEffect.Reply(
              new Frame.GoAway(
                  ErrorCode.DRAINING.code(),
                  ErrorCode.DRAINING.advice(),
                  retryAfterMs,
                  "this node goes down in order")));
    } else {
      close(ErrorCode.DRAINING, "this node goes down in order", effects);
    }
  }

  private void close(ErrorCode reason, String detail, List<SessionEffect> effects) {
    close(reason, 0, detail, effects);
  }

  private void close(
      ErrorCode reason, int retryAfterMs, String detail, List<SessionEffect> effects) {
    state = State.CLOSED;
    effects.add(new SessionEffect.Close(reason, retryAfterMs, detail));
  }

  private static SessionEffect error(
      QuipuException reason, Optional<ConversationId> conversation, int request) {
    ErrorCode code = reason.code();
    return new SessionEffect.Reply(
        new Frame.Error(code.code(), code.advice(), 0, reason.getMessage(), conversation, request));
  }

  private QuipuException tooManyRequests() {
    return new QuipuException(
        ErrorCode.TOO_MANY_REQUESTS, "at most " + rules.maxRequests() + " requests at once");
  }
}
