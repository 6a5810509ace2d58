package io.quipu.client;

import io.quipu.model.Advice;
import io.quipu.model.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * When to connect, ping, renew the token, give a connection up, and stop. It promises: never two
 * connections at a time, never one after STOP, and never an attempt without a wait after a failure.
 *
 * <pre>
 * state    | event                               | next
 * IDLE     | Start                               | TOKEN (FetchToken)
 * WAITING  | its time has come                   | TOKEN (FetchToken)
 * TOKEN    | TokenReady                          | DIALING (Dial)
 * DIALING  | Dialed                              | GREETING (Greet)
 * GREETING | Greeted                             | OPEN
 * TOKEN, DIALING, GREETING | failed, too late    | WAITING (Hangup, Down)
 * OPEN     | quiet too long                      | OPEN (Ping), then WAITING (Hangup, Down)
 * OPEN     | the token ends soon                 | OPEN (Renew)
 * OPEN     | Told to go elsewhere                | LEAVING (Drain)
 * LEAVING  | nothing in flight, too late         | WAITING (Hangup, Down)
 * any      | Ended, GivenUp                      | WAITING (Down)
 * any      | Told STOP, Ended with such a code   | STOPPED (Hangup, Stopped)
 * any      | Stop                                | STOPPED (Hangup, Stopped)
 * </pre>
 */
public final class Lifecycle {
  /**
   * @param connectTimeoutMs from the wish for a token to Connected
   * @param leaveMs after GoAway, for answers that are on their way
   * @param stableMs a connection that held so long makes failures before it forgotten
   */
  public record Settings(long connectTimeoutMs, long leaveMs, long stableMs) {
    /** Suits a phone as well as a load generator. */
    public static final Settings DEFAULT = new Settings(10_000, 2_000, 5_000);
  }

  /** What happens. Events of an attempt that is over are ignored. */
  public sealed interface Event {
    /** The application wants a connection. */
    record Start() implements Event {}

    /** A token is there. */
    record TokenReady(int attempt) implements Event {}

    /** The socket is open. */
    record Dialed(int attempt) implements Event {}

    /** No token, or no connection. */
    record Failed(int attempt, String reason) implements Event {}

    /**
     * @param tokenMs until the token expires; Long.MAX_VALUE = never
     */
    record Greeted(int heartbeatMs, long tokenMs) implements Event {}

    /** The server took a fresh token. */
    record Renewed(long tokenMs) implements Event {}

    /** GoAway, or an Error before Connected. */
    record Told(int code, Advice advice, int retryAfterMs, String detail) implements Event {}

    /** The socket has closed, with a close code if the transport has such. */
    record Ended(int attempt, Optional<ErrorCode> code) implements Event {}

    /** A core cannot use this connection any more. */
    record GivenUp(String reason) implements Event {}

    /** Nothing is on its way to the server. */
    record Quiet() implements Event {}

    /** No connection is wanted any more. */
    record Stop(String reason) implements Event {}

    /** Time has passed. */
    record Tick() implements Event {}
  }

  /** What to do. */
  public sealed interface Effect {
    /** Ask the application for a token. */
    record FetchToken(int attempt) implements Effect {}

    /** Open a socket. */
    record Dial(int attempt) implements Effect {}

    /** Send Connect. */
    record Greet() implements Effect {}

    /** Send a Ping. */
    record Ping() implements Effect {}

    /** Get a token and send Renew. */
    record Renew() implements Effect {}

    /** Send nothing new on this connection. */
    record Drain() implements Effect {}

    /** Close the socket. */
    record Hangup() implements Effect {}

    /** Tell the application that there is no connection. */
    record Down(String reason, long inMs) implements Effect {}

    /** Tell the application that there will be none. */
    record Stopped(int code, String reason) implements Effect {}
  }

