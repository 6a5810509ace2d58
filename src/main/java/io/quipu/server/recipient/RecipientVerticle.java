package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MessageRange;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.journal.Receipts;
import io.quipu.server.recipient.RecipientSession.Read;
import io.quipu.server.recipient.Requests.Subject;
import io.quipu.server.time.Clock;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ⑥ The recipients of one event loop: their windows, their syncs, their cursors on the way to the
 * store. Promises that what a session is to get is pushed in order, and again until it is acked, as
 * long as the session lives; and that cursors only say what devices said.
 *
 * <p>Runs on the context of its connection verticle: deployed by it, {@code
 * recipients.deploy(context)}.
 */
public final class RecipientVerticle extends VerticleBase implements Recipients, Watched {
  private static final Logger log = LoggerFactory.getLogger(RecipientVerticle.class);

  private final Address.Loop self;
  private final RecipientLimits limits;
  private final MessageLog messages;
  private final Receipts receipts;
  private final Requests requests;
  private final Clock clock;
  private final Stores stores;
  private final Map<Long, Session> sessions = new HashMap<>();
  private final Map<Long, Session> byDevice = new HashMap<>();
  private final Alarms<Session> alarms = new Alarms<>();
  private final ArrayDeque<Session> waiting = new ArrayDeque<>();
  private final StorePause pause;
  private final Set<Long> openedSinceGather = new HashSet<>();
  private final Windows windows;
  private long newConversations;
  private long newMessages;
  private Thread loop = Thread.currentThread();
  private long timer;
  private int reads;

  /** Hears how many deliveries are on their way; from time to time, for all sessions of a loop. */
  public interface Windows {
    /**
     * By how much they have changed since the last call.
     *
     * @param conversations of all sessions, each with something that is not acked or not yet pushed
     * @param messages pushed and not acked
     */
    void changed(long conversations, long messages);
  }

  /** A session and what the shell knows of it. */
  private static final class Session {
    final RecipientSession core;
    final CursorBuffer.Holder user;

    /** Of the same device, opened before this one. */
    Optional<Session> older = Optional.empty();

    long alarmMs = Outstanding.NEVER;
    boolean waits;
    boolean closed;
    int requests;
    int countedConversations;
    int countedMessages;

    Session(RecipientSession core, CursorBuffer.Holder user) {
      this.core = core;
      this.user = user;
    }
  }

  public RecipientVerticle(
      Address.Loop self,
      RecipientLimits limits,
      MessageLog messages,
      Receipts receipts,
      Requests requests,
      Cursors cursors,
      Outreach outreach,
      Clock clock,
      Windows windows) {
    this.self = self;
    this.limits = limits;
    this.messages = messages;
    this.receipts = receipts;
    this.requests = requests;
    this.clock = clock;
    this.windows = windows;
    this.pause = new StorePause(limits.storeRetryMs(), limits.maxStoreRetryMs());
    this.stores =
        new Stores(
            limits,
            cursors,
            new ReceiptRouting(self, outreach),
            clock,
            this::session,
            this::onLoop);
  }

  @Override
  public Future<?> start() {
    loop = Thread.currentThread();
    // half: what is acked right after a tick waits for the next one, and the statement takes its
    // time
    timer = vertx.setPeriodic(Math.max(1, limits.cursorFlushMs() / 2), id -> tick());
    return Future.succeededFuture();
  }

  /** Stores what is acked, once; what the store does not take then, devices will say again. */
  @Override
  public Future<?> stop() {
    vertx.cancelTimer(timer);
    return stores.drain();
  }

  @Override
  public void open(Recipient recipient) {
    assertOnLoop();
    CursorBuffer.Holder device =
        stores.cursors.join(
            recipient.deviceKey(), recipient.user(), recipient.userKey(), recipient.session());
    CursorBuffer.Holder user =
        stores.readMarks.join(
            recipient.userKey(), recipient.user(), recipient.userKey(), recipient.session());
    Session session = new Session(new RecipientSession(recipient, limits, device), user);
    sessions.put(recipient.session(), session);
    session.older = stillOpen(Optional.ofNullable(byDevice.put(recipient.deviceKey(), session)));
    session.older.ifPresent(older -> older.older = stillOpen(older.older));
    openedSinceGather.add(recipient.session());
  }

