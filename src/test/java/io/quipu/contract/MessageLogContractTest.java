package io.quipu.contract;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.server.journal.Cursors.CursorWrite;
import io.quipu.server.journal.Directory.DeviceSession;
import io.quipu.server.journal.MessageLog.Behind;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.journal.MessageLog.HistorySlice;
import io.quipu.server.journal.MessageLog.Part;
import io.quipu.server.journal.MessageLog.RangeRequest;
import io.quipu.server.journal.MessageLog.RecentCommits;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class MessageLogContractTest extends StoreContract {
  private static final int MANY = 1_000;
  private static final int LARGE = 1_000_000;

  private List<MessageRange> read(UserId reader, RangeRequest... ranges) {
    return await(store.messageLog().read(reader, List.of(ranges), MANY, LARGE));
  }

  private static List<Long> seqs(MessageRange range) {
    return range.messages().stream().map(Message::seq).toList();
  }

  private static Gap unseen(long fromSeq, long toSeq) {
    return new Gap(fromSeq, toSeq, Gap.Reason.NOT_VISIBLE);
  }

  /** Carol sees 3 to 5 and 8 to the end, which is 10. */
  private final class CarolsGroup {
    final UserId owner = newUser("owner");
    final UserId carol = newUser("carol");
    final Group group = group(owner);

    CarolsGroup() {
      write(group.text(2, "2"));
      write(group.add(3, carol));
      write(group.text(4, "4"));
      write(group.remove(5, carol));
      write(group.text(6, "6"));
      write(group.text(7, "7"));
      write(group.add(8, carol));
      write(group.text(9, "9"));
      write(group.text(10, "10"));
    }

    RangeRequest range(long fromSeq, long toSeq) {
      return new RangeRequest(group.id(), fromSeq, toSeq);
    }
  }

  @Test
  void aReaderGetsWhatWasWritten() {
    Talk talk = talk(0);
    UUID id = UUID.randomUUID();
    long storedAtMs = write(talk.text(1, id, "hello")).storedAtMs();

    MessageRange range = read(talk.bob(), new RangeRequest(talk.id(), 1, 9)).get(0);

    assertThat(range)
        .isEqualTo(
            new MessageRange(
                talk.id(),
                1,
                1,
                List.of(new Message(1, talk.alice(), id, storedAtMs, Content.Text.of("hello"))),
                List.of()));
  }

  @Test
  void whatTheReaderMayNotSeeIsAGap() {
    CarolsGroup carols = new CarolsGroup();

    MessageRange all = read(carols.carol, carols.range(1, 100)).get(0);
    assertThat(all.toSeq()).isEqualTo(10);
    assertThat(seqs(all)).containsExactly(3L, 4L, 5L, 8L, 9L, 10L);
    assertThat(all.gaps()).containsExactly(unseen(1, 2), unseen(6, 7));

    MessageRange middle = read(carols.carol, carols.range(4, 7)).get(0);
    assertThat(middle.toSeq()).isEqualTo(7);
    assertThat(seqs(middle)).containsExactly(4L, 5L);
    assertThat(middle.gaps()).containsExactly(unseen(6, 7));

    MessageRange onlyGap = read(carols.carol, carols.range(6, 6)).get(0);
    assertThat(onlyGap.toSeq()).isEqualTo(6);
    assertThat(onlyGap.gaps()).containsExactly(unseen(6, 6));
  }

  @Test
  void nothingIsBeyondTheLastSeqThatHeMaySee() {
    CarolsGroup carols = new CarolsGroup();
    write(carols.group.remove(11, carols.carol));
    write(carols.group.text(12, "12"));

    MessageRange range = read(carols.carol, carols.range(9, 100)).get(0);
    assertThat(range.toSeq()).isEqualTo(11);
    assertThat(seqs(range)).containsExactly(9L, 10L, 11L);

    MessageRange beyond = read(carols.carol, carols.range(12, 100)).get(0);
    assertThat(beyond.fromSeq()).isEqualTo(12);
    assertThat(beyond.toSeq()).isEqualTo(11);
    assertThat(beyond.gaps()).isEmpty();
  }

  @Test
  void conversationsOfOthersAndUnknownOnesAreAbsent() {
    Talk talk = talk(2);
    Talk other = talk(2);
    ConversationId unknown = ConversationId.group(newUser("nobody"), UUID.randomUUID());

    List<MessageRange> ranges =
        read(
            talk.bob(),
            new RangeRequest(other.id(), 1, 9),
            new RangeRequest(talk.id(), 1, 9),
            new RangeRequest(unknown, 1, 9));

    assertThat(ranges).extracting(MessageRange::conversation).containsExactly(talk.id());
    assertThat(read(newUser("stranger"), new RangeRequest(talk.id(), 1, 9))).isEmpty();
  }

  @Test
  void theLimitOnMessagesCutsAtAMessageAndLeavesLaterRangesEmpty() {
    CarolsGroup carols = new CarolsGroup();
    ConversationId direct = ConversationId.direct(carols.owner, carols.carol);
    load(direct);

    List<MessageRange> ranges =
        await(
            store
                .messageLog()
                .read(
                    carols.carol,
                    List.of(carols.range(1, 100), new RangeRequest(direct, 1, 100)),
                    3,
                    LARGE));

    assertThat(seqs(ranges.get(0))).containsExactly(3L, 4L, 5L);
    assertThat(ranges.get(0).toSeq()).isEqualTo(5);
    assertThat(ranges.get(0).gaps()).containsExactly(unseen(1, 2));
    assertThat(ranges.get(1).toSeq()).isZero();
  }

  @Test
  void severalRangesShareTheLimitInTheOrderAsked() {
    Talk one = talk(4);
    ConversationId self = ConversationId.direct(one.bob(), one.bob());
    Talk other =
        new Talk(
            self, load(self).conversationKey(), one.bob(), one.bobKey(), one.bob(), one.bobKey());
    write(other.text(1, "a", "b", "c"));

    List<MessageRange> ranges =
        await(
            store
                .messageLog()
                .read(
                    one.bob(),
                    List.of(
                        new RangeRequest(self, 2, 3),
                        new RangeRequest(one.id(), 2, 100),
                        new RangeRequest(self, 1, 1)),
                    4,
                    LARGE));

    assertThat(ranges).extracting(MessageRange::conversation).containsExactly(self, one.id(), self);
    assertThat(seqs(ranges.get(0))).containsExactly(2L, 3L);
    assertThat(seqs(ranges.get(1))).containsExactly(2L, 3L);
    assertThat(seqs(ranges.get(2))).isEmpty();
  }

  @Test
  void theLimitOnBytesCutsButOneMessageAlwaysFits() {
    Talk talk = talk(0);
    write(talk.text(1, "x".repeat(500), "y".repeat(300), "z".repeat(300)));
    RangeRequest all = new RangeRequest(talk.id(), 1, 9);

    assertThat(seqs(await(store.messageLog().read(talk.bob(), List.of(all), MANY, 800)).get(0)))
        .containsExactly(1L, 2L);
    assertThat(seqs(await(store.messageLog().read(talk.bob(), List.of(all), MANY, 799)).get(0)))
        .containsExactly(1L);
    assertThat(seqs(await(store.messageLog().read(talk.bob(), List.of(all), MANY, 10)).get(0)))
        .containsExactly(1L);
  }

  @Test
  void anErasedBodyLeavesItsEnvelope() {
    Talk talk = talk(3);
    store.backdoor().erase(talk.id(), 2);

    MessageRange range = read(talk.bob(), new RangeRequest(talk.id(), 1, 9)).get(0);

    assertThat(seqs(range)).containsExactly(1L, 2L, 3L);
    assertThat(range.messages().get(1).content()).isEqualTo(new Content.Erased());
    assertThat(range.messages().get(1).sender()).isEqualTo(talk.alice());
  }

  @Test
  void voidSendsAreInNoRead() {
    Talk talk = talk(2);
    await(store.journal().voidSend(talk.id(), talk.alice(), UUID.randomUUID()));

    assertThat(seqs(read(talk.bob(), new RangeRequest(talk.id(), 1, 9)).get(0)))
        .containsExactly(1L, 2L);
    assertThat(seqs(history(talk.bob(), talk.id(), 0, 0, 10).range())).containsExactly(1L, 2L);
  }

  private HistorySlice history(
      UserId reader, ConversationId id, long beforeSeq, long afterSeq, int max) {
    return await(store.messageLog().history(reader, id, beforeSeq, afterSeq, max, LARGE));
  }

  @Test
  void historyPagesBackwardsOverGaps() {
    CarolsGroup carols = new CarolsGroup();

    HistorySlice newest = history(carols.carol, carols.group.id(), 0, 0, 2);
    assertThat(seqs(newest.range())).containsExactly(9L, 10L);
    assertThat(newest.more()).isTrue();

    HistorySlice older = history(carols.carol, carols.group.id(), newest.range().fromSeq(), 0, 2);
    assertThat(seqs(older.range())).containsExactly(5L, 8L);
    assertThat(older.range().gaps()).containsExactly(unseen(6, 7));
    assertThat(older.range().toSeq()).isEqualTo(8);
    assertThat(older.more()).isTrue();

    HistorySlice oldest = history(carols.carol, carols.group.id(), older.range().fromSeq(), 0, 2);
    assertThat(seqs(oldest.range())).containsExactly(3L, 4L);
    assertThat(oldest.range().fromSeq()).isEqualTo(1);
    assertThat(oldest.range().gaps()).containsExactly(unseen(1, 2));
    assertThat(oldest.more()).isFalse();

    HistorySlice none = history(carols.carol, carols.group.id(), 1, 0, 2);
    assertThat(none.range().messages()).isEmpty();
    assertThat(none.more()).isFalse();
  }

  @Test
  void historyPagesForwards() {
    CarolsGroup carols = new CarolsGroup();

    HistorySlice first = history(carols.carol, carols.group.id(), 0, 4, 2);
    assertThat(seqs(first.range())).containsExactly(5L, 8L);
    assertThat(first.range().fromSeq()).isEqualTo(5);
    assertThat(first.more()).isTrue();

    HistorySlice rest = history(carols.carol, carols.group.id(), 0, 8, 2);
    assertThat(seqs(rest.range())).containsExactly(9L, 10L);
    assertThat(rest.more()).isFalse();
  }

  @Test
  void historyIsForMembersOnly() {
    Talk talk = talk(1);

    assertThat(
            awaitFailure(
                    store.messageLog().history(newUser("stranger"), talk.id(), 0, 0, MANY, LARGE))
                .code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
  }

  private List<Behind> behind(DeviceSession device, UserId user, Cursor... claimed) {
    return await(
        store
            .messageLog()
            .behind(user, device.deviceKey(), List.of(claimed), false, Part.mostRecent(100)));
  }

  private List<Behind> behindClaimed(DeviceSession device, UserId user, Cursor... claimed) {
    return await(
        store
            .messageLog()
            .behind(user, device.deviceKey(), List.of(claimed), true, Part.mostRecent(100)));
  }

  private void storeCursor(DeviceSession device, ConversationId id, long seq) {
    assertThat(
            await(
                    store
                        .cursors()
                        .store(
                            List.of(
                                new CursorWrite(device.userKey(), device.deviceKey(), id, seq))))
                .counts())
        .containsExactly(true);
  }

  @Test
  void theMostRecentlyActiveConversationComesFirst() {
    Talk first = talk(2);
    UserId bob = first.bob();
    DeviceSession device = session(bob);
    Group second = group(bob);
    write(first.text(3, "the newest"));

    assertThat(behind(device, bob))
        .containsExactly(
            new Behind(first.id(), 0, 0, 3, false), new Behind(second.id(), 0, 0, 1, false));

    write(second.text(2, "newer"));
    storeCursor(device, first.id(), 1);
    assertThat(behind(device, bob))
        .containsExactly(
            new Behind(second.id(), 0, 0, 2, false), new Behind(first.id(), 1, 1, 3, false));
  }

  private List<ConversationId> part(
      DeviceSession device, UserId user, Part part, Cursor... claimed) {
    return await(store.messageLog().behind(user, device.deviceKey(), List.of(claimed), false, part))
        .stream()
        .map(Behind::conversation)
        .toList();
  }

  @Test
  void whatIsBehindComesInParts() {
    UserId bob = newUser("bob");
    DeviceSession device = session(bob);
    List<ConversationId> all = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      UserId peer = newUser("a-peer"); // begins it: one of his own quota
      ConversationId id = ConversationId.direct(peer, bob);
      write(
          new Talk(id, load(id).conversationKey(), peer, keyOf(peer), bob, keyOf(bob))
              .text(1, "1"));
      all.add(id);
    }

    assertThat(part(device, bob, Part.mostRecent(3)))
        .containsExactly(all.get(6), all.get(5), all.get(4));
    assertThat(part(device, bob, Part.mostRecent(2), new Cursor(all.get(1), 9)))
        .as("first what the store has lost")
        .containsExactly(all.get(1), all.get(6));

    Part next = Part.all(3);
    List<ConversationId> seen = new ArrayList<>();
    for (List<ConversationId> found = part(device, bob, next);
        !found.isEmpty();
        found = part(device, bob, next)) {
      assertThat(found).hasSizeLessThanOrEqualTo(3);
      seen.addAll(found);
      next = next.goOnAbove(found.get(found.size() - 1));
    }
    assertThat(seen)
        .containsExactlyInAnyOrderElementsOf(all)
        .isSortedAccordingTo(Comparator.comparing(ConversationId::value));
  }

  @Test
  void whatADeviceHasWhollyIsNotBehind() {
    Talk talk = talk(3);
    DeviceSession device = session(talk.bob());
    storeCursor(device, talk.id(), 3);

    assertThat(behind(device, talk.bob())).isEmpty();
    assertThat(behind(device, talk.bob(), new Cursor(talk.id(), 2))).isEmpty();
  }

  @Test
  void aClaimRaisesTheCursorZeroMeansFromTheBeginning() {
    Talk talk = talk(5);
    DeviceSession device = session(talk.bob());
    storeCursor(device, talk.id(), 2);

    assertThat(behind(device, talk.bob(), new Cursor(talk.id(), 4)))
        .containsExactly(new Behind(talk.id(), 4, 2, 5, false));
    assertThat(behind(device, talk.bob(), new Cursor(talk.id(), 1)))
        .containsExactly(new Behind(talk.id(), 2, 2, 5, false));
    assertThat(behind(device, talk.bob(), new Cursor(talk.id(), 0)))
        .containsExactly(new Behind(talk.id(), 0, 2, 5, false));
    assertThat(behind(device, talk.bob(), new Cursor(talk.id(), 5))).isEmpty();
  }

  @Test
  void aClaimBeyondTheTailIsARollBack() {
    Talk talk = talk(3);
    DeviceSession device = session(talk.bob());

    assertThat(behind(device, talk.bob(), new Cursor(talk.id(), 4)))
        .containsExactly(new Behind(talk.id(), 3, 0, 3, true));
  }

  @Test
  void onlyWhatIsClaimedCountsAsItIs() {
    Talk talk = talk(5);
    UserId bob = talk.bob();
    DeviceSession device = session(bob);
    group(bob);
    storeCursor(device, talk.id(), 4);

    assertThat(behindClaimed(device, bob, new Cursor(talk.id(), 2)))
        .containsExactly(new Behind(talk.id(), 2, 4, 5, false));
    assertThat(behindClaimed(device, bob)).isEmpty();
  }

  @Test
  void foreignConversationsAreNeverBehind() {
    Talk talk = talk(3);
    UserId stranger = newUser("stranger");
    DeviceSession device = session(stranger);

    assertThat(behind(device, stranger, new Cursor(talk.id(), 1))).isEmpty();
    assertThat(behindClaimed(device, stranger, new Cursor(talk.id(), 1))).isEmpty();
  }

  @Test
  void theTailOfWhoHasLeftIsTheLastThatHeSaw() {
    CarolsGroup carols = new CarolsGroup();
    write(carols.group.remove(11, carols.carol));
    write(carols.group.text(12, "12"));
    DeviceSession device = session(carols.carol);

    assertThat(behind(device, carols.carol))
        .containsExactly(new Behind(carols.group.id(), 0, 0, 11, false));
    storeCursor(device, carols.group.id(), 11);
    assertThat(behind(device, carols.carol)).isEmpty();
  }

  @Test
  void anEmptyDirectConversationIsNotBehind() {
    UserId alice = newUser("alice");
    load(ConversationId.direct(alice, newUser("bob")));

    assertThat(behind(session(alice), alice)).isEmpty();
  }

  private RecentCommits look(long mark, DeviceSession... devices) {
    return await(
        store
            .messageLog()
            .recentCommits(mark, List.of(devices).stream().map(DeviceSession::deviceKey).toList()));
  }

  @Test
  void aLookFindsTheDevicesThatAreBehindWhatWasWrittenSince() {
    Talk talk = talk(2);
    Talk silent = talk(2);
    DeviceSession bob = session(talk.bob());
    DeviceSession alice = session(talk.alice());
    DeviceSession silentBob = session(silent.bob());
    RecentCommits first = look(0, bob, alice, silentBob);
    assertThat(first.behind()).isEmpty();
    assertThat(look(first.nextMark(), bob, alice, silentBob).behind()).isEmpty();

    write(talk.text(3, "new"));
    storeCursor(alice, talk.id(), 3);

    assertThat(look(first.nextMark(), bob, alice, silentBob).behind())
        .containsExactly(new DeviceBehind(bob.deviceKey(), talk.id(), 0, 3));
    storeCursor(bob, talk.id(), 2);
    assertThat(look(first.nextMark(), bob, alice, silentBob).behind())
        .containsExactly(new DeviceBehind(bob.deviceKey(), talk.id(), 2, 3));
  }

  @Test
  void aLookIsBoundedByMembership() {
    CarolsGroup carols = new CarolsGroup();
    write(carols.group.remove(11, carols.carol));
    DeviceSession carol = session(carols.carol);
    DeviceSession stranger = session(newUser("stranger"));
    long mark = look(0).nextMark();
    storeCursor(carol, carols.group.id(), 11);

    write(carols.group.text(12, "not for carol"));

    assertThat(look(mark, carol, stranger).behind()).isEmpty();
  }

  @Test
  void aVoidSendIsNothingToLookAt() {
    Talk talk = talk(1);
    DeviceSession bob = session(talk.bob());
    long mark = look(0).nextMark();

    await(store.journal().voidSend(talk.id(), talk.alice(), UUID.randomUUID()));

    assertThat(look(mark, bob).behind()).isEmpty();
  }

  @Test
  void aRenameIsReadAsTheChangeThatItWas() {
    Group group = group(newUser("owner"));
    write(group.change(2, new Change.Rename("a new title"), List.of()));

    UserId owner = await(store.directory().members(group.id())).get(0).user();
    assertThat(read(owner, new RangeRequest(group.id(), 2, 2)).get(0).messages().get(0).content())
        .isEqualTo(new Content.Changed(new Change.Rename("a new title")));
  }
}
