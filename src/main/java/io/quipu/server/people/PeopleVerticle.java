package io.quipu.server.people;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.NodeParcel;
import io.quipu.server.cluster.OnlineUsers;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.cluster.UserNews;
import io.quipu.server.journal.Devices;
import io.quipu.server.journal.Devices.Look;
import io.quipu.server.journal.Erasures;
import io.quipu.server.journal.Erasures.Erasure;
import io.quipu.server.journal.Mutes;
import io.quipu.server.journal.Revocations;
import io.quipu.server.journal.Revocations.Recent;
import io.quipu.server.journal.Revocations.Revocation;
import io.quipu.server.people.PresenceBoard.Told;
import io.quipu.server.people.PresenceBoard.Watch;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The users of a node: who watches whom, who was last seen when, whose tokens were revoked, who is
 * being erased. One per node; state on its own event loop, calls from any.
 */
public final class PeopleVerticle extends VerticleBase implements People, Attendance {
  private static final Logger log = LoggerFactory.getLogger(PeopleVerticle.class);

  /** Half a second is soon for an eye, and one statement for all who left in it. */
  private static final int TICK_MS = 500;

  /** Who may see whom is asked again after so long, at most. */
  private static final int TRUST_MS = 5_000;

  /** Pairs in one statement. */
  private static final int LOOKS = 500;

  /** Pairs that come up for another look in each tick: 2,000 a second for a node. */
  private static final int RECHECKS = 1_000;

  /** Revocations in memory: 10 MB. Beyond them the store is asked for each HTTP request. */
  private static final int REVOCATIONS = 50_000;

  /** Devices whose last seen is not yet stored; beyond it the oldest stay as they are. */
  private static final int UNSEEN = 100_000;

  private static final int SEEN_AT_ONCE = 1_000;

  /** Users who are being erased by this node at once. */
  private static final int ERASURES = 4;

  /** What others began and did not finish is looked for as often, as is what is too old to keep. */
  private static final int HOUSEKEEPING_MS = 60_000;

  private final Ports ports;
  private final Clock clock;
  private final int pollMs;
  private final PresenceBoard board;
  private final RevokedTokens revoked = new RevokedTokens(REVOCATIONS);
  private final Eraser eraser;
  private final Map<Long, Long> seen = new HashMap<>();
  private final Map<Long, Future<Void>> erasing = new HashMap<>();
  private long mark;
  private boolean judging;
  private boolean storingSeen;
  private Optional<Future<Void>> polling = Optional.empty();
  private boolean pollFailing;

  /**
   * @param registry the sessions of this node
   * @param outreach used on the event loop of this verticle only
   * @param loops of this node, all of them
   */
  public record Ports(
      Registry registry,
      OnlineUsers online,
      Bus bus,
      Outreach outreach,
      List<Address.Loop> loops,
      Devices devices,
      Mutes mutes,
      Revocations revocations,
      Erasures erasures) {
    public Ports {
      loops = List.copyOf(loops);
    }
  }

  /** Puts an entry into a conversation by the authority of the node, in the name of a user. */
  public interface Appending extends Eraser.Appending {}

  /**
   * @param pollMs revocations of other nodes are known after so long
   * @param graceMs who comes back within it was never away
   */
  public PeopleVerticle(Ports ports, Appending appending, Clock clock, int pollMs, int graceMs) {
    this.ports = ports;
    this.clock = clock;
    this.pollMs = pollMs;
    this.board = new PresenceBoard(graceMs, TRUST_MS, ports.online::isOnline);
    this.eraser = new Eraser(ports.erasures, appending);
  }

  /** Succeeds also while the store is down: it is asked again and again. */
  @Override
  public Future<?> start() {
    ports.online.onChange(
        user -> onContext(() -> tell(board.changed(user, clock.nowMs(), clock.unixMs()))));
    vertx.setPeriodic(TICK_MS, id -> tick());
    vertx.setPeriodic(
        pollMs,
        id -> {
          if (polling.isEmpty()) {
            poll().otherwiseEmpty();
          }
        });
    vertx.setPeriodic(HOUSEKEEPING_MS, id -> keepHouse());
    return poll().otherwiseEmpty();
  }

  /** Notes who was last seen when; its timers go with it. */
  @Override
  public Future<?> stop() {
    return storeSeen().otherwiseEmpty();
  }

  private void tick() {
    long nowMs = clock.nowMs();
    tell(board.due(nowMs));
    board.recheck(RECHECKS, nowMs);
    judge();
    storeSeen().otherwiseEmpty();
  }

  // ---- presence

  @Override
  public void watch(SessionAddress session, UserId viewer, List<UserId> users) {
    onContext(
        () -> {
          board.watch(session, viewer, users);
          judge();
        });
  }

