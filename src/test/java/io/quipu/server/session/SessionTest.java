package io.quipu.server.session;

import static io.quipu.server.session.SessionFixture.ADDRESS;
import static io.quipu.server.session.SessionFixture.ALICE;
import static io.quipu.server.session.SessionFixture.BOB;
import static io.quipu.server.session.SessionFixture.DOWN;
import static io.quipu.server.session.SessionFixture.MAX_UNRESOLVED;
import static io.quipu.server.session.SessionFixture.RULES;
import static io.quipu.server.session.SessionFixture.TO_BOB;
import static io.quipu.server.session.SessionFixture.ack;
import static io.quipu.server.session.SessionFixture.answer;
import static io.quipu.server.session.SessionFixture.id;
import static io.quipu.server.session.SessionFixture.refusals;
import static io.quipu.server.session.SessionFixture.replies;
import static io.quipu.server.session.SessionFixture.resend;
import static io.quipu.server.session.SessionFixture.routed;
import static io.quipu.server.session.SessionFixture.send;
import static io.quipu.server.session.SessionFixture.stored;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Append;
import io.quipu.server.journal.Directory.DeviceSession;
import io.quipu.server.journal.Journal.SendFate;
import java.util.List;
import org.junit.jupiter.api.Test;

class SessionTest {
  private static final long EXPIRES_MS = 9_000_000;
  private static final DeviceId PHONE = new DeviceId("phone");

  private long links;
  private long nowMs = 5_000;
  private long unixMs = 1_000_000;
  private final Session session = new Session(ADDRESS, RULES, () -> ++links, (user, creates) -> 0);
  private List<SessionEffect> effects = List.of();

  // ---- the beginning

  @Test
  void connectOpensTheDeviceAndThenItIsConnected() {
    receive(connect());
    assertThat(effects).containsExactly(new SessionEffect.OpenDevice("token", PHONE));
    assertThat(session.isConnecting()).isTrue();

    opened();
    assertThat(effects.get(0))
        .as("in the tables before the client can ask for a sync")
        .isInstanceOf(SessionEffect.Enter.class);
    Frame.Connected connected = (Frame.Connected) replies(effects).get(0);
    assertThat(connected.user()).isEqualTo(ALICE);
    assertThat(connected.sessionGeneration()).isEqualTo(5);
    assertThat(connected.limits()).isEqualTo(RULES.limits());
    assertThat(session.isOpen()).isTrue();
  }

  @Test
  void anythingBeforeConnectCloses() {
    receive(send(1, 1));
    assertClosed(ErrorCode.NOT_CONNECTED);
  }

  @Test
  void anotherVersionCloses() {
    receive(new Frame.Connect(2, "token", PHONE, "test"));
    assertClosed(ErrorCode.UNSUPPORTED_VERSION);
  }

  @Test
  void framesBeforeConnectedAreServedAfterItInTheirOrder() {
    receive(connect());
    receive(send(1, 1));
    receive(new Frame.Ping(7));
    receive(send(2, 2));
    assertThat(effects).isEmpty();

    opened();
    assertThat(routed(effects)).extracting(Append::clientMessageId).containsExactly(id(1), id(2));
    assertThat(routed(effects)).extracting(Append::senderKey).containsOnly(11L);
    assertThat(replies(effects)).contains(new Frame.Pong(7, unixMs));
  }

  @Test
  void tooManyFramesBeforeConnectedClose() {
    receive(connect());
    for (int i = 0; i < 16; i++) {
      receive(new Frame.Ping(i));
      assertThat(effects).isEmpty();
    }
    receive(new Frame.Ping(99));
    assertClosed(ErrorCode.NOT_CONNECTED);
  }

  @Test
  void aSecondConnectClosesAlsoBeforeConnected() {
    receive(connect());
    receive(connect());
    assertClosed(ErrorCode.ALREADY_CONNECTED);
  }

  @Test
  void aSecondConnectCloses() {
    open();
    receive(connect());
    assertClosed(ErrorCode.ALREADY_CONNECTED);
  }

  @Test
  void aBadTokenCloses() {
    receive(connect());
    step(new SessionEvent.OpenFailed(new QuipuException(ErrorCode.TOKEN_INVALID, "no")));
    assertClosed(ErrorCode.TOKEN_INVALID);
  }