  /** The states of the table. */
  public enum State {
    /** Not started. */
    IDLE,
    /** A pause before the next attempt. */
    WAITING,
    /** Waits for a token. */
    TOKEN,
    /** Waits for the socket. */
    DIALING,
    /** Waits for Connected. */
    GREETING,
    /** Connected. */
    OPEN,
    /** The server is going: what is in flight is finished. */
    LEAVING,
    /** For good. */
    STOPPED
  }

  private static final long NEVER = Long.MAX_VALUE;
  private static final int MIN_HEARTBEAT_MS = 100;
  private static final long MAX_PONG_MS = 10_000;
  private static final long RENEW_AGAIN_MS = 5_000;

  private final Settings settings;
  private final Backoff backoff;

  private State state = State.IDLE;
  private int attempt;
  private int failures;
  private long deadlineMs = NEVER;
  private long openedMs;
  private long heardMs;
  private long wroteMs;
  private long heartbeatMs;
  private long pongDueMs = NEVER;
  private long renewAtMs = NEVER;
  private long retryAfterMs;
  private Optional<Event.Told> told = Optional.empty();

  private List<Effect> effects = new ArrayList<>();

  /** Not started yet. */
  public Lifecycle(Settings settings, Backoff backoff) {
    this.settings = settings;
    this.backoff = backoff;
  }

  /** Where it stands. */
  public State state() {
    return state;
  }

  /** True if this attempt waits for its socket. */
  public boolean dialing(int which) {
    return state == State.DIALING && which == attempt;
  }

  /** Something has come from the server. */
  public void heard(long nowMs) {
    heardMs = nowMs;
    pongDueMs = NEVER;
  }

  /** Since something has come from the server, or since the connection was made. */
  public long silentMs(long nowMs) {
    return nowMs - heardMs;
  }

  /** Something went to the server. */
  public void wrote(long nowMs) {
    wroteMs = nowMs;
  }

  /** What this event brings about. */
  public List<Effect> step(Event event, long nowMs) {
    if (event instanceof Event.Tick) {
      tick(nowMs);
    } else if (event instanceof Event.Stop stop) {
      stopped(0, stop.reason());
    } else if (state != State.STOPPED) {
      progress(event, nowMs);
    }
    if (effects.isEmpty()) {
      return List.of();
    }
    List<Effect> done = effects;
    effects = new ArrayList<>();
    return done;
  }

  private void progress(Event event, long nowMs) {
    if (event instanceof Event.Start && state == State.IDLE) {
      begin(nowMs);
    } else if (event instanceof Event.TokenReady ready) {
      if (ready.attempt() == attempt && state == State.TOKEN) {
        state = State.DIALING;
        effects.add(new Effect.Dial(attempt));
      }
    } else if (event instanceof Event.Dialed dialed) {
      if (dialed.attempt() == attempt && state == State.DIALING) {
        state = State.GREETING;
        effects.add(new Effect.Greet());
      }
    } else if (event instanceof Event.Failed failed) {
      if (failed.attempt() == attempt && (state == State.TOKEN || state == State.DIALING)) {
        down(failed.reason(), nowMs);
      }
    } else if (event instanceof Event.Greeted greeted) {
      greeted(greeted, nowMs);
    } else if (event instanceof Event.Renewed renewed) {
      renewAtMs = renewAt(renewed.tokenMs(), nowMs);
    } else if (event instanceof Event.Told what) {
      told(what, nowMs);
    } else if (event instanceof Event.Ended ended) {
      if (ended.attempt() == attempt && connecting()) {
        ended(ended, nowMs);
      }
    } else if (event instanceof Event.GivenUp givenUp) {
      if (connecting()) {
        down(givenUp.reason(), nowMs);
      }
    } else if (event instanceof Event.Quiet && state == State.LEAVING) {
      down(told.map(Event.Told::detail).orElse("told to leave"), nowMs);
    }
  }

  /** When a Tick is due; Long.MAX_VALUE if never. */
  public long nextDeadlineMs() {
    if (state != State.OPEN) {
      return deadlineMs;
    }
    return Math.min(renewAtMs, pongDueMs == NEVER ? pingAtMs() : pongDueMs);
  }

