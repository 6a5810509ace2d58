package io.quipu.server.recipient;

import static io.quipu.server.recipient.Scene.ALICE;
import static io.quipu.server.recipient.Scene.BOB;
import static io.quipu.server.recipient.Scene.TALK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quipu.fake.NoAttendance;
import io.quipu.fake.NoLists;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MessageRange;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.protocol.SharedFrame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Alone;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.LocalRegistry;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.cluster.Outbound.ReceiptNotice;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.HistoryPages;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The shell on a real event loop, with a log in memory and a clock that stands still. */
final class RecipientVerticleTest {
  private static final Duration SOON = Duration.ofSeconds(5);
  private static final Address.Loop LOOP = new Address.Loop(new NodeId("n"), 0);

  private static final RecipientLimits LIMITS =
      new RecipientLimits(
          8, 100_000, 5_000, 3, 10, 4, 100, 300, 2, 100, 4, 48_000, 5, 1_000, 4, 2, 1_000, 100, 10,
          20);

  private static final Vertx VERTX = Vertx.vertx();

  private static final Alone ALONE = new Alone(LOOP.node(), 1);

  private final MemoryLog log = new MemoryLog();
  private final AtomicLong nowMs = new AtomicLong(1_000);
  private final LocalRegistry registry = new LocalRegistry();
  private final List<ReceiptNotice> notices = new CopyOnWriteArrayList<>();
  private final AtomicLong outstanding = new AtomicLong();
  private final AtomicLong unacked = new AtomicLong();
  private RecipientVerticle recipients = verticle(log);

  @BeforeEach
  void deploy() {
    done(VERTX.deployVerticle(recipients));
  }

  @AfterEach
  void undeploy() {
    for (String id : VERTX.deploymentIDs()) {
      done(VERTX.undeploy(id));
    }
  }

  @AfterAll
  static void close() {
    done(VERTX.close());
  }

