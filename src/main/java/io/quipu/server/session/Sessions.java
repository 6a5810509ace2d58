package io.quipu.server.session;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.cluster.Placement;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.cluster.UserNews;
import io.quipu.server.cluster.Whisper;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.Journal;
import io.quipu.server.limits.RateLimits;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.people.Attendance;
import io.quipu.server.recipient.Outlet;
import io.quipu.server.recipient.ReceiptRouting;
import io.quipu.server.recipient.Recipients;
import io.quipu.server.time.Clock;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * ② The sessions of one event loop: runs what each {@link Session} wants done, and takes what the
 * bus brings for them. Everything happens on that event loop.
 */
public final class Sessions {
  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

  private static final int TICK_MS = 250;

  private final Address.Loop loop;
  private final Rules rules;
  private final Bus bus;
  private final Placement placement;
  private final Registry registry;
  private final Journal journal;
  private final Directory directory;
  private final Logins logins;
  private final Recipients recipients;
  private final Attendance attendance;
  private final RateLimits limits;
  private final Clock clock;
  private final Metrics metrics;
  private final Numbers numbers;
  private final Context context;
  private final AppendRouter router;
  private final Map<Long, Handle> handles = new HashMap<>();
  private final OneAppends oneAppends;
  private int appendsAtWork;

  /** Those that wait for an owner, and only those, are ticked, in an order that replays. */
  private final Set<Handle> ticking = new LinkedHashSet<>();

  private Bus.Registration registration = Future::succeededFuture;
  private long timer;

  /**
   * @param maxDevices of one user
   * @param maxOneAppends appends of HTTP requests at work at once in this loop
   */
  public record Rules(
      io.quipu.model.Limits limits,
      int appendRetryMs,
      int maxRequests,
      int maxUnresolved,
      int maxDevices,
      int maxOneAppends) {}

  public Sessions(
      Context context,
      Address.Loop loop,
      Rules rules,
      Numbers numbers,
      Bus bus,
      Placement placement,
      Registry registry,
      Journal journal,
      Directory directory,
      Authenticator authenticator,
      Recipients recipients,
      Attendance attendance,
      RateLimits limits,
      Clock clock,
      Metrics metrics) {
    this.context = context;
    this.loop = loop;
    this.rules = rules;
    this.numbers = numbers;
    this.bus = bus;
    this.placement = placement;
    this.registry = registry;
    this.journal = journal;
    this.directory = directory;
    this.logins = new Logins(authenticator, limits);
    this.recipients = recipients;
    this.attendance = attendance;
    this.limits = limits;
    this.clock = clock;
    this.metrics = metrics;
    this.router = new AppendRouter(context, bus, placement, this::answered);
    this.oneAppends = new OneAppends(loop, numbers, router, clock, metrics);
  }

  /** Starts to take what the bus brings for this loop. */
  public Future<Void> start() {
    Vertx vertx = context.owner();
    timer = vertx.setPeriodic(TICK_MS, unused -> tick());
    placement.onLoss(lost -> context.runOnContext(onLoop -> ownersLost(lost)));
    return bus.serve(loop, this::receive).onSuccess(served -> registration = served).mapEmpty();
  }

  public Future<Void> stop() {
    context.owner().cancelTimer(timer);
    return registration.close();
  }

  /**
   * A new connection. Its first frame must be Connect.
   *
   * @param remote the address of the other end, without its port
   */
  public Handle open(Outlet outlet, String remote) {
    Handle handle = new Handle(numbers.nextSession(), outlet, remote);
    handles.put(handle.address.session(), handle);
    return handle;
  }

  /** Tells every open session to go elsewhere, spread over this time. */
  public void drain(int spreadMs) {
    List<Handle> open = List.copyOf(handles.values());
    for (int i = 0; i < open.size(); i++) {
      open.get(i).step(new SessionEvent.Drain((int) ((long) spreadMs * (i + 1) / open.size())));
    }
  }

  /** True when everything that was accepted has its answer. */
  public boolean isDrained() {
    return appendsAtWork == 0
        && handles.values().stream().allMatch(handle -> handle.session.isDrained());
  }

  /**
   * Appends once, outside of any session: a link of its own with one send. A retry with the same id
   * is a success. Fails with {@code QuipuException}; outcome UNKNOWN where a copy may travel. What
   * {@link UserId#SYSTEM} sends is sent by the authority of the node.
   */
  public Future<Verdict.Stored> append(
      UserId user,
      ConversationId conversation,
      UUID clientMessageId,
      boolean resend,
      Content content) {
    return append(user, conversation, clientMessageId, resend, content, user.equals(UserId.SYSTEM));
  }

