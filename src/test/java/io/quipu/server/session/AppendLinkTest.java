package io.quipu.server.session;

import static io.quipu.server.session.SessionFixture.ADDRESS;
import static io.quipu.server.session.SessionFixture.ALICE;
import static io.quipu.server.session.SessionFixture.BUSY;
import static io.quipu.server.session.SessionFixture.DOWN;
import static io.quipu.server.session.SessionFixture.GAP;
import static io.quipu.server.session.SessionFixture.NOT_OWNER;
import static io.quipu.server.session.SessionFixture.RETRY_MS;
import static io.quipu.server.session.SessionFixture.TIMEOUT_MS;
import static io.quipu.server.session.SessionFixture.TO_BOB;
import static io.quipu.server.session.SessionFixture.answer;
import static io.quipu.server.session.SessionFixture.id;
import static io.quipu.server.session.SessionFixture.stored;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.session.AppendLink.Step;
import io.quipu.server.session.AppendLink.Waiting;
import java.util.List;
import org.junit.jupiter.api.Test;

class AppendLinkTest {
  private final AppendLink link = new AppendLink(5);
  private long nowMs = 1_000;

  @Test
  void anAnswerEndsItsSendAndTheRunGoesOn() {
    Append one = add();
    Append two = add();
    assertThat(one.first()).isTrue();
    assertThat(two.first()).isFalse();
    Step step = link.answered(answer(one, stored(1)), nowMs);
    assertThat(((Step.Answered) step).send().append()).isEqualTo(one);
    assertThat(link.isEmpty()).isFalse();
    assertThat(add().number()).as("numbers never change").isEqualTo(3);
  }

  @Test
  void aGapSendsAllAgainFromTheOldestWithItsNumbers() {
    answered(add());
    Append two = add();
    add();
    List<Append> again = sentOn(link.answered(answer(two, GAP), nowMs));
    assertThat(again).extracting(Append::number).containsExactly(2, 3);
    assertThat(again).extracting(Append::first).containsExactly(true, false);
    assertThat(again).extracting(Append::attempt).containsOnly(1);
    assertThat(again).extracting(Append::resend).containsOnly(true);
    assertThat(link.attempt()).isEqualTo(1);
  }

  @Test
  void aRefusalOfAnOldAttemptSaysNothing() {
    Append one = add();
    List<Append> again = sentOn(link.answered(answer(one, GAP), nowMs));
    assertThat(link.answered(answer(one, GAP), nowMs)).isInstanceOf(Step.Nothing.class);
    assertThat(link.answered(answer(one, DOWN), nowMs)).isInstanceOf(Step.Nothing.class);
    assertThat(link.answered(answer(one, stored(4)), nowMs))
        .as("but an answer is one")
        .isInstanceOf(Step.Answered.class);
    assertThat(again).hasSize(1);
  }

  @Test
  void aSecondGapWaitsUntilTheRetryIsDue() {
    List<Append> again = sentOn(link.answered(answer(add(), GAP), nowMs));
    assertThat(link.answered(answer(again.get(0), GAP), nowMs)).isInstanceOf(Step.Nothing.class);
    assertThat(tick(2 * RETRY_MS - 1)).isInstanceOf(Step.Nothing.class);
    assertThat(sentOn(tick(1))).hasSize(1);
  }

  @Test
  void whoIsNotTheOwnerIsAskedAtOnceAndThenToServeAllTheSame() {
    Append one = add();
    List<Append> again = sentOn(link.answered(answer(one, NOT_OWNER), nowMs));
    assertThat(again).extracting(Append::betterRankedTried).containsExactly(false);
    again = sentOn(link.answered(answer(again.get(0), NOT_OWNER), nowMs));
    assertThat(again).extracting(Append::betterRankedTried).containsExactly(true);
    assertThat(link.answered(answer(again.get(0), NOT_OWNER), nowMs))
        .as("then when the retry is due")
        .isInstanceOf(Step.Nothing.class);
    again = sentOn(tick(4 * RETRY_MS));
    answered(again.get(0));
    again = sentOn(link.answered(answer(add(), NOT_OWNER), nowMs));
    assertThat(again)
        .as("an answer ends the doubt")
        .extracting(Append::betterRankedTried)
        .containsExactly(false);
  }

  @Test
  void whenTheOwnerIsLostAllGoesAgainAtOnceAndThoseWhoHaveNotYetNoticedAreAskedTwice() {
    add();
    add();
    List<Append> again = sentOn(link.ownerLost(nowMs));
    assertThat(again).extracting(Append::number).containsExactly(1, 2);
    assertThat(again).extracting(Append::first).containsExactly(true, false);
    again = sentOn(link.answered(answer(again.get(0), NOT_OWNER), nowMs));
    again = sentOn(link.answered(answer(again.get(0), NOT_OWNER), nowMs));
    assertThat(again).extracting(Append::betterRankedTried).containsOnly(true);
    assertThat(new AppendLink(6).ownerLost(nowMs))
        .as("nothing waits")
        .isInstanceOf(Step.Nothing.class);
  }

