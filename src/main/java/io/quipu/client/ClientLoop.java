package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client at work: its connection, its frames, its time, all on one event-loop context. What one
 * turn of that loop wants written is written at its end, and one timer serves all deadlines.
 */
final class ClientLoop implements Turns {
  private static final Logger LOG = LoggerFactory.getLogger(ClientLoop.class);
  private static final String CLIENT = "quipu-java/1";
  private static final int RECEIPT_CONVERSATIONS = 1_000;
  private static final long NEVER = Long.MAX_VALUE;

  /** What an application gives to its client. */
  record Wiring(
      Transport transport,
      Supplier<Future<String>> tokens,
      DeviceId device,
      CursorStore cursors,
      OutboxStore outboxStore,
      Function<ReceivedMessage, Future<Void>> messageHandler,
      Consumer<ClientEvent> eventHandler,
      ClientObserver observer,
      ClientSettings settings,
      RandomGenerator random,
      LongSupplier clockMs) {}

  private final Vertx vertx;
  private final Context context;
  private final Wiring wiring;

  private final Lifecycle lifecycle;
  private final Requests requests;
  private final Sending sending;
  private final Receiving receiving;

  private final Promise<Void> started = Promise.promise();
  private final Marks marks = new Marks(this::write);
  private final ReceiptBook receipts = new ReceiptBook(RECEIPT_CONVERSATIONS);

  private Optional<LineReceiver> line = Optional.empty();
  private Optional<UserId> self = Optional.empty();
  private String token = "";
  private long serverMinusClockMs;
  private boolean starting;
  private boolean up;
  private boolean stopped;

  private boolean turnScheduled;

  /** The transport is handing over frames, and will say when it is done. */
  private boolean turnPromised;

  private long nowMs;
  private long timerAtMs = NEVER;
  private long timerId;

  /**
   * @param room how many sends the outbox may still take; given back when one leaves
   */
  ClientLoop(Vertx vertx, Context context, Wiring wiring, AtomicInteger room) {
    this.vertx = vertx;
    this.context = context;
    this.wiring = wiring;
    ClientSettings settings = wiring.settings();
    RandomGenerator random = wiring.random();
    Backoff retry = new Backoff(settings.retryFirstMs(), settings.retryMaxMs(), random);
    this.lifecycle =
        new Lifecycle(
            settings.lifecycle(),
            new Backoff(settings.reconnectFirstMs(), settings.reconnectMaxMs(), random));
    this.requests = new Requests(settings.maxRequests(), settings.requestTimeoutMs(), this::write);
    this.receiving =
        new Receiving(
            this,
            new Inbox(settings.inbox(), retry, retry),
            wiring.cursors(),
            wiring.messageHandler(),
            wiring.observer());
    this.sending =
        new Sending(
            this,
            new Outbox(
                settings.outbox(), retry, new WireSize(wiring.transport().codec())::sizeBytes),
            wiring.outboxStore(),
            requests,
            wiring.observer(),
            room,
            receiving::ownStored);
  }

  // ---- what the application asks for; on the context

  Future<Void> start() {
    now();
    if (!starting && !stopped) {
      starting = true;
      wiring
          .cursors()
          .load()
          .compose(
              cursors ->
                  wiring
                      .cursors()
                      .loadReceiptsMark()
                      .compose(
                          mark ->
                              wiring
                                  .outboxStore()
                                  .load()
                                  .onSuccess(left -> onContext(() -> loaded(cursors, mark, left)))))
          .onFailure(
              e ->
                  onContext(
                      () -> {
                        started.tryFail(e);
                        stop("a store cannot be read: " + e.getMessage());
                      }));
    }
    return started.future();
  }

  private void loaded(
      Map<ConversationId, Long> cursors, long receiptsMark, List<PendingSend> left) {
    if (!stopped) {
      wiring.observer().started(cursors, wiring.outboxStore().outlivesProcess());
      receiving.loaded(new InboxEvent.Loaded(cursors, receiptsMark));
      sending.restored(left);
      live(new Lifecycle.Event.Start());
    }
  }