  /**
   * The same by the authority of the node itself, if {@code system}: then the user need not be a
   * member, nor be the one who asks.
   */
  public Future<Verdict.Stored> append(
      UserId user,
      ConversationId conversation,
      UUID clientMessageId,
      boolean resend,
      Content content,
      boolean system) {
    if (appendsAtWork >= rules.maxOneAppends()) {
      return Future.failedFuture(
          new QuipuException(
              ErrorCode.OWNER_BUSY,
              resend ? Outcome.UNKNOWN : Outcome.NOT_APPLIED,
              "too many requests at work"));
    }
    int waitMs = user.equals(UserId.SYSTEM) ? 0 : limits.send(user, Sends.isCreation(content));
    if (waitMs > 0) {
      return Future.failedFuture(
          new QuipuException(
              ErrorCode.RATE_LIMITED,
              resend ? Outcome.UNKNOWN : Outcome.NOT_APPLIED,
              waitMs,
              "sent too much in this time"));
    }
    appendsAtWork++;
    return directory
        .userKey(user)
        .compose(
            userKey ->
                oneAppends.append(
                    user, userKey, conversation, clientMessageId, resend, content, system))
        .onComplete(ended -> appendsAtWork--);
  }

  /**
   * Appends in the name of a user who may no longer come himself, by the authority of this node.
   * Not bounded here: the caller has a few of them.
   */
  public Future<Verdict.Stored> append(
      UserId user,
      long userKey,
      ConversationId conversation,
      UUID clientMessageId,
      Content content) {
    appendsAtWork++;
    return oneAppends
        .append(user, userKey, conversation, clientMessageId, true, content, true)
        .onComplete(ended -> appendsAtWork--);
  }

  // ---- what the bus brings

  private void receive(BusMessage message) {
    if (message instanceof Outbound outbound) {
      receive(outbound);
    } else if (message instanceof UserNews news) {
      receive(news);
    }
  }

  private void receive(UserNews news) {
    for (UserNews.Seen seen : news.seen()) {
      reply(seen.session(), new Frame.Presence(seen.user(), seen.online(), seen.lastSeenMs()));
    }
    for (UserNews.Muted muted : news.muted()) {
      reply(muted.session(), new Frame.Mute(muted.conversation(), muted.untilMs()));
    }
    for (UserNews.Revoked revoked : news.revoked()) {
      for (Handle handle : List.copyOf(handles.values())) {
        handle.dismissIf(revoked);
      }
    }
  }

  private void reply(long session, Frame frame) {
    Handle handle = handles.get(session);
    if (handle != null && handle.session.isOpen()) {
      handle.outlet.send(frame);
    }
  }

  private void receive(Outbound outbound) {
    // Acks before deliveries: SendAck n is written before Deliver > n.
    for (AppendAnswer answer : outbound.answers()) {
      answered(answer);
    }
    for (Outbound.Delivery delivery : outbound.deliveries()) {
      recipients.deliver(delivery);
    }
    for (Outbound.ReceiptNotice notice : outbound.receipts()) {
      Handle handle = handles.get(notice.session());
      if (handle != null && handle.session.isOpen()) {
        handle.outlet.send(ReceiptRouting.frame(handle.session.user(), notice));
      }
    }
    for (Outbound.Hint hint : outbound.hints()) {
      Handle handle = handles.get(hint.session());
      if (handle != null && handle.session.isOpen() && handle.outlet.writable()) {
        handle.outlet.send(hint.frame());
      }
    }
    for (Outbound.Kick kick : outbound.kicks()) {
      Handle handle = handles.get(kick.session());
      if (handle != null) {
        handle.step(new SessionEvent.Kicked(kick.newerGeneration()));
      }
    }
  }

  private void answered(AppendAnswer answer) {
    Handle handle = handles.get(answer.session());
    if (handle != null) {
      handle.step(new SessionEvent.Answered(answer));
    } else {
      oneAppends.answered(answer);
    }
  }

  private void ownersLost(Predicate<ConversationId> conversations) {
    for (Handle handle : new ArrayList<>(ticking)) {
      handle.step(new SessionEvent.OwnersLost(conversations));
    }
    oneAppends.ownersLost(conversations);
  }

  private void tick() {
    for (Handle handle : new ArrayList<>(ticking)) {
      handle.step(new SessionEvent.Tick());
    }
    oneAppends.tick(rules.appendRetryMs(), rules.limits().sendTimeoutMs());
  }

  private static QuipuException expected(Throwable cause) {
    if (cause instanceof QuipuException e) {
      return e;
    }
    LOG.error("a bug", cause);
    return new QuipuException(ErrorCode.BUG, "internal error");
  }

