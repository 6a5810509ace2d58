package io.quipu.server.recipient;

import static io.quipu.server.recipient.Scene.ALICE;
import static io.quipu.server.recipient.Scene.BOB;
import static io.quipu.server.recipient.Scene.DEVICE;
import static io.quipu.server.recipient.Scene.LIMITS;
import static io.quipu.server.recipient.Scene.TALK;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.MessageRange;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.MessageLog.Behind;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.journal.MessageLog.Part;
import io.quipu.server.journal.Receipts.Watermarks;
import io.quipu.server.recipient.RecipientSession.Read;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The rules of {@code deliver.pml}, one by one, and the sync. */
final class RecipientSessionTest {
  private static ConversationId talkWith(int i) {
    return ConversationId.direct(ALICE, new UserId("peer" + i));
  }

  // ---- what a new member could read

  @Test
  void aLookPushesNothingOfWhatWasBeforeAJoining() {
    Scene scene = Scene.live();
    scene.commit(500, BOB);
    DeviceBehind joined = new DeviceBehind(DEVICE, TALK, 0, 500, 498);

    scene.session.look(joined, scene.nowMs);
    scene.pass(LIMITS.lookGraceMs());

    assertThat(scene.outlet.delivers()).containsExactly("1..500");
    MessageRange range = scene.outlet.of(Frame.Deliver.class).get(0).range();
    assertThat(range.gaps()).containsExactly(new Gap(1, 498, Gap.Reason.OLDER));
    assertThat(Scene.seqs(range.messages())).containsExactly(499L, 500L);
    assertThat(scene.session.window().messages()).as("a gap takes no room").isEqualTo(2);

    scene.pass(LIMITS.ackTimeoutMs());
    assertThat(scene.outlet.of(Frame.Deliver.class).get(1).range()).isEqualTo(range);
    scene.ack(500);
    assertThat(scene.session.window().conversations()).isZero();
  }

  @Test
  void whatADeviceAcksMeanwhileIsNotLeftOut() {
    Scene scene = Scene.live();
    scene.commit(500, BOB);
    scene.session.look(new DeviceBehind(DEVICE, TALK, 0, 500, 498), scene.nowMs);
    scene.ack(100);
    scene.pass(LIMITS.lookGraceMs());

    assertThat(scene.outlet.delivers().get(0)).startsWith("101..");
    assertThat(scene.outlet.of(Frame.Deliver.class).get(0).range().gaps()).isEmpty();
  }

  @Test
  void aSyncOfANewMemberHasAGapForWhatWasBefore() {
    Scene scene = new Scene();
    scene.commit(500, BOB);
    scene.sync();
    Read plan = scene.next().orElseThrow();
    Behind joined = new Behind(TALK, 0, 0, 500, false, 498);
    scene.session.planned((Read.Plan) plan, List.of(joined), scene.nowMs);
    scene.serve();

    assertThat(scene.outlet.pages()).containsExactly("1:1..500");
    MessageRange range = scene.outlet.of(Frame.SyncPage.class).get(0).ranges().get(0);
    assertThat(range.gaps()).containsExactly(new Gap(1, 498, Gap.Reason.OLDER));
    assertThat(Scene.seqs(range.messages())).containsExactly(499L, 500L);
  }

  // ---- the planted holes of deliver.pml

  @Test // NOLOOK
  void aLookHealsALostLastPush() {
    Scene scene = Scene.live();
    scene.commit(1, BOB);

    scene.look();
    scene.pass(LIMITS.lookGraceMs());

    assertThat(scene.outlet.delivers()).containsExactly("1..1");
  }

  @Test // LOOKLIVE
  void aLookIsRememberedWhileTheSessionSyncs() {
    Scene scene = new Scene();
    scene.commit(2, BOB);
    scene.sync();
    Read plan = scene.next().orElseThrow();
    List<Behind> atTwo = scene.log.behindNow(DEVICE, List.of(), false, Part.mostRecent(100));
    scene.commit(1, BOB);
    scene.look();
    scene.session.planned((Read.Plan) plan, atTwo, scene.nowMs);
    scene.commit(1, BOB);
    scene.look();

    scene.serve();
    scene.pass(LIMITS.lookGraceMs());

    assertThat(scene.outlet.pages()).containsExactly("1:1..2");
    assertThat(scene.outlet.delivers()).containsExactly("3..4");
  }

  @Test // LOOKLIVE, a conversation without a plan entry
  void aLookBeforeThePlanIsThereIsRememberedForAConversationThatThePlanLeavesOut() {
    Scene scene = new Scene();
    scene.sync();
    Read plan = scene.next().orElseThrow();
    List<Behind> nothing = scene.log.behindNow(DEVICE, List.of(), false, Part.mostRecent(100));
    scene.commit(1, BOB);
    scene.look();
    scene.session.planned((Read.Plan) plan, nothing, scene.nowMs);

    scene.serve();
    scene.pass(LIMITS.lookGraceMs());

    assertThat(scene.outlet.delivers()).containsExactly("1..1");
  }