  void send(PendingSend send, Promise<Stored> promise) {
    now();
    sending.send(send, promise);
  }

  Future<Stored> retry(UUID id) {
    now();
    return sending.retry(id);
  }

  Future<SendFate> cancel(UUID id) {
    now();
    return sending.cancel(id);
  }

  Future<SendFate> sendStatus(ConversationId conversation, UUID id, boolean cancel) {
    now();
    scheduleTurn();
    return stopped
        ? Future.failedFuture(Sending.closed(Outcome.UNKNOWN))
        : sending.status(conversation, id, cancel);
  }

  /** A question with one answer: now, or on the next connection. */
  <F extends Frame> Future<F> ask(IntFunction<Frame> withNumber, Class<F> answer) {
    now();
    if (stopped) {
      return Future.failedFuture(Sending.closed(Outcome.NOT_APPLIED));
    }
    scheduleTurn();
    return requests.ask(withNumber, nowMs).map(answer::cast);
  }

  /** Tells something that has no answer. */
  void mark(Consumer<Marks> what) {
    now();
    what.accept(marks);
    scheduleTurn();
  }

  long receivedBy(ConversationId conversation, UserId user, ReceiptState state) {
    return receipts.upTo(conversation, user, state);
  }

  Optional<UserId> self() {
    return self;
  }

  void resume(ConversationId conversation) {
    now();
    receiving.feed(new InboxEvent.Resume(conversation));
    scheduleTurn();
  }

  Future<Void> awaitSynced() {
    return receiving.awaitSynced();
  }

  long cursor(ConversationId conversation) {
    return receiving.cursor(conversation);
  }

  List<PendingSend> pending() {
    return sending.pending();
  }

  Future<Void> close() {
    now();
    turn(); // acks that are due leave first
    stop("closed");
    return wiring
        .cursors()
        .close()
        .eventually(() -> wiring.outboxStore().close())
        .eventually(() -> wiring.transport().close());
  }

  // ---- what comes from the server

  /** Hands on what comes from one socket for as long as that is the line. */
  private final class LineReceiver implements Transport.Receiver {
    private final int attempt;
    private Transport.Line socket;

    LineReceiver(int attempt) {
      this.attempt = attempt;
    }

    private boolean current() {
      return line.isPresent() && line.get() == this;
    }

    @Override
    public void frame(byte[] bytes, int offset, int length) {
      if (current()) {
        turnPromised = true;
        now();
        lifecycle.heard(nowMs);
        try {
          take(wiring.transport().codec().decode(bytes, offset, length));
        } catch (QuipuException e) {
          if (e.code() == ErrorCode.MALFORMED_FRAME) {
            broken(e.toString());
          } else { // a newer server's; what it carried is missed like any other
            LOG.warn("device={} passes over a frame: {}", wiring.device(), e.toString());
          }
        } catch (RuntimeException e) {
          LOG.error("a bug of the client, device={}", wiring.device(), e);
          giveUp("a bug: " + e); // the next connection asks for all again
        }
      }
    }

    @Override
    public void endOfTurn() {
      turnPromised = false;
      now();
      turn();
    }

    @Override
    public void ended(Optional<ErrorCode> code) {
      turnPromised = false;
      now();
      live(new Lifecycle.Event.Ended(attempt, code));
    }

    @Override
    public void broken(String reason) {
      if (current()) {
        LOG.warn("device={} cannot read its server: {}", wiring.device(), reason);
        giveUp(reason);
      }
    }
  }

