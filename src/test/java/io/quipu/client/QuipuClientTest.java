package io.quipu.client;

import static io.quipu.client.ScriptedServer.AB;
import static io.quipu.client.ScriptedServer.BOB;
import static io.quipu.client.ScriptedServer.await;
import static io.quipu.client.ScriptedServer.fromBob;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.client.ScriptedServer.Dress;
import io.quipu.client.ScriptedServer.Peer;
import io.quipu.model.Advice;
import io.quipu.model.Content;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.protocol.Frame;
import io.quipu.protocol.LengthPrefix;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The client on real loopback sockets, against a server that follows a script. */
class QuipuClientTest {
  private Vertx vertx;
  private final BlockingQueue<ReceivedMessage> handed = new LinkedBlockingQueue<>();
  private final BlockingQueue<ClientEvent> events = new LinkedBlockingQueue<>();

  @BeforeEach
  void open() {
    vertx = Vertx.vertx();
  }

  @AfterEach
  void close() {
    await(vertx.close());
  }

  private QuipuClient client(ScriptedServer server) {
    return client(
        server,
        message -> {
          handed.add(message);
          return Future.succeededFuture();
        });
  }

  private QuipuClient client(
      ScriptedServer server, Function<ReceivedMessage, Future<Void>> handler) {
    return QuipuClient.builder(vertx)
        .server(server.uri())
        .token("token")
        .device("phone")
        .settings(ClientSettings.DEFAULT.withReconnect(10, 50))
        .onMessage(handler)
        .onEvent(events::add)
        .build();
  }

  private <T extends ClientEvent> T event(Class<T> kind) throws InterruptedException {
    while (true) {
      ClientEvent event = events.poll(10, TimeUnit.SECONDS);
      assertThat(event).as("an event " + kind.getSimpleName()).isNotNull();
      if (kind.isInstance(event)) {
        return kind.cast(event);
      }
    }
  }

  private long handedSeq() throws InterruptedException {
    ReceivedMessage message = handed.poll(10, TimeUnit.SECONDS);
    assertThat(message).as("a message for the handler").isNotNull();
    return message.seq();
  }

  @ParameterizedTest
  @EnumSource
  void sendsAndReceivesInEveryDress(Dress dress) throws InterruptedException {
    ScriptedServer server = ScriptedServer.start(vertx, dress);
    QuipuClient client = client(server);
    Future<Void> started = client.start();
    Peer peer = server.accept();
    assertThat(peer.expect(Frame.Connect.class).token()).isEqualTo("token");
    peer.send(ScriptedServer.connected(Limits.DEFAULT, 60_000));
    Frame.Sync sync = peer.expect(Frame.Sync.class);
    assertThat(sync.onlyListed()).isFalse();
    peer.send(new Frame.SyncPage(sync.syncId(), 1, List.of(fromBob(1, 2)), List.of()));
    peer.expect(Frame.SyncAck.class);
    peer.send(new Frame.SyncDone(sync.syncId(), 1, 2));
    await(started);
    await(client.awaitSynced());
    assertThat(handedSeq()).isEqualTo(1);
    assertThat(handedSeq()).isEqualTo(2);
    assertThat(peer.expect(Frame.DeliverAck.class).seq()).isEqualTo(2);

    Future<Stored> stored = client.send(BOB, "ünïcode \" & <b> \u0001");
    Frame.Send send = peer.expectSend();
    assertThat(send.clientSeq()).isEqualTo(1);
    assertThat(send.conversation()).contains(AB);
    assertThat(send.resend()).isFalse();
    assertThat(send.content()).isEqualTo(Content.Text.of("ünïcode \" & <b> \u0001"));
    peer.ack(send, 3);
    assertThat(await(stored).seq()).isEqualTo(3);
    assertThat(peer.expect(Frame.DeliverAck.class)).isEqualTo(new Frame.DeliverAck(AB, 3));
    assertThat(handedSeq()).isEqualTo(3);

    peer.send(new Frame.Deliver(fromBob(4, 5), false));
    assertThat(peer.expect(Frame.DeliverAck.class)).isEqualTo(new Frame.DeliverAck(AB, 5));
    await(client.close());
    peer.expectEnd();
    assertThat(event(ClientEvent.Stopped.class).reason()).isEqualTo("closed");
  }