  @Test // EXCLALL
  void syncsAndLooksIncludeOwnMessages() {
    Scene scene = new Scene();
    scene.commit(1, ALICE);
    scene.sync();
    scene.serve();
    scene.ack(1);
    scene.commit(1, ALICE);
    scene.look();
    scene.pass(LIMITS.lookGraceMs());

    assertThat(scene.outlet.pages()).containsExactly("1:1..1");
    assertThat(scene.outlet.delivers()).containsExactly("2..2");
  }

  @Test // EXCLTIMER
  void theAckTimerRepeatsOwnMessagesToo() {
    Scene scene = Scene.live();
    scene.commit(1, ALICE);
    scene.ownHint(1, 1, 1L);
    assertThat(scene.outlet.frames).isEmpty();

    scene.pass(LIMITS.ackTimeoutMs());

    assertThat(scene.outlet.delivers()).containsExactly("1..1r");
  }

  @Test // OWNACK
  void anOwnMessageCountsAsPushedAndNotAsAcked() {
    Scene scene = Scene.live();
    scene.commit(1, ALICE);
    scene.ownHint(1, 1, 1L);

    assertThat(scene.session.cursors().pendingSeq(TALK)).isZero();
    assertThat(scene.session.window().messages()).isEqualTo(1);
    scene.ack(1);
    assertThat(scene.session.cursors().pendingSeq(TALK)).isEqualTo(1);
    assertThat(scene.session.window().messages()).isZero();
  }

  @Test // SYNCACKS
  void aPageMovesNoCursorAndIsRepeatedUntilItIsAcked() {
    Scene scene = new Scene();
    scene.commit(2, BOB);
    scene.sync();
    scene.serve();
    scene.session.syncAck(new Frame.SyncAck(1, 1), scene.nowMs);

    assertThat(scene.session.cursors().pendingSeq(TALK)).isZero();
    scene.pass(LIMITS.ackTimeoutMs());
    assertThat(scene.outlet.delivers()).containsExactly("1..2r");
  }

  @Test // NOMAX
  void aLowerAckLowersNothing() {
    Scene scene = Scene.live();
    scene.commit(3, BOB);
    scene.hint(1, 3);
    scene.ack(2);
    scene.ack(1);

    assertThat(scene.session.cursors().pendingSeq(TALK)).isEqualTo(2);
    scene.pass(LIMITS.ackTimeoutMs());
    assertThat(scene.outlet.delivers()).containsExactly("1..3", "3..3r");
  }

  @Test // STRICT
  void anAckAboveWhatWasPushedIsValid() {
    Scene scene = Scene.live();
    scene.commit(3, BOB);
    scene.hint(1, 1);
    scene.hint(3, 3);
    scene.ack(3);

    scene.serve();

    assertThat(scene.session.cursors().pendingSeq(TALK)).isEqualTo(3);
    assertThat(scene.session.window().conversations()).isZero();
    assertThat(scene.outlet.delivers()).containsExactly("1..1");
  }

  @Test // DROPEARLY
  void hintsDuringASyncAreRemembered() {
    Scene scene = new Scene();
    scene.commit(1, BOB);
    scene.sync();
    Read plan = scene.next().orElseThrow();
    List<Behind> atOne = scene.log.behindNow(DEVICE, List.of(), false, Part.mostRecent(100));
    scene.commit(1, BOB);
    scene.hint(2, 2);
    scene.session.planned((Read.Plan) plan, atOne, scene.nowMs);
    scene.commit(1, BOB);
    scene.hint(3, 3);
    ConversationId other = talkWith(1);
    scene.commit(other, 1, BOB);
    scene.hint(other, 1, 1);

    scene.serve();

    assertThat(scene.outlet.pages()).containsExactly("1:1..1");
    assertThat(scene.outlet.delivers()).containsExactlyInAnyOrder("1..1", "2..3");
  }

  @Test
  void hintsBeforeThePlanIsReadCostNothingForThePlanHasThem() {
    Scene scene = new Scene();
    scene.commit(1, BOB);
    scene.hint(1, 1);
    assertThat(scene.session.window().conversations()).isZero();

    scene.sync();
    scene.serve();

    assertThat(scene.outlet.pages()).containsExactly("1:1..1");
  }

  // ---- pushing

  @Test
  void freshMessagesAreSentAtOnceWithTheSharedFrame() {
    Scene scene = Scene.live();
    scene.commit(3, BOB);
    scene.hint(1, 2);
    scene.hint(3, 3);

    assertThat(scene.outlet.delivers()).containsExactly("1..2", "3..3");
    assertThat(scene.log.reads).isEqualTo(1); // the plan
  }