  private void take(Frame frame) {
    if (frame instanceof Frame.SendAck ack) {
      sent(new OutboxEvent.Acked(ack));
    } else if (frame instanceof Frame.Deliver deliver) {
      wiring.observer().received(deliver.range(), false);
      receiving.feed(new InboxEvent.Delivered(deliver.range()));
    } else if (frame instanceof Frame.AckConfirm confirm) {
      wiring.observer().confirmed(confirm.conversation(), confirm.seq());
      receiving.feed(new InboxEvent.Confirmed(confirm.conversation(), confirm.seq()));
    } else if (frame instanceof Frame.SendRejected rejection) {
      sent(new OutboxEvent.Rejected(rejection));
    } else if (frame instanceof Frame.SyncPage page) {
      for (MessageRange range : page.ranges()) {
        wiring.observer().received(range, true);
      }
      receiving.feed(new InboxEvent.Paged(page));
    } else if (frame instanceof Frame.SyncDone done) {
      receiving.feed(new InboxEvent.SyncEnded(done.syncId(), done.receiptsMark()));
    } else if (frame instanceof Frame.Receipt receipt) {
      receipts
          .take(
              new ClientEvent.Receipt(
                  receipt.conversation(), receipt.user(), receipt.state(), receipt.seq()))
          .ifPresent(this::tell);
    } else if (hint(frame)) {
      return;
    } else if (frame instanceof Frame.Tail tail) {
      receiving.feed(new InboxEvent.Grown(tail.conversation(), tail.seq()));
    } else if (frame instanceof Frame.Ping ping) {
      write(new Frame.Pong(ping.nonce(), 0));
    } else if (frame instanceof Frame.Connected connected) {
      greeted(connected);
    } else if (frame instanceof Frame.Renewed renewed) {
      long serverNowMs = nowMs + serverMinusClockMs;
      live(new Lifecycle.Event.Renewed(tokenMs(renewed.tokenExpiresAtMs(), serverNowMs)));
    } else if (frame instanceof Frame.SendStatusResult result) {
      requests.answered(result.request(), result);
    } else if (frame instanceof Frame.HistoryPage page) {
      requests.answered(page.request(), page);
    } else if (frame instanceof Frame.ConversationsPage page) {
      requests.answered(page.request(), page);
    } else if (frame instanceof Frame.MembersPage page) {
      requests.answered(page.request(), page);
    } else if (frame instanceof Frame.ReceiptsPage page) {
      receipts.take(page, self).forEach(this::tell);
      requests.answered(page.request(), page);
    } else if (frame instanceof Frame.GoAway away) {
      live(
          new Lifecycle.Event.Told(away.code(), away.advice(), away.retryAfterMs(), away.detail()));
    } else if (frame instanceof Frame.Error error) {
      refused(error);
    }
  }

  /** Returns false if it is none. */
  private boolean hint(Frame frame) {
    if (frame instanceof Frame.ReadMark mark) {
      tell(new ClientEvent.ReadMark(mark.conversation(), mark.seq()));
    } else if (frame instanceof Frame.Mute mute) {
      tell(new ClientEvent.Muted(mute.conversation(), mute.untilMs()));
    } else if (frame instanceof Frame.Presence presence) {
      tell(new ClientEvent.Presence(presence.user(), presence.online(), presence.lastSeenMs()));
    } else if (frame instanceof Frame.Typing typing) {
      typing.user().ifPresent(user -> tell(new ClientEvent.Typing(typing.conversation(), user)));
    } else {
      return false;
    }
    return true;
  }

  private void sent(OutboxEvent answer) {
    sending.step(answer);
    leaveIfQuiet();
  }

  private void leaveIfQuiet() {
    if (lifecycle.state() == Lifecycle.State.LEAVING && sending.quiet()) {
      live(new Lifecycle.Event.Quiet());
    }
  }

  private void refused(Frame.Error error) {
    if (!up) {
      live(
          new Lifecycle.Event.Told(
              error.code(), error.advice(), error.retryAfterMs(), error.detail()));
    } else if (!requests.refused(error)) {
      LOG.debug("device={} got error {} {}", wiring.device(), error.code(), error.detail());
      if (error.request() != 0) {
        receiving.feed(new InboxEvent.SyncRefused(error.request(), error.retryAfterMs()));
      } else if (error.code() == ErrorCode.ACK_BEYOND_TAIL.code()) {
        error.conversation().ifPresent(id -> receiving.feed(new InboxEvent.Doubtful(id)));
      }
      tell(new ClientEvent.ServerError(error.code(), error.detail()));
    }
  }