  @Test
  void aLoginThatComesTooSoonIsToldWhenToComeAgain() {
    receive(connect());
    step(
        new SessionEvent.OpenFailed(
            new QuipuException(ErrorCode.RATE_LIMITED, Outcome.NOT_APPLIED, 4_000, "later")));
    assertThat(effects)
        .containsExactly(new SessionEffect.Close(ErrorCode.RATE_LIMITED, 4_000, "later"));
  }

  // ---- frames of an open session

  @Test
  void framesOfTheReadHalfArePassedOn() {
    open();
    for (Frame frame :
        List.of(
            new Frame.DeliverAck(TO_BOB, 3),
            new Frame.Sync(1, List.of(), false, false),
            new Frame.SyncAck(1, 1),
            new Frame.ReadMark(TO_BOB, 3),
            new Frame.History(1, TO_BOB, 0, 0, 0))) {
      receive(frame);
      assertThat(effects).containsExactly(new SessionEffect.Pass(frame));
    }
  }

  @Test
  void whatIsNotSupportedAndWhatServersSayIsAnErrorAndNoEnd() {
    open();
    receive(new Frame.Tail(TO_BOB, 1));
    assertError(ErrorCode.NOT_SUPPORTED);
    receive(new Frame.AckConfirm(TO_BOB, 1));
    assertError(ErrorCode.UNEXPECTED_FRAME);
    receive(new Frame.Pong(1, 1));
    assertThat(effects).isEmpty();
    assertThat(session.isOpen()).isTrue();
  }

  @Test
  void aStatusAsksTheStoreAndAFinalOneOpensTheGate() {
    open();
    receive(send(1, 1));
    step(new SessionEvent.Answered(answer(routed(effects).get(0), DOWN)));
    receive(new Frame.SendStatus(3, TO_BOB, id(1), false));
    assertThat(effects).containsExactly(new SessionEffect.AskFate(3, TO_BOB, id(1), false));

    told(SendState.NOT_SEEN, 0);
    receive(send(2, 2));
    assertThat(refusals(effects)).containsExactly("2 EARLIER_SEND_UNRESOLVED UNKNOWN");

    receive(new Frame.SendStatus(3, TO_BOB, id(2), true));
    told(SendState.VOID, 0);
    assertThat(replies(effects))
        .containsExactly(new Frame.SendStatusResult(3, TO_BOB, id(1), SendState.VOID, 0, 0));
    receive(resend(3, 2));
    assertThat(routed(effects)).hasSize(1);
  }

  private void told(SendState state, long seq) {
    step(new SessionEvent.FateTold(3, TO_BOB, id(1), new SendFate(state, seq, 0)));
  }