  /** One connection's session. */
  public final class Handle {
    private final SessionAddress address;
    private final Session session;
    private final Outlet outlet;
    private final String remote;
    private Optional<Registry.Entry> entry = Optional.empty();
    private long userKey;
    private long deviceKey;

    /** Of the token that is good now. */
    private long tokenIssuedAtMs;

    private Handle(long number, Outlet outlet, String remote) {
      this.address = new SessionAddress(loop, number);
      this.outlet = outlet;
      this.remote = remote;
      this.session =
          new Session(
              address,
              new Session.Rules(
                  rules.limits(),
                  rules.appendRetryMs(),
                  rules.maxRequests(),
                  rules.maxUnresolved()),
              numbers::nextLink,
              limits::send);
    }

    /** A frame of the client has arrived. That of a session with a successor changes nothing. */
    public void received(Frame frame) {
      step(numbers.received(address.session(), frame));
    }

    /** The socket is gone, or will be: nothing more comes of this session. */
    public void gone() {
      if (handles.remove(address.session()) == null) {
        return;
      }
      ticking.remove(this);
      session.step(new SessionEvent.Gone(), clock.nowMs(), clock.unixMs());
      entry.ifPresent(
          registered -> {
            registry.unregister(registered);
            numbers.ended(address.session());
            recipients.close(address.session());
            attendance.left(address, deviceKey);
            metrics.sessionClosed();
            on(LOG.atDebug()).log("a session has ended");
          });
      entry = Optional.empty();
    }

    /** The socket takes frames again. */
    public void writable() {
      if (session.isOpen()) {
        recipients.writable(address.session());
      }
    }

    /** Lets the session see that time has passed: an expired token ends it. */
    public void tick() {
      step(new SessionEvent.Tick());
    }

    /** True until Connected. */
    public boolean isConnecting() {
      return session.isConnecting();
    }

    /** Unix time in ms; 0 before Connected. */
    public long tokenExpiresAtMs() {
      return session.tokenExpiresAtMs();
    }

    /** A line of the log about this session; before it has begun there is no user. */
    public LoggingEventBuilder on(LoggingEventBuilder line) {
      LoggingEventBuilder of = line.addKeyValue("connection", address.session());
      return isConnecting() || session.tokenExpiresAtMs() == 0
          ? of
          : of.addKeyValue("user", session.user()).addKeyValue("device", session.device());
    }

    /** A bug here ends this session; it must not reach those that are served in the same turn. */
    private void step(SessionEvent event) {
      try {
        session.step(event, clock.nowMs(), clock.unixMs()).forEach(this::run);
      } catch (RuntimeException | AssertionError bug) {
        on(LOG.atError()).setCause(bug).log("a session ends after a bug");
        outlet.close(ErrorCode.BUG, 0, "internal error");
      }
      if (session.wantsTicks()) {
        ticking.add(this);
      } else {
        ticking.remove(this);
      }
    }

    private void run(SessionEffect effect) {
      if (effect instanceof SessionEffect.Reply reply) {
        count(reply.frame());
        outlet.send(reply.frame());
      } else if (effect instanceof SessionEffect.Route route) {
        route.appends().forEach(router::route);
      } else if (effect instanceof SessionEffect.Pass pass) {
        pass(pass.frame());
      } else if (effect instanceof SessionEffect.OpenDevice open) {
        openDevice(open);
      } else if (effect instanceof SessionEffect.Enter enter) {
        enter(enter);
      } else if (effect instanceof SessionEffect.CheckToken check) {
        checkToken(check);
      } else if (effect instanceof SessionEffect.Whisper whisper) {
        bus.send(
            placement.routeOf(whisper.conversation()).owner(),
            new Whisper(address, whisper.conversation(), session.user()));
      } else if (effect instanceof SessionEffect.AskFate ask) {
        askFate(ask);
      } else if (effect instanceof SessionEffect.End end) {
        journal
            .voidSend(end.conversation(), session.user(), end.clientMessageId())
            .onSuccess(fate -> step(new SessionEvent.Ended(end, fate)))
            .onFailure(cause -> step(new SessionEvent.EndFailed(end, expected(cause))));
      } else if (effect instanceof SessionEffect.Close close) {
        outlet.close(close.reason(), close.retryAfterMs(), close.detail());
      }
    }

    private void checkToken(SessionEffect.CheckToken check) {
      logins
          .authenticator()
          .authenticateUser(check.token())
          .compose(
              identity ->
                  attendance.checkRenewal(identity.user(), identity.issuedAtMs()).map(identity))
          .onSuccess(
              identity -> {
                if (identity.user().equals(session.user())) {
                  tokenIssuedAtMs = identity.issuedAtMs();
                }
                step(new SessionEvent.TokenChecked(identity.user(), identity.expiresAtMs()));
              })
          .onFailure(cause -> step(new SessionEvent.TokenRefused(expected(cause))));
    }