  private long pingAtMs() {
    return Math.min(wroteMs, heardMs) + heartbeatMs * 3 / 4;
  }

  private boolean connecting() {
    return state != State.IDLE && state != State.WAITING && state != State.STOPPED;
  }

  private void begin(long nowMs) {
    attempt++;
    state = State.TOKEN;
    told = Optional.empty();
    retryAfterMs = 0;
    deadlineMs = nowMs + settings.connectTimeoutMs();
    effects.add(new Effect.FetchToken(attempt));
  }

  private void greeted(Event.Greeted greeted, long nowMs) {
    if (state != State.GREETING) {
      return;
    }
    state = State.OPEN;
    deadlineMs = NEVER;
    openedMs = nowMs;
    heardMs = nowMs;
    wroteMs = nowMs;
    pongDueMs = NEVER;
    heartbeatMs = Math.max(MIN_HEARTBEAT_MS, greeted.heartbeatMs());
    renewAtMs = renewAt(greeted.tokenMs(), nowMs);
  }

  /** At four fifths of its life. */
  private static long renewAt(long tokenMs, long nowMs) {
    return tokenMs == NEVER ? NEVER : nowMs + Math.max(0, tokenMs) / 5 * 4;
  }

  private void told(Event.Told what, long nowMs) {
    if (!connecting()) {
      return;
    }
    told = Optional.of(what);
    retryAfterMs = what.retryAfterMs();
    if (what.advice() == Advice.STOP) {
      stopped(what.code(), what.detail());
    } else if (state == State.OPEN) {
      state = State.LEAVING;
      deadlineMs = nowMs + settings.leaveMs();
      effects.add(new Effect.Drain());
    } else if (state != State.LEAVING) {
      down(what.detail(), nowMs);
    }
  }

  private void ended(Event.Ended ended, long nowMs) {
    Optional<ErrorCode> code = ended.code();
    if (told.isEmpty() && code.isPresent() && code.get().advice() == Advice.STOP) {
      stopped(code.get().code(), code.get().toString());
    } else {
      down(
          told.map(Event.Told::detail)
              .or(() -> code.map(ErrorCode::toString))
              .orElse("the connection broke"),
          nowMs);
    }
  }

  private void down(String reason, long nowMs) {
    boolean wasOpen = state == State.OPEN || state == State.LEAVING;
    if (wasOpen && nowMs - openedMs >= settings.stableMs()) {
      failures = 0;
    }
    long waitMs = retryAfterMs + backoff.delayMs(failures);
    failures++;
    state = State.WAITING;
    deadlineMs = nowMs + waitMs;
    attempt++; // what is still to come of this attempt counts for nothing
    effects.add(new Effect.Hangup());
    effects.add(new Effect.Down(reason, waitMs));
  }

  private void stopped(int code, String reason) {
    if (state != State.STOPPED) {
      state = State.STOPPED;
      deadlineMs = NEVER;
      attempt++;
      effects.add(new Effect.Hangup());
      effects.add(new Effect.Stopped(code, reason));
    }
  }

  private void tick(long nowMs) {
    if (state == State.OPEN) {
      beat(nowMs);
    } else if (nowMs >= deadlineMs) {
      if (state == State.WAITING) {
        begin(nowMs);
      } else if (state == State.LEAVING) {
        down(told.map(Event.Told::detail).orElse("told to leave"), nowMs);
      } else {
        down("no connection within " + settings.connectTimeoutMs() + " ms, in " + state, nowMs);
      }
    }
  }

  private void beat(long nowMs) {
    if (nowMs >= pongDueMs) {
      down("the server is silent", nowMs);
      return;
    }
    if (nowMs >= renewAtMs) {
      renewAtMs = nowMs + RENEW_AGAIN_MS;
      effects.add(new Effect.Renew());
    }
    if (pongDueMs == NEVER && nowMs >= pingAtMs()) {
      pongDueMs = nowMs + Math.min(MAX_PONG_MS, heartbeatMs / 2);
      effects.add(new Effect.Ping());
    }
  }
}