  private static long tokenMs(long expiresAtMs, long serverNowMs) {
    return expiresAtMs == 0 ? NEVER : Math.max(0, expiresAtMs - serverNowMs);
  }

  private void greeted(Frame.Connected connected) {
    if (lifecycle.state() != Lifecycle.State.GREETING) {
      return;
    }
    UserId user = connected.user();
    if (self.isPresent() && !self.get().equals(user)) {
      stop("the token is of another user: " + user); // the outbox is not his
      return;
    }
    self = Optional.of(user);
    serverMinusClockMs = connected.serverTimeMs() - nowMs;
    live(
        new Lifecycle.Event.Greeted(
            connected.limits().heartbeatMs(),
            tokenMs(connected.tokenExpiresAtMs(), connected.serverTimeMs())));
    up = true;
    wiring.observer().connected(user, connected.sessionGeneration(), connected.deviceIsNew());
    tell(
        new ClientEvent.Connected(
            user, connected.sessionGeneration(), connected.deviceIsNew(), connected.limits()));
    receiving.connected(
        user,
        new InboxEvent.Connected(
            connected.limits(), connected.storeEpoch(), connected.deviceIsNew()));
    sending.connected(user, connected.limits());
    requests.connected();
    marks.connected();
    started.tryComplete();
  }

  // ---- the life of the connection

  private void live(Lifecycle.Event event) {
    for (Lifecycle.Effect effect : lifecycle.step(event, nowMs)) {
      apply(effect);
    }
    scheduleTurn();
  }

  private void apply(Lifecycle.Effect effect) {
    if (effect instanceof Lifecycle.Effect.FetchToken fetch) {
      fetchToken(fetch.attempt());
    } else if (effect instanceof Lifecycle.Effect.Dial dial) {
      dial(dial.attempt());
    } else if (effect instanceof Lifecycle.Effect.Greet) {
      write(new Frame.Connect(Frame.PROTOCOL_VERSION, token, wiring.device(), CLIENT));
    } else if (effect instanceof Lifecycle.Effect.Ping) {
      write(new Frame.Ping(nowMs));
    } else if (effect instanceof Lifecycle.Effect.Renew) {
      renewToken();
    } else if (effect instanceof Lifecycle.Effect.Drain) {
      sending.step(new OutboxEvent.GoingAway());
      leaveIfQuiet();
    } else if (effect instanceof Lifecycle.Effect.Hangup) {
      hangUp();
    } else if (effect instanceof Lifecycle.Effect.Down down) {
      tell(new ClientEvent.Disconnected(down.reason(), down.inMs()));
    } else if (effect instanceof Lifecycle.Effect.Stopped what) {
      ended(what);
    }
  }

  private void fetchToken(int attempt) {
    Receiving.ask(wiring.tokens())
        .onComplete(
            done ->
                onContext(
                    () -> {
                      if (done.succeeded()) {
                        token = done.result();
                        live(new Lifecycle.Event.TokenReady(attempt));
                      } else {
                        String reason = "no token: " + done.cause().getMessage();
                        live(new Lifecycle.Event.Failed(attempt, reason));
                      }
                    }));
  }

  private void renewToken() {
    Receiving.ask(wiring.tokens())
        .onComplete(
            done ->
                onContext(
                    () -> {
                      if (done.failed()) {
                        LOG.warn("device={} has no new token", wiring.device(), done.cause());
                      } else if (up) {
                        write(new Frame.Renew(done.result()));
                        scheduleTurn();
                      }
                    }));
  }