  @Test
  void theSendingSessionGetsTheRestInMaximalRuns() {
    Scene scene = Scene.live();
    scene.commit(7, BOB);
    scene.ownHint(1, 7, 1L, 4L, 5L);

    assertThat(scene.outlet.delivers()).containsExactly("2..3", "6..7");
    scene.ack(7);
    assertThat(scene.session.window().conversations()).isZero();
  }

  @Test
  void whatDoesNotFitTheWindowIsReadFromTheLogWhenThereIsRoom() {
    Scene scene = Scene.live();
    scene.commit(11, BOB);
    scene.hint(1, 6);
    scene.hint(7, 9);
    scene.hint(10, 11);
    scene.serve();
    assertThat(scene.outlet.delivers()).containsExactly("1..6", "7..8");

    scene.ack(6);
    scene.serve();

    assertThat(scene.outlet.delivers()).containsExactly("1..6", "7..8", "9..11");
    assertThat(scene.session.window().messages()).isEqualTo(5);
  }

  @Test
  void theWindowIsNeverExceeded() {
    Scene scene = Scene.live();
    for (int i = 0; i < 40; i++) {
      ConversationId talk = talkWith(i % 4);
      scene.commit(talk, 1 + i % 3, BOB);
      long tail = scene.log.tail(talk);
      scene.hint(talk, tail - i % 3, tail);
      scene.serve();
      assertThat(scene.session.window().messages()).isLessThanOrEqualTo(LIMITS.windowMessages());
    }
    long sent =
        scene.outlet.of(Frame.Deliver.class).stream()
            .mapToLong(d -> d.range().messages().size())
            .sum();
    assertThat(sent).isLessThanOrEqualTo(LIMITS.windowMessages());
  }

  @Test
  void theWindowCountsBytesToo() {
    RecipientLimits small =
        new RecipientLimits(
            100, 1_000, 5_000, 3, 10, 200, 100, 300, 2, 100, 50, 1_000, 5, 1_000, 4, 2, 1_000, 100,
            100, 2_000);
    Scene scene = Scene.live(small);
    for (int i = 1; i <= 10; i++) {
      scene.log.append(TALK, BOB, "x".repeat(220));
      scene.hint(i, i);
      scene.serve();
      assertThat(scene.session.window().bytes()).isLessThanOrEqualTo(1_000);
    }
    assertThat(scene.outlet.delivers()).containsExactly("1..1", "2..2", "3..3");
    for (int i = 3; i <= 10; i += 3) {
      scene.ack(i);
      scene.serve();
      assertThat(scene.session.window().bytes()).isLessThanOrEqualTo(1_000);
    }
    scene.ack(10);
    scene.serve();
    assertThat(
            scene.outlet.of(Frame.Deliver.class).stream().mapToLong(d -> d.range().toSeq()).max())
        .hasValue(10);
  }

  @Test
  void aHintAfterALostOneWaitsForTheLog() {
    Scene scene = Scene.live();
    scene.commit(3, BOB);
    scene.hint(1, 1);
    scene.hint(3, 3);
    scene.serve();

    assertThat(scene.outlet.delivers()).containsExactly("1..1", "2..3");
  }

  @Test
  void aRepeatedHintIsNotPushedTwice() {
    Scene scene = Scene.live();
    scene.commit(2, BOB);
    scene.hint(1, 1);
    scene.hint(1, 1);
    scene.hint(2, 2);
    scene.hint(1, 2);
    scene.serve();

    assertThat(scene.outlet.delivers()).containsExactly("1..1", "2..2");
  }

  @Test
  void aDeviceThatLacksMoreThanWasBelievedIsRepeatedFromItsPlace() {
    Scene scene = Scene.live();
    scene.commit(3, BOB);
    scene.hint(3, 3); // 1 and 2 were lost
    scene.ack(0);
    scene.pass(LIMITS.ackTimeoutMs());

    assertThat(scene.outlet.delivers()).containsExactly("3..3", "1..3r");
    assertThat(scene.session.cursors().pendingSeq(TALK)).isZero();
  }

  @Test
  void aLookSaysWhereADeviceIsThatWasBelievedToHaveMore() {
    Scene scene = Scene.live();
    scene.commit(3, BOB);
    scene.hint(3, 3); // 1 and 2 were lost, and the device says nothing
    scene.look();
    scene.pass(LIMITS.lookGraceMs());

    assertThat(scene.outlet.delivers()).containsExactly("3..3", "1..3r");
  }

  @Test
  void aSocketThatTakesNothingIsPushedNothingUntilItDoes() {
    Scene scene = Scene.live();
    scene.outlet.writable = false;
    scene.commit(2, BOB);
    scene.hint(1, 1);
    scene.hint(2, 2);
    scene.serve();
    assertThat(scene.outlet.frames).isEmpty();

    scene.outlet.writable = true;
    scene.serve();
    assertThat(scene.outlet.delivers()).containsExactly("1..2");
  }

