package io.quipu.client;

import static io.quipu.client.ScriptedServer.AB;
import static io.quipu.client.ScriptedServer.ALICE;
import static io.quipu.client.ScriptedServer.fromBob;
import static io.quipu.client.ScriptedServer.message;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.Gap;
import io.quipu.model.Limits;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class InboxTest {
  private static final ConversationId AC = ConversationId.direct(ALICE, new UserId("carol"));

  private Inbox inbox = inbox(100);
  private final ArrayDeque<InboxEffect.Handle> inHandler = new ArrayDeque<>();
  private final List<InboxEffect> others = new ArrayList<>();
  private final List<Frame> frames = new ArrayList<>();
  private final List<Long> handed = new ArrayList<>();
  private final Map<ConversationId, Long> store = new HashMap<>();
  private boolean storeWorks = true;
  private InboxEffect.KeepCursor unkept;
  private long nowMs = 1_000;

  private static Inbox inbox(int maxBuffered) {
    return new Inbox(
        new Inbox.Settings(
            maxBuffered, 1_000, 1 << 20, 3, 0, 64, new CatchUp.Settings(30_000, 1_000, 5_000)),
        new Backoff(100, 1_000, new SplittableRandom(7)),
        new Backoff(100, 1_000, new SplittableRandom(8)));
  }

  private void step(InboxEvent event) {
    for (InboxEffect effect : inbox.step(event, nowMs)) {
      if (effect instanceof InboxEffect.Transmit transmit) {
        frames.add(transmit.frame());
      } else if (effect instanceof InboxEffect.Handle handle) {
        inHandler.add(handle);
      } else if (effect instanceof InboxEffect.KeepCursor keep) {
        if (storeWorks) {
          store.put(keep.conversation(), keep.seq());
          step(new InboxEvent.CursorKept(keep.conversation(), keep.run()));
        } else {
          unkept = keep;
        }
      } else {
        others.add(effect);
      }
    }
  }

  private void online() {
    connect("epoch-1", false);
    frames.clear();
    step(new InboxEvent.SyncEnded(1));
    others.clear();
  }

  private void connect(String epoch, boolean deviceIsNew) {
    step(new InboxEvent.Connected(Limits.DEFAULT, epoch, deviceIsNew));
  }

  private void deliver(long from, long to) {
    step(new InboxEvent.Delivered(fromBob(from, to)));
  }

  private void own(long seq) {
    step(new InboxEvent.OwnStored(AB, message(seq, ALICE, "own")));
  }

  /** The handler succeeds with all that it gets. */
  private void handle() {
    while (!inHandler.isEmpty()) {
      InboxEffect.Handle handle = inHandler.poll();
      handed.add(handle.message().seq());
      step(new InboxEvent.Handled(handle.conversation(), handle.run()));
    }
  }

  private void fail() {
    InboxEffect.Handle handle = inHandler.poll();
    step(
        new InboxEvent.HandlerFailed(
            handle.conversation(), handle.run(), new IllegalStateException("disk full")));
  }

  private void waitMs(long ms) {
    nowMs += ms;
    step(new InboxEvent.Tick());
  }

  private List<Frame> flushed() {
    step(new InboxEvent.Flush());
    List<Frame> all = List.copyOf(frames);
    frames.clear();
    return all;
  }

  private static Frame ack(long seq) {
    return new Frame.DeliverAck(AB, seq);
  }

  private static Frame sync(int syncId, long cursor) {
    return new Frame.Sync(syncId, List.of(new Cursor(AB, cursor)), true, false);
  }

  @Test
  void handsOverInOrderOneAtATimeAndAcksWhatTheHandlerTook() {
    online();
    deliver(1, 3);
    assertThat(inHandler).hasSize(1);
    assertThat(flushed()).as("nothing is taken yet").isEmpty();
    handle();
    assertThat(handed).containsExactly(1L, 2L, 3L);
    assertThat(flushed()).as("one ack for three").containsExactly(ack(3));
  }

  @Test
  void whatWaitsForTheHandlerIsNotAcked() {
    online();
    deliver(1, 3);
    InboxEffect.Handle first = inHandler.poll();
    step(new InboxEvent.Handled(AB, first.run()));
    assertThat(flushed()).containsExactly(ack(1));
  }

  @Test
  void theAckWaitsForTheCursorStore() {
    online();
    storeWorks = false;
    deliver(1, 1);
    handle();
    assertThat(flushed()).isEmpty();
    step(new InboxEvent.CursorKept(AB, unkept.run()));
    assertThat(flushed()).containsExactly(ack(1));
  }

  @Test
  void aCursorThatCannotBeStoredIsTriedAgainWithoutTheHandler() {
    online();
    storeWorks = false;
    deliver(1, 1);
    handle();
    step(new InboxEvent.CursorNotKept(AB, unkept.run(), new IllegalStateException("full")));
    storeWorks = true;
    waitMs(200);
    assertThat(handed).containsExactly(1L);
    assertThat(inHandler).isEmpty();
    assertThat(flushed()).containsExactly(ack(1));
  }

  @Test
  void aGapIsSyncedFromTheCursorAndNothingBeyondItIsShown() { // ack over a gap, GAPIGN
    online();
    deliver(1, 2);
    handle();
    flushed();
    deliver(4, 5);
    assertThat(inHandler).isEmpty();
    assertThat(flushed()).containsExactly(sync(2, 2));
    step(new InboxEvent.Paged(new Frame.SyncPage(2, 1, List.of(fromBob(3, 5)), List.of())));
    step(new InboxEvent.SyncEnded(2));
    handle();
    assertThat(handed).containsExactly(1L, 2L, 3L, 4L, 5L);
    assertThat(flushed()).containsExactly(new Frame.SyncAck(2, 1), ack(5));
  }

  @Test
  void aGapThatShowsDuringASyncIsAskedForAfterIt() {
    online();
    deliver(1, 1);
    handle();
    deliver(3, 3);
    assertThat(flushed()).contains(sync(2, 1));
    step(new InboxEvent.Delivered(range(AC, 1)));
    step(new InboxEvent.Delivered(range(AC, 3)));
    assertThat(frames).isEmpty();
    step(new InboxEvent.Paged(new Frame.SyncPage(2, 1, List.of(fromBob(2, 3)), List.of())));
    frames.clear();
    step(new InboxEvent.SyncEnded(2));
    assertThat(frames).containsExactly(new Frame.Sync(3, List.of(new Cursor(AC, 0)), true, false));
  }

  private static MessageRange range(ConversationId conversation, long seq) {
    return new MessageRange(
        conversation, seq, seq, List.of(message(seq, ScriptedServer.BOB, "x")), List.of());
  }

  @Test
  void duplicatesAreIgnoredInSilenceAndAckedAgain() {
    online();
    deliver(1, 2);
    handle();
    flushed();
    deliver(1, 2);
    assertThat(inHandler).isEmpty();
    assertThat(flushed()).containsExactly(ack(2));
  }

  @Test
  void duplicatesOfWhatTheHandlerStillHasAreNotAcked() {
    online();
    deliver(1, 2);
    deliver(1, 2);
    assertThat(inHandler).hasSize(1);
    assertThat(flushed()).isEmpty();
    handle();
    assertThat(handed).containsExactly(1L, 2L);
  }

  @Test
  void whatComesAgainWhileTheHandlerHasItIsAnsweredWithTheCursor() {
    online();
    deliver(1, 1);
    handle();
    assertThat(flushed()).containsExactly(ack(1));
    deliver(2, 2);
    deliver(2, 2);
    assertThat(inHandler).hasSize(1);
    assertThat(flushed()).containsExactly(ack(1));
  }

  @Test
  void aHaltedConversationAnswersWhatComesAgainWithItsCursor() {
    online();
    deliver(1, 1);
    handle();
    deliver(2, 2);
    for (int waitMs : new int[] {200, 400, 0}) {
      fail();
      waitMs(waitMs);
    }
    assertThat(others).singleElement().isInstanceOf(InboxEffect.Halted.class);
    assertThat(flushed()).containsExactly(ack(1));
    deliver(2, 2);
    assertThat(flushed()).containsExactly(ack(1));
    assertThat(inHandler).isEmpty();
  }

  @Test
  void anOwnMessageFillsItsPlaceAndIsAckedLikeAnyOther() {
    online();
    own(1);
    handle();
    assertThat(handed).containsExactly(1L);
    assertThat(flushed()).containsExactly(ack(1));
  }

  @Test
  void anOwnMessageIsHeldUntilItsPlaceIsNext() { // DROPOWN
    online();
    deliver(1, 1);
    handle();
    own(3);
    own(4);
    assertThat(inHandler).isEmpty();
    assertThat(frames).as("what is before it is on its way").isEmpty();
    deliver(2, 2);
    handle();
    assertThat(handed).containsExactly(1L, 2L, 3L, 4L);
    assertThat(flushed()).containsExactly(ack(4));
  }

  @Test
  void whatIsBeforeAnOwnMessageIsAskedForWhenItDoesNotCome() {
    online();
    deliver(1, 1);
    handle();
    own(3);
    flushed();
    waitMs(999);
    assertThat(frames).isEmpty();
    waitMs(1);
    assertThat(frames).containsExactly(sync(2, 1));
  }

  @Test
  void anOwnMessageThatCameBySyncAlreadyIsNotShownTwice() {
    online();
    deliver(1, 2);
    own(2);
    own(1);
    handle();
    assertThat(handed).containsExactly(1L, 2L);
  }

  @Test
  void gapsMoveTheCursorWithoutTheHandler() {
    online();
    step(
        new InboxEvent.Delivered(
            new MessageRange(
                AB,
                1,
                6,
                List.of(message(3, ALICE, "x"), message(6, ALICE, "y")),
                List.of(new Gap(1, 2, Gap.Reason.OLDER), new Gap(4, 5, Gap.Reason.NOT_VISIBLE)))));
    handle();
    assertThat(handed).containsExactly(3L, 6L);
    assertThat(store).containsEntry(AB, 6L);
    assertThat(flushed()).containsExactly(ack(6));
  }

  @Test
  void aRangeWithAHoleInItIsAGap() {
    online();
    step(
        new InboxEvent.Delivered(
            new MessageRange(
                AB, 1, 3, List.of(message(1, ALICE, "x"), message(3, ALICE, "y")), List.of())));
    handle();
    assertThat(handed).containsExactly(1L);
    assertThat(frames).containsExactly(sync(2, 0));
  }

  @Test
  void aFailingHandlerIsCalledAgainThenTheConversationHaltsAndOthersGoOn() {
    online();
    deliver(1, 2);
    fail();
    assertThat(inHandler).isEmpty();
    waitMs(200);
    fail();
    waitMs(400);
    fail();
    assertThat(others)
        .singleElement()
        .isInstanceOfSatisfying(
            InboxEffect.Halted.class, halted -> assertThat(halted.seq()).isEqualTo(1));
    deliver(3, 3);
    waitMs(60_000);
    assertThat(inHandler).isEmpty();
    assertThat(flushed()).isEmpty();
    step(new InboxEvent.Delivered(range(AC, 1)));
    assertThat(inHandler).hasSize(1);
    inHandler.clear();
    step(new InboxEvent.Resume(AB));
    assertThat(flushed()).containsExactly(sync(2, 0));
    step(new InboxEvent.Paged(new Frame.SyncPage(2, 1, List.of(fromBob(1, 3)), List.of())));
    handle();
    assertThat(handed).containsExactly(1L, 2L, 3L);
  }

  @Test
  void aSyncNamesOnlyWhatIsAheadOfTheLastConfirmation() {
    step(new InboxEvent.Loaded(Map.of(AB, 5L, AC, 2L)));
    connect("epoch-1", false);
    assertThat(((Frame.Sync) frames.get(0)).cursors())
        .containsExactlyInAnyOrder(new Cursor(AB, 5), new Cursor(AC, 2));
    step(new InboxEvent.SyncEnded(1));
    step(new InboxEvent.Confirmed(AB, 5));
    step(new InboxEvent.Confirmed(AC, 1));
    step(new InboxEvent.Disconnected());
    frames.clear();
    connect("epoch-1", false);
    assertThat(((Frame.Sync) frames.get(0)).cursors()).containsExactly(new Cursor(AC, 2));
    step(new InboxEvent.Disconnected());
    frames.clear();
    connect("epoch-2", false);
    assertThat(((Frame.Sync) frames.get(0)).cursors()).hasSize(2);
  }

  @Test
  void aStoredCursorOfZeroAsksForEverythingFromTheBeginning() {
    step(new InboxEvent.Loaded(Map.of(AB, 0L)));
    connect("epoch-1", false);
    assertThat(((Frame.Sync) frames.get(0)).cursors()).containsExactly(new Cursor(AB, 0));
  }

  @Test
  void aLongSyncGoesInChunks() {
    Map<ConversationId, Long> many = new HashMap<>();
    for (int i = 0; i < 25; i++) {
      many.put(ConversationId.direct(ALICE, new UserId("user" + i)), 1L);
    }
    step(new InboxEvent.Loaded(many));
    Limits d = Limits.DEFAULT;
    Limits ten =
        new Limits(
            d.heartbeatMs(),
            d.maxFrameBytes(),
            d.maxBodyBytes(),
            1,
            1,
            1,
            1,
            1,
            10,
            100,
            1_000,
            1,
            1,
            1,
            1,
            1,
            1,
            0,
            1,
            0);
    step(new InboxEvent.Connected(ten, "e", false));
    assertThat(frames).hasSize(3);
    assertThat(frames).extracting(f -> ((Frame.Sync) f).more()).containsExactly(true, true, false);
    assertThat(frames).extracting(f -> ((Frame.Sync) f).syncId()).containsOnly(1);
    assertThat(frames.stream().mapToInt(f -> ((Frame.Sync) f).cursors().size()).sum())
        .isEqualTo(25);
  }

  @Test
  void aDeviceWithoutACursorTakesTheServers() {
    connect("e", false);
    step(new InboxEvent.Paged(new Frame.SyncPage(1, 1, List.of(fromBob(8, 9)), List.of())));
    step(new InboxEvent.SyncEnded(1));
    handle();
    assertThat(handed).containsExactly(8L, 9L);
    assertThat(flushed()).contains(ack(9));
  }

  @Test
  void aPushIntoAnUnknownConversationIsNoPlaceToBegin() {
    online();
    deliver(3, 3);
    assertThat(inHandler).as("1 and 2 may be missing").isEmpty();
    assertThat(flushed()).containsExactly(new Frame.Sync(2, List.of(), false, false));
    step(new InboxEvent.Paged(new Frame.SyncPage(2, 1, List.of(fromBob(1, 3)), List.of())));
    handle();
    assertThat(handed).containsExactly(1L, 2L, 3L);
  }

  @Test
  void aResetGoesBackAndTheSameSeqsComeAgain() {
    step(new InboxEvent.Loaded(Map.of(AB, 5L)));
    connect("epoch-1", false);
    frames.clear();
    step(new InboxEvent.Paged(new Frame.SyncPage(1, 1, List.of(), List.of(new Cursor(AB, 3)))));
    step(new InboxEvent.SyncEnded(1));
    assertThat(others.get(0)).isEqualTo(new InboxEffect.Reset(AB, 3));
    assertThat(store).containsEntry(AB, 3L);
    deliver(4, 4);
    handle();
    assertThat(handed).containsExactly(4L);
  }

  @Test
  void whatTheHandlerHasDuringAResetDoesNotCount() {
    online();
    deliver(1, 3);
    InboxEffect.Handle first = inHandler.poll();
    step(new InboxEvent.Delivered(fromBob(1, 1)));
    step(new InboxEvent.Paged(new Frame.SyncPage(9, 1, List.of(), List.of(new Cursor(AB, 0)))));
    assertThat(inHandler).as("one call at a time").isEmpty();
    step(new InboxEvent.Handled(AB, first.run()));
    assertThat(store).containsEntry(AB, 0L);
    deliver(1, 1);
    handle();
    assertThat(handed).containsExactly(1L);
    assertThat(inbox.cursor(AB)).isEqualTo(1);
  }

  @Test
  void whatDoesNotFitTheBufferIsFetchedWhenThereIsRoom() {
    inbox = inbox(3);
    online();
    deliver(1, 5);
    assertThat(inbox.buffered()).isEqualTo(3);
    assertThat(flushed()).as("no sync while the buffer is full").isEmpty();
    handle();
    assertThat(handed).containsExactly(1L, 2L, 3L);
    assertThat(frames).containsExactly(sync(2, 3));
  }

  @Test
  void aFullBufferHoldsTheNextPageBackUntilThereIsRoomOrNoProgress() {
    inbox = inbox(4);
    connect("e", false);
    frames.clear();
    step(new InboxEvent.Paged(new Frame.SyncPage(1, 1, List.of(fromBob(1, 4)), List.of())));
    assertThat(frames).as("four wait, two may").isEmpty();
    InboxEffect.Handle one = inHandler.poll();
    step(new InboxEvent.Handled(AB, one.run()));
    assertThat(frames).isEmpty();
    InboxEffect.Handle two = inHandler.poll();
    step(new InboxEvent.Handled(AB, two.run()));
    assertThat(frames).containsExactly(new Frame.SyncAck(1, 1));
    frames.clear();
    step(new InboxEvent.Paged(new Frame.SyncPage(1, 2, List.of(fromBob(5, 6)), List.of())));
    assertThat(frames).isEmpty();
    waitMs(5_000);
    assertThat(frames)
        .as("one slow conversation does not hold up the others")
        .contains(new Frame.SyncAck(1, 2));
  }

  @Test
  void syncedComesWhenTheApplicationHasAll() {
    connect("e", false);
    step(new InboxEvent.Paged(new Frame.SyncPage(1, 1, List.of(fromBob(1, 2)), List.of())));
    step(new InboxEvent.SyncEnded(1));
    assertThat(others).isEmpty();
    handle();
    assertThat(others).containsExactly(new InboxEffect.Synced());
  }

  @Test
  void aSyncThatDoesNotGoOnEndsTheConnection() {
    connect("e", false);
    waitMs(30_000);
    assertThat(others).singleElement().isInstanceOf(InboxEffect.Reconnect.class);
  }

  @Test
  void aRefusedSyncIsAskedForAgainLater() {
    connect("e", false);
    frames.clear();
    step(new InboxEvent.SyncRefused(1, 500));
    waitMs(499);
    assertThat(frames).isEmpty();
    waitMs(1);
    assertThat(frames).containsExactly(new Frame.Sync(2, List.of(), false, false));
  }

  @Test
  void aConversationThatHasGrownIsPulled() {
    online();
    deliver(1, 1);
    handle();
    frames.clear();
    step(new InboxEvent.Grown(AB, 3));
    assertThat(frames).containsExactly(sync(2, 1));
  }

  @Test
  void acksMayWaitForMore() {
    inbox =
        new Inbox(
            new Inbox.Settings(100, 1_000, 1 << 20, 3, 20, 3, CatchUp.Settings.DEFAULT),
            new Backoff(100, 1_000, new SplittableRandom(7)),
            new Backoff(100, 1_000, new SplittableRandom(8)));
    online();
    deliver(1, 1);
    handle();
    assertThat(flushed()).isEmpty();
    assertThat(inbox.nextDeadlineMs()).isEqualTo(nowMs + 20);
    waitMs(20);
    assertThat(flushed()).containsExactly(ack(1));
    deliver(2, 4);
    handle();
    assertThat(flushed()).as("three are enough").containsExactly(ack(4));
  }

  @Test
  void anAckThatIsNotConfirmedIsSaidAgainLessAndLessOftenAndNotForEver() {
    online();
    deliver(1, 1);
    handle();
    assertThat(flushed()).containsExactly(ack(1));
    List<Long> waits = new ArrayList<>();
    long saidMs = nowMs;
    while (inbox.nextDeadlineMs() != Long.MAX_VALUE) {
      waitMs(inbox.nextDeadlineMs() - nowMs);
      assertThat(flushed()).containsExactly(ack(1));
      waits.add(nowMs - saidMs);
      saidMs = nowMs;
    }
    assertThat(waits).containsExactly(5_000L, 10_000L, 20_000L, 40_000L, 80_000L);
  }

  @Test
  void aConfirmedAckIsNotSaidAgainAndALaterOneWaitsItsWholeTime() {
    online();
    deliver(1, 2);
    inHandler.clear();
    step(new InboxEvent.Handled(AB, 1));
    flushed();
    waitMs(4_000);
    step(new InboxEvent.Handled(AB, 3));
    assertThat(flushed()).containsExactly(ack(2));
    step(new InboxEvent.Confirmed(AB, 1));
    waitMs(4_999);
    assertThat(flushed()).isEmpty();
    step(new InboxEvent.Confirmed(AB, 2));
    waitMs(100_000);
    assertThat(flushed()).isEmpty();
  }

  @Test
  void whatASyncOfTheNextConnectionSaysIsSaidAgainAsAnAck() {
    online();
    deliver(1, 1);
    handle();
    flushed();
    step(new InboxEvent.Disconnected());
    waitMs(100_000);
    assertThat(flushed()).isEmpty();
    connect("epoch-1", false);
    step(new InboxEvent.SyncEnded(2));
    frames.clear();
    waitMs(5_000);
    assertThat(flushed()).containsExactly(ack(1));
  }

  @Test
  void theMarkOfReceiptsIsToldInTheNextSyncOfEverything() {
    step(new InboxEvent.Loaded(Map.of(), 40));
    connect("e", false);
    assertThat(frames).containsExactly(new Frame.Sync(1, List.of(), false, false, 40));
    step(new InboxEvent.SyncEnded(1, 50));
    assertThat(others).contains(new InboxEffect.KeepReceiptsMark(50));
    frames.clear();
    deliver(1, 1);
    deliver(3, 3);
    assertThat(frames).as("a gap").hasSize(1);
    assertThat(((Frame.Sync) frames.get(0)).receiptsSince()).isZero();
    step(new InboxEvent.SyncEnded(2));
    step(new InboxEvent.Disconnected());
    frames.clear();
    connect("e", false);
    assertThat(((Frame.Sync) frames.get(0)).receiptsSince()).isEqualTo(50);
    step(new InboxEvent.Disconnected());
    frames.clear();
    connect("another store", false);
    assertThat(((Frame.Sync) frames.get(0)).receiptsSince()).isZero();
  }

  @Test
  void messagesAreUnchanged() {
    online();
    Message message = message(1, ALICE, "text");
    step(new InboxEvent.Delivered(new MessageRange(AB, 1, 1, List.of(message), List.of())));
    assertThat(inHandler.poll().message()).isSameAs(message);
  }

  @Test
  void aResetDoesNotKeepSyncedWaiting() {
    connect("e", false);
    step(new InboxEvent.Paged(new Frame.SyncPage(1, 1, List.of(fromBob(1, 2)), List.of())));
    step(new InboxEvent.SyncEnded(1));
    step(new InboxEvent.Paged(new Frame.SyncPage(9, 1, List.of(), List.of(new Cursor(AB, 0)))));
    assertThat(others).containsExactly(new InboxEffect.Reset(AB, 0), new InboxEffect.Synced());
  }
}