  @Override
  public void close(long id) {
    assertOnLoop();
    Session session = sessions.remove(id);
    if (session == null) {
      return;
    }
    session.closed = true;
    newConversations -= session.countedConversations;
    newMessages -= session.countedMessages;
    if (byDevice.remove(session.core.who().deviceKey(), session)) {
      watchAgain(session.older);
    }
    openedSinceGather.remove(id);
    session.core.cursors().left();
    session.user.left();
  }

  /**
   * A late-comer with an older generation is opened last and goes first: then the looks are for the
   * one that lives on, which has missed those in between.
   */
  private void watchAgain(Optional<Session> older) {
    stillOpen(older)
        .ifPresent(
            session -> {
              byDevice.put(session.core.who().deviceKey(), session);
              session.core.lookMissed();
              advance(session, clock.nowMs());
            });
  }

  private static Optional<Session> stillOpen(Optional<Session> session) {
    Optional<Session> open = session;
    while (open.isPresent() && open.get().closed) {
      open = open.get().older;
    }
    return open;
  }

  @Override
  public void deliver(Outbound.Delivery delivery) {
    assertOnLoop();
    long nowMs = clock.nowMs();
    MessageRange range = delivery.range();
    int size = Sizes.bytes(range);
    for (long id : delivery.sessions()) {
      Session session = sessions.get(id);
      if (session != null) {
        boolean foreign = Ranges.hasForeign(range, session.core.who().user());
        session.core.deliver(delivery, size, foreign, nowMs);
        advance(session, nowMs);
      }
    }
    for (Outbound.OwnShare share : delivery.senders()) {
      Session session = sessions.get(share.session());
      if (session != null) {
        boolean foreign = Ranges.hasForeign(range, session.core.who().user());
        session.core.deliverRest(range, share.ownSeqs(), foreign, nowMs);
        advance(session, nowMs);
      }
    }
  }

  @Override
  public void sync(long id, Frame.Sync sync) {
    with(id, (session, nowMs) -> session.core.sync(sync, nowMs));
  }

  @Override
  public void syncAck(long id, Frame.SyncAck ack) {
    with(id, (session, nowMs) -> session.core.syncAck(ack, nowMs));
  }

  @Override
  public void deliverAck(long id, ConversationId conversation, long seq) {
    assertOnLoop();
    Session session = sessions.get(id);
    if (session != null) {
      long nowMs = clock.nowMs();
      session.core.deliverAck(conversation, seq, nowMs);
      advance(session, nowMs);
    }
  }

  @Override
  public void readMark(long id, ConversationId conversation, long seq) {
    with(
        id,
        (session, nowMs) -> {
          RecipientSession core = session.core;
          if (seq < 1) {
            core.error(ErrorCode.INVALID_REQUEST, 0, "seq " + seq, Optional.of(conversation), 0);
          } else if (!session.user.put(conversation, seq, true, id)) {
            core.error(
                ErrorCode.TOO_MANY_REQUESTS,
                limits.cursorFlushMs(),
                "too many read marks are not yet stored",
                Optional.of(conversation),
                0);
          }
        });
  }

  @Override
  public void writable(long id) {
    with(id, (session, nowMs) -> {});
  }

  @Override
  public void request(long id, Frame request) {
    with(id, (session, nowMs) -> request(session, request));
  }

  private void request(Session session, Frame request) {
    Subject subject = Subject.of(request);
    RecipientSession core = session.core;
    if (session.requests >= limits.maxRequests()) {
      core.error(
          ErrorCode.TOO_MANY_REQUESTS,
          limits.cursorFlushMs(),
          "more than " + limits.maxRequests() + " at once",
          subject.conversation(),
          subject.number());
      return;
    }
    session.requests++;
    SessionAddress address = new SessionAddress(self, core.who().session());
    onLoop(
        () -> requests.answer(address, core.who().user(), request),
        answer -> {
          session.requests--;
          answer.ifPresent(frame -> core.who().outlet().send(frame));
        },
        failure -> {
          session.requests--;
          QuipuException known = expected(failure, session);
          core.error(
              known.code(),
              known.code() == ErrorCode.STORE_DOWN ? limits.maxStoreRetryMs() : 0,
              known.getMessage(),
              subject.conversation(),
              subject.number());
        });
  }