  private RecipientVerticle verticle(MessageLog messages) {
    Clock clock =
        new Clock() {
          @Override
          public long nowMs() {
            return nowMs.get();
          }

          @Override
          public long unixMs() {
            return nowMs.get();
          }
        };
    Bus bus =
        new Bus() {
          @Override
          public boolean send(Address to, BusMessage message) {
            notices.addAll(((Outbound) message).receipts());
            return true;
          }

          @Override
          public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
            return Future.failedFuture("nobody serves here");
          }
        };
    return new RecipientVerticle(
        LOOP,
        LIMITS,
        messages,
        log,
        requests(messages),
        log,
        new Outreach(0, bus, registry, ALONE, ALONE),
        clock,
        (conversations, unacked) -> {
          outstanding.addAndGet(conversations);
          this.unacked.addAndGet(unacked);
        });
  }

  private Requests requests(MessageLog messages) {
    HistoryPages history =
        new HistoryPages(messages, new NoLists(), LIMITS.pageMessages(), LIMITS.pageBytes());
    return new Requests(
        history, new NoLists(), log, new NoAttendance(), LIMITS.pageMessages(), LIMITS.pageBytes());
  }

  private static <T> T done(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private <T> T on(Supplier<T> action) {
    Promise<T> promise = Promise.promise();
    recipients.eventLoop().runOnContext(v -> promise.complete(action.get()));
    return done(promise.future());
  }

  private void run(Runnable action) {
    on(
        () -> {
          action.run();
          return true;
        });
  }

  private Scene.Line open(long session, long deviceKey) {
    Scene.Line outlet = new Scene.Line();
    run(
        () ->
            recipients.open(
                new Recipients.Recipient(
                    session, ALICE, 1, new DeviceId("d" + deviceKey), deviceKey, false, outlet)));
    return outlet;
  }

  private Scene.Line live(long session) {
    Scene.Line outlet = open(session, session);
    run(() -> recipients.sync(session, new Frame.Sync(1, List.of(), false, false)));
    awaited(outlet, Frame.SyncDone.class);
    return outlet;
  }

  private <F extends Frame> List<F> frames(Scene.Line outlet, Class<F> kind) {
    return on(() -> outlet.of(kind));
  }

  private <F extends Frame> List<F> awaited(Scene.Line outlet, Class<F> kind) {
    await().atMost(SOON).until(() -> !frames(outlet, kind).isEmpty());
    return frames(outlet, kind);
  }

  private void hint(ConversationId conversation, long fromSeq, long toSeq, long... sessions) {
    MessageRange range = log.range(conversation, fromSeq, toSeq);
    run(
        () ->
            recipients.deliver(
                new Outbound.Delivery(
                    range, new SharedFrame(new Frame.Deliver(range, false)), sessions, List.of())));
  }

  private void commit(ConversationId conversation, UserId sender) {
    run(() -> log.append(conversation, sender));
  }

  private void register(UserId user, long session) {
    registry.register(
        new Registry.Entry(
            user, new DeviceId("d" + session), 1, new SessionAddress(LOOP, session)));
  }

  @Test
  void anAckIsStoredConfirmedAndToldToItsAudience() {
    log.audience = List.of(BOB);
    register(ALICE, 1);
    register(BOB, 2);
    Scene.Line outlet = live(1);
    commit(TALK, BOB);
    hint(TALK, 1, 1, 1);
    run(() -> recipients.deliverAck(1, TALK, 1));

    assertThat(awaited(outlet, Frame.AckConfirm.class))
        .containsExactly(new Frame.AckConfirm(TALK, 1));
    assertThat(on(() -> log.cursor(1, TALK))).isEqualTo(1);
    assertThat(notices)
        .containsExactly(new ReceiptNotice(2, TALK, ALICE, ReceiptState.DELIVERED, 1));
    await().atMost(SOON).until(() -> on(recipients::figures).pendingCursors() == 0);
  }

  @Test
  void whatIsOnItsWayIsCountedUntilItIsAckedOrTheSessionEnds() {
    live(1);
    live(2);
    for (int i = 1; i <= 3; i++) {
      commit(TALK, i < 3 ? BOB : ALICE);
    }
    hint(TALK, 1, 2, 1);
    hint(TALK, 1, 3, 2);
    await().atMost(SOON).until(() -> outstanding.get() == 2 && unacked.get() > 2);

    run(() -> recipients.deliverAck(1, TALK, 2));
    await().atMost(SOON).until(() -> outstanding.get() == 1);

    run(() -> recipients.close(2));
    await().atMost(SOON).until(() -> outstanding.get() == 0 && unacked.get() == 0);
  }

  @Test
  void nobodyIsToldThatAUserGotHisOwnMessage() {
    log.audience = List.of(BOB);
    register(BOB, 2);
    Scene.Line outlet = live(1);
    commit(TALK, ALICE);
    MessageRange range = log.range(TALK, 1, 1);
    run(
        () ->
            recipients.deliver(
                new Outbound.Delivery(
                    range,
                    new SharedFrame(new Frame.Deliver(range, false)),
                    new long[0],
                    List.of(new Outbound.OwnShare(1, List.of(1L))))));
    run(() -> recipients.deliverAck(1, TALK, 1));

    awaited(outlet, Frame.AckConfirm.class);
    assertThat(notices).isEmpty();
    assertThat(frames(outlet, Frame.Deliver.class)).isEmpty();
  }

  @Test
  void anAckBeyondTheTailIsAnErrorAndStoresNothing() {
    Scene.Line outlet = live(1);
    commit(TALK, BOB);
    run(() -> recipients.deliverAck(1, TALK, 2));

    Frame.Error error = awaited(outlet, Frame.Error.class).get(0);
    assertThat(error.code()).isEqualTo(ErrorCode.ACK_BEYOND_TAIL.code());
    assertThat(error.conversation()).contains(TALK);
    assertThat(frames(outlet, Frame.AckConfirm.class)).isEmpty();
    assertThat(on(() -> log.cursor(1, TALK))).isZero();
  }

  @Test
  void cursorsWaitWhileTheStoreIsAway() {
    Scene.Line outlet = live(1);
    commit(TALK, BOB);
    run(() -> log.down = true);
    run(() -> recipients.deliverAck(1, TALK, 1));
    await()
        .atMost(SOON)
        .until(
            () -> {
              nowMs.addAndGet(1);
              return on(recipients::figures).pendingCursors() == 1;
            });
    run(() -> log.down = false);
    await()
        .atMost(SOON)
        .until(
            () -> {
              nowMs.addAndGet(1);
              return !frames(outlet, Frame.AckConfirm.class).isEmpty();
            });
  }

  @Test
  void whatASessionAckedBeforeItsEndIsStored() {
    live(1);
    commit(TALK, BOB);
    run(
        () -> {
          recipients.deliverAck(1, TALK, 1);
          recipients.close(1);
        });
    await().atMost(SOON).until(() -> on(() -> log.cursor(1, TALK)) == 1);
    assertThat(on(recipients::figures).sessions()).isZero();
  }

  @Test
  void aReadMarkGoesToItsAudienceAndToTheOtherDevices() {
    log.audience = List.of(BOB);
    register(ALICE, 1);
    register(ALICE, 3);
    register(BOB, 2);
    Scene.Line outlet = live(1);
    commit(TALK, BOB);
    run(() -> recipients.readMark(1, TALK, 1));

    await().atMost(SOON).until(() -> notices.size() == 2);
    assertThat(notices)
        .containsExactlyInAnyOrder(
            new ReceiptNotice(3, TALK, ALICE, ReceiptState.READ, 1),
            new ReceiptNotice(2, TALK, ALICE, ReceiptState.READ, 1));
    assertThat(ReceiptRouting.frame(ALICE, notices.get(0))).isEqualTo(new Frame.ReadMark(TALK, 1));
    assertThat(ReceiptRouting.frame(BOB, notices.get(1)))
        .isEqualTo(new Frame.Receipt(TALK, ALICE, ReceiptState.READ, 1));
    assertThat(on(() -> log.readMarks.get(TALK))).isEqualTo(1);

    run(() -> recipients.readMark(1, TALK, 5));
    assertThat(awaited(outlet, Frame.Error.class).get(0).code())
        .isEqualTo(ErrorCode.ACK_BEYOND_TAIL.code());
  }

  @Test
  void aLostLastPushIsHealedByTheLook() {
    RecentCommitsLook look = new RecentCommitsLook(20, log, List.of(recipients), found -> {});
    commit(ConversationId.direct(ALICE, new UserId("carol")), BOB);
    done(VERTX.deployVerticle(look));
    Scene.Line outlet = live(1);
    commit(TALK, BOB);

    await()
        .atMost(SOON)
        .until(
            () -> {
              nowMs.addAndGet(200);
              return frames(outlet, Frame.Deliver.class).stream()
                  .anyMatch(d -> d.range().conversation().equals(TALK));
            });
  }

  /** Its answer from the store came late: it was opened last, is replaced, and goes first. */
  @Test
  void aSessionOutlivesALateComerOfItsDeviceInTheLooks() {
    Scene.Line outlet = live(1);
    open(2, 1);
    run(() -> recipients.close(2));
    assertThat(done(recipients.gather())).containsExactly(1L);
    log.append(TALK, BOB);
    done(recipients.lookAtAll());
    assertThat(awaited(outlet, Frame.Deliver.class)).hasSize(1);
    run(() -> recipients.close(1));
    assertThat(done(recipients.gather())).isEmpty();
  }

  @Test
  void aSessionThatBeganDuringALookHasItsCursorsLookedAt() {
    live(1);
    assertThat(done(recipients.gather())).containsExactly(1L);
    Scene.Line late = live(2);
    commit(TALK, BOB); // the hint is lost, and the look that sees it does not know the session
    done(recipients.looked(List.of()));

    assertThat(awaited(late, Frame.Deliver.class)).hasSize(1);
  }

  @Test
  void aConsumerThatNeverAcksIsClosedAfterTheLastTry() {
    Scene.Line outlet = live(1);
    commit(TALK, BOB);
    hint(TALK, 1, 1, 1);
    await()
        .pollInterval(Duration.ofMillis(10))
        .atMost(SOON)
        .until(
            () -> {
              nowMs.addAndGet(500);
              return on(() -> outlet.closed).equals(Optional.of(ErrorCode.SLOW_CONSUMER));
            });
    assertThat(on(outlet::delivers)).hasSize(1 + LIMITS.ackTries());
    assertThat(nowMs.get() - 1_000).isGreaterThanOrEqualTo(LIMITS.retryPolicy().patienceMs());
  }

  @Test
  void tenThousandIdleSessionsCostNoTimers() {
    run(
        () -> {
          for (long id = 1; id <= 10_000; id++) {
            recipients.open(
                new Recipients.Recipient(
                    id, ALICE, 1, new DeviceId("d"), id, false, new Scene.Line()));
            recipients.sync(id, new Frame.Sync(1, List.of(), false, false));
          }
        });
    commit(TALK, BOB);
    hint(TALK, 1, 1, 1, 2, 3);
    assertThat(on(recipients::figures).sessions()).isEqualTo(10_000);
    assertThat(on(recipients::figures).alarms()).isEqualTo(3);

    run(
        () -> {
          for (long id = 1; id <= 3; id++) {
            recipients.deliverAck(id, TALK, 1);
          }
        });
    nowMs.addAndGet(LIMITS.ackTimeoutMs());
    await().atMost(SOON).until(() -> on(recipients::figures).alarms() == 0);
  }

  @Test
  void historyIsReadWithItsRequestNumber() {
    Scene.Line outlet = open(1, 1);
    for (int i = 0; i < 6; i++) {
      commit(TALK, BOB);
    }
    run(() -> recipients.request(1, new Frame.History(5, TALK, 0, 0, 0)));
    Frame.HistoryPage page = awaited(outlet, Frame.HistoryPage.class).get(0);
    assertThat(page.request()).isEqualTo(5);
    assertThat(Scene.seqs(page.range().messages())).containsExactly(3L, 4L, 5L, 6L);
    assertThat(page.more()).isTrue();

    run(
        () ->
            recipients.request(
                1, new Frame.History(6, ConversationId.direct(ALICE, ALICE), 0, 0, 0)));
    Frame.Error unknown = awaited(outlet, Frame.Error.class).get(0);
    assertThat(unknown.code()).isEqualTo(ErrorCode.CONVERSATION_UNKNOWN.code());
    assertThat(unknown.request()).isEqualTo(6);

    run(
        () -> {
          log.down = true;
          recipients.request(1, new Frame.History(7, TALK, 0, 0, 0));
        });
    await().atMost(SOON).until(() -> frames(outlet, Frame.Error.class).size() == 2);
    Frame.Error down = frames(outlet, Frame.Error.class).get(1);
    assertThat(down.code()).isEqualTo(ErrorCode.STORE_DOWN.code());
    assertThat(down.request()).isEqualTo(7);
    assertThat(down.retryAfterMs()).isPositive();
  }

  @Test
  void aSyncWaitsForAStoreThatIsAway() {
    run(() -> log.down = true);
    commit(TALK, BOB);
    Scene.Line outlet = open(1, 1);
    run(() -> recipients.sync(1, new Frame.Sync(1, List.of(), false, false)));
    assertThat(frames(outlet, Frame.class)).isEmpty();
    run(() -> log.down = false);
    await()
        .atMost(SOON)
        .until(
            () -> {
              nowMs.addAndGet(1);
              return !frames(outlet, Frame.SyncDone.class).isEmpty();
            });
    assertThat(on(outlet::pages)).containsExactly("1:1..1");
  }

  @Test
  void readsOfOneEventLoopAreBoundedAndAllAreServed() {
    SlowLog slow = new SlowLog(log);
    recipients = verticle(slow);
    done(VERTX.deployVerticle(recipients));
    List<Scene.Line> outlets = new ArrayList<>();
    for (long id = 1; id <= 20; id++) {
      outlets.add(open(id, id));
    }
    run(
        () -> {
          for (long id = 1; id <= 20; id++) {
            recipients.sync(id, new Frame.Sync(1, List.of(), false, false));
          }
        });
    for (int i = 0; i < 20; i++) {
      assertThat(on(slow.pending::size)).isLessThanOrEqualTo(LIMITS.maxReads()).isPositive();
      run(slow::answerOne);
    }
    outlets.forEach(outlet -> awaited(outlet, Frame.SyncDone.class));
    assertThat(on(recipients::figures).reads()).isZero();

    run(
        () -> {
          for (int request = 1; request <= 3; request++) {
            recipients.request(1, new Frame.History(request, TALK, 0, 0, 0));
          }
        });
    assertThat(awaited(outlets.get(0), Frame.Error.class))
        .singleElement()
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS.code());
              assertThat(e.request()).isEqualTo(3);
            });
  }
}