  private void dial(int attempt) {
    LineReceiver receiver = new LineReceiver(attempt);
    wiring
        .transport()
        .open(receiver)
        .onComplete(
            done -> {
              now();
              if (done.failed()) {
                live(new Lifecycle.Event.Failed(attempt, String.valueOf(done.cause())));
              } else if (lifecycle.dialing(attempt)) {
                receiver.socket = done.result();
                line = Optional.of(receiver);
                live(new Lifecycle.Event.Dialed(attempt));
              } else {
                done.result().close();
              }
            });
  }

  private void hangUp() {
    Optional<LineReceiver> was = line;
    line = Optional.empty();
    was.ifPresent(receiver -> receiver.socket.close());
    if (up) {
      up = false;
      marks.disconnected();
      wiring.observer().disconnected(lifecycle.silentMs(nowMs));
      requests.disconnected();
      receiving.disconnected();
      sending.step(new OutboxEvent.Disconnected());
    }
  }

  private void stop(String reason) {
    live(new Lifecycle.Event.Stop(reason));
  }

  private void ended(Lifecycle.Effect.Stopped what) {
    stopped = true;
    cancelTimer();
    ErrorCode code = ErrorCode.of(what.code()).orElse(ErrorCode.NOT_CONNECTED);
    started.tryFail(new QuipuException(code, Outcome.NOT_APPLIED, what.reason()));
    sending.stop(code, what.reason());
    receiving.stop();
    requests.stop();
    if (code == ErrorCode.REPLACED) {
      tell(new ClientEvent.Replaced(what.reason()));
    }
    tell(new ClientEvent.Stopped(what.reason()));
  }

  // ---- turns and time

  private void now() {
    nowMs = wiring.clockMs().getAsLong();
  }

  @Override
  public long nowMs() {
    return nowMs;
  }

  @Override
  public void onContext(Runnable task) {
    if (Vertx.currentContext() == context) {
      now();
      task.run();
    } else {
      context.runOnContext(
          v -> {
            now();
            task.run();
          });
    }
  }

  @Override
  public void write(Frame frame) {
    if (line.isPresent()) {
      line.get().socket.write(wiring.transport().codec().encode(frame));
      lifecycle.wrote(nowMs);
    }
  }

  @Override
  public void giveUp(String reason) {
    live(new Lifecycle.Event.GivenUp(reason));
  }

  @Override
  public void tell(ClientEvent event) {
    try {
      wiring.eventHandler().accept(event);
    } catch (RuntimeException e) {
      LOG.error("the event handler threw, device={} event={}", wiring.device(), event, e);
    }
  }

  @Override
  public void scheduleTurn() {
    if (!turnScheduled && !turnPromised && !stopped) {
      turnScheduled = true;
      context.runOnContext(
          v -> {
            turnScheduled = false;
            now();
            turn();
          });
    }
  }

  private void turn() {
    receiving.feed(new InboxEvent.Flush());
    if (line.isPresent()) {
      line.get().socket.flush();
    }
    arm();
  }

  private void arm() {
    long dueMs =
        Math.min(
            Math.min(lifecycle.nextDeadlineMs(), requests.nextDeadlineMs()),
            Math.min(sending.nextDeadlineMs(), receiving.nextDeadlineMs()));
    if (stopped || dueMs >= timerAtMs) {
      return; // the timer comes earlier, and looks again
    }
    cancelTimer();
    timerAtMs = dueMs;
    timerId = vertx.setTimer(Math.max(1, dueMs - nowMs), id -> tick());
  }

  private void cancelTimer() {
    if (timerAtMs != NEVER) {
      vertx.cancelTimer(timerId);
      timerAtMs = NEVER;
    }
  }

  private void tick() {
    timerAtMs = NEVER;
    now();
    live(new Lifecycle.Event.Tick());
    sending.step(new OutboxEvent.Tick());
    receiving.feed(new InboxEvent.Tick());
    requests.tick(nowMs);
    turn();
  }
}