  @ParameterizedTest
  @EnumSource
  void whatWasUnAckedAtACutGoesOutAgainInOrderWithItsId(Dress dress) {
    ScriptedServer server = ScriptedServer.start(vertx, dress);
    QuipuClient client = client(server);
    client.start();
    Peer first = server.accept();
    first.greet();
    Future<Stored> one = client.send(AB, "one");
    Future<Stored> two = client.send(AB, "two");
    Frame.Send sentOne = first.expectSend();
    Frame.Send sentTwo = first.expectSend();
    first.cut();
    Peer second = server.accept();
    second.greet();
    Frame.Send again = second.expectSend();
    assertThat(again.clientMessageId()).isEqualTo(sentOne.clientMessageId());
    assertThat(again.clientSeq()).isEqualTo(1);
    assertThat(again.resend()).isTrue();
    Frame.Send againTwo = second.expectSend();
    assertThat(againTwo.clientMessageId()).isEqualTo(sentTwo.clientMessageId());
    second.ack(again, 1);
    second.ack(againTwo, 2);
    assertThat(await(one).seq()).isEqualTo(1);
    assertThat(await(two).seq()).isEqualTo(2);
    await(client.close());
  }

  @Test
  void aGapIsSyncedAndNothingIsShownTwiceOrOutOfTurn() throws InterruptedException {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet();
    peer.send(new Frame.Deliver(fromBob(1, 1), false));
    peer.send(new Frame.Deliver(fromBob(1, 1), true));
    peer.send(new Frame.Deliver(fromBob(4, 4), false));
    Frame next = peer.next();
    while (next instanceof Frame.DeliverAck ack) { // as many as the reads that it came in
      assertThat(ack.seq()).isEqualTo(1);
      next = peer.next();
    }
    Frame.Sync sync = (Frame.Sync) next;
    assertThat(sync.onlyListed()).isTrue();
    assertThat(sync.cursors()).containsExactly(new Cursor(AB, 1));
    peer.send(new Frame.SyncPage(sync.syncId(), 1, List.of(fromBob(2, 4)), List.of()));
    peer.send(new Frame.SyncDone(sync.syncId(), 1, 3));
    long acked = 1;
    while (acked != 4) {
      if (peer.next() instanceof Frame.DeliverAck ack) {
        assertThat(ack.seq()).isIn(1L, 4L);
        acked = ack.seq();
      }
    }
    assertThat(List.of(handedSeq(), handedSeq(), handedSeq(), handedSeq()))
        .containsExactly(1L, 2L, 3L, 4L);
    assertThat(handed).isEmpty();
    await(client.close());
  }

  @Test
  void theAckWaitsForTheHandlersFuture() throws InterruptedException {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    BlockingQueue<Promise<Void>> saving = new LinkedBlockingQueue<>();
    QuipuClient client =
        client(
            server,
            message -> {
              Promise<Void> promise = Promise.promise();
              saving.add(promise);
              return promise.future();
            });
    client.start();
    Peer peer = server.accept();
    peer.greet();
    peer.send(new Frame.Deliver(fromBob(1, 2), false));
    Promise<Void> one = saving.poll(10, TimeUnit.SECONDS);
    peer.send(new Frame.Ping(7));
    peer.expect(Frame.Pong.class); // and no ack before it
    assertThat(saving).as("the second waits for the first").isEmpty();
    one.complete();
    assertThat(peer.expect(Frame.DeliverAck.class).seq()).isEqualTo(1);
    saving.poll(10, TimeUnit.SECONDS).complete();
    assertThat(peer.expect(Frame.DeliverAck.class).seq()).isEqualTo(2);
    await(client.close());
  }

  @Test
  void aFailingHandlerIsTriedAgainThenHaltsItsConversationAlone() throws InterruptedException {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    AtomicInteger calls = new AtomicInteger();
    Inbox.Settings inbox =
        new Inbox.Settings(100, 100, 1 << 20, 3, 0, 64, CatchUp.Settings.DEFAULT);
    QuipuClient client =
        QuipuClient.builder(vertx)
            .server(server.uri())
            .token("token")
            .device("phone")
            .settings(ClientSettings.DEFAULT.withInbox(inbox))
            .onMessage(
                message -> {
                  calls.incrementAndGet();
                  throw new IllegalStateException("disk full");
                })
            .onEvent(events::add)
            .build();
    client.start();
    Peer peer = server.accept();
    peer.greet();
    peer.send(new Frame.Deliver(fromBob(1, 2), false));
    ClientEvent.Halted halted = event(ClientEvent.Halted.class);
    assertThat(halted.seq()).isEqualTo(1);
    assertThat(halted.cause()).hasMessage("disk full");
    assertThat(calls).hasValue(3);
    Future<Stored> other = client.send(new io.quipu.model.UserId("carol"), "still here");
    peer.ack(peer.expectSend(), 9);
    assertThat(await(other).seq()).isEqualTo(9);
    await(client.close());
  }