  @Test
  void aConversationIsForgottenWhenAllIsAcked() {
    Scene scene = Scene.live();
    for (int i = 0; i < 5; i++) {
      scene.commit(talkWith(i), 1, BOB);
      scene.hint(talkWith(i), 1, 1);
    }
    assertThat(scene.session.window().conversations()).isEqualTo(5);
    for (int i = 0; i < 5; i++) {
      scene.session.deliverAck(talkWith(i), 1, scene.nowMs);
    }
    assertThat(scene.session.window().conversations()).isZero();
    assertThat(scene.session.window().bytes()).isZero();
  }

  @Test
  void beyondTheBoundOnConversationsTheCursorsAreLookedAtWhenItHasDrained() {
    Scene scene = Scene.live();
    for (int i = 0; i < 25; i++) {
      scene.commit(talkWith(i), 1, BOB);
      scene.hint(talkWith(i), 1, 1);
      scene.serve();
      assertThat(scene.session.window().conversations())
          .isLessThanOrEqualTo(LIMITS.maxOutstanding());
    }
    List<ConversationId> got = new ArrayList<>();
    for (int round = 0; round < 25; round++) {
      for (Frame.Deliver d : scene.outlet.of(Frame.Deliver.class)) {
        if (!got.contains(d.range().conversation())) {
          got.add(d.range().conversation());
          scene.session.deliverAck(d.range().conversation(), 1, scene.nowMs);
          scene.flush();
          scene.serve();
        }
      }
    }
    assertThat(got).hasSize(25);
    assertThat(scene.session.window().conversations()).isZero();
  }

  @Test
  void whatIsOnItsWayWhenALookComesIsNotPushedAgain() {
    Scene scene = Scene.live();
    scene.commit(1, BOB);
    scene.look();
    scene.hint(1, 1);
    scene.ack(1);
    scene.commit(1, BOB);
    scene.look();
    scene.hint(2, 2);
    scene.pass(LIMITS.lookGraceMs());
    assertThat(scene.outlet.delivers()).containsExactly("1..1", "2..2");
  }

  // ---- acks that do not come

  @Test
  void anUnackedRangeComesAgainWithBackOffAndThenTheConnectionCloses() {
    Scene scene = Scene.live();
    scene.commit(2, BOB);
    scene.hint(1, 2);
    scene.pass(5_000);
    assertThat(scene.outlet.delivers()).containsExactly("1..2", "1..2r");
    scene.pass(10_000);
    assertThat(scene.outlet.delivers()).hasSize(3);
    scene.pass(20_000);
    assertThat(scene.outlet.delivers()).hasSize(4);
    assertThat(scene.outlet.closed).isEmpty();
    scene.pass(40_000);

    assertThat(scene.outlet.delivers()).hasSize(4);
    assertThat(scene.outlet.closed).contains(ErrorCode.SLOW_CONSUMER);
  }

  @Test
  void anAckBeginsTheTimeoutAnew() {
    Scene scene = Scene.live();
    scene.commit(2, BOB);
    scene.hint(1, 2);
    scene.pass(4_000);
    scene.ack(1);
    scene.pass(4_000);
    assertThat(scene.outlet.delivers()).containsExactly("1..2");
    scene.pass(1_000);
    assertThat(scene.outlet.delivers()).containsExactly("1..2", "2..2r");
  }

  @Test
  void aDeviceThatIsSlowAndNotStuckKeepsItsConnection() {
    Scene scene = Scene.live();
    ConversationId busy = talkWith(1);
    scene.commit(1, BOB);
    scene.hint(1, 1);
    for (int i = 1; i <= 60; i++) {
      scene.commit(busy, 1, BOB);
      scene.hint(busy, i, i);
      scene.session.deliverAck(busy, i, scene.nowMs);
      scene.pass(4_000);
    }
    assertThat(scene.outlet.closed).isEmpty();
    assertThat(scene.outlet.delivers().stream().filter(d -> d.endsWith("r")).count())
        .isGreaterThan(4);
  }

  @Test
  void aDeviceThatIsStuckInOneConversationAndSaysSoKeepsItsConnection() {
    Scene scene = Scene.live();
    scene.commit(1, BOB);
    scene.hint(1, 1);
    scene.ack(1);
    scene.commit(1, BOB);
    scene.hint(2, 2);
    for (int i = 0; i < 20; i++) {
      scene.pass(LIMITS.ackTimeoutMs() * 3L);
      scene.ack(1); // it has heard, and its application cannot take it
    }
    assertThat(scene.outlet.closed).isEmpty();
    assertThat(scene.outlet.delivers().stream().filter("2..2r"::equals))
        .as("at the longest pause, not more often")
        .hasSizeBetween(LIMITS.ackTries(), LIMITS.ackTries() + 8);

    scene.pass(LIMITS.retryPolicy().patienceMs());
    assertThat(scene.outlet.closed).contains(ErrorCode.SLOW_CONSUMER);
  }