  private interface Step {
    void on(Session session, long nowMs);
  }

  private void with(long id, Step step) {
    assertOnLoop();
    Session session = sessions.get(id);
    if (session != null) {
      long nowMs = clock.nowMs();
      step.on(session, nowMs);
      advance(session, nowMs);
    }
  }

  /** Starts the read that is due, and sets the alarm. */
  private void advance(Session session, long nowMs) {
    if (session.closed) {
      return;
    }
    count(session);
    if (session.core.hasWork()) {
      read(session, nowMs);
    }
    long wakeAtMs = session.core.wakeAtMs();
    if (wakeAtMs < session.alarmMs) {
      session.alarmMs = wakeAtMs;
      alarms.set(session, wakeAtMs);
    }
  }

  private void count(Session session) {
    int conversations = session.core.outstandingConversations();
    int unacked = session.core.unackedMessages();
    newConversations += conversations - session.countedConversations;
    newMessages += unacked - session.countedMessages;
    session.countedConversations = conversations;
    session.countedMessages = unacked;
  }

  private void read(Session session, long nowMs) {
    if (session.waits) {
      return;
    }
    if (reads >= limits.maxReads() || !pause.isOver(nowMs)) {
      session.waits = true;
      waiting.add(session);
      return;
    }
    Optional<Read> next = session.core.next(nowMs);
    if (next.isPresent()) {
      reads++;
      run(session, next.get());
    }
  }

  private void run(Session session, Read read) {
    UserId user = session.core.who().user();
    long deviceKey = session.core.who().deviceKey();
    if (read instanceof Read.Plan plan) {
      ended(
          session,
          read,
          () ->
              messages.behind(
                  user, deviceKey, plan.claimed(), plan.sync().onlyListed(), plan.part()),
          behind -> session.core.planned(plan, behind, clock.nowMs()));
    } else if (read instanceof Read.Page page) {
      ended(
          session,
          read,
          () ->
              messages.read(
                  user, page.request().ranges(), limits.pageMessages(), limits.pageBytes()),
          ranges -> session.core.paged(page, ranges, clock.nowMs()));
    } else if (read instanceof Read.Log some) {
      ended(
          session,
          read,
          () ->
              messages.read(
                  user,
                  some.reading().ranges(),
                  some.reading().maxMessages(),
                  some.reading().maxBytes()),
          ranges -> session.core.read(some, ranges, clock.nowMs()));
    } else if (read instanceof Read.News news) {
      ended(
          session,
          read,
          () -> receipts.since(user, news.since(), news.after(), limits.pageMessages()),
          found -> session.core.news(news, found, clock.nowMs()));
    } else if (read instanceof Read.Tails tails) {
      ended(
          session,
          read,
          () -> messages.behind(user, deviceKey, tails.claimed(), false, tails.part()),
          behind -> session.core.tails(tails, behind));
    }
  }

  private <T> void ended(Session session, Read read, Supplier<Future<T>> call, Consumer<T> then) {
    onLoop(
        call,
        answer -> {
          reads--;
          pause.succeeded();
          if (!session.closed) {
            then.accept(answer);
            advance(session, clock.nowMs());
          }
          serveWaiting();
        },
        failure -> {
          reads--;
          session.core.failed(read);
          long nowMs = clock.nowMs();
          QuipuException known = expected(failure, session);
          if (known.code() == ErrorCode.STORE_DOWN) {
            pause.failed(nowMs);
          } else if (!session.closed) {
            log.atError()
                .addKeyValue("user", session.core.who().user())
                .addKeyValue("device", session.core.who().device())
                .addKeyValue("code", known.code())
                .log("a read was refused");
            session.core.close(ErrorCode.BUG, "the log could not be read");
          }
          advance(session, nowMs);
        });
  }