  /**
   * One question at a time; the line is fair, since each session stands in it with what it watches
   * now.
   */
  private void judge() {
    if (judging || !board.hasToJudge()) {
      return;
    }
    judging = true;
    List<Watch> next = board.nextToJudge(LOOKS);
    List<Look> looks = next.stream().map(watch -> watch.look).distinct().toList();
    here(ports
            .online
            .learn(looks.stream().map(Look::user).distinct().toList())
            .compose(learnt -> ports.devices.allowed(looks)))
        .onComplete(
            done -> {
              judging = false;
              if (done.succeeded()) {
                tell(board.judged(next, done.result(), clock.nowMs()));
                judge();
              } else {
                board.notJudged(next); // again with the next tick
                reportLooks(done.cause());
              }
            });
  }

  private static void reportLooks(Throwable failure) {
    if (failure instanceof QuipuException known && known.code() == ErrorCode.STORE_DOWN) {
      log.debug("who may see whom waits for the store: {}", known.getMessage());
    } else {
      log.error("who may see whom is not known", failure);
    }
  }

  private void tell(List<Told> told) {
    Map<Address.Loop, List<UserNews.Seen>> news = new HashMap<>();
    for (Told one : told) {
      news.computeIfAbsent(one.session().loop(), loop -> new ArrayList<>())
          .add(
              new UserNews.Seen(
                  one.session().session(), one.user(), one.online(), one.lastSeenMs()));
    }
    news.forEach((loop, some) -> ports.bus.send(loop, UserNews.ofSeen(some)));
    judge();
  }

  @Override
  public Future<Frame.Presence> presence(Optional<UserId> viewer, UserId user) {
    Look look = new Look(viewer.orElse(user), user);
    return caller(
            ports
                .online
                .learn(List.of(user))
                .compose(learnt -> ports.devices.allowed(List.of(look))))
        .map(
            allowed -> {
              Optional<Long> lastSeenMs = Optional.ofNullable(allowed.get(look));
              boolean online = lastSeenMs.isPresent() && ports.online.isOnline(user);
              return new Frame.Presence(user, online, online ? 0 : lastSeenMs.orElse(0L));
            });
  }

  @Override
  public void left(SessionAddress session, long deviceKey) {
    long unixMs = clock.unixMs();
    onContext(
        () -> {
          board.unwatch(session);
          if (seen.size() < UNSEEN) {
            seen.merge(deviceKey, unixMs, Math::max);
          }
        });
  }

  private Future<Void> storeSeen() {
    if (storingSeen || seen.isEmpty()) {
      return Future.succeededFuture();
    }
    storingSeen = true;
    Map<Long, Long> some = new HashMap<>();
    for (Map.Entry<Long, Long> one : seen.entrySet()) {
      if (some.size() == SEEN_AT_ONCE) {
        break;
      }
      some.put(one.getKey(), one.getValue());
    }
    return here(ports.devices.seen(some))
        .onComplete(
            done -> {
              storingSeen = false;
              if (done.succeeded()) {
                some.forEach(seen::remove);
              }
            });
  }

  // ---- mutes

  @Override
  public Future<Void> mute(UserId user, ConversationId conversation, long untilMs) {
    return mute(Optional.empty(), user, conversation, untilMs);
  }

  @Override
  public Future<Void> mute(
      Optional<SessionAddress> from, UserId user, ConversationId conversation, long untilMs) {
    if (untilMs < 0) {
      return Future.failedFuture(
          new QuipuException(ErrorCode.INVALID_REQUEST, "muted until a time below 0"));
    }
    return caller(ports.mutes.mute(user, conversation, untilMs))
        .onSuccess(
            stored -> {
              onContext(
                  () -> {
                    ports.outreach.muting(new NodeParcel.Muting(user, from, conversation, untilMs));
                    ports.outreach.flush();
                  });
            });
  }

  // ---- devices, sessions, tokens

  @Override
  public Future<List<Device>> devices(UserId user) {
    return caller(ports.devices.devices(user))
        .map(
            known -> {
              Set<DeviceId> connected = new HashSet<>();
              ports.registry.locate(user).forEach(entry -> connected.add(entry.device()));
              return known.stream()
                  .map(
                      one ->
                          new Device(
                              one.device(),
                              one.createdMs(),
                              one.lastSeenMs(),
                              connected.contains(one.device())))
                  .toList();
            });
  }

  @Override
  public Future<List<OpenSession>> sessions(UserId user) {
    return Future.succeededFuture(
        ports.registry.locate(user).stream()
            .map(
                entry ->
                    new OpenSession(
                        entry.device(), entry.generation(), entry.address().loop().node().value()))
            .toList());
  }

  @Override
  public Future<Boolean> revokeDevice(UserId user, DeviceId device) {
    return thenPoll(ports.revocations.revokeDevice(user, device));
  }

  @Override
  public Future<Boolean> revokeAll(UserId user) {
    return thenPoll(ports.revocations.revokeAll(user));
  }

  /** So that on this node it holds at once. */
  private <T> Future<T> thenPoll(Future<T> revoking) {
    return caller(
        here(revoking).compose(done -> here(poll()).otherwiseEmpty().map(polled -> done)));
  }