  @Test
  void tooManyRequestsAtOnceAreRefusedAndEveryAnswerGivesRoomBack() {
    open();
    receive(new Frame.SendStatus(1, TO_BOB, id(1), false));
    receive(new Frame.SendStatus(2, TO_BOB, id(2), false));
    receive(new Frame.SendStatus(3, TO_BOB, id(3), false));
    assertError(ErrorCode.TOO_MANY_REQUESTS);
    receive(new Frame.Renew("token"));
    assertError(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(session.isDrained()).isFalse();

    step(new SessionEvent.FateUntold(1, TO_BOB, new QuipuException(ErrorCode.STORE_DOWN, "x")));
    assertError(ErrorCode.STORE_DOWN);
    told(SendState.NOT_SEEN, 0);
    assertThat(session.isDrained()).isTrue();
  }

  @Test
  void tooManyUnresolvedConversationsClose() {
    open();
    for (int i = 1; i <= MAX_UNRESOLVED + 1; i++) {
      ConversationId to = ConversationId.direct(ALICE, new UserId("user" + i));
      receive(send(i, i, to, false, Content.Text.of("hi")));
      step(new SessionEvent.Answered(answer(routed(effects).get(0), DOWN)));
    }
    assertThat(effects).last().isInstanceOf(SessionEffect.Close.class);
    assertThat(session.isOpen()).isFalse();
  }

  // ---- identity in time

  @Test
  void aRenewedTokenLastsLonger() {
    open();
    receive(new Frame.Renew("fresh"));
    assertThat(effects).containsExactly(new SessionEffect.CheckToken("fresh"));
    step(new SessionEvent.TokenChecked(ALICE, EXPIRES_MS + 1));
    assertThat(replies(effects)).containsExactly(new Frame.Renewed(EXPIRES_MS + 1));
    unixMs = EXPIRES_MS;
    step(new SessionEvent.Tick());
    assertThat(effects).isEmpty();
  }

  @Test
  void anotherUsersTokenCloses() {
    open();
    receive(new Frame.Renew("bob's"));
    step(new SessionEvent.TokenChecked(BOB, EXPIRES_MS + 1));
    assertClosed(ErrorCode.TOKEN_OTHER_USER);
  }

  @Test
  void aBadFreshTokenIsAnErrorAndTheOldOneStillHolds() {
    open();
    receive(new Frame.Renew("bad"));
    step(new SessionEvent.TokenRefused(new QuipuException(ErrorCode.TOKEN_INVALID, "no")));
    assertError(ErrorCode.TOKEN_INVALID);
    assertThat(session.isOpen()).isTrue();
    assertThat(session.tokenExpiresAtMs()).isEqualTo(EXPIRES_MS);
  }

  @Test
  void anExpiredTokenCloses() {
    open();
    unixMs = EXPIRES_MS - 1;
    step(new SessionEvent.Tick());
    assertThat(session.isOpen()).isTrue();
    unixMs = EXPIRES_MS;
    step(new SessionEvent.Tick());
    assertClosed(ErrorCode.TOKEN_EXPIRED);
  }

  @Test
  void onlyANewerSessionReplacesThisOne() {
    open();
    step(new SessionEvent.Kicked(4));
    step(new SessionEvent.Kicked(5));
    assertThat(session.isOpen()).isTrue();
    step(new SessionEvent.Kicked(6));
    assertClosed(ErrorCode.REPLACED);
  }

  // ---- the end

  @Test
  void aDrainedSessionSaysGoAwayAndFinishesWhatItTook() {
    open();
    receive(send(1, 1));
    Append append = routed(effects).get(0);
    step(new SessionEvent.Drain(700));
    Frame.GoAway goAway = (Frame.GoAway) replies(effects).get(0);
    assertThat(goAway.code()).isEqualTo(ErrorCode.DRAINING.code());
    assertThat(goAway.retryAfterMs()).isEqualTo(700);
    assertThat(session.isDrained()).isFalse();
    step(new SessionEvent.Answered(answer(append, stored(1))));
    assertThat(replies(effects)).containsExactly(ack(1, 1, 1));
    assertThat(session.isDrained()).isTrue();
  }

  @Test
  void aDrainBeforeConnectedCloses() {
    receive(connect());
    step(new SessionEvent.Drain(700));
    assertClosed(ErrorCode.DRAINING);
  }

  @Test
  void aGoneSessionDoesNothingAndWantsNothing() {
    open();
    receive(send(1, 1));
    Append append = routed(effects).get(0);
    assertThat(session.wantsTicks()).isTrue();
    step(new SessionEvent.Gone());
    assertThat(session.wantsTicks()).isFalse();
    step(new SessionEvent.Answered(answer(append, stored(1))));
    receive(send(2, 2));
    step(new SessionEvent.Tick());
    assertThat(effects).isEmpty();
  }

  // ---- steps

  private static Frame connect() {
    return new Frame.Connect(Frame.PROTOCOL_VERSION, "token", PHONE, "test");
  }

  private void open() {
    receive(connect());
    opened();
  }

  private void opened() {
    step(new SessionEvent.Opened(ALICE, EXPIRES_MS, new DeviceSession(11, 12, 5, false, "epoch")));
  }

  private void receive(Frame frame) {
    step(new SessionEvent.Received(frame));
  }

  private void step(SessionEvent event) {
    effects = session.step(event, nowMs, unixMs);
  }

  private void assertClosed(ErrorCode reason) {
    assertThat(effects).hasSize(1);
    assertThat(((SessionEffect.Close) effects.get(0)).reason()).isEqualTo(reason);
    assertThat(session.isOpen()).isFalse();
    assertThat(session.isConnecting()).isFalse();
    receive(send(1, 1));
    assertThat(effects).isEmpty();
  }

  private void assertError(ErrorCode code) {
    assertThat(replies(effects)).hasSize(1);
    assertThat(((Frame.Error) replies(effects).get(0)).code()).isEqualTo(code.code());
  }
}