    private void openDevice(SessionEffect.OpenDevice open) {
      logins
          .userOf(open.token(), remote)
          .compose(
              identity ->
                  directory
                      .openSession(
                          identity.user(), open.device(), identity.issuedAtMs(), rules.maxDevices())
                      .map(
                          device -> {
                            tokenIssuedAtMs = identity.issuedAtMs();
                            return new SessionEvent.Opened(
                                identity.user(), identity.expiresAtMs(), device);
                          }))
          .onSuccess(
              opened -> {
                if (handles.containsKey(address.session())) {
                  step(opened);
                }
              })
          .onFailure(
              cause -> {
                QuipuException reason = expected(cause);
                metrics.loginFailed(reason.code());
                step(new SessionEvent.OpenFailed(reason));
              });
    }

    private void enter(SessionEffect.Enter enter) {
      recipients.open(
          new Recipients.Recipient(
              address.session(),
              enter.user(),
              enter.opened().userKey(),
              enter.device(),
              enter.opened().deviceKey(),
              enter.opened().deviceIsNew(),
              outlet));
      Registry.Entry registered =
          new Registry.Entry(enter.user(), enter.device(), enter.opened().generation(), address);
      entry = Optional.of(registered);
      userKey = enter.opened().userKey();
      deviceKey = enter.opened().deviceKey();
      metrics.sessionOpened();
      on(LOG.atDebug())
          .addKeyValue("generation", registered.generation())
          .log("a session has begun");
      registry.register(registered).forEach(older -> kick(older, registered.generation()));
      // Two of one device may come here in the wrong order: then the newcomer gives way.
      registry.locate(enter.user()).stream()
          .filter(other -> other.device().equals(enter.device()))
          .mapToLong(Registry.Entry::generation)
          .filter(generation -> generation > registered.generation())
          .max()
          .ifPresent(newer -> kick(registered, newer));
      attendance
          .dismissal(userKey, enter.device(), tokenIssuedAtMs)
          .ifPresent(code -> step(SessionEvent.Dismissed.of(code)));
    }

    private void dismissIf(UserNews.Revoked revoked) {
      boolean meant =
          entry.isPresent()
              && userKey == revoked.userKey()
              && revoked.device().map(session.device()::equals).orElse(true);
      if (meant && (revoked.erased() || tokenIssuedAtMs < revoked.issuedBeforeMs())) {
        step(
            SessionEvent.Dismissed.of(
                revoked.erased() ? ErrorCode.USER_ERASED : ErrorCode.TOKEN_REVOKED));
      }
    }

    private void kick(Registry.Entry older, long newerGeneration) {
      numbers.replace(registry, older, newerGeneration, loop.node());
      SessionAddress to = older.address();
      bus.send(to.loop(), Outbound.ofKick(new Outbound.Kick(to.session(), newerGeneration)));
    }

    private void askFate(SessionEffect.AskFate ask) {
      Future<Journal.SendFate> fate =
          ask.cancel()
              ? journal.voidSend(ask.conversation(), session.user(), ask.clientMessageId())
              : journal.fateOf(ask.conversation(), session.user(), ask.clientMessageId());
      fate.onSuccess(
              told ->
                  step(
                      new SessionEvent.FateTold(
                          ask.request(), ask.conversation(), ask.clientMessageId(), told)))
          .onFailure(
              cause ->
                  step(
                      new SessionEvent.FateUntold(
                          ask.request(), ask.conversation(), expected(cause))));
    }

    private void pass(Frame frame) {
      long number = address.session();
      if (frame instanceof Frame.DeliverAck ack) {
        metrics.deliveryAcked();
        recipients.deliverAck(number, ack.conversation(), ack.seq());
      } else if (frame instanceof Frame.Sync sync) {
        recipients.sync(number, sync);
      } else if (frame instanceof Frame.SyncAck ack) {
        recipients.syncAck(number, ack);
      } else if (frame instanceof Frame.ReadMark mark) {
        recipients.readMark(number, mark.conversation(), mark.seq());
      } else if (frame instanceof Frame.WatchPresence watch) {
        attendance.watch(address, session.user(), watch.users());
      } else {
        recipients.request(number, frame);
      }
    }

    private void count(Frame frame) {
      if (frame instanceof Frame.SendAck ack) {
        if (ack.duplicate()) {
          metrics.sendAckedAgain();
        } else {
          metrics.sendAcked();
        }
      } else if (frame instanceof Frame.SendRejected rejected) {
        metrics.sendRejected(rejected.code());
      }
    }
  }
}
