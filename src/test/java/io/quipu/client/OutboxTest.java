package io.quipu.client;

import static io.quipu.client.ScriptedServer.AB;
import static io.quipu.client.ScriptedServer.ALICE;
import static io.quipu.client.ScriptedServer.BOB;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class OutboxTest {
  private static final ConversationId AC = ConversationId.direct(ALICE, new UserId("carol"));

  private Outbox outbox = outbox(new Outbox.Settings(100, 1 << 20, 5, 60_000));
  private final List<OutboxEffect> effects = new ArrayList<>();
  private long nowMs = 1_000;

  private static Outbox outbox(Outbox.Settings settings) {
    return new Outbox(
        settings, new Backoff(100, 1_000, new SplittableRandom(7)), PendingSend::sizeBytes);
  }

  private static UUID id(int n) {
    return new UUID(0x7000, n);
  }

  private void step(OutboxEvent event) {
    effects.addAll(outbox.step(event, nowMs));
  }

  private void put(int n, ConversationId to) {
    step(
        new OutboxEvent.Put(
            new PendingSend(id(n), new To.Conversation(to), Content.Text.of("m" + n)), false));
  }

  private void connect() {
    connect(100);
  }

  private void connect(int window) {
    step(new OutboxEvent.Connected(ALICE, ScriptedServer.limits(20_000, window, 10_000)));
  }

  private void ack(int clientSeq, int n, long seq) {
    step(new OutboxEvent.Acked(new Frame.SendAck(clientSeq, id(n), AB, seq, 5, false)));
  }

  private void reject(int clientSeq, int n, ErrorCode code, Outcome outcome) {
    reject(clientSeq, n, code, outcome, 0);
  }

  private void reject(int clientSeq, int n, ErrorCode code, Outcome outcome, int expected) {
    step(
        new OutboxEvent.Rejected(
            new Frame.SendRejected(
                clientSeq, id(n), Optional.of(AB), code, outcome, 0, expected, "")));
  }

  private void waitMs(long ms) {
    nowMs += ms;
    step(new OutboxEvent.Tick());
  }

  /** "n@clientSeq", with r for a resend; and forgets all effects. */
  private List<String> sent() {
    List<String> sent = new ArrayList<>();
    for (OutboxEffect effect : effects) {
      if (effect instanceof OutboxEffect.Transmit transmit) {
        Frame.Send frame = transmit.frame();
        sent.add(
            frame.clientMessageId().getLeastSignificantBits()
                + "@"
                + frame.clientSeq()
                + (frame.resend() ? "r" : ""));
      }
    }
    effects.clear();
    return sent;
  }

  private <T extends OutboxEffect> T only(Class<T> kind) {
    List<T> found = effects.stream().filter(kind::isInstance).map(kind::cast).toList();
    assertThat(found).as(kind.getSimpleName() + " in " + effects).hasSize(1);
    effects.clear();
    return found.get(0);
  }

  @Test
  void sendsInTheOrderOfAskingWithRisingClientSeqs() {
    put(1, AB);
    put(2, AC);
    put(3, AB);
    assertThat(sent()).isEmpty();
    connect();
    assertThat(sent()).containsExactly("1@1", "2@2", "3@3");
    put(4, AC);
    assertThat(sent()).containsExactly("4@4");
  }

  @Test
  void theWindowIsNeverExceeded() {
    connect(2);
    put(1, AB);
    put(2, AB);
    put(3, AB);
    assertThat(sent()).containsExactly("1@1", "2@2");
    ack(1, 1, 1);
    assertThat(sent()).containsExactly("3@3");
  }

  @Test
  void anAckRemovesWhateverItsPlace() {
    connect();
    put(1, AB);
    put(2, AB);
    sent();
    ack(2, 2, 2);
    assertThat(only(OutboxEffect.Settled.class).stored().seq()).isEqualTo(2);
    ack(1, 1, 1);
    assertThat(only(OutboxEffect.Settled.class).send().id()).isEqualTo(id(1));
    assertThat(outbox.size()).isZero();
    ack(1, 1, 1);
    assertThat(effects).as("the same ack again").isEmpty();
  }

  @Test
  void theNextConnectionGetsAllUnAckedInOrderAsResends() {
    connect();
    put(1, AB);
    put(2, AB);
    put(3, AC);
    ack(1, 1, 1);
    step(new OutboxEvent.Disconnected());
    put(4, AB);
    sent();
    connect();
    assertThat(sent()).containsExactly("2@1r", "3@2r", "4@3");
  }

  @Test
  void nothingLeavesByTime() { // GIVEUP: a later send would overtake
    connect();
    put(1, AB);
    sent();
    step(new OutboxEvent.Disconnected());
    for (int i = 0; i < 100; i++) {
      waitMs(60_000);
    }
    assertThat(only(OutboxEffect.Parked.class).send().id()).isEqualTo(id(1));
    put(2, AB);
    connect();
    assertThat(sent()).as("the later one waits for the parked one").isEmpty();
    assertThat(outbox.size()).isEqualTo(2);
    step(new OutboxEvent.Retry(id(1)));
    assertThat(sent()).containsExactly("1@1r", "2@2");
  }

  @Test
  void aDefiniteRefusalFailsThatSendAlone() {
    connect();
    put(1, AB);
    put(2, AB);
    sent();
    reject(1, 1, ErrorCode.NOT_ALLOWED, Outcome.NOT_APPLIED);
    assertThat(only(OutboxEffect.Failed.class).code()).isEqualTo(ErrorCode.NOT_ALLOWED);
    ack(2, 2, 1);
    assertThat(only(OutboxEffect.Settled.class).send().id()).isEqualTo(id(2));
  }

  @Test
  void afterARefusalWorthARetryEverythingBehindItWaitsAndGoesAgainInOrder() {
    connect();
    put(1, AB);
    put(2, AB);
    put(3, AC);
    put(4, AB);
    sent();
    reject(1, 1, ErrorCode.STORE_DOWN, Outcome.UNKNOWN);
    waitMs(5_000);
    assertThat(sent()).as("2 and 4 have no answer yet").isEmpty();
    put(5, AB);
    reject(2, 2, ErrorCode.EARLIER_SEND_UNRESOLVED, Outcome.UNKNOWN);
    reject(4, 4, ErrorCode.EARLIER_SEND_UNRESOLVED, Outcome.UNKNOWN);
    waitMs(1);
    assertThat(sent()).containsExactly("1@5r", "2@6r", "4@7r", "5@8");
    ack(3, 3, 1);
    assertThat(only(OutboxEffect.Settled.class).send().id()).isEqualTo(id(3));
  }

  @Test
  void aRefusalBacksOffBeforeItTriesAgain() {
    connect();
    put(1, AB);
    sent();
    reject(1, 1, ErrorCode.STORE_DOWN, Outcome.UNKNOWN);
    assertThat(sent()).isEmpty();
    assertThat(outbox.nextDeadlineMs()).isBetween(nowMs + 50, nowMs + 100);
    waitMs(100);
    assertThat(sent()).containsExactly("1@2r");
  }

  @Test
  void tooManyRefusalsTellTheUserUnknownAndKeepTheSend() {
    connect();
    put(1, AB);
    for (int attempt = 1; attempt <= 5; attempt++) {
      sent();
      reject(attempt, 1, ErrorCode.STORE_DOWN, Outcome.UNKNOWN);
      if (attempt < 5) {
        waitMs(2_000);
      }
    }
    assertThat(only(OutboxEffect.Parked.class).code()).isEqualTo(ErrorCode.STORE_DOWN);
    waitMs(10_000);
    assertThat(sent()).isEmpty();
    assertThat(outbox.contains(id(1))).isTrue();
  }

  @Test
  void theStrangersAnswerParksAtOnceAndHoldsWhatComesLater() {
    connect();
    put(1, AB);
    put(2, AB);
    sent();
    reject(1, 1, ErrorCode.CONVERSATION_UNKNOWN, Outcome.UNKNOWN);
    reject(2, 2, ErrorCode.EARLIER_SEND_UNRESOLVED, Outcome.UNKNOWN);
    assertThat(only(OutboxEffect.Parked.class).send().id()).isEqualTo(id(1));
    put(3, AC);
    assertThat(sent()).as("other conversations go on").containsExactly("3@3");
    waitMs(30_000);
    assertThat(sent()).filteredOn(s -> !s.startsWith("3")).isEmpty();
  }

  @Test
  void cancelOfWhatWasNeverSentIsDefiniteAtOnce() {
    put(1, AB);
    step(new OutboxEvent.Cancel(id(1)));
    assertThat(only(OutboxEffect.Failed.class).code()).isEqualTo(ErrorCode.VOIDED);
    connect();
    assertThat(sent()).isEmpty();
  }

  @Test
  void cancelAsksTheServerAgainOnEachConnectionAndSendsNothingMeanwhile() {
    connect();
    put(1, AB);
    put(2, AB);
    step(new OutboxEvent.Disconnected());
    effects.clear();
    step(new OutboxEvent.Cancel(id(1)));
    assertThat(effects).isEmpty();
    connect();
    assertThat(only(OutboxEffect.AskCancel.class).id()).isEqualTo(id(1));
    step(new OutboxEvent.StatusKnown(id(1), SendState.VOID, 0, 0));
    assertThat(effects.get(0)).isInstanceOf(OutboxEffect.Failed.class);
    assertThat(sent()).containsExactly("2@1r");
  }

  @Test
  void aCancelThatComesTooLateIsAnAck() {
    connect();
    put(1, AB);
    step(new OutboxEvent.Disconnected());
    step(new OutboxEvent.Cancel(id(1)));
    connect();
    effects.clear();
    step(new OutboxEvent.StatusKnown(id(1), SendState.STORED, 4, 9));
    assertThat(only(OutboxEffect.Settled.class).stored().seq()).isEqualTo(4);
  }

  @Test
  void aCancelThatTheServerCannotAnswerLeavesTheSendParked() {
    connect();
    put(1, AB);
    reject(1, 1, ErrorCode.CONVERSATION_UNKNOWN, Outcome.UNKNOWN);
    step(new OutboxEvent.Cancel(id(1)));
    effects.clear();
    step(new OutboxEvent.StatusFailed(id(1), ErrorCode.CONVERSATION_UNKNOWN, "no"));
    assertThat(only(OutboxEffect.CancelFailed.class).code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    assertThat(outbox.contains(id(1))).isTrue();
    waitMs(10_000);
    assertThat(sent()).isEmpty();
  }

  @Test
  void withoutAnAnswerTheSameClientSeqGoesAgainOnceThenTheConnectionIsGivenUp() {
    connect();
    put(1, AB);
    put(2, AB);
    sent();
    waitMs(14_999);
    assertThat(sent()).isEmpty();
    waitMs(1);
    assertThat(sent()).containsExactly("1@1r", "2@2r");
    waitMs(15_000);
    only(OutboxEffect.Reconnect.class);
  }

  @Test
  void aClientSeqJumpIsHealedByTheServersNumber() {
    connect();
    put(1, AB);
    put(2, AC);
    put(3, AB);
    sent();
    reject(2, 2, ErrorCode.CLIENT_SEQ_JUMP, Outcome.UNKNOWN, 2);
    assertThat(sent()).as("nothing while answers are missing").isEmpty();
    reject(3, 3, ErrorCode.CLIENT_SEQ_JUMP, Outcome.UNKNOWN, 2);
    ack(1, 1, 1);
    assertThat(sent()).containsExactly("2@2r", "3@3r");
  }

  @Test
  void aSendThatNeverCameIsRepeatedAtOnceAndItsNumberIsNotUsedAgain() {
    connect();
    put(1, AB);
    put(2, AB);
    put(3, AB);
    sent();
    // 1 is lost on the way.
    reject(2, 2, ErrorCode.CLIENT_SEQ_JUMP, Outcome.UNKNOWN, 1);
    assertThat(sent()).containsExactly("1@1r");
    reject(3, 3, ErrorCode.CLIENT_SEQ_JUMP, Outcome.UNKNOWN, 1);
    assertThat(sent()).as("once is enough").isEmpty();
    ack(1, 1, 1);
    assertThat(sent()).containsExactly("2@2r", "3@3r");
  }

  /** Its repetition may have been taken, although its end came another way. */
  @Test
  void theNumberOfASendThatEndedUnansweredIsNotGivenToAnotherOne() {
    connect();
    put(1, AB);
    put(2, AC);
    sent();
    reject(2, 2, ErrorCode.CLIENT_SEQ_JUMP, Outcome.UNKNOWN, 1); // 1 is lost, and goes again
    effects.clear();
    step(new OutboxEvent.StatusKnown(id(1), SendState.VOID, 0, 0));
    assertThat(sent()).containsExactly("2@2r");
  }

  /** A late answer to a client_seq that has another owner now. */
  @Test
  void aRefusalOfAnotherIdUnderTheSameClientSeqCountsForNothing() {
    connect();
    put(1, AB);
    sent();
    reject(1, 7, ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED);
    assertThat(outbox.size()).isEqualTo(1);
    ack(1, 1, 1);
    only(OutboxEffect.Settled.class);
  }

  @Test
  void aSessionThatWaitsForAnEndedSendIsLeft() {
    connect();
    put(1, AB);
    put(2, AB);
    sent();
    reject(1, 1, ErrorCode.RATE_LIMITED, Outcome.NOT_APPLIED);
    reject(2, 2, ErrorCode.EARLIER_SEND_UNRESOLVED, Outcome.UNKNOWN);
    effects.clear();
    waitMs(1_000);
    assertThat(sent()).containsExactly("2@3r");
    reject(3, 2, ErrorCode.EARLIER_SEND_UNRESOLVED, Outcome.UNKNOWN);
    only(OutboxEffect.Reconnect.class);
  }

  @Test
  void anAnswerToAnEarlierAttemptOfTheSameIdCountsForNothing() {
    connect();
    put(1, AB);
    reject(1, 1, ErrorCode.STORE_DOWN, Outcome.UNKNOWN);
    waitMs(1_000);
    sent();
    reject(1, 1, ErrorCode.NOT_ALLOWED, Outcome.NOT_APPLIED);
    assertThat(effects).isEmpty();
    assertThat(outbox.contains(id(1))).isTrue();
  }

  @Test
  void aServerThatGoesAwayGetsNothingNew() {
    connect();
    put(1, AB);
    sent();
    step(new OutboxEvent.GoingAway());
    put(2, AB);
    assertThat(sent()).isEmpty();
    assertThat(outbox.quiet()).isFalse();
    ack(1, 1, 1);
    assertThat(outbox.quiet()).isTrue();
  }

  @Test
  void aFullOutboxTakesNothingMore() {
    outbox = outbox(new Outbox.Settings(1, 1 << 20, 5, 60_000));
    put(1, AB);
    put(2, AB);
    assertThat(only(OutboxEffect.NotTaken.class).code()).isEqualTo(ErrorCode.SEND_WINDOW_FULL);
    assertThat(outbox.size()).isEqualTo(1);
  }

  @Test
  void whatNoServerTakesIsRefusedBeforeItHasAClientSeq() {
    connect();
    String tooLong = "x".repeat(40_000);
    step(
        new OutboxEvent.Put(
            new PendingSend(id(1), new To.Conversation(AB), Content.Text.of(tooLong)), false));
    put(2, AB);
    assertThat(effects.get(0))
        .isInstanceOfSatisfying(
            OutboxEffect.Failed.class,
            failed -> assertThat(failed.code()).isEqualTo(ErrorCode.BODY_TOO_LARGE));
    assertThat(sent()).containsExactly("2@1");
  }

  @Test
  void aUserAndTheConversationWithHimAreOneLane() {
    step(
        new OutboxEvent.Put(
            new PendingSend(id(1), new To.User(BOB), Content.Text.of("m1")), false));
    put(2, AB);
    connect();
    sent();
    reject(1, 1, ErrorCode.STORE_DOWN, Outcome.UNKNOWN);
    reject(2, 2, ErrorCode.EARLIER_SEND_UNRESOLVED, Outcome.UNKNOWN);
    waitMs(1_000);
    assertThat(sent()).containsExactly("1@3r", "2@4r");
  }

  @Test
  void aNewGroupNamesNoConversationAndWhatFollowsGoesBehindIt() {
    connect();
    step(
        new OutboxEvent.Put(
            new PendingSend(
                id(1),
                new To.NewGroup(),
                new Content.Changed(new Change.Create("title", List.of(BOB)))),
            false));
    Frame.Send frame = only(OutboxEffect.Transmit.class).frame();
    assertThat(frame.conversation()).isEmpty();
    assertThat(frame.toUser()).isEmpty();
    put(2, ConversationId.group(ALICE, id(1)));
    sent();
    step(new OutboxEvent.Disconnected());
    connect();
    assertThat(sent()).containsExactly("1@1r", "2@2r");
  }

  @Test
  void whatAnEarlierRunLeftMayHaveBeenSent() {
    step(
        new OutboxEvent.Put(
            new PendingSend(id(1), new To.Conversation(AB), Content.Text.of("m1")), true));
    connect();
    assertThat(sent()).containsExactly("1@1r");
  }

  @Test
  void whatAnEarlierRunLeftIsNeverRefused() {
    outbox = outbox(new Outbox.Settings(1, 1 << 20, 5, 60_000));
    for (int n = 1; n <= 3; n++) {
      step(
          new OutboxEvent.Put(
              new PendingSend(id(n), new To.Conversation(AB), Content.Text.of("m")), true));
    }
    assertThat(effects).isEmpty();
    assertThat(outbox.size()).isEqualTo(3);
  }
}
