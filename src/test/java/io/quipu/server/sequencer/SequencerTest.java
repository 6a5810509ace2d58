package io.quipu.server.sequencer;

import static io.quipu.server.sequencer.SequencerFixture.ALICE;
import static io.quipu.server.sequencer.SequencerFixture.BOB;
import static io.quipu.server.sequencer.SequencerFixture.CAROL;
import static io.quipu.server.sequencer.SequencerFixture.DIRECT;
import static io.quipu.server.sequencer.SequencerFixture.GROUP;
import static io.quipu.server.sequencer.SequencerFixture.acked;
import static io.quipu.server.sequencer.SequencerFixture.ackedAgain;
import static io.quipu.server.sequencer.SequencerFixture.append;
import static io.quipu.server.sequencer.SequencerFixture.change;
import static io.quipu.server.sequencer.SequencerFixture.entryId;
import static io.quipu.server.sequencer.SequencerFixture.gone;
import static io.quipu.server.sequencer.SequencerFixture.member;
import static io.quipu.server.sequencer.SequencerFixture.notTaken;
import static io.quipu.server.sequencer.SequencerFixture.owner;
import static io.quipu.server.sequencer.SequencerFixture.state;
import static io.quipu.server.sequencer.SequencerFixture.stored;
import static io.quipu.server.sequencer.SequencerFixture.text;
import static io.quipu.server.sequencer.SequencerFixture.uuid;
import static io.quipu.server.sequencer.SequencerFixture.voided;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Outcome;
import io.quipu.model.Role;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Aim;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.Target;
import io.quipu.server.journal.GroupCommit.Result;
import io.quipu.server.journal.Journal.SendFate;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.RetentionRules;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.sequencer.SequencerEffect.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SequencerTest {
  private static final int MAX_QUEUED = 6;
  private static final int MAX_BATCH = 4;
  private static final int MAX_BYTES = 100;
  private static final int GIVE_UP_MS = 1_000;
  private static final Sequencer.Rules RULES =
      new Sequencer.Rules(3, 1_000, 2_000, 2, RetentionRules.KEEP);
  private static final Sequencer.Limits LIMITS =
      new Sequencer.Limits(MAX_QUEUED, MAX_BATCH, MAX_BYTES, 8, 4, RULES, 50, 400, GIVE_UP_MS);
  private static final List<Membership> BOTH = List.of(member(ALICE), member(BOB));

  private Sequencer sequencer = new Sequencer(DIRECT, LIMITS);
  private long nowMs = 10_000;
  private List<SequencerEffect> effects = List.of();

  // ---- the table of phases

  @Test
  void theFirstAppendLoadsTheConversation() {
    arrive(text(DIRECT, ALICE, 1));

    assertThat(only(SequencerEffect.Load.class).ids()).containsExactly(entryId(ALICE, 1));
    assertThat(effects).hasSize(1);
  }

  @Test
  void whatIsLoadedIsWrittenAfterTheTail() {
    Append append = text(DIRECT, ALICE, 1);
    arrive(append);
    loaded(state(41, BOTH));

    SequencerEffect.Write write = only(SequencerEffect.Write.class);
    assertThat(write.batch().conversationKey()).isEqualTo(7);
    assertThat(write.batch().entries())
        .containsExactly(new NewEntry(42, entryId(ALICE, 1), append.content(), List.of()));
    assertThat(write.alone()).isFalse();
  }

  @Test
  void aCommitAnswersAndPublishesWithAcksFirst() {
    Append append = text(DIRECT, ALICE, 1);
    arrive(append);
    loaded(state(41, BOTH));
    wrote(new Result.Committed(9));

    assertThat(effects.get(0)).isEqualTo(new Answer(append, acked(42)));
    var committed = only(SequencerEffect.Publish.class).committed();
    assertThat(committed.messages()).extracting(message -> message.seq()).containsExactly(42L);
    assertThat(committed.origins()).containsExactly(append.origin());
    assertThat(committed.audience()).containsExactlyInAnyOrder(ALICE, BOB);
    assertThat(sequencer.isIdle()).isTrue();
  }

  @Test
  void whatArrivesDuringABatchIsTheNextBatch() {
    ready(0);
    arrive(text(DIRECT, ALICE, 1, 1, true, 1));
    long attempt = attempt();
    arrive(text(DIRECT, ALICE, 1, 2, false, 2));
    assertThat(effects).isEmpty();
    arrive(text(DIRECT, ALICE, 1, 3, false, 3));
    assertThat(effects).isEmpty();

    step(new SequencerEvent.Wrote(attempt, new Result.Committed(9)));

    assertThat(seqs()).containsExactly(2L, 3L);
  }

  @Test
  void aBatchHasAtMostSoManyEntriesAndBytes() {
    ready(0);
    arrive(text(DIRECT, ALICE, 1, 1, true, 1));
    long attempt = attempt();
    for (int i = 2; i <= 6; i++) {
      arrive(text(DIRECT, ALICE, 1, i, false, i));
    }
    step(new SequencerEvent.Wrote(attempt, new Result.Committed(9)));
    assertThat(seqs()).hasSize(MAX_BATCH);

    wrote(new Result.Committed(9));
    assertThat(seqs()).containsExactly(6L);
    wrote(new Result.Committed(9));

    Content half = new Content.Body(ByteString.copyFrom(new byte[MAX_BYTES / 2 + 1]));
    arrive(append(DIRECT, ALICE, 1, 7, false, 7, half));
    attempt = attempt();
    arrive(append(DIRECT, ALICE, 1, 8, false, 8, half));
    arrive(append(DIRECT, ALICE, 1, 9, false, 9, half));
    step(new SequencerEvent.Wrote(attempt, new Result.Committed(9)));
    assertThat(seqs()).containsExactly(8L);
  }

  @Test
  void aTakenKeyMeansReloadAndTheSameAgainInOrder() {
    writing(text(DIRECT, ALICE, 1, 1, true, 1), text(DIRECT, ALICE, 1, 2, false, 2));
    wrote(new Result.LeftOut());

    assertThat(only(SequencerEffect.Load.class).ids())
        .containsExactly(entryId(ALICE, 1), entryId(ALICE, 2));
    loaded(state(10, BOTH));
    assertThat(seqs()).containsExactly(11L, 12L);
    assertThat(ids()).containsExactly(entryId(ALICE, 1), entryId(ALICE, 2));
  }

  @Test
  void afterACollisionWhatIsFoundIsAnsweredAndTheRestGoesOn() {
    Append one = text(DIRECT, ALICE, 1, 1, true, 1);
    writing(one, text(DIRECT, ALICE, 1, 2, false, 2));
    wrote(new Result.LeftOut());
    loaded(state(10, BOTH, stored(ALICE, 1, 9)));

    assertThat(answers()).containsExactly(new Answer(one, ackedAgain(9)));
    assertThat(ids()).containsExactly(entryId(ALICE, 2));
  }

  @Test
  void collisionsWithoutEndPauseAndAreGivenUpInTheEnd() {
    Append one = text(DIRECT, ALICE, 1);
    writing(one);
    for (int i = 0; i < 3; i++) {
      wrote(new Result.LeftOut());
      loaded(state(10 + i, BOTH));
    }
    wrote(new Result.LeftOut());
    assertThat(only(SequencerEffect.Pause.class).pauseMs()).isPositive();

    nowMs += GIVE_UP_MS;
    step(new SequencerEvent.PauseOver(attempt()));
    loaded(state(20, BOTH));
    wrote(new Result.LeftOut());

    assertThat(answers()).containsExactly(new Answer(one, notTaken(Reason.STORE_DOWN)));
    assertThat(sequencer.isIdle()).isTrue();
  }

  @Test
  void anUnknownOutcomePausesReloadsAndWritesTheSameAgain() {
    writing(text(DIRECT, ALICE, 1));
    wrote(new Result.Unknown());
    int first = only(SequencerEffect.Pause.class).pauseMs();
    assertThat(first).isEqualTo(50);
    step(new SequencerEvent.PauseOver(attempt()));
    assertThat(only(SequencerEffect.Load.class).ids()).containsExactly(entryId(ALICE, 1));
    loaded(state(0, BOTH));
    wrote(new Result.NotSent());
    assertThat(only(SequencerEffect.Pause.class).pauseMs()).isEqualTo(100);
    step(new SequencerEvent.PauseOver(attempt()));
    loaded(state(0, BOTH));
    assertThat(seqs()).containsExactly(1L);
  }

  @Test
  void aFailedLoadPausesAndTriesAgain() {
    arrive(text(DIRECT, ALICE, 1));
    step(new SequencerEvent.LoadFailed(attempt()));
    assertThat(only(SequencerEffect.Pause.class)).isNotNull();
    step(new SequencerEvent.PauseOver(attempt()));
    assertThat(only(SequencerEffect.Load.class)).isNotNull();
  }

  @Test
  void aStoreThatStaysAwayGivesUpEverythingBehindAndTheLinks() {
    Append one = text(DIRECT, ALICE, 1, 1, true, 1);
    Append two = text(DIRECT, ALICE, 1, 2, false, 2);
    Append bobs = text(DIRECT, BOB, 2, 1, true, 3);
    arrive(one);
    arrive(two);
    arrive(bobs);
    nowMs += GIVE_UP_MS;
    step(new SequencerEvent.LoadFailed(attempt()));

    Verdict down = notTaken(Reason.STORE_DOWN);
    assertThat(answers())
        .containsExactly(new Answer(one, down), new Answer(two, down), new Answer(bobs, down));
    assertThat(sequencer.isIdle()).isTrue();

    Append three = text(DIRECT, ALICE, 1, 3, false, 4);
    arrive(three);
    assertThat(answers()).containsExactly(new Answer(three, notTaken(Reason.LINK_GAP)));
  }

  @Test
  void aPauseEndsWhenTheOldestIsToBeGivenUp() {
    arrive(text(DIRECT, ALICE, 1));
    nowMs += GIVE_UP_MS - 10;
    step(new SequencerEvent.LoadFailed(attempt()));
    assertThat(only(SequencerEffect.Pause.class).pauseMs()).isEqualTo(10);
  }

  @Test
  void aLateReplyOfAnOldAttemptIsIgnored() {
    writing(text(DIRECT, ALICE, 1));
    long old = attempt();
    wrote(new Result.Unknown());
    step(new SequencerEvent.PauseOver(attempt()));
    loaded(state(5, BOTH));
    long now = attempt();

    step(new SequencerEvent.Wrote(old, new Result.Committed(9)));
    assertThat(effects).isEmpty();
    step(new SequencerEvent.Loaded(old, Optional.of(state(99, BOTH))));
    step(new SequencerEvent.LoadFailed(old));
    step(new SequencerEvent.PauseOver(old));
    step(new SequencerEvent.Voided(old, new SendFate(SendState.VOID, 0, 0)));
    step(new SequencerEvent.VoidFailed(old));
    step(new SequencerEvent.GroupCreated(old, true));
    assertThat(effects).isEmpty();

    step(new SequencerEvent.Wrote(now, new Result.Committed(9)));
    assertThat(answers()).extracting(Answer::verdict).containsExactly(acked(6));
  }

  // ---- dedupe

  @Test
  void aRetryIsAnsweredWithItsOriginalSeq() {
    ready(20);
    Append retry = text(DIRECT, ALICE, 1);
    arrive(retry);
    wrote(new Result.LeftOut());
    loaded(state(20, BOTH, stored(ALICE, 1, 3)));
    assertThat(answers()).containsExactly(new Answer(retry, ackedAgain(3)));
  }

  @Test
  void aRetryOfARecentIdIsLookedUpAndNotWritten() {
    ready(20);
    arrive(text(DIRECT, ALICE, 1));
    wrote(new Result.Committed(9));
    Append retry = text(DIRECT, ALICE, 77, 1, true, 1);
    arrive(retry);
    assertThat(only(SequencerEffect.Load.class).ids()).containsExactly(entryId(ALICE, 1));
    loaded(state(21, BOTH, stored(ALICE, 1, 21)));
    assertThat(answers()).containsExactly(new Answer(retry, ackedAgain(21)));
  }

  @Test
  void theSameIdWithOtherContentIsIdReused() {
    Append other = append(DIRECT, ALICE, 5, 1, true, 1, Content.Text.of("something else"));
    arrive(other);
    loaded(state(20, BOTH, stored(ALICE, 1, 3)));
    assertRefused(other, ErrorCode.ID_REUSED, Outcome.NOT_APPLIED);
  }

  @Test
  void aVoidedIdIsRefusedForGood() {
    Append append = text(DIRECT, ALICE, 1);
    arrive(append);
    loaded(state(20, BOTH, voided(ALICE, 1)));
    assertRefused(append, ErrorCode.VOIDED, Outcome.NOT_APPLIED);
  }

  @Test
  void twoAppendsWithTheSameIdAtOnceAreOneRowAndTwoAnswers() {
    Append one = text(DIRECT, ALICE, 1, 1, true, 1);
    Append copy = text(DIRECT, ALICE, 2, 1, true, 1);
    writing(one);
    arrive(copy);
    assertThat(effects).isEmpty();
    wrote(new Result.Committed(9));
    assertThat(answers())
        .containsExactly(
            new Answer(one, acked(1)), new Answer(copy, new Verdict.Stored(1, 9, true)));
    assertThat(sequencer.isIdle()).isTrue();
  }

  @Test
  void twoAppendsWithTheSameIdAndOtherContentAreOneAckAndOneRefusal() {
    Append one = text(DIRECT, ALICE, 1, 1, true, 1);
    Append other = append(DIRECT, ALICE, 2, 1, true, 1, Content.Text.of("other"));
    writing(one);
    arrive(other);
    wrote(new Result.Committed(9));
    assertThat(answers()).containsExactly(new Answer(one, acked(1)));
    loaded(state(1, BOTH, stored(ALICE, 1, 1)));
    assertRefused(other, ErrorCode.ID_REUSED, Outcome.NOT_APPLIED);
  }

  @Test
  void aRepeatedBusMessageIsAnsweredOnceWithItsLastAttempt() {
    Append one = text(DIRECT, ALICE, 1, 1, true, 1);
    writing(one);
    arrive(one);
    arrive(one);
    wrote(new Result.Committed(9));
    assertThat(answers()).hasSize(1);
  }

  @Test
  void anotherUsersEqualIdIsAnotherSend() {
    Append alices = text(DIRECT, ALICE, 1);
    Append bobs =
        new Append(
            text(DIRECT, BOB, 1).origin(),
            9,
            1,
            true,
            0,
            false,
            DIRECT,
            2,
            BOB,
            alices.clientMessageId(),
            false,
            Content.Text.of("bob's"));
    arrive(alices);
    arrive(bobs);
    loaded(state(0, BOTH));
    assertThat(seqs()).containsExactly(1L, 2L);
  }

  // ---- links

  @Test
  void aGapInALinkIsNotTaken() {
    ready(0);
    Append three = text(DIRECT, ALICE, 1, 3, false, 3);
    arrive(text(DIRECT, ALICE, 1, 1, true, 1));
    arrive(three);
    assertThat(answers()).containsExactly(new Answer(three, notTaken(Reason.LINK_GAP)));
  }

  @Test
  void aLinkThatIsNotKnownIsTakenUpByFirstOnly() {
    ready(0);
    Append late = text(DIRECT, ALICE, 1, 5, false, 5);
    arrive(late);
    assertThat(answers()).containsExactly(new Answer(late, notTaken(Reason.LINK_GAP)));
    arrive(text(DIRECT, ALICE, 1, 5, true, 5));
    assertThat(seqs()).containsExactly(1L);
  }

  @Test
  void anOldNumberIsAnsweredIfItIsStoredAndNeverStoredNow() {
    ready(0);
    arrive(text(DIRECT, ALICE, 1, 1, true, 1));
    wrote(new Result.Committed(9));
    Append again = text(DIRECT, ALICE, 1, 1, false, 1);
    arrive(again);
    loaded(state(1, BOTH, stored(ALICE, 1, 1)));
    assertThat(answers()).containsExactly(new Answer(again, ackedAgain(1)));

    arrive(again);
    loaded(state(1, BOTH));
    assertThat(answers()).containsExactly(new Answer(again, notTaken(Reason.LINK_GAP)));
    assertThat(sequencer.isIdle()).isTrue();
  }

  @Test
  void aCopyThatMayBeStoredMakesItsOldTwinStorable() {
    ready(0);
    arrive(text(DIRECT, ALICE, 1, 1, true, 1));
    wrote(new Result.Committed(9));
    arrive(text(DIRECT, ALICE, 1, 1, false, 1));
    long attempt = attempt();
    arrive(text(DIRECT, ALICE, 2, 1, true, 1));
    arrive(text(DIRECT, ALICE, 2, 2, false, 2));
    step(new SequencerEvent.Loaded(attempt, Optional.of(state(0, BOTH))));
    assertThat(ids()).containsExactly(entryId(ALICE, 1), entryId(ALICE, 2));
  }

  // ---- who may

  @Test
  void aStrangerToADirectConversationIsRefusedAtOnceAndForGood() {
    Append carols = text(DIRECT, CAROL, 1);
    arrive(carols);
    assertRefused(carols, ErrorCode.CONVERSATION_UNKNOWN, Outcome.NOT_APPLIED);
    assertThat(effects).hasSize(1);
  }

  @Test
  void aStrangerToAGroupLeavesNoVoidAndBreaksHisLinks() {
    inGroup();
    Append one = text(GROUP, CAROL, 1, 1, true, 1);
    Append two = text(GROUP, CAROL, 1, 2, false, 2);
    Append copyOfTwo = text(GROUP, CAROL, 2, 1, true, 2);
    Append three = text(GROUP, CAROL, 2, 2, false, 3);
    Append bobs = text(GROUP, BOB, 4);
    for (Append append : List.of(one, two, copyOfTwo, three, bobs)) {
      arrive(append);
    }
    loaded(state(2, List.of(owner(ALICE), member(BOB))));

    Verdict gap = notTaken(Reason.LINK_GAP);
    assertThat(answers())
        .containsExactly(
            new Answer(
                one,
                new Verdict.Refused(
                    ErrorCode.CONVERSATION_UNKNOWN, Outcome.UNKNOWN, "no such conversation")),
            new Answer(two, gap),
            new Answer(copyOfTwo, gap),
            new Answer(three, gap));
    assertThat(all(SequencerEffect.VoidSend.class)).isEmpty();
    assertThat(ids()).containsExactly(entryId(BOB, 4));

    Append four = text(GROUP, CAROL, 2, 3, false, 4);
    arrive(four);
    assertThat(answers()).containsExactly(new Answer(four, gap));
  }

  @Test
  void aStrangersCopyBreaksItsLinkToo() {
    inGroup();
    arrive(text(GROUP, CAROL, 1, 1, true, 1));
    arrive(text(GROUP, CAROL, 2, 1, true, 1));
    loaded(state(2, List.of(owner(ALICE))));
    assertThat(answers()).as("the copy came during the load").isEmpty();
    loaded(state(2, List.of(owner(ALICE))));
    assertThat(answers()).hasSize(2);
    Append two = text(GROUP, CAROL, 2, 2, false, 2);
    arrive(two);
    assertThat(answers()).containsExactly(new Answer(two, notTaken(Reason.LINK_GAP)));
  }

  @Test
  void anAbsentGroupAnswersAsOneThatIsHidden() {
    inGroup();
    Append carols = text(GROUP, CAROL, 1);
    arrive(carols);
    step(new SequencerEvent.Loaded(attempt(), Optional.empty()));
    assertRefused(carols, ErrorCode.CONVERSATION_UNKNOWN, Outcome.UNKNOWN);
  }

  @Test
  void anExMemberIsRefusedAfterHisVoid() {
    inGroup();
    Append carols = text(GROUP, CAROL, 1);
    arrive(carols);
    loaded(state(2, List.of(owner(ALICE), gone(CAROL))));
    assertThat(answers()).isEmpty();
    SequencerEffect.VoidSend fence = only(SequencerEffect.VoidSend.class);
    assertThat(fence.sender()).isEqualTo(CAROL);
    assertThat(fence.clientMessageId()).isEqualTo(carols.clientMessageId());

    voidedNow();
    assertRefused(carols, ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED);
  }

  @Test
  void aRefusalThatFindsItStoredIsAnAckOfTheSameContentOnly() {
    inGroup();
    Append carols = text(GROUP, CAROL, 1);
    Append same = text(GROUP, CAROL, 88, 1, true, 2);
    arrive(carols);
    loaded(state(2, List.of(owner(ALICE), gone(CAROL))));
    step(new SequencerEvent.Voided(attempt(), new SendFate(SendState.STORED, 2, 5)));
    assertThat(answers()).isEmpty();
    loaded(state(3, List.of(owner(ALICE), gone(CAROL)), stored(CAROL, 1, 2)));
    assertThat(answers()).containsExactly(new Answer(carols, ackedAgain(2)));

    arrive(same);
    loaded(state(3, List.of(owner(ALICE), gone(CAROL))));
    step(new SequencerEvent.Voided(attempt(), new SendFate(SendState.STORED, 2, 5)));
    var foundOther =
        new ConversationState.StoredId(entryId(CAROL, 2), 2, 5, stored(CAROL, 9, 2).digest());
    loaded(state(3, List.of(owner(ALICE), gone(CAROL)), foundOther));
    assertRefused(same, ErrorCode.ID_REUSED, Outcome.NOT_APPLIED);
  }

  @Test
  void aFailedVoidGivesUpEverything() {
    inGroup();
    Append carols = text(GROUP, CAROL, 1);
    Append bobs = text(GROUP, BOB, 2);
    arrive(carols);
    arrive(bobs);
    loaded(state(2, List.of(owner(ALICE), member(BOB), gone(CAROL))));
    step(new SequencerEvent.VoidFailed(attempt()));
    Verdict down = notTaken(Reason.STORE_DOWN);
    assertThat(answers()).containsExactly(new Answer(carols, down), new Answer(bobs, down));
    assertThat(sequencer.isIdle()).isTrue();
  }

  @Test
  void aNoIsGivenOnlyOnStateReadAfterTheAppendArrived() {
    inGroup();
    arrive(text(GROUP, ALICE, 5));
    loaded(state(2, List.of(owner(ALICE), gone(CAROL))));
    wrote(new Result.Committed(9));

    Append carols = text(GROUP, CAROL, 1);
    arrive(carols);
    assertThat(answers()).isEmpty();
    assertThat(only(SequencerEffect.Load.class).ids()).containsExactly(entryId(CAROL, 1));
    // Meanwhile another owner has added her again.
    loaded(
        state(
            4, List.of(owner(ALICE), gone(CAROL), member(CAROL, Role.MEMBER, 4, Membership.OPEN))));
    assertThat(ids()).containsExactly(entryId(CAROL, 1));
  }

  @Test
  void aCopyThatArrivesDuringALoadAsksForAnotherOneBeforeANo() {
    inGroup();
    arrive(text(GROUP, CAROL, 1));
    long attempt = attempt();
    arrive(text(GROUP, CAROL, 88, 1, true, 1));
    step(
        new SequencerEvent.Loaded(
            attempt, Optional.of(state(2, List.of(owner(ALICE), gone(CAROL))))));
    assertThat(all(SequencerEffect.VoidSend.class)).isEmpty();
    loaded(
        state(
            4, List.of(owner(ALICE), gone(CAROL), member(CAROL, Role.MEMBER, 4, Membership.OPEN))));
    assertThat(ids()).containsExactly(entryId(CAROL, 1));
  }

  // ---- changes

  @Test
  void aChangeTravelsAloneAndWhatIsBehindItIsJudgedAfterItsCommit() {
    inGroup();
    Append bobs = text(GROUP, BOB, 1);
    Append removal = change(GROUP, ALICE, 2, new Change.Remove(List.of(BOB)));
    Append tooLate = text(GROUP, BOB, 3);
    Append alices = text(GROUP, ALICE, 4);
    for (Append append : List.of(bobs, removal, tooLate, alices)) {
      arrive(append);
    }
    loaded(state(2, List.of(owner(ALICE), member(BOB))));
    assertThat(ids()).containsExactly(entryId(BOB, 1));
    wrote(new Result.Committed(9));
    assertThat(ids()).containsExactly(entryId(ALICE, 2));
    assertThat(only(SequencerEffect.Write.class).batch().entries().get(0).members())
        .containsExactly(new NewEntry.MemberChange.Left(BOB));
    wrote(new Result.Committed(9));
    assertThat(only(SequencerEffect.Publish.class).committed().audience())
        .as("who is removed sees the entry that removes him")
        .containsExactlyInAnyOrder(ALICE, BOB);
    loaded(state(4, List.of(owner(ALICE), gone(BOB))));
    assertThat(only(SequencerEffect.VoidSend.class).sender()).isEqualTo(BOB);
    voidedNow();
    assertRefused(tooLate, ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED);
    assertThat(ids()).containsExactly(entryId(ALICE, 4));
  }

  @Test
  void anUnknownRemovalDecidesNothing() {
    inGroup();
    arrive(change(GROUP, ALICE, 2, new Change.Remove(List.of(BOB))));
    arrive(text(GROUP, BOB, 3));
    loaded(state(2, List.of(owner(ALICE), member(BOB))));
    wrote(new Result.Unknown());
    step(new SequencerEvent.PauseOver(attempt()));
    // Bob's message is judged again after the removal, not before it.
    loaded(state(2, List.of(owner(ALICE), member(BOB))));
    assertThat(ids()).containsExactly(entryId(ALICE, 2));
  }

  @Test
  void aGroupComesIntoBeingWithItsFirstEntry() {
    inGroup();
    Append create = change(GROUP, ALICE, 1, new Change.Create("t", List.of(BOB)));
    Append hello = text(GROUP, BOB, 2);
    arrive(create);
    arrive(hello);
    step(new SequencerEvent.Loaded(attempt(), Optional.empty()));
    assertThat(only(SequencerEffect.CreateGroup.class).group()).isEqualTo(GROUP);
    step(new SequencerEvent.GroupCreated(attempt(), true));
    loaded(state(0, List.of()));
    assertThat(only(SequencerEffect.Write.class).batch().entries().get(0).members())
        .containsExactly(
            new NewEntry.MemberChange.Joined(ALICE, Role.OWNER),
            new NewEntry.MemberChange.Joined(BOB, Role.MEMBER));
    wrote(new Result.Committed(9));
    assertThat(ids()).as("Bob may write after it").containsExactly(entryId(BOB, 2));
  }

  @Test
  void aGroupThatCannotBeCreatedNowIsTriedAgain() {
    inGroup();
    arrive(change(GROUP, ALICE, 1, new Change.Create("t", List.of(BOB))));
    step(new SequencerEvent.Loaded(attempt(), Optional.empty()));
    step(new SequencerEvent.LoadFailed(attempt()));
    assertThat(only(SequencerEffect.Pause.class)).isNotNull();
  }

  // ---- what names a message

  @Test
  void whatNamesAMessageIsReadWithTheTailWhenItsTurnComes() {
    ready(4);
    Append alices = text(DIRECT, ALICE, 1);
    Append edit = change(DIRECT, ALICE, 2, new Change.Edit(3, Content.Text.of("x")));
    Append behind = text(DIRECT, BOB, 3);
    arrive(alices);
    long attempt = attempt();
    arrive(edit);
    arrive(behind);
    step(new SequencerEvent.Wrote(attempt, new Result.Committed(9)));

    SequencerEffect.Load load = only(SequencerEffect.Load.class);
    Aim aim = new Aim(3, 1, "");
    assertThat(load.question().aims()).containsExactly(aim);
    assertThat(load.ids()).contains(entryId(ALICE, 2));
    loaded(aimed(5, aim, OWN));
    assertThat(ids()).as("alone").containsExactly(entryId(ALICE, 2));
    wrote(new Result.LeftOut());
    assertThat(only(SequencerEffect.Load.class).question().aims())
        .as("of another tail, another look")
        .containsExactly(aim);
    loaded(aimed(6, aim, OWN));
    wrote(new Result.Committed(9));
    assertThat(ids()).containsExactly(entryId(BOB, 3));
    assertThat(seqs()).containsExactly(8L);
  }

  @Test
  void eachThatNamesAMessageIsJudgedOnWhatThoseBeforeItHaveLeft() {
    ready(4);
    Append recall = change(DIRECT, ALICE, 1, new Change.Recall(3));
    Append edit = change(DIRECT, ALICE, 2, new Change.Edit(3, Content.Text.of("x")));
    arrive(recall);
    long attempt = attempt();
    arrive(edit);
    Aim aim = new Aim(3, 1, "");
    step(new SequencerEvent.Loaded(attempt, Optional.of(aimed(4, aim, OWN))));
    wrote(new Result.Committed(9));
    assertThat(only(SequencerEffect.Load.class).question().aims()).containsExactly(aim);
    loaded(aimed(5, aim, new Target(true, true, true, true, true, 0, 0)));
    assertThat(only(SequencerEffect.VoidSend.class).clientMessageId())
        .isEqualTo(edit.clientMessageId());
    voidedNow();
    assertRefused(edit, ErrorCode.MESSAGE_RECALLED, Outcome.NOT_APPLIED);
  }

  @Test
  void aRetryOfAnEditIsFoundBeforeItsMessageIsLookedAt() {
    ready(4);
    Append edit = change(DIRECT, ALICE, 2, new Change.Edit(3, Content.Text.of("x")));
    arrive(edit);
    ContentDigest digest = ContentDigest.of(StoredContent.of(edit.content()));
    ConversationState.StoredId row =
        new ConversationState.StoredId(entryId(ALICE, 2), 4, 5, digest);
    loaded(state(4, BOTH, row));
    assertThat(answers()).containsExactly(new Answer(edit, ackedAgain(4)));
  }

  private static final Target OWN = new Target(true, true, true, false, false, 0, 0);

  private static ConversationState aimed(long tail, Aim aim, Target target) {
    return new ConversationState(
        7, tail, GroupSettings.DEFAULT, BOTH, Set.of(), List.of(), Map.of(aim, target));
  }

  // ---- blocks, quotas, erasure, the system

  @Test
  void aBlockIsNotPublishedToWhoIsBlockedAndHisSendsAreRefusedLikeAStrangers() {
    ready(4);
    Append block = change(DIRECT, ALICE, 1, new Change.Block());
    Append bobs = text(DIRECT, BOB, 2);
    arrive(block);
    long attempt = attempt();
    arrive(bobs);
    step(new SequencerEvent.Wrote(attempt, new Result.Committed(9)));
    assertThat(only(SequencerEffect.Publish.class).committed().audience()).containsExactly(ALICE);
    Membership bobsTime = member(BOB, Role.MEMBER, 1, 4);
    ConversationState blocked =
        new ConversationState(
            7,
            5,
            GroupSettings.DEFAULT,
            List.of(member(ALICE), bobsTime),
            Set.of(ALICE),
            List.of(),
            Map.of());
    loaded(blocked);
    assertThat(only(SequencerEffect.VoidSend.class).sender()).isEqualTo(BOB);
    voidedNow();
    Append carols = text(DIRECT, CAROL, 3);
    Verdict his = answers().get(0).verdict();
    arrive(carols);
    assertThat(answers()).containsExactly(new Answer(carols, his));
  }

  @Test
  void whoOwnsAsManyGroupsAsHeMayMakesNoMore() {
    inGroup();
    Append create = change(GROUP, ALICE, 1, new Change.Create("t", List.of(BOB)));
    arrive(create);
    step(new SequencerEvent.Loaded(attempt(), Optional.empty()));
    assertThat(only(SequencerEffect.CreateGroup.class).creator()).isEqualTo(ALICE);
    step(new SequencerEvent.GroupCreated(attempt(), false));
    assertThat(only(SequencerEffect.VoidSend.class).sender()).isEqualTo(ALICE);
    voidedNow();
    assertRefused(create, ErrorCode.QUOTA_REACHED, Outcome.NOT_APPLIED);

    arrive(create);
    assertThat(only(SequencerEffect.Load.class).ids())
        .as("a retry is looked for before a quota is")
        .containsExactly(entryId(ALICE, 1));
  }

  @Test
  void aRowOfAGroupThatNeverGotItsFirstEntryPassesNoQuota() {
    inGroup();
    Append create = change(GROUP, ALICE, 1, new Change.Create("t", List.of(BOB)));
    arrive(create);
    loaded(state(0, List.of()));
    assertThat(only(SequencerEffect.CreateGroup.class).creator()).isEqualTo(ALICE);
    step(new SequencerEvent.GroupCreated(attempt(), true));
    loaded(state(0, List.of()));
    assertThat(ids()).containsExactly(entryId(ALICE, 1));
  }

  @Test
  void whoMayBeginNoMoreLeavesNoRowAndTheOtherOneBegins() {
    Append one = text(DIRECT, ALICE, 1, 1, true, 1);
    Append two = text(DIRECT, ALICE, 1, 2, false, 2);
    Append bobs = text(DIRECT, BOB, 3);
    arrive(one);
    assertThat(only(SequencerEffect.Load.class).question().beginner()).contains(ALICE);
    long attempt = attempt();
    arrive(two);
    arrive(bobs);
    step(new SequencerEvent.Loaded(attempt, Optional.empty()));
    assertThat(answers())
        .containsExactly(
            new Answer(
                one,
                new Verdict.Refused(
                    ErrorCode.RATE_LIMITED,
                    Outcome.UNKNOWN,
                    "too many new direct conversations within an hour")),
            new Answer(two, notTaken(Reason.LINK_GAP)));
    assertThat(only(SequencerEffect.Load.class).question().beginner()).contains(BOB);
    loaded(state(0, BOTH));
    assertThat(ids()).containsExactly(entryId(BOB, 3));
  }

  @Test
  void whoWritesToAnErasedUserIsToldThatThereIsNobodyAndNotToWait() {
    Append one = text(DIRECT, ALICE, 1);
    arrive(one);
    step(new SequencerEvent.PartnerErased(attempt()));
    assertRefused(one, ErrorCode.CONVERSATION_UNKNOWN, Outcome.UNKNOWN);
  }

  @Test
  void theSystemWritesWhereSomethingIsAndBeginsNothing() {
    Append fromSystem = bySystem(text(DIRECT, UserId.SYSTEM, 1));
    arrive(fromSystem);
    assertThat(only(SequencerEffect.Load.class).question().beginner()).isEmpty();
    step(new SequencerEvent.Loaded(attempt(), Optional.empty()));
    assertRefused(fromSystem, ErrorCode.CONVERSATION_UNKNOWN, Outcome.UNKNOWN);

    Append again = bySystem(text(DIRECT, UserId.SYSTEM, 2));
    arrive(again);
    loaded(state(3, BOTH));
    assertThat(seqs()).containsExactly(4L);
    wrote(new Result.Committed(9));
    assertThat(only(SequencerEffect.Publish.class).committed().audience())
        .containsExactlyInAnyOrder(ALICE, BOB);
  }

  private static Append bySystem(Append append) {
    return new Append(
        append.origin(),
        append.link(),
        append.number(),
        append.first(),
        append.attempt(),
        false,
        append.conversation(),
        append.senderKey(),
        append.sender(),
        append.clientMessageId(),
        false,
        append.content(),
        true);
  }

  @Test
  void whoIsErasedTakesTheNameOfTheConversationWithHim() {
    ready(4);
    Append erasure = bySystem(change(DIRECT, ALICE, 1, new Change.EraseUser()));
    ConversationId renamed = ConversationId.direct(UserId.erased(1), BOB);
    arrive(erasure);
    assertThat(only(SequencerEffect.Write.class).batch().entries().get(0).members())
        .containsExactly(new NewEntry.MemberChange.Erased(ALICE, Optional.of(renamed)));
    long attempt = attempt();
    arrive(text(DIRECT, BOB, 2));
    step(new SequencerEvent.Wrote(attempt, new Result.Committed(9)));
    var committed = only(SequencerEffect.Publish.class).committed();
    assertThat(committed.conversation()).isEqualTo(renamed);
    assertThat(committed.audience()).containsExactlyInAnyOrder(ALICE, BOB);
    assertThat(only(SequencerEffect.Load.class).conversation())
        .as("what is here under the old name now")
        .isEqualTo(DIRECT);
  }

  // ---- what the store refuses

  @Test
  void aPoisonedRowIsFoundByHalvingAndOnlyItIsRefused() {
    ready(0);
    arrive(text(DIRECT, ALICE, 1, 1, true, 1));
    wrote(new Result.Committed(9));
    List<Append> four = new ArrayList<>();
    arrive(text(DIRECT, BOB, 9, 1, true, 100));
    long attempt = attempt();
    for (int i = 2; i <= 5; i++) {
      Append append = text(DIRECT, ALICE, 1, i, false, i);
      four.add(append);
      arrive(append);
    }
    step(new SequencerEvent.Wrote(attempt, new Result.Committed(9)));
    Append poison = four.get(1);

    List<Answer> answered = new ArrayList<>();
    for (int i = 0; i < 20 && !sequencer.isIdle(); i++) {
      if (!all(SequencerEffect.VoidSend.class).isEmpty()) {
        assertThat(only(SequencerEffect.VoidSend.class).clientMessageId())
            .isEqualTo(poison.clientMessageId());
        voidedNow();
      } else {
        assertThat(only(SequencerEffect.Write.class).alone()).isEqualTo(i > 0);
        boolean bad = ids().contains(entryId(ALICE, 3));
        wrote(bad ? new Result.Refused() : new Result.Committed(9));
      }
      answered.addAll(answers());
    }

    assertThat(answered)
        .containsExactly(
            new Answer(four.get(0), acked(3)),
            new Answer(
                poison,
                new Verdict.Refused(
                    ErrorCode.STORE_REFUSED,
                    Outcome.NOT_APPLIED,
                    "the store cannot hold this message")),
            new Answer(four.get(2), acked(4)),
            new Answer(four.get(3), acked(5)));
  }

  // ---- limits

  @Test
  void aFullQueueIsBusyAndTheLinkWaits() {
    ready(0);
    for (int i = 1; i <= MAX_QUEUED; i++) {
      arrive(text(DIRECT, ALICE, 1, i, i == 1, i));
    }
    Append one = text(DIRECT, ALICE, 1, MAX_QUEUED + 1, false, MAX_QUEUED + 1);
    Append next = text(DIRECT, ALICE, 1, MAX_QUEUED + 2, false, MAX_QUEUED + 2);
    arrive(one);
    assertThat(answers()).containsExactly(new Answer(one, notTaken(Reason.BUSY)));
    arrive(next);
    assertThat(answers()).containsExactly(new Answer(next, notTaken(Reason.LINK_GAP)));
  }

  @Test
  void aQueueThatIsFullBecauseTheStoreIsAwaySaysSo() {
    for (int i = 1; i <= MAX_QUEUED; i++) {
      arrive(text(DIRECT, ALICE, 1, i, i == 1, i));
    }
    Append next = text(DIRECT, ALICE, 1, MAX_QUEUED + 1, false, MAX_QUEUED + 1);
    for (int failure = 1; failure <= 2; failure++) {
      step(new SequencerEvent.LoadFailed(attempt()));
      arrive(next);
      assertThat(answers())
          .containsExactly(
              new Answer(next, notTaken(failure == 1 ? Reason.BUSY : Reason.STORE_DOWN)));
      step(new SequencerEvent.PauseOver(attempt()));
    }
    loaded(state(0, BOTH));
    assertThat(seqs()).as("nothing that was taken is given up").startsWith(1L, 2L, 3L);
  }

  @Test
  void copiesCountInTheQueueToo() {
    ready(0);
    for (int i = 1; i <= MAX_QUEUED; i++) {
      arrive(text(DIRECT, ALICE, i, 1, true, 1));
      assertThat(answers()).isEmpty();
    }
    Append oneMore = text(DIRECT, ALICE, 99, 1, true, 1);
    arrive(oneMore);
    assertThat(answers()).containsExactly(new Answer(oneMore, notTaken(Reason.BUSY)));
    arrive(text(DIRECT, ALICE, MAX_QUEUED, 1, true, 1));
    assertThat(answers()).as("the same place again takes no room").isEmpty();
  }

  @Test
  void theBytesThatWaitAreCounted() {
    ready(0);
    arrive(text(DIRECT, ALICE, 1));
    assertThat(sequencer.queuedBytes()).isEqualTo("text 1".length());
    wrote(new Result.Committed(9));
    assertThat(sequencer.queuedBytes()).isZero();
    arrive(change(DIRECT, ALICE, 2, new Change.Rename("a title")));
    assertThat(sequencer.queuedBytes()).isGreaterThan("a title".length());
  }

  @Test
  void aBugHandsOutAllThatWaitsToBeAnsweredUnknown() {
    Append one = text(DIRECT, ALICE, 1);
    Append two = text(DIRECT, BOB, 2);
    arrive(one);
    arrive(two);
    Append copy = text(DIRECT, BOB, 88, 1, true, 2);
    arrive(copy);
    assertThat(sequencer.abandon()).containsExactly(one, two, copy);
    assertThat(((Verdict.Refused) Sequencer.BROKEN).outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(sequencer.queuedBytes()).isZero();
  }

  // ---- steps

  private void inGroup() {
    sequencer = new Sequencer(GROUP, LIMITS);
    assertThat(GROUP).isEqualTo(ConversationId.group(ALICE, uuid(ALICE, 1)));
  }

  /** A direct conversation in memory, with this tail. */
  private void ready(long tail) {
    arrive(text(DIRECT, BOB, 99));
    loaded(state(tail, BOTH, stored(BOB, 99, 1)));
    assertThat(sequencer.isIdle()).isTrue();
  }

  private void writing(Append... appends) {
    for (Append append : appends) {
      arrive(append);
    }
    loaded(state(0, BOTH));
    assertThat(seqs()).hasSize(appends.length);
  }

  private void step(SequencerEvent event) {
    effects = sequencer.step(event, nowMs);
    for (SequencerEffect effect : effects) {
      if (effect instanceof SequencerEffect.Load load) {
        lastAttempt = load.attempt();
      } else if (effect instanceof SequencerEffect.Write write) {
        lastAttempt = write.attempt();
      } else if (effect instanceof SequencerEffect.VoidSend fence) {
        lastAttempt = fence.attempt();
      } else if (effect instanceof SequencerEffect.CreateGroup create) {
        lastAttempt = create.attempt();
      } else if (effect instanceof SequencerEffect.Pause pause) {
        lastAttempt = pause.attempt();
      }
    }
  }

  private long lastAttempt;

  /** Of what was last asked of the store. */
  private long attempt() {
    return lastAttempt;
  }

  private void arrive(Append append) {
    step(new SequencerEvent.Arrived(append));
  }

  private void loaded(ConversationState state) {
    step(new SequencerEvent.Loaded(attempt(), Optional.of(state)));
  }

  private void wrote(Result result) {
    step(new SequencerEvent.Wrote(attempt(), result));
  }

  private void voidedNow() {
    step(new SequencerEvent.Voided(attempt(), new SendFate(SendState.VOID, 0, 0)));
  }

  private <T extends SequencerEffect> List<T> all(Class<T> kind) {
    return effects.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  private <T extends SequencerEffect> T only(Class<T> kind) {
    assertThat(all(kind)).as("%s among %s", kind.getSimpleName(), effects).hasSize(1);
    return all(kind).get(0);
  }

  private List<Answer> answers() {
    return all(Answer.class);
  }

  private List<Long> seqs() {
    return only(SequencerEffect.Write.class).batch().entries().stream().map(NewEntry::seq).toList();
  }

  private List<io.quipu.server.journal.EntryId> ids() {
    return only(SequencerEffect.Write.class).batch().entries().stream().map(NewEntry::id).toList();
  }

  private void assertRefused(Append append, ErrorCode code, Outcome outcome) {
    assertThat(answers()).hasSize(1);
    assertThat(answers().get(0).append()).isEqualTo(append);
    assertThat(answers().get(0).verdict()).isInstanceOf(Verdict.Refused.class);
    Verdict.Refused refused = (Verdict.Refused) answers().get(0).verdict();
    assertThat(refused.code()).isEqualTo(code);
    assertThat(refused.outcome()).isEqualTo(outcome);
  }
}