  /** Its window would be full for ever; a new connection brings the others by sync. */
  @Test
  void aDeviceThatIsStuckWithMostOfItsWindowIsClosedAllTheSame() {
    Scene scene = Scene.live();
    scene.commit(1, BOB);
    scene.hint(1, 1);
    scene.ack(1);
    scene.commit(LIMITS.windowMessages(), BOB);
    scene.hint(2, 1 + LIMITS.windowMessages());
    scene.serve();
    for (int i = 0; i < 20; i++) {
      scene.pass(LIMITS.ackTimeoutMs());
      scene.ack(1);
    }
    assertThat(scene.outlet.closed).contains(ErrorCode.SLOW_CONSUMER);
  }

  // ---- portions of a plan

  private static RecipientLimits portionsOf(int conversations) {
    return new RecipientLimits(
        100,
        100_000,
        5_000,
        3,
        4,
        200,
        100,
        300,
        2,
        conversations,
        4,
        48_000,
        5,
        1_000,
        4,
        2,
        1_000,
        100,
        100,
        2_000);
  }

  @Test
  void aSyncOfMoreConversationsThanOnePortionGoesOnUntilAllAreSent() {
    Scene scene = new Scene(portionsOf(3), false);
    for (int i = 1; i <= 10; i++) {
      scene.commit(talkWith(i), 2, BOB);
    }
    scene.sync();
    for (int i = 0; i < 100; i++) {
      scene.serve();
      scene.session.syncAck(new Frame.SyncAck(1, scene.outlet.pages().size()), scene.nowMs);
      if (i == 2) {
        scene.commit(talkWith(1), 1, BOB); // now it is the most recent one, and is not missed
        scene.hint(talkWith(1), 3, 3);
      }
    }

    List<ConversationId> order =
        scene.outlet.of(Frame.SyncPage.class).stream()
            .flatMap(page -> page.ranges().stream())
            .map(MessageRange::conversation)
            .toList();
    assertThat(order.subList(0, 3)).containsExactly(talkWith(10), talkWith(9), talkWith(8));
    assertThat(order).hasSize(10).doesNotHaveDuplicates();
    assertThat(scene.outlet.of(Frame.SyncDone.class))
        .singleElement()
        .satisfies(
            done -> {
              assertThat(done.conversations()).isEqualTo(10);
              assertThat(done.messages()).isBetween(20L, 21L);
            });
    assertThat(scene.outlet.frames.get(scene.outlet.frames.size() - 1))
        .isNotInstanceOf(Frame.SyncPage.class);
  }

  @Test
  void aPortionThatTheStoreDidNotAnswerIsReadAgain() {
    Scene scene = new Scene(portionsOf(2), false);
    for (int i = 1; i <= 5; i++) {
      scene.commit(talkWith(i), 1, BOB);
    }
    scene.sync();
    for (int i = 0; i < 50; i++) {
      scene
          .next()
          .ifPresent(
              read -> {
                scene.session.failed(read);
                scene.end(scene.next().orElseThrow());
              });
      scene.session.syncAck(new Frame.SyncAck(1, scene.outlet.pages().size()), scene.nowMs);
    }
    assertThat(scene.outlet.of(Frame.SyncDone.class))
        .singleElement()
        .satisfies(done -> assertThat(done.conversations()).isEqualTo(5));
  }