  @Test
  void goAwayFinishesWhatIsInFlightAndComesBackWhenTold() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet();
    Future<Stored> before = client.send(AB, "before");
    Frame.Send send = peer.expectSend();
    peer.send(new Frame.GoAway(ErrorCode.DRAINING.code(), Advice.RECONNECT, 20, "restart"));
    peer.ack(send, 1);
    assertThat(await(before).seq()).isEqualTo(1);
    peer.expectEnd();
    Future<Stored> after = client.send(AB, "after");
    Peer next = server.accept();
    next.greet();
    Frame.Send sendAfter = next.expectSend();
    assertThat(sendAfter.resend()).isFalse();
    next.ack(sendAfter, 2);
    assertThat(await(after).seq()).isEqualTo(2);
    await(client.close());
  }

  @Test
  void replacedStopsForGood() throws InterruptedException {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet();
    Future<Stored> stored = client.send(AB, "one");
    peer.expectSend();
    peer.send(new Frame.GoAway(ErrorCode.REPLACED.code(), Advice.STOP, 0, "a newer session"));
    event(ClientEvent.Replaced.class);
    event(ClientEvent.Stopped.class);
    assertThatThrownBy(() -> await(stored))
        .isInstanceOfSatisfying(
            QuipuException.class, e -> assertThat(e.outcome()).isEqualTo(Outcome.UNKNOWN));
    assertThat(server.nobodyConnectsFor(200)).isTrue();
    assertThatThrownBy(() -> await(client.send(AB, "two")))
        .isInstanceOfSatisfying(
            QuipuException.class, e -> assertThat(e.outcome()).isEqualTo(Outcome.NOT_APPLIED));
  }

  @Test
  void aWebSocketCloseCodeThatMeansStopStops() throws InterruptedException {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.WEBSOCKET);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet();
    ScriptedServer.closeWith(peer, ErrorCode.REPLACED.closeCode());
    event(ClientEvent.Replaced.class);
    assertThat(server.nobodyConnectsFor(200)).isTrue();
  }

  @Test
  void framesMayComeInSplinters() throws InterruptedException {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet();
    byte[] bytes = LengthPrefix.withFrame(peer.encode(new Frame.Deliver(fromBob(1, 3), false)));
    for (int i = 0; i < bytes.length; i += 3) {
      ScriptedServer.writeRaw(peer, Arrays.copyOfRange(bytes, i, Math.min(bytes.length, i + 3)));
    }
    assertThat(List.of(handedSeq(), handedSeq(), handedSeq())).containsExactly(1L, 2L, 3L);
    await(client.close());
  }

  @Test
  void garbageEndsTheConnectionAndTheNextOneWorks() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet();
    ScriptedServer.writeRaw(peer, new byte[] {3, -1, -1, -1});
    peer.expectEnd();
    server.accept().greet();
    await(client.close());
  }

  @Test
  void aSilentServerIsLeft() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet(ScriptedServer.limits(200, 16, 10_000));
    assertThat(peer.next()).isInstanceOf(Frame.Ping.class);
    peer.expectEnd(); // the ping was not answered
    server.accept().greet();
    await(client.close());
  }

  @Test
  void aSlowServerIsAskedAgainWithTheSameClientSeqThenLeft() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet(ScriptedServer.limits(20_000, 16, 100));
    Future<Stored> stored = client.send(AB, "one");
    Frame.Send first = peer.expectSend();
    Frame.Send again = peer.expectSend();
    assertThat(again.clientSeq()).isEqualTo(first.clientSeq());
    assertThat(again.clientMessageId()).isEqualTo(first.clientMessageId());
    assertThat(again.resend()).isTrue();
    peer.expectEnd();
    Peer next = server.accept();
    next.greet();
    next.ack(next.expectSend(), 1);
    assertThat(await(stored).seq()).isEqualTo(1);
    await(client.close());
  }

  @Test
  void aServerThatDoesNotGreetIsLeft() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client =
        QuipuClient.builder(vertx)
            .server(server.uri())
            .token("token")
            .device("phone")
            .settings(
                ClientSettings.DEFAULT
                    .withReconnect(10, 50)
                    .withLifecycle(new Lifecycle.Settings(200, 200, 5_000)))
            .build();
    client.start();
    Peer silent = server.accept();
    silent.expect(Frame.Connect.class);
    silent.expectEnd();
    server.accept().greet();
    await(client.close());
  }

  @Test
  void aBadTokenIsFetchedAgain() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    AtomicInteger asked = new AtomicInteger();
    QuipuClient client =
        QuipuClient.builder(vertx)
            .server(server.uri())
            .token(() -> Future.succeededFuture("token-" + asked.incrementAndGet()))
            .device("phone")
            .settings(ClientSettings.DEFAULT.withReconnect(10, 50))
            .build();
    Future<Void> started = client.start();
    Peer peer = server.accept();
    peer.expect(Frame.Connect.class);
    peer.send(new Frame.GoAway(ErrorCode.TOKEN_EXPIRED.code(), Advice.RE_LOGIN, 0, "expired"));
    Peer next = server.accept();
    assertThat(next.expect(Frame.Connect.class).token()).isEqualTo("token-2");
    next.send(ScriptedServer.connected(Limits.DEFAULT, 1_500));
    await(started);
    next.expect(Frame.Sync.class);
    assertThat(next.expect(Frame.Renew.class).token()).isEqualTo("token-3");
    next.send(new Frame.Renewed(System.currentTimeMillis() + 3_600_000));
    await(client.close());
  }

  @Test
  void anUnknownOutcomeHoldsLaterSendsUntilItIsCancelled() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet();
    PendingSend doubtful =
        new PendingSend(client.newId(), new To.Conversation(AB), Content.Text.of("?"));
    Future<Stored> stranger = client.send(doubtful);
    Frame.Send send = peer.expectSend();
    peer.send(
        new Frame.SendRejected(
            send.clientSeq(),
            send.clientMessageId(),
            Optional.of(AB),
            ErrorCode.CONVERSATION_UNKNOWN,
            Outcome.UNKNOWN,
            0,
            0,
            "no such conversation"));
    assertThatThrownBy(() -> await(stranger))
        .isInstanceOfSatisfying(
            QuipuException.class, e -> assertThat(e.outcome()).isEqualTo(Outcome.UNKNOWN));
    Future<Stored> later = client.send(AB, "later");
    peer.send(new Frame.Ping(1));
    peer.expect(Frame.Pong.class); // and not the later send
    Future<SendFate> fate = client.cancel(doubtful.id());
    Frame.SendStatus status = peer.expect(Frame.SendStatus.class);
    assertThat(status.cancel()).isTrue();
    peer.send(
        new Frame.SendStatusResult(
            status.request(), AB, status.clientMessageId(), SendState.VOID, 0, 0));
    assertThat(await(fate).state()).isEqualTo(SendState.VOID);
    peer.ack(peer.expectSend(), 1);
    assertThat(await(later).seq()).isEqualTo(1);
    await(client.close());
  }

  @Test
  void historyAndStatusAreAskedAgainOnTheNextConnection() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client = client(server);
    client.start();
    Peer peer = server.accept();
    peer.greet();
    Future<HistorySlice> history = client.historyBefore(AB, 0, 10);
    peer.expect(Frame.History.class);
    peer.cut();
    Peer next = server.accept();
    next.greet();
    Frame.History again = next.expect(Frame.History.class);
    next.send(new Frame.HistoryPage(again.request(), fromBob(1, 2), true));
    assertThat(await(history).range().messages()).hasSize(2);
    Future<HistorySlice> refused = client.historyAfter(AB, 5, 10);
    next.send(
        new Frame.Error(
            ErrorCode.CONVERSATION_UNKNOWN.code(),
            Advice.NEVER,
            0,
            "no",
            Optional.of(AB),
            next.expect(Frame.History.class).request()));
    assertThatThrownBy(() -> await(refused)).isInstanceOf(QuipuException.class);
    await(client.close());
  }

  @Test
  void aFullOutboxRefusesAtTheCaller() {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    QuipuClient client =
        QuipuClient.builder(vertx)
            .server(server.uri())
            .token("token")
            .device("phone")
            .settings(
                ClientSettings.DEFAULT.withOutbox(new Outbox.Settings(3, 1 << 20, 10, 60_000)))
            .build();
    List<Future<Stored>> sends = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      sends.add(client.send(AB, "m" + i));
    }
    assertThatThrownBy(() -> await(sends.get(3)))
        .isInstanceOfSatisfying(
            QuipuException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.SEND_WINDOW_FULL);
              assertThat(e.outcome()).isEqualTo(Outcome.NOT_APPLIED);
            });
    client.start();
    Peer peer = server.accept();
    peer.greet();
    for (int i = 0; i < 3; i++) {
      peer.ack(peer.expectSend(), i + 1);
    }
    await(Future.all(sends.subList(0, 3)));
    Future<Stored> room = client.send(AB, "room again");
    peer.expect(Frame.DeliverAck.class);
    peer.cut();
    Peer next = server.accept();
    next.greet();
    next.ack(next.expectSend(), 4);
    assertThat(await(room).seq()).isEqualTo(4);
    await(client.close());
  }
}
