package io.quipu.server.adapter.redis;

import io.quipu.server.metrics.Metrics;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import io.vertx.redis.client.ResponseType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection for commands: pipelined, with a bound of what is in flight and of what waits,
 * and a state that everybody can see at once. On its own event loop, but for {@link #isUp}.
 *
 * <pre>
 * state  event                                  next
 * AWAY   retryMs has passed                     connects, and asks for the epoch
 *        the epoch was answered in time         UP
 * UP     an answer is late, or an error,        AWAY: the connection is closed, all that waits fails
 *        or the connection ends
 *        a second has passed                    asks for the epoch
 * </pre>
 *
 * So a Redis that is slow costs a caller at most the time-out, and those after it nothing.
 */
final class Link {
  static final int MAX_IN_FLIGHT = 256;

  /** Beyond it a call fails at once, and whoever made it does without. */
  private static final int MAX_WAITING = 10_000;

  static final int PULSE_MS = 1_000;

  /** Of the time-out: how late a late answer is noticed. */
  private static final int CHECKS = 4;

  /** A connection takes several round trips: sentinels, the slots of a cluster. */
  private static final int CONNECT_TIMEOUTS = 4;

  private static final Logger log = LoggerFactory.getLogger(Link.class);

  /** Hears of changes, on the link's event loop. */
  interface Listener {
    /**
     * @param epoch the name of this Redis until it is emptied
     */
    void isUp(String epoch);

    void isAway();

    /** At each pulse while it is up. */
    void epochIs(String epoch);
  }

  private final Vertx vertx;
  private final Context context;
  private final RedisParts parts;
  private final Metrics metrics;
  private final Listener listener;
  private final Set<Call> inFlight = new LinkedHashSet<>();
  private final ArrayDeque<Call> waiting = new ArrayDeque<>();
  private final List<Long> timers = new ArrayList<>();
  private Optional<Redis> client = Optional.empty();
  private Optional<RedisConnection> connection = Optional.empty();
  private boolean closed;
  private boolean saidAway;
  private long pulses;
  private volatile boolean up;

  /** One script, called once. */
  private static final class Call {
    final Script script;
    final String key;
    final String[] args;
    final Promise<Response> promise = Promise.promise();
    long sentNanos;

    Call(Script script, String key, String... args) {
      this.script = script;
      this.key = key;
      this.args = args;
    }

    Request request(boolean byText) {
      Request request =
          Request.cmd(byText ? Command.EVAL : Command.EVALSHA)
              .arg(byText ? script.text() : script.sha())
              .arg(1)
              .arg(key);
      for (String arg : args) {
        request.arg(arg);
      }
      return request;
    }
  }

  Link(Vertx vertx, Context context, RedisParts parts, Metrics metrics, Listener listener) {
    this.vertx = vertx;
    this.context = context;
    this.parts = parts;
    this.metrics = metrics;
    this.listener = listener;
  }

  /** From here on it tries to be up. */
  void start() {
    int checkMs = Math.max(1, parts.redis().timeoutMs() / CHECKS);
    timers.add(vertx.setPeriodic(checkMs, tick -> checkForLateAnswers()));
    timers.add(vertx.setPeriodic(PULSE_MS, tick -> pulse()));
    connect();
  }

  /** Fails what waits, and stays away. */
  void close() {
    closed = true;
    timers.forEach(vertx::cancelTimer);
    drop("this node stops");
  }

  /** For any thread; a hint. */
  boolean isUp() {
    return up;
  }

  /** Fails at once while it is away, and when too much waits. */
  Future<Response> call(Script script, String key, String... args) {
    if (!up) {
      return Future.failedFuture("Redis is away");
    }
    if (waiting.size() >= MAX_WAITING) {
      return Future.failedFuture("too much waits for Redis");
    }
    Call call = new Call(script, key, args);
    waiting.add(call);
    sendWaiting();
    return call.promise.future();
  }

  private void sendWaiting() {
    while (connection.isPresent() && inFlight.size() < MAX_IN_FLIGHT && !waiting.isEmpty()) {
      Call call = waiting.remove();
      inFlight.add(call);
      send(connection.get(), call, false);
    }
  }

  private void send(RedisConnection to, Call call, boolean byText) {
    call.sentNanos = parts.clock().nowNanos();
    to.send(call.request(byText))
        .onComplete(done -> context.runOnContext(now -> answered(to, call, byText, done)));
  }

  private void answered(
      RedisConnection from, Call call, boolean byText, io.vertx.core.AsyncResult<Response> done) {
    if (!inFlight.contains(call) || connection.isEmpty() || connection.get() != from) {
      return; // it was given up
    }
    if (done.failed() && !byText && isNoScript(done.cause())) {
      send(from, call, true);
      return;
    }
    inFlight.remove(call);
    if (done.succeeded()) {
      metrics.redisAnswered(parts.clock().nowNanos() - call.sentNanos);
      call.promise.complete(done.result());
      sendWaiting();
    } else {
      call.promise.fail(done.cause());
      drop(String.valueOf(done.cause().getMessage()));
    }
  }

  private static boolean isNoScript(Throwable cause) {
    return String.valueOf(cause.getMessage()).startsWith("NOSCRIPT");
  }

  private void checkForLateAnswers() {
    Iterator<Call> oldest = inFlight.iterator();
    if (oldest.hasNext()) {
      long ageNanos = parts.clock().nowNanos() - oldest.next().sentNanos;
      if (ageNanos > parts.redis().timeoutMs() * 1_000_000L) {
        drop("no answer within redis.timeoutMs");
      }
    }
  }

  // ---- up and away

  /** Asks for the epoch, and lets this node hear itself. */
  void pulse() {
    if (up) {
      call(Script.PULSE, parts.keys().epoch(), pulseArgs())
          .onSuccess(epoch -> listener.epochIs(epoch.toString()))
          .onFailure(away -> log.trace("no pulse: {}", away.getMessage()));
    }
  }

  private String[] pulseArgs() {
    String proposal = Long.toString(parts.chance().any(), 36);
    pulses++;
    return new String[] {proposal, parts.keys().pulse(parts.self()), Long.toString(pulses)};
  }

  private void connect() {
    if (closed) {
      return;
    }
    Redis made;
    try {
      made = Clients.make(vertx, parts.redis());
    } catch (RuntimeException unusable) {
      drop(String.valueOf(unusable.getMessage()));
      return;
    }
    client = Optional.of(made);
    long late =
        vertx.setTimer(
            (long) CONNECT_TIMEOUTS * parts.redis().timeoutMs(),
            fired -> {
              if (!up && client.filter(one -> one == made).isPresent()) {
                drop("no connection in time");
              }
            });
    made.connect()
        .compose(this::loadScripts)
        .compose(
            connected -> {
              long sentNanos = parts.clock().nowNanos();
              Call probe = new Call(Script.PULSE, parts.keys().epoch(), pulseArgs());
              return connected
                  .send(probe.request(true))
                  .map(
                      epoch -> {
                        long tookNanos = parts.clock().nowNanos() - sentNanos;
                        if (tookNanos > parts.redis().timeoutMs() * 1_000_000L) {
                          throw new IllegalStateException("it answers too slowly");
                        }
                        return new Probed(connected, epoch.toString());
                      });
            })
        .onComplete(
            done ->
                context.runOnContext(
                    now -> {
                      vertx.cancelTimer(late);
                      if (client.filter(one -> one == made).isEmpty()) {
                        return; // it was given up
                      }
                      if (done.succeeded()) {
                        connected(done.result());
                      } else {
                        drop(String.valueOf(done.cause().getMessage()));
                      }
                    }));
  }

  /**
   * So that calls stay in order from the first one on. In a cluster of Redis each node would have
   * to be asked: there a script goes as a text when its node does not know it.
   */
  private Future<RedisConnection> loadScripts(RedisConnection to) {
    if (parts.redis().mode().equals("cluster")) {
      return Future.succeededFuture(to);
    }
    List<Future<Response>> loaded = new ArrayList<>();
    for (Script script : Script.values()) {
      loaded.add(to.send(Request.cmd(Command.SCRIPT).arg("LOAD").arg(script.text())));
    }
    return Future.all(loaded).map(to);
  }

  private record Probed(RedisConnection connection, String epoch) {}

  private void connected(Probed probed) {
    RedisConnection made = probed.connection;
    made.endHandler(ended -> context.runOnContext(now -> lost(made, "the connection ended")));
    made.exceptionHandler(
        failure -> context.runOnContext(now -> lost(made, String.valueOf(failure.getMessage()))));
    connection = Optional.of(made);
    up = true;
    saidAway = false;
    metrics.redisIs(true);
    log.info("Redis is up");
    listener.isUp(probed.epoch);
  }

  private void lost(RedisConnection which, String reason) {
    if (connection.filter(one -> one == which).isPresent()) {
      drop(reason);
    }
  }

  private void drop(String reason) {
    boolean was = up;
    up = false;
    connection = Optional.empty();
    // Not given back to the pool: a late answer of this one must never meet a later question.
    client.ifPresent(one -> one.close().onFailure(e -> log.debug("closing: {}", e.getMessage())));
    client = Optional.empty();
    metrics.redisIs(false);
    if (!closed && !saidAway) {
      saidAway = true;
      log.warn("Redis is away: {}. All nodes are asked instead; nothing is lost", reason);
    }
    List<Call> unanswered = new ArrayList<>(inFlight);
    unanswered.addAll(waiting);
    inFlight.clear();
    waiting.clear();
    if (was) {
      listener.isAway();
    }
    unanswered.forEach(call -> call.promise.tryFail("Redis is away: " + reason));
    if (!closed) {
      vertx.setTimer(parts.pauseMs(), again -> connect());
    }
  }

  /** Of an answer: what a script's table has at this place, as a text. */
  static String text(Response table, int place) {
    Response one = table.get(place);
    return one == null || one.type() == ResponseType.MULTI ? "" : one.toString();
  }
}