  @Test
  void aBusyOwnerIsNotAskedAtOnceNorForThoseBehind() {
    Append one = add();
    Append two = add();
    assertThat(link.answered(answer(one, BUSY), nowMs)).isInstanceOf(Step.Nothing.class);
    assertThat(link.answered(answer(two, GAP), nowMs)).isInstanceOf(Step.Nothing.class);
  }

  @Test
  void aRunThatNeverFindsRoomEndsAsBusyAndOneThatIsNotAnsweredAsUnreachable() {
    assertThat(link.answered(answer(add(), BUSY), nowMs)).isInstanceOf(Step.Nothing.class);
    List<Append> again = sentOn(tick(RETRY_MS * 2));
    assertThat(link.answered(answer(again.get(0), BUSY), nowMs)).isInstanceOf(Step.Nothing.class);
    assertThat(endOf(tick(TIMEOUT_MS)).code()).isEqualTo(ErrorCode.OWNER_BUSY);

    assertThat(link.answered(answer(add(), BUSY), nowMs)).isInstanceOf(Step.Nothing.class);
    sentOn(tick(RETRY_MS * 4));
    assertThat(endOf(tick(TIMEOUT_MS)).code())
        .as("the last time nobody answered")
        .isEqualTo(ErrorCode.OWNER_UNREACHABLE);
  }

  private static Step.Unresolved endOf(Step step) {
    assertThat(step).isInstanceOf(Step.Unresolved.class);
    return (Step.Unresolved) step;
  }

  @Test
  void retriesBackOffUntilSomethingIsAnswered() {
    add();
    assertThat(tick(RETRY_MS - 1)).isInstanceOf(Step.Nothing.class);
    List<Append> again = sentOn(tick(1));
    assertThat(tick(2 * RETRY_MS - 1)).isInstanceOf(Step.Nothing.class);
    assertThat(sentOn(tick(1))).hasSize(1);
    assertThat(tick(4 * RETRY_MS - 1)).isInstanceOf(Step.Nothing.class);
    add();
    link.answered(answer(again.get(0), stored(1)), nowMs);
    assertThat(tick(RETRY_MS - 1)).isInstanceOf(Step.Nothing.class);
    assertThat(sentOn(tick(1))).hasSize(1);
  }

  @Test
  void aStoreThatIsAwayEndsTheRun() {
    Append one = add();
    add();
    Step.Unresolved end = (Step.Unresolved) link.answered(answer(one, DOWN), nowMs);
    assertThat(end.sends()).extracting(send -> send.append().number()).containsExactly(1, 2);
    assertThat(end.reason()).isEqualTo(Reason.STORE_DOWN);
    assertThat(link.isEmpty()).isTrue();
  }

  @Test
  void theOldestWaitsNoLongerThanTheTimeout() {
    add();
    nowMs += TIMEOUT_MS / 2;
    add();
    Step step = tick(TIMEOUT_MS / 2);
    assertThat(((Step.Unresolved) step).sends()).hasSize(2);
    assertThat(tick(TIMEOUT_MS)).as("nothing waits").isInstanceOf(Step.Nothing.class);
  }

  @Test
  void anAnswerToWhatDoesNotWaitIsNothing() {
    Append one = add();
    answered(one);
    assertThat(link.answered(answer(one, stored(1)), nowMs)).isInstanceOf(Step.Nothing.class);
    assertThat(link.answered(answer(one, GAP), nowMs)).isInstanceOf(Step.Nothing.class);
  }

  @Test
  void anEndedRunHandsOutWhatWaits() {
    answered(add());
    add();
    assertThat(link.endAll()).extracting(Waiting::clientSeq).containsExactly(2);
    assertThat(link.endAll()).isEmpty();
  }

  private Append add() {
    int number = link.nextNumber();
    Append append =
        new Append(
            ADDRESS,
            link.link(),
            number,
            link.isEmpty(),
            link.attempt(),
            false,
            TO_BOB,
            1,
            ALICE,
            id(number),
            false,
            Content.Text.of("hi"));
    link.add(append, number, 2, nowMs);
    return append;
  }

  private void answered(Append append) {
    assertThat(link.answered(answer(append, stored(1)), nowMs)).isInstanceOf(Step.Answered.class);
  }

  private Step tick(int laterMs) {
    nowMs += laterMs;
    return link.tick(nowMs, RETRY_MS, TIMEOUT_MS);
  }

  private static List<Append> sentOn(Step step) {
    assertThat(step).isInstanceOf(Step.SendOn.class);
    return ((Step.SendOn) step).appends();
  }
}