  @Override
  public Future<Void> checkToken(UserId user, long issuedAtMs) {
    if (revoked.isComplete() && revoked.isEmpty()) {
      return Future.succeededFuture();
    }
    if (!revoked.isComplete()) {
      return checkRenewal(user, issuedAtMs);
    }
    return caller(ports.revocations.nameHash(user))
        .compose(
            hash ->
                revoked
                    .ofName(hash, issuedAtMs)
                    .map(code -> Future.<Void>failedFuture(refusal(code)))
                    .orElse(Future.succeededFuture()));
  }

  @Override
  public Future<Void> checkRenewal(UserId user, long issuedAtMs) {
    return caller(ports.revocations.check(user, issuedAtMs));
  }

  @Override
  public Optional<ErrorCode> dismissal(long userKey, DeviceId device, long issuedAtMs) {
    return revoked.ofSession(userKey, device, issuedAtMs);
  }

  private static QuipuException refusal(ErrorCode code) {
    String detail =
        code == ErrorCode.USER_ERASED
            ? "this user has been erased"
            : "tokens that were issued so early have been revoked";
    return new QuipuException(code, Outcome.NOT_APPLIED, detail);
  }

  /** One at a time; whoever asks while one runs waits for one after it, which sees his commit. */
  private Future<Void> poll() {
    if (polling.isPresent()) {
      return polling.get().transform(ended -> poll());
    }
    Future<Void> now = here(ports.revocations.recent(mark)).map(this::learnt);
    polling = Optional.of(now);
    return now.onComplete(
        done -> {
          polling = Optional.empty();
          report(done.cause());
        });
  }

  private Void learnt(Recent recent) {
    List<UserNews.Revoked> fresh = new ArrayList<>();
    for (Revocation one : recent.revocations()) {
      if (revoked.add(one)) {
        fresh.add(
            new UserNews.Revoked(one.userKey(), one.device(), one.issuedBeforeMs(), one.erased()));
      }
    }
    if (mark == 0) {
      revoked.allRead();
    }
    mark = recent.nextMark();
    if (!fresh.isEmpty()) {
      ports.loops.forEach(loop -> ports.bus.send(loop, UserNews.ofRevoked(fresh)));
    }
    return null;
  }

  private void report(Throwable failure) {
    if (failure != null && !pollFailing) {
      log.warn("what was revoked elsewhere is not known: {}", failure.getMessage());
    }
    pollFailing = failure != null;
  }

  // ---- erasing

  @Override
  public Future<Boolean> erase(UserId user) {
    if (user.equals(UserId.SYSTEM)) {
      return Future.failedFuture(
          new QuipuException(ErrorCode.NOT_ALLOWED, "the system is nobody to erase"));
    }
    return thenPoll(ports.erasures.begin(user))
        .compose(
            begun -> {
              if (begun.isEmpty()) {
                return Future.succeededFuture(false);
              }
              return begun.get().done()
                  ? Future.succeededFuture(true)
                  : caller(run(begun.get())).map(true);
            });
  }

  /** Whoever asks for one that is under way waits for its end. */
  private Future<Void> run(Erasure erasure) {
    Promise<Void> done = Promise.promise();
    onContext(() -> begun(erasure).onComplete(done));
    return done.future();
  }

  private Future<Void> begun(Erasure erasure) {
    long userKey = erasure.userKey();
    if (erasing.containsKey(userKey)) {
      return erasing.get(userKey);
    }
    if (erasing.size() >= ERASURES) {
      return Future.failedFuture(
          new QuipuException(
              ErrorCode.TOO_MANY_REQUESTS,
              "at most " + ERASURES + " users are erased at once; this one comes later"));
    }
    Future<Void> walk = here(eraser.erase(erasure));
    erasing.put(userKey, walk);
    return walk.onComplete(
        ended -> {
          erasing.remove(userKey);
          if (ended.succeeded()) {
            log.info("user {} is erased", userKey);
          } else {
            log.warn(
                "the erasure of user {} will go on later: {}", userKey, ended.cause().getMessage());
          }
        });
  }

  /** Goes on with what a node began that is gone, or could not finish. */
  private void keepHouse() {
    here(ports.erasures.unfinished(ERASURES))
        .onSuccess(some -> some.forEach(one -> run(one).otherwiseEmpty()))
        .otherwiseEmpty();
    ports.revocations.forgetOld().otherwiseEmpty();
  }

  // ---- event loops

  private void onContext(Runnable action) {
    context.runOnContext(now -> action.run());
  }

  /** The same, ending on this verticle's event loop. */
  private <T> Future<T> here(Future<T> elsewhere) {
    Promise<T> promise = Promise.promise();
    elsewhere.onComplete(ended -> context.runOnContext(now -> promise.handle(ended)));
    return promise.future();
  }

  /** The same, ending on the event loop that called. */
  private static <T> Future<T> caller(Future<T> elsewhere) {
    var context = Vertx.currentContext();
    if (context == null) {
      return elsewhere;
    }
    Promise<T> promise = Promise.promise();
    elsewhere.onComplete(ended -> context.runOnContext(now -> promise.handle(ended)));
    return promise.future();
  }
}