  /** The bound on what is remembered: four conversations here, whatever there is to look at. */
  @Test
  void lookingAtAllCursorsIsDoneInPortionsToo() {
    Scene scene = Scene.live(portionsOf(3));
    for (int i = 1; i <= 20; i++) {
      scene.commit(talkWith(i), 1, BOB);
    }
    scene.session.lookMissed();
    Set<ConversationId> delivered = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      scene.serve();
      assertThat(scene.session.outstandingConversations()).isLessThanOrEqualTo(4);
      for (Frame.Deliver one : scene.outlet.of(Frame.Deliver.class)) {
        if (delivered.add(one.range().conversation())) {
          scene.session.deliverAck(one.range().conversation(), one.range().toSeq(), scene.nowMs);
        }
      }
      scene.flush();
    }
    assertThat(delivered).hasSize(20);
    assertThat(scene.outlet.of(Frame.Deliver.class)).hasSize(20);
  }

  @Test
  void aStoreThatIsAwayDoesNotCountAsATry() {
    Scene scene = Scene.live();
    scene.commit(1, BOB);
    scene.hint(1, 1);
    scene.nowMs += 5_000;
    scene.session.wake(scene.nowMs);
    for (int i = 0; i < 100; i++) {
      scene.session.failed(scene.next().orElseThrow());
      scene.nowMs += 5_000;
      scene.session.wake(scene.nowMs);
    }
    assertThat(scene.outlet.closed).isEmpty();
    scene.serve();
    assertThat(scene.outlet.delivers()).containsExactly("1..1", "1..1r");
  }

  // ---- sync

  @Test
  void pagesAreFilledFromManyConversationsTheMostRecentOneFirst() {
    Scene scene = new Scene();
    scene.commit(talkWith(1), 1, BOB);
    scene.commit(talkWith(2), 2, BOB);
    scene.commit(talkWith(3), 3, BOB);
    scene.sync();
    scene.serve();

    assertThat(scene.outlet.pages()).containsExactly("1:1..3,1..1", "2:2..2,1..1");
    Frame.SyncPage first = scene.outlet.of(Frame.SyncPage.class).get(0);
    assertThat(first.ranges().get(0).conversation()).isEqualTo(talkWith(3));
    assertThat(scene.outlet.of(Frame.SyncDone.class)).containsExactly(new Frame.SyncDone(1, 3, 6));
  }

  @Test
  void beforeAFullSyncEndsItsClientIsToldTheReceiptsThatItMissed() {
    Scene scene = new Scene();
    scene.commit(1, BOB);
    scene.log.receiptsMark = 70;
    scene.log.news =
        List.of(
            new Watermarks(TALK, BOB, 5, 0),
            new Watermarks(talkWith(1), BOB, 3, 3),
            new Watermarks(talkWith(2), BOB, 7, 4),
            new Watermarks(talkWith(3), BOB, 1, 2),
            new Watermarks(talkWith(4), BOB, 9, 0));
    scene.session.sync(new Frame.Sync(1, List.of(), false, false, 60), scene.nowMs);
    scene.serve();

    assertThat(scene.outlet.frames.subList(1, scene.outlet.frames.size()))
        .containsExactly(
            new Frame.Receipt(TALK, BOB, ReceiptState.DELIVERED, 5),
            new Frame.Receipt(talkWith(1), BOB, ReceiptState.READ, 3),
            new Frame.Receipt(talkWith(2), BOB, ReceiptState.DELIVERED, 7),
            new Frame.Receipt(talkWith(2), BOB, ReceiptState.READ, 4),
            new Frame.Receipt(talkWith(3), BOB, ReceiptState.READ, 2),
            new Frame.Receipt(talkWith(4), BOB, ReceiptState.DELIVERED, 9),
            new Frame.SyncDone(1, 1, 1, 74)); // the mark of the first of two reads
  }

  @Test
  void receiptsWaitForASocketThatTakesFramesAndForAStoreThatIsAway() {
    Scene scene = new Scene();
    scene.log.news = List.of(new Watermarks(TALK, BOB, 5, 0));
    scene.session.sync(new Frame.Sync(1, List.of(), false, false, 60), scene.nowMs);
    scene.serveOne();
    scene.outlet.writable = false;
    assertThat(scene.next()).isEmpty();
    scene.outlet.writable = true;
    Read news = scene.next().orElseThrow();
    assertThat(news).isInstanceOf(Read.News.class);
    scene.session.failed(news);
    scene.pass(100_000);
    assertThat(scene.outlet.closed).as("not the client is late").isEmpty();

    scene.serve();
    assertThat(scene.outlet.frames).hasSize(2);
  }

  @Test
  void aSyncOfListedConversationsTellsNothingOfReceipts() {
    Scene scene = Scene.live();
    scene.log.receiptsMark = 70;
    scene.log.news = List.of(new Watermarks(TALK, BOB, 5, 0));
    Frame.Sync listed = new Frame.Sync(2, List.of(new Cursor(TALK, 0)), true, false, 60);
    scene.session.sync(listed, scene.nowMs);
    scene.serve();

    assertThat(scene.outlet.frames).containsExactly(new Frame.SyncDone(2, 0, 0));
  }

  @Test
  void atMostTwoPagesAreUnacked() {
    Scene scene = new Scene();
    scene.commit(20, BOB);
    scene.sync();
    scene.serve();
    assertThat(scene.outlet.pages()).containsExactly("1:1..4", "2:5..8");

    scene.session.syncAck(new Frame.SyncAck(1, 99), scene.nowMs); // never sent
    scene.session.syncAck(new Frame.SyncAck(2, 2), scene.nowMs); // of another sync
    scene.serve();
    assertThat(scene.outlet.pages()).hasSize(2);
    scene.session.syncAck(new Frame.SyncAck(1, 2), scene.nowMs);
    scene.serve();
    assertThat(scene.outlet.pages()).hasSize(4).endsWith("4:13..16");
    scene.session.syncAck(new Frame.SyncAck(1, 4), scene.nowMs);
    scene.serve();
    assertThat(scene.outlet.of(Frame.SyncDone.class)).containsExactly(new Frame.SyncDone(1, 1, 20));
  }

  @Test
  void aClientThatAnswersNoPageIsClosed() {
    Scene scene = new Scene();
    scene.commit(20, BOB);
    scene.sync();
    scene.serve();
    scene.pass(LIMITS.retryPolicy().patienceMs());
    assertThat(scene.outlet.closed).contains(ErrorCode.SLOW_CONSUMER);
  }

  @Test
  void aSyncReadsFromTheHigherOneOfStoredAndClaimedAndStoresTheClaim() {
    Scene scene = new Scene();
    scene.commit(4, BOB);
    scene.sync(new Cursor(TALK, 3));
    scene.serve();
    assertThat(scene.outlet.pages()).containsExactly("1:4..4");
    scene.flush();
    assertThat(scene.log.cursor(DEVICE, TALK)).isEqualTo(3);
  }

  @Test
  void zeroMeansFromTheBeginning() {
    Scene scene = new Scene();
    scene.commit(2, BOB);
    scene.ack(2);
    scene.flush();
    scene.sync(new Cursor(TALK, 0));
    scene.serve();
    assertThat(scene.outlet.pages()).containsExactly("1:1..2");
  }

  @Test
  void aNewDeviceGetsTheNewestWithAGapBefore() {
    Scene scene = new Scene(LIMITS, true);
    scene.commit(9, BOB);
    scene.sync();
    scene.serve();

    MessageRange range = scene.outlet.of(Frame.SyncPage.class).get(0).ranges().get(0);
    assertThat(range.gaps()).containsExactly(new Gap(1, 4, Gap.Reason.OLDER));
    assertThat(range.fromSeq()).isEqualTo(1);
    assertThat(Scene.seqs(range.messages())).containsExactly(5L, 6L, 7L, 8L);
    assertThat(scene.outlet.pages()).containsExactly("1:1..8", "2:9..9");
    scene.outlet.frames.clear();
    scene.pass(LIMITS.ackTimeoutMs());
    assertThat(scene.outlet.delivers()).containsExactly("1..8r", "9..9r");
    assertThat(scene.outlet.of(Frame.Deliver.class).get(0).range().gaps())
        .containsExactly(new Gap(1, 4, Gap.Reason.OLDER));
  }

  @Test
  void aNewDeviceThatNamesACursorGetsEverythingAboveIt() {
    Scene scene = new Scene(LIMITS, true);
    scene.commit(9, BOB);
    scene.sync(new Cursor(TALK, 0));
    scene.serve();
    assertThat(scene.outlet.pages()).containsExactly("1:1..4", "2:5..8");
  }

  @Test
  void aCursorBeyondTheTailIsReset() {
    Scene scene = new Scene();
    scene.commit(2, BOB);
    scene.sync(new Cursor(TALK, 9));
    scene.serve();
    assertThat(scene.outlet.of(Frame.SyncPage.class).get(0).resets())
        .containsExactly(new Cursor(TALK, 2));
    assertThat(scene.session.cursors().pendingSeq(TALK)).isZero();
    scene.commit(1, BOB);
    scene.hint(3, 3);
    assertThat(scene.outlet.delivers()).containsExactly("3..3");
  }

  @Test
  void aGapIsRepairedByASyncOfThatConversationOnly() {
    Scene scene = Scene.live();
    scene.commit(3, BOB);
    scene.commit(talkWith(1), 1, BOB);
    scene.hint(3, 3);
    scene.session.sync(new Frame.Sync(2, List.of(new Cursor(TALK, 0)), true, false), scene.nowMs);
    scene.serve();
    assertThat(scene.outlet.pages()).containsExactly("1:1..3");
    assertThat(scene.outlet.of(Frame.SyncDone.class)).containsExactly(new Frame.SyncDone(2, 1, 3));
    scene.ack(3);
    assertThat(scene.session.window().conversations()).isZero();
  }

  /** What counted as acked and was not stored would stay so until the next connection. */
  @Test
  void anAckWithoutRoomToStoreItIsAsGoodAsLostAndComesAgainWithTheRange() {
    RecipientLimits one =
        new RecipientLimits(
            100, 9_000, 5_000, 3, 1, 200, 100, 300, 2, 100, 50, 9_000, 5, 1_000, 4, 2, 1, 100, 100,
            2_000);
    Scene scene = Scene.live(one);
    scene.commit(1, BOB);
    scene.hint(1, 1);
    scene.serve();
    scene.session.deliverAck(talkWith(1), 1, scene.nowMs); // fills the buffer
    scene.ack(1);
    assertThat(scene.outlet.of(Frame.Error.class))
        .extracting(Frame.Error::code)
        .containsExactly(ErrorCode.TOO_MANY_REQUESTS.code());
    scene.flush();
    scene.pass(5_000);
    scene.serve();
    assertThat(scene.outlet.delivers()).containsExactly("1..1", "1..1r");
    scene.ack(1);
    scene.flush();
    assertThat(scene.log.cursor(Scene.DEVICE, TALK)).isEqualTo(1);
  }

  @Test
  void framesOfOneSyncAreJoinedUnderABound() {
    Scene scene = new Scene();
    scene.commit(4, BOB);
    scene.commit(talkWith(1), 3, BOB);
    scene.session.sync(new Frame.Sync(1, List.of(new Cursor(TALK, 3)), false, true), scene.nowMs);
    assertThat(scene.session.hasWork()).isFalse();
    scene.session.sync(
        new Frame.Sync(1, List.of(new Cursor(talkWith(1), 2)), false, false), scene.nowMs);
    scene.serve();
    assertThat(scene.outlet.pages()).containsExactly("1:3..3,4..4");

    List<Cursor> hundred = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      hundred.add(new Cursor(talkWith(i), 1));
    }
    for (int i = 0; i < 5; i++) {
      scene.session.sync(new Frame.Sync(2, hundred, false, i < 4), scene.nowMs);
    }
    assertThat(scene.outlet.of(Frame.Error.class))
        .singleElement()
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS.code());
              assertThat(e.request()).isEqualTo(2);
            });
    assertThat(scene.session.hasWork()).isFalse();
  }

  @Test
  void aFullSyncReplacesAFullOneAndOthersWaitUnderABound() {
    Scene scene = new Scene();
    scene.commit(20, BOB);
    scene.session.sync(new Frame.Sync(1, List.of(), false, false), scene.nowMs);
    scene.serve();
    scene.session.sync(new Frame.Sync(2, List.of(), false, false), scene.nowMs);
    for (int id = 3; id <= 5; id++) {
      scene.session.sync(
          new Frame.Sync(id, List.of(new Cursor(TALK, 19)), true, false), scene.nowMs);
    }
    assertThat(scene.outlet.of(Frame.Error.class))
        .extracting(Frame.Error::request)
        .containsExactly(5);
    for (int i = 0; i < 10; i++) {
      scene.serve();
      List<Frame.SyncPage> pages = scene.outlet.of(Frame.SyncPage.class);
      Frame.SyncPage last = pages.get(pages.size() - 1);
      scene.session.syncAck(new Frame.SyncAck(last.syncId(), last.page()), scene.nowMs);
    }
    assertThat(scene.outlet.of(Frame.SyncDone.class))
        .extracting(Frame.SyncDone::syncId)
        .containsExactly(2, 3, 4);
  }

  @Test
  void aPageThatFailedIsReadAgain() {
    Scene scene = new Scene();
    scene.commit(2, BOB);
    scene.sync(new Cursor(talkWith(9), 0));
    scene.session.failed(scene.next().orElseThrow());
    scene.serveOne();
    scene.session.failed(scene.next().orElseThrow());
    scene.serve();
    assertThat(scene.outlet.pages()).containsExactly("1:1..2");
    assertThat(scene.outlet.of(Frame.SyncDone.class)).hasSize(1);
  }

  @Test
  void aConversationThatTheReaderMayNoLongerSeeLeavesThePlan() {
    Scene scene = new Scene();
    scene.commit(2, BOB);
    scene.sync();
    scene.serveOne();
    Read page = scene.next().orElseThrow();
    scene.session.paged((Read.Page) page, List.of(), scene.nowMs);
    scene.serve();
    assertThat(scene.outlet.pages()).isEmpty();
    assertThat(scene.outlet.of(Frame.SyncDone.class)).hasSize(1);
    assertThat(scene.session.window().conversations()).isZero();
  }

  @Test
  void aSyncOfMoreConversationsThanCanBeRememberedDeliversThemAll() {
    Scene scene = new Scene();
    for (int i = 0; i < 25; i++) {
      scene.commit(talkWith(i), 1, BOB);
    }
    scene.sync();
    for (int i = 0; i < 10; i++) {
      scene.serve();
      scene
          .outlet
          .of(Frame.SyncPage.class)
          .forEach(p -> scene.session.syncAck(new Frame.SyncAck(1, p.page()), scene.nowMs));
    }
    assertThat(scene.outlet.of(Frame.SyncDone.class)).hasSize(1);
    assertThat(scene.session.window().conversations()).isEqualTo(LIMITS.maxOutstanding());
    // the device acks only what is remembered; the rest comes again from its cursors
    scene.outlet.frames.clear();
    for (int i = 24; i >= 15; i--) {
      scene.session.deliverAck(talkWith(i), 1, scene.nowMs);
    }
    scene.serve();
    assertThat(scene.outlet.of(Frame.Deliver.class)).isNotEmpty();
  }

  @Test
  void aSessionIsGivenTimeToAckBeforeALookPushesAgain() {
    Scene scene = Scene.live();
    scene.commit(1, BOB);
    scene.look();
    scene.serve();
    assertThat(scene.outlet.frames).isEmpty();
    assertThat(scene.session.wakeAtMs()).isEqualTo(scene.nowMs + LIMITS.lookGraceMs());
    assertThat(Optional.of(scene.session.isLive())).contains(true);
  }
}
