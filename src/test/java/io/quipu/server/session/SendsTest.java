package io.quipu.server.session;

import static io.quipu.server.session.SessionFixture.ADDRESS;
import static io.quipu.server.session.SessionFixture.ALICE;
import static io.quipu.server.session.SessionFixture.BOB;
import static io.quipu.server.session.SessionFixture.BUSY;
import static io.quipu.server.session.SessionFixture.DOWN;
import static io.quipu.server.session.SessionFixture.GAP;
import static io.quipu.server.session.SessionFixture.MAX_BODY;
import static io.quipu.server.session.SessionFixture.MAX_UNRESOLVED;
import static io.quipu.server.session.SessionFixture.OF_OTHERS;
import static io.quipu.server.session.SessionFixture.RETRY_MS;
import static io.quipu.server.session.SessionFixture.RULES;
import static io.quipu.server.session.SessionFixture.TIMEOUT_MS;
import static io.quipu.server.session.SessionFixture.TO_BOB;
import static io.quipu.server.session.SessionFixture.TO_CAROL;
import static io.quipu.server.session.SessionFixture.WINDOW;
import static io.quipu.server.session.SessionFixture.WINDOW_BYTES;
import static io.quipu.server.session.SessionFixture.ack;
import static io.quipu.server.session.SessionFixture.answer;
import static io.quipu.server.session.SessionFixture.body;
import static io.quipu.server.session.SessionFixture.id;
import static io.quipu.server.session.SessionFixture.refusals;
import static io.quipu.server.session.SessionFixture.refused;
import static io.quipu.server.session.SessionFixture.replies;
import static io.quipu.server.session.SessionFixture.resend;
import static io.quipu.server.session.SessionFixture.routed;
import static io.quipu.server.session.SessionFixture.send;
import static io.quipu.server.session.SessionFixture.stored;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.journal.Journal.SendFate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SendsTest {
  private long links;
  private int waitMs;
  private int asked;
  private long nowMs = 5_000;
  private final Sends sends = new Sends(ADDRESS, RULES, () -> ++links, this::pace, ALICE, 1);
  private List<SessionEffect> effects = List.of();

  // ---- client_seq

  @Test
  void aSendGoesToTheOwnerAndItsAckToTheClient() {
    Append append = sent(send(1, 1));
    assertThat(append.first()).isTrue();
    assertThat(append.number()).isEqualTo(1);
    assertThat(append.sender()).isEqualTo(ALICE);
    assertThat(sends.waitForOwners()).isTrue();

    answered(append, stored(7));
    assertThat(replies(effects)).containsExactly(ack(1, 1, 7));
    assertThat(sends.waitForOwners()).isFalse();
    assertThat(sends.allAnswered()).isTrue();
  }

  @Test
  void aJumpIsRefusedWithTheExpectedNumberAndTakesNoPlace() {
    sent(send(1, 1));
    take(send(3, 3));
    Frame.SendRejected rejected = (Frame.SendRejected) replies(effects).get(0);
    assertThat(rejected.code()).isEqualTo(ErrorCode.CLIENT_SEQ_JUMP);
    assertThat(rejected.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(rejected.expectedClientSeq()).isEqualTo(2);
    assertThat(routed(effects)).isEmpty();
    sent(send(2, 2));
  }

  @Test
  void aRepeatedClientSeqWaitsForItsAnswerOrGetsItAgain() {
    Append append = sent(send(1, 1));
    take(send(1, 1));
    assertThat(effects).isEmpty();
    answered(append, stored(7));
    take(send(1, 1));
    assertThat(effects).containsExactly(new SessionEffect.Reply(ack(1, 1, 7)));
  }

  @Test
  void aForgottenAnswerIsUnknown() {
    for (int i = 1; i <= WINDOW + 1; i++) {
      answered(sent(send(i, i)), stored(i));
    }
    take(send(1, 1));
    assertThat(refusals(effects)).containsExactly("1 CLIENT_SEQ_FORGOTTEN UNKNOWN");
    take(send(2, 2));
    assertThat(replies(effects)).containsExactly(ack(2, 2, 2));
  }

  @Test
  void anInvalidSendTakesItsPlace() {
    effects = new ArrayList<>();
    sends.invalidSend(
        new Frame.InvalidSend(1, id(1), false, ErrorCode.INVALID_CONTENT, "x"), effects);
    assertThat(refusals(effects)).containsExactly("1 INVALID_CONTENT NOT_APPLIED");
    effects = new ArrayList<>();
    sends.invalidSend(
        new Frame.InvalidSend(2, id(2), true, ErrorCode.INVALID_CONTENT, "x"), effects);
    assertThat(refusals(effects)).containsExactly("2 INVALID_CONTENT UNKNOWN");
    sent(send(3, 3));
  }

  // ---- where to

  @Test
  void aSendThatNamesNothingIsRefused() {
    take(nowhere(1, false));
    assertThat(refusals(effects)).containsExactly("1 INVALID_REQUEST NOT_APPLIED");
    take(nowhere(2, true));
    assertThat(refusals(effects)).containsExactly("2 INVALID_REQUEST UNKNOWN");
  }

  private static Frame.Send nowhere(int clientSeq, boolean resend) {
    return new Frame.Send(
        clientSeq,
        id(clientSeq),
        Optional.empty(),
        Optional.empty(),
        resend,
        Content.Text.of("hi"));
  }

  @Test
  void aUserOrACreationNamesTheConversation() {
    take(
        new Frame.Send(1, id(1), Optional.empty(), Optional.of(BOB), false, Content.Text.of("hi")));
    assertThat(routed(effects)).extracting(Append::conversation).containsExactly(TO_BOB);
    Content create = new Content.Changed(new Change.Create("t", List.of(BOB)));
    take(new Frame.Send(2, id(2), Optional.empty(), Optional.empty(), false, create));
    assertThat(routed(effects))
        .extracting(Append::conversation)
        .containsExactly(ConversationId.group(ALICE, id(2)));
  }

  @Test
  void theDirectConversationOfOthersIsUnknownForGood() {
    take(send(1, 1, OF_OTHERS, true, Content.Text.of("hi")));
    assertThat(refusals(effects)).containsExactly("1 CONVERSATION_UNKNOWN NOT_APPLIED");
    assertThat(routed(effects)).isEmpty();
  }

  // ---- the window

  @Test
  void beyondTheWindowASendIsRefusedAndAwaited() {
    List<Append> inFlight = new ArrayList<>();
    for (int i = 1; i <= WINDOW; i++) {
      inFlight.add(sent(send(i, i)));
    }
    take(send(5, 5));
    assertThat(refusals(effects)).containsExactly("5 SEND_WINDOW_FULL UNKNOWN");
    answered(inFlight.get(0), stored(1));
    take(send(6, 6));
    assertThat(refusals(effects)).containsExactly("6 EARLIER_SEND_UNRESOLVED UNKNOWN");
    sent(send(7, 5));
  }

  @Test
  void theWindowCountsBytesAndTakesOneSendWhateverItsSize() {
    Append first = sent(send(1, 1, TO_BOB, false, body(MAX_BODY)));
    take(send(2, 2, TO_BOB, false, body(WINDOW_BYTES - MAX_BODY + 1)));
    assertThat(refusals(effects)).containsExactly("2 SEND_WINDOW_FULL UNKNOWN");
    answered(first, stored(1));
    List<UserId> many = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      many.add(new UserId("user" + i));
    }
    Content add = new Content.Changed(new Change.Add(many));
    ConversationId group = ConversationId.group(ALICE, id(99));
    take(send(3, 3, group, false, add));
    assertThat(routed(effects)).hasSize(1);
    take(send(4, 4, group, false, add));
    assertThat(refusals(effects)).containsExactly("4 SEND_WINDOW_FULL UNKNOWN");
  }

  @Test
  void soonerThanTheLimitAllowsASendIsRefusedAndAwaited() {
    sent(send(1, 1));
    waitMs = 700;
    take(send(2, 2));
    assertThat(refusals(effects)).containsExactly("2 RATE_LIMITED UNKNOWN");
    assertThat(replies(effects))
        .first()
        .isInstanceOfSatisfying(
            Frame.SendRejected.class, no -> assertThat(no.retryAfterMs()).isEqualTo(700));
    waitMs = 0;
    take(send(3, 3));
    assertThat(refusals(effects)).containsExactly("3 EARLIER_SEND_UNRESOLVED UNKNOWN");
    sent(send(4, 9, TO_CAROL, false, body(1))); // other conversations are free
    assertThat(sent(send(5, 2)).resend()).isTrue();
    sent(send(6, 3));
  }

  @Test
  void whatIsRefusedForAnotherReasonDoesNotCountAgainstTheLimit() {
    sent(send(1, 1));
    waitMs = 700;
    take(send(2, 2, OF_OTHERS, false, body(1)));
    take(send(3, 3, TO_BOB, false, body(MAX_BODY + 1)));
    assertThat(refusals(effects)).containsExactly("3 BODY_TOO_LARGE NOT_APPLIED");
    take(send(1, 1)); // a repeated one
    assertThat(effects).isEmpty();
    assertThat(asked).isEqualTo(1);
  }

  @Test
  void everyAnswerGivesRoomBack() {
    for (int i = 1; i <= 3 * WINDOW; i++) {
      Append append = sent(send(i, i, TO_BOB, false, body(MAX_BODY)));
      Verdict verdict =
          i % 2 == 0 ? stored(i) : refused(ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED);
      answered(append, verdict);
    }
    assertThat(sends.allAnswered()).isTrue();
  }

  // ---- too large

  @Test
  void aFirstAttemptThatIsTooLargeIsRefusedForGood() {
    take(send(1, 1, TO_BOB, false, body(MAX_BODY + 1)));
    assertThat(refusals(effects)).containsExactly("1 BODY_TOO_LARGE NOT_APPLIED");
    sent(send(2, 2));
  }

  @Test
  void anEditThatIsTooLargeIsRefusedLikeAMessage() {
    Content large = new Content.Changed(new Change.Edit(1, body(MAX_BODY + 1)));
    take(send(1, 1, TO_BOB, false, large));
    assertThat(refusals(effects)).containsExactly("1 BODY_TOO_LARGE NOT_APPLIED");
    sent(send(2, 2, TO_BOB, false, new Content.Changed(new Change.Edit(1, body(MAX_BODY)))));
  }

  @Test
  void nobodyErasesAUserByAFrame() {
    Content erasure = new Content.Changed(new Change.EraseUser());
    take(send(1, 1, TO_BOB, false, erasure));
    assertThat(refusals(effects)).containsExactly("1 NOT_ALLOWED NOT_APPLIED");
    take(send(2, 2, TO_BOB, true, erasure));
    assertThat(refusals(effects)).containsExactly("2 NOT_ALLOWED UNKNOWN");
    sent(send(3, 3));
  }

  @Test
  void whatAnHourAllowsIsTriedAgainAfterAMinute() {
    Append append = sent(send(1, 1));
    answered(append, refused(ErrorCode.RATE_LIMITED, Outcome.UNKNOWN));
    assertThat(((Frame.SendRejected) replies(effects).get(0)).retryAfterMs()).isEqualTo(60_000);
  }

  @Test
  void aResendThatIsTooLargeIsMadeVoidFirst() {
    SessionEffect.End end = tooLargeResend(1);
    take(send(2, 2));
    assertThat(refusals(effects)).containsExactly("2 EARLIER_SEND_UNRESOLVED UNKNOWN");

    ended(end, new SendFate(SendState.VOID, 0, 0));
    assertThat(refusals(effects)).containsExactly("1 BODY_TOO_LARGE NOT_APPLIED");
    sent(send(3, 2));
  }

  @Test
  void aResendThatIsTooLargeAndStoredIsAcked() {
    SessionEffect.End end = tooLargeResend(1);
    ended(end, new SendFate(SendState.STORED, 4, 9));
    assertThat(replies(effects)).containsExactly(new Frame.SendAck(1, id(1), TO_BOB, 4, 9, true));
    sent(send(2, 2));
  }

  @Test
  void aResendThatCouldNotBeMadeVoidStaysAwaited() {
    SessionEffect.End end = tooLargeResend(1);
    effects = new ArrayList<>();
    sends.endFailed(end, new QuipuException(ErrorCode.STORE_DOWN, "x"), effects);
    assertThat(refusals(effects)).containsExactly("1 STORE_DOWN UNKNOWN");
    take(send(2, 2));
    assertThat(refusals(effects)).containsExactly("2 EARLIER_SEND_UNRESOLVED UNKNOWN");
  }

  @Test
  void resendsThatAreTooLargeFillTheWindow() {
    for (int i = 1; i <= WINDOW; i++) {
      ConversationId to = ConversationId.direct(ALICE, new UserId("user" + i));
      take(send(i, i, to, true, body(MAX_BODY + 1)));
      assertThat(effects).hasOnlyElementsOfType(SessionEffect.End.class);
    }
    take(send(5, 5, TO_BOB, true, body(MAX_BODY + 1)));
    assertThat(refusals(effects)).containsExactly("5 SEND_WINDOW_FULL UNKNOWN");
  }

  @Test
  void whatIsAwaitedIsAResendWhateverTheClientSays() {
    answered(sent(send(1, 1)), DOWN);
    take(send(2, 1, TO_BOB, false, body(MAX_BODY + 1)));
    assertThat(effects).hasOnlyElementsOfType(SessionEffect.End.class);

    Sends other = new Sends(ADDRESS, RULES, () -> ++links, this::pace, ALICE, 1);
    effects = new ArrayList<>();
    other.send(send(1, 1), nowMs, effects);
    Append append = routed(effects).get(0);
    assertThat(append.resend()).isFalse();
    other.answered(answer(append, DOWN), nowMs, new ArrayList<>());
    effects = new ArrayList<>();
    other.send(send(2, 1), nowMs, effects);
    assertThat(routed(effects)).extracting(Append::resend).containsExactly(true);
  }

  private SessionEffect.End tooLargeResend(int clientSeq) {
    take(send(clientSeq, clientSeq, TO_BOB, true, body(MAX_BODY + 1)));
    assertThat(effects).hasSize(1);
    return (SessionEffect.End) effects.get(0);
  }

  private void ended(SessionEffect.End end, SendFate fate) {
    effects = new ArrayList<>();
    sends.ended(end, fate, effects);
  }

  // ---- the gate

  @Test
  void aRefusalForGoodLetsTheOthersGoOn() {
    Append one = sent(send(1, 1));
    Append two = sent(send(2, 2));
    answered(one, refused(ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED));
    assertThat(refusals(effects)).containsExactly("1 NOT_A_MEMBER NOT_APPLIED");
    answered(two, stored(1));
    assertThat(replies(effects)).containsExactly(ack(2, 2, 1));
  }

  @Test
  void anUnknownRefusalEndsTheRunAndTheGateOpensByTheSameIdOnly() {
    Append one = sent(send(1, 1));
    Append two = sent(send(2, 2));
    answered(one, refused(ErrorCode.CONVERSATION_UNKNOWN, Outcome.UNKNOWN));
    assertThat(refusals(effects))
        .containsExactly("1 CONVERSATION_UNKNOWN UNKNOWN", "2 EARLIER_SEND_UNRESOLVED UNKNOWN");
    answered(two, stored(1));
    assertThat(effects).as("its run has ended").isEmpty();
    take(send(3, 3));
    assertThat(refusals(effects)).containsExactly("3 EARLIER_SEND_UNRESOLVED UNKNOWN");

    Append again = sent(resend(4, 1));
    assertThat(again.link()).isNotEqualTo(one.link());
    assertThat(again.number()).isEqualTo(1);
    assertThat(again.first()).isTrue();
  }

  @Test
  void whatWasRefusedBehindComesAgainBeforeAnythingNew() {
    Append one = sent(send(1, 1));
    sent(send(2, 2));
    answered(one, DOWN);
    assertThat(refusals(effects)).containsExactly("1 STORE_DOWN UNKNOWN", "2 STORE_DOWN UNKNOWN");

    sent(resend(3, 1));
    // The client has not read of the second refusal yet.
    take(send(4, 3));
    assertThat(refusals(effects)).containsExactly("4 EARLIER_SEND_UNRESOLVED UNKNOWN");
    sent(resend(5, 2));
    sent(resend(6, 3));
    sent(send(7, 4));
  }

  @Test
  void aRunThatEndsStandsBeforeWhatWasRefusedMeanwhile() {
    Append one = sent(send(1, 1));
    for (int i = 2; i <= WINDOW; i++) {
      sent(send(i, i));
    }
    take(send(5, 5));
    assertThat(refusals(effects)).containsExactly("5 SEND_WINDOW_FULL UNKNOWN");
    answered(one, DOWN);
    take(resend(6, 5));
    assertThat(refusals(effects)).containsExactly("6 EARLIER_SEND_UNRESOLVED UNKNOWN");
    for (int i = 1; i <= WINDOW; i++) {
      answered(sent(resend(6 + i, i)), stored(i));
    }
    take(send(11, 9));
    assertThat(refusals(effects)).containsExactly("11 EARLIER_SEND_UNRESOLVED UNKNOWN");
    sent(resend(12, 5));
  }

  @Test
  void anUnknownRefusalInTheMiddleAwaitsTheOldestFirst() {
    sent(send(1, 1));
    Append two = sent(send(2, 2));
    answered(two, refused(ErrorCode.BUG, Outcome.UNKNOWN));
    assertThat(refusals(effects))
        .containsExactly("2 BUG UNKNOWN", "1 EARLIER_SEND_UNRESOLVED UNKNOWN");
    take(resend(3, 2));
    assertThat(refusals(effects)).containsExactly("3 EARLIER_SEND_UNRESOLVED UNKNOWN");
    sent(resend(4, 1));
    sent(resend(5, 2));
  }

  @Test
  void aFinalStatusOpensTheGate() {
    answered(sent(send(1, 1)), DOWN);
    sends.settled(TO_BOB, id(9));
    take(send(2, 2));
    assertThat(refusals(effects)).containsExactly("2 EARLIER_SEND_UNRESOLVED UNKNOWN");
    sends.settled(TO_BOB, id(1));
    sends.settled(TO_BOB, id(2));
    sent(send(3, 3));
  }

  @Test
  void anotherConversationIsNotHeldUp() {
    answered(sent(send(1, 1)), DOWN);
    take(send(2, 2, TO_CAROL, false, Content.Text.of("hi")));
    assertThat(routed(effects)).hasSize(1);
  }

  @Test
  void tooManyConversationsThatWaitAreNoticed() {
    for (int i = 1; i <= MAX_UNRESOLVED + 1; i++) {
      assertThat(sends.tooManyUnresolved()).isFalse();
      ConversationId to = ConversationId.direct(ALICE, new UserId("user" + i));
      take(send(i, i, to, false, Content.Text.of("hi")));
      answered(routed(effects).get(0), DOWN);
    }
    assertThat(sends.tooManyUnresolved()).isTrue();
  }

  @Test
  void whoGoesOnSendingWithoutReadingHisRefusalsBeginsAnew() {
    answered(sent(send(1, 1)), DOWN);
    int most = Math.max(WINDOW, MAX_UNRESOLVED);
    for (int i = 2; i <= most; i++) {
      take(send(i, i));
    }
    assertThat(sends.tooManyUnresolved()).isFalse();
    take(send(most + 1, most + 1));
    assertThat(sends.tooManyUnresolved()).as("or what follows could overtake this one").isTrue();
  }

  // ---- owners that do not answer

  @Test
  void aGapSendsEverythingAgainOnce() {
    Append one = sent(send(1, 1));
    Append two = sent(send(2, 2));
    answered(two, GAP);
    assertThat(routed(effects)).extracting(Append::number).containsExactly(1, 2);
    assertThat(routed(effects)).extracting(Append::first).containsExactly(true, false);
    answered(one, GAP);
    assertThat(effects).as("of the attempt before").isEmpty();
  }

  @Test
  void aBusyOwnerIsAskedAgainWhenTheRetryIsDue() {
    Append one = sent(send(1, 1));
    Append two = sent(send(2, 2));
    answered(one, BUSY);
    answered(two, GAP);
    assertThat(effects).isEmpty();
    tick(2 * RETRY_MS);
    assertThat(routed(effects)).hasSize(2);
  }

  @Test
  void withoutAnAnswerASendIsUnknownInTheEnd() {
    sent(send(1, 1));
    tick(TIMEOUT_MS - 1);
    assertThat(replies(effects)).isEmpty();
    tick(1);
    assertThat(refusals(effects)).containsExactly("1 OWNER_UNREACHABLE UNKNOWN");
    assertThat(sends.allAnswered()).isTrue();
    assertThat(sends.waitForOwners()).isFalse();
  }

  @Test
  void aRunThatEndsGivesItsBytesBack() {
    sent(send(1, 1, TO_BOB, false, body(MAX_BODY)));
    tick(TIMEOUT_MS);
    sent(resend(2, 1));
    sent(send(3, 2, TO_CAROL, false, body(MAX_BODY)));
  }

  @Test
  void anAnswerIsGivenOnce() {
    Append append = sent(send(1, 1));
    sent(send(2, 2));
    answered(append, stored(1));
    answered(append, stored(1));
    assertThat(effects).isEmpty();
  }

  // ---- steps

  private int pace(UserId user, boolean creates) {
    asked++;
    return waitMs;
  }

  private void take(Frame.Send send) {
    effects = new ArrayList<>();
    sends.send(send, nowMs, effects);
  }

  private Append sent(Frame.Send send) {
    take(send);
    assertThat(routed(effects)).as("%s is sent on: %s", send, effects).hasSize(1);
    assertThat(routed(effects).get(0).clientMessageId()).isEqualTo(send.clientMessageId());
    return routed(effects).get(0);
  }

  private void answered(Append append, Verdict verdict) {
    effects = new ArrayList<>();
    sends.answered(answer(append, verdict), nowMs, effects);
  }

  private void tick(int laterMs) {
    nowMs += laterMs;
    effects = new ArrayList<>();
    sends.tick(nowMs, effects);
  }
}