  private void serveWaiting() {
    long nowMs = clock.nowMs();
    while (!waiting.isEmpty() && reads < limits.maxReads() && pause.isOver(nowMs)) {
      Session session = waiting.poll();
      session.waits = false;
      if (!session.closed && session.core.hasWork()) {
        read(session, nowMs);
      }
    }
  }

  private void tick() {
    long nowMs = clock.nowMs();
    alarms.due(nowMs, session -> wake(session, nowMs));
    stores.flush(nowMs);
    serveWaiting();
    if (newConversations != 0 || newMessages != 0) {
      windows.changed(newConversations, newMessages);
      newConversations = 0;
      newMessages = 0;
    }
  }

  private void wake(Session session, long nowMs) {
    if (session.closed || nowMs < session.alarmMs) {
      return; // an alarm that an earlier one has replaced
    }
    session.alarmMs = Outstanding.NEVER;
    session.core.wake(nowMs);
    advance(session, nowMs);
  }

  private Optional<RecipientSession> session(long id) {
    return Optional.ofNullable(sessions.get(id)).map(session -> session.core);
  }

  @Override
  public Future<Collection<Long>> gather() {
    return onContext(
        () -> {
          openedSinceGather.clear();
          return new ArrayList<>(byDevice.keySet());
        });
  }

  @Override
  public Future<Void> looked(List<DeviceBehind> behind) {
    return onContext(
        () -> {
          long nowMs = clock.nowMs();
          for (DeviceBehind one : behind) {
            Session session = byDevice.get(one.deviceKey());
            if (session != null) {
              session.core.look(one, nowMs);
              advance(session, nowMs);
            }
          }
          missed(openedSinceGather, nowMs);
          return null;
        });
  }

  @Override
  public Future<Void> lookAtAll() {
    return onContext(
        () -> {
          missed(sessions.keySet(), clock.nowMs());
          return null;
        });
  }

  private void missed(Collection<Long> ids, long nowMs) {
    for (long id : List.copyOf(ids)) {
      Session session = sessions.get(id);
      if (session != null) {
        session.core.lookMissed();
        advance(session, nowMs);
      }
    }
  }

  private <T> Future<T> onContext(Supplier<T> action) {
    Promise<T> promise = Promise.promise();
    context.runOnContext(
        v -> {
          try {
            promise.complete(action.get());
          } catch (RuntimeException e) {
            promise.fail(e);
          }
        });
    return promise.future();
  }

  /** Ends a call of the store on this loop, wherever its future completes. */
  private <T> void onLoop(
      Supplier<Future<T>> call, Consumer<T> then, Consumer<Throwable> otherwise) {
    Future<T> future;
    try {
      future = call.get();
    } catch (RuntimeException e) {
      future = Future.failedFuture(e);
    }
    future.onComplete(
        ended -> {
          Runnable end =
              () -> {
                if (ended.succeeded()) {
                  then.accept(ended.result());
                } else {
                  otherwise.accept(ended.cause());
                }
              };
          if (Thread.currentThread() == loop) {
            end.run();
          } else {
            context.runOnContext(v -> end.run());
          }
        });
  }

  private static QuipuException expected(Throwable failure, Session session) {
    if (failure instanceof QuipuException known) {
      return known;
    }
    log.atError()
        .addKeyValue("user", session.core.who().user())
        .addKeyValue("device", session.core.who().device())
        .setCause(failure)
        .log("a read failed");
    return new QuipuException(ErrorCode.BUG, "an error of the server");
  }

  Context eventLoop() {
    return context;
  }

  private void assertOnLoop() {
    assert Thread.currentThread() == loop : "another thread: " + Thread.currentThread();
  }

  /** For metrics; asked on this event loop. */
  public Figures figures() {
    assertOnLoop();
    return new Figures(
        sessions.size(), alarms.size(), stores.cursors.pending(), reads, waiting.size());
  }

  /**
   * Sizes at one moment.
   *
   * @param alarms of sessions with something un-acked, now or since the last ack time-out
   * @param pendingCursors acked and not yet stored
   * @param reads of the log under way
   * @param waiting sessions that wait for a read
   */
  public record Figures(int sessions, int alarms, int pendingCursors, int reads, int waiting) {}
}
