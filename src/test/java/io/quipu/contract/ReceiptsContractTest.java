package io.quipu.contract;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.fake.FakeStore;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MemberReceipt;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.Cursors.CursorWrite;
import io.quipu.server.journal.Cursors.ReadMarkWrite;
import io.quipu.server.journal.Cursors.Receipt;
import io.quipu.server.journal.Directory.DeviceSession;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange;
import io.quipu.server.journal.Receipts.News;
import io.quipu.server.journal.Receipts.Position;
import io.quipu.server.journal.Receipts.Watermarks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who hears how far messages have come: at once, later, and when he asks. */
final class ReceiptsContractTest extends StoreContract {
  private static final int ALL = 1_000;

  private List<Receipt> ack(DeviceSession device, ConversationId id, long seq) {
    CursorWrite write = new CursorWrite(device.userKey(), device.deviceKey(), id, seq);
    return await(store.cursors().store(List.of(write))).receipts();
  }

  private List<Receipt> read(UserId user, ConversationId id, long seq) {
    ReadMarkWrite write = new ReadMarkWrite(keyOf(user), id, seq);
    return await(store.cursors().storeReadMarks(List.of(write))).receipts();
  }

  private static Receipt to(long seq, UserId... audience) {
    return new Receipt(0, seq, List.of(audience));
  }

  private DeviceSession device(UserId user, String name) {
    return await(store.directory().openSession(user, new DeviceId(name), 0, 10));
  }

  private Batch text(Group group, long seq, UserId sender) {
    return new Batch(
        group.key(),
        List.of(
            new NewEntry(
                seq,
                new EntryId(keyOf(sender), UUID.randomUUID()),
                Content.Text.of("text"),
                List.of())));
  }

  private Batch block(Talk talk, long seq) {
    return new Batch(
        talk.key(),
        List.of(
            new NewEntry(
                seq,
                new EntryId(talk.aliceKey(), UUID.randomUUID()),
                new Content.Changed(new Change.Block()),
                List.of(new MemberChange.Blocked(talk.bob())))));
  }

  private long mark(UserId reader) {
    return await(store.receipts().since(reader, 0, Position.START, ALL)).mark();
  }

  private List<Watermarks> since(UserId reader, long mark) {
    News news = await(store.receipts().since(reader, mark, Position.START, ALL));
    assertThat(news.next()).isEmpty();
    return news.watermarks();
  }

  private ListPage<MemberReceipt> page(UserId reader, ConversationId id, String page, int limit) {
    return await(store.receipts().page(Optional.of(reader), id, page, limit));
  }

  private List<MemberReceipt> page(UserId reader, ConversationId id) {
    return page(reader, id, ListPage.NONE, ALL).items();
  }

  private QuipuException refusal(UserId reader, ConversationId id) {
    return awaitFailure(store.receipts().page(Optional.of(reader), id, ListPage.NONE, ALL));
  }

  // ---- at once

  @Test
  void theSenderOfADirectConversationHearsOfTheFirstDeviceAndOfNoLaterOne() {
    Talk talk = talk(5);
    DeviceSession phone = device(talk.bob(), "phone");
    DeviceSession laptop = device(talk.bob(), "laptop");

    assertThat(ack(phone, talk.id(), 3)).containsExactly(to(3, talk.alice()));
    assertThat(ack(laptop, talk.id(), 2)).isEmpty();
    assertThat(ack(laptop, talk.id(), 3)).isEmpty();
    assertThat(ack(phone, talk.id(), 3)).isEmpty();
    assertThat(ack(laptop, talk.id(), 5)).containsExactly(to(5, talk.alice()));
    assertThat(ack(phone, talk.id(), 5)).isEmpty();
  }

  @Test
  void nobodyHearsThatAUserHasHisOwnMessages() {
    Talk talk = talk(3);

    assertThat(ack(device(talk.alice(), "phone"), talk.id(), 3)).isEmpty();
    assertThat(read(talk.alice(), talk.id(), 3)).isEmpty();
  }

  @Test
  void manyAcksOfOneFlushAreOneReceiptForEachConversationAndUser() {
    Talk talk = talk(5);
    Talk other = talk(2);
    DeviceSession phone = device(talk.bob(), "phone");
    DeviceSession laptop = device(talk.bob(), "laptop");
    DeviceSession otherBob = session(other.bob());

    assertThat(
            await(
                    store
                        .cursors()
                        .store(
                            List.of(
                                write(phone, talk.id(), 1),
                                write(laptop, talk.id(), 4),
                                write(phone, talk.id(), 2),
                                write(otherBob, other.id(), 2),
                                write(otherBob, other.id(), 9))))
                .receipts())
        .containsExactlyInAnyOrder(
            new Receipt(0, 4, List.of(talk.alice())), new Receipt(3, 2, List.of(other.alice())));
  }

  private static CursorWrite write(DeviceSession device, ConversationId id, long seq) {
    return new CursorWrite(device.userKey(), device.deviceKey(), id, seq);
  }

  @Test
  void whatCoversNothingOfOthersAsksForNoReceipt() {
    Talk talk = talk(2);
    DeviceSession bob = session(talk.bob());

    CursorWrite own = new CursorWrite(bob.userKey(), bob.deviceKey(), talk.id(), 1, false);
    assertThat(await(store.cursors().store(List.of(own))).counts()).containsExactly(true);
    assertThat(await(store.cursors().store(List.of(own))).receipts()).isEmpty();
    assertThat(ack(bob, talk.id(), 2)).containsExactly(to(2, talk.alice()));
  }

  @Test
  void inASmallGroupThoseHearWhoHaveSentSomethingOfWhatIsCovered() {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");
    UserId carol = newUser("carol");
    Group group = group(alice, bob, carol);
    write(text(group, 2, alice), text(group, 3, bob));
    DeviceSession phone = session(carol);

    assertThat(ack(phone, group.id(), 2)).containsExactly(to(2, alice));
    assertThat(ack(phone, group.id(), 3)).containsExactly(to(3, bob));
    assertThat(read(carol, group.id(), 3).get(0).audience()).containsExactlyInAnyOrder(alice, bob);
    assertThat(ack(session(bob), group.id(), 3)).containsExactly(to(3, alice));
  }

  @Test
  void whatIsTooMuchToLookThroughIsToldToAllMembers() {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");
    UserId carol = newUser("carol");
    Group group = group(alice, bob, carol);
    for (int seq = 2; seq <= 70; seq++) {
      write(text(group, seq, alice));
    }

    assertThat(ack(session(carol), group.id(), 70).get(0).audience())
        .containsExactlyInAnyOrder(alice, bob);
  }

  @Test
  void aGroupAboveTheLimitHasReceiptsOnlyOnRequest() {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");
    List<UserId> others = new ArrayList<>(List.of(bob));
    while (others.size() < FakeStore.RECEIPT_MEMBERS) {
      others.add(newUser("other"));
    }
    Group group = group(alice, others.toArray(UserId[]::new));
    write(text(group, 2, alice));
    long mark = mark(alice);

    assertThat(ack(session(bob), group.id(), 2)).isEmpty();
    assertThat(read(bob, group.id(), 2)).isEmpty();
    assertThat(since(alice, mark)).isEmpty();
    assertThat(page(alice, group.id())).contains(new MemberReceipt(bob, 2, 2, 2));

    write(group.remove(3, others.get(1)));
    write(text(group, 4, alice));
    assertThat(ack(session(bob), group.id(), 4)).containsExactly(to(4, alice));
  }

  @Test
  void whoIsNoMemberAnyMoreNeitherHearsNorIsToldOf() {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");
    UserId carol = newUser("carol");
    Group group = group(alice, bob, carol);
    write(text(group, 2, alice), text(group, 3, bob));
    write(group.remove(4, bob));
    long mark = mark(bob);

    assertThat(ack(session(carol), group.id(), 3)).containsExactly(to(3, alice));
    assertThat(ack(session(bob), group.id(), 3)).isEmpty();
    assertThat(read(bob, group.id(), 3)).isEmpty();
    assertThat(since(bob, mark)).isEmpty();
    assertThat(page(alice, group.id())).extracting(MemberReceipt::user).doesNotContain(bob);
    assertThat(refusal(bob, group.id()).code()).isEqualTo(ErrorCode.NOT_A_MEMBER);
  }

  @Test
  void whoIsBlockedNeitherHearsNorIsToldOf() {
    Talk talk = talk(2);
    write(
        new Batch(
            talk.key(),
            List.of(
                new NewEntry(
                    3,
                    new EntryId(talk.bobKey(), UUID.randomUUID()),
                    Content.Text.of("of bob"),
                    List.of()))));
    long mark = mark(talk.alice());
    long bobsMark = mark(talk.bob());
    write(block(talk, 4));

    assertThat(ack(session(talk.bob()), talk.id(), 2)).isEmpty();
    assertThat(read(talk.bob(), talk.id(), 2)).isEmpty();
    assertThat(ack(session(talk.alice()), talk.id(), 4)).isEmpty();
    assertThat(read(talk.alice(), talk.id(), 4)).isEmpty();
    assertThat(since(talk.alice(), mark)).isEmpty();
    assertThat(since(talk.bob(), bobsMark)).isEmpty();
    assertThat(page(talk.bob(), talk.id())).containsExactly(new MemberReceipt(talk.bob(), 2, 2, 2));
    assertThat(page(talk.alice(), talk.id()))
        .containsExactly(new MemberReceipt(talk.alice(), 4, 4, 4));
  }

  // ---- later

  @Test
  void whoWasAwayLearnsWhatHasRisenSinceHisMarkAndNothingElse() {
    Talk talk = talk(5);
    Talk other = talk(2);
    DeviceSession bob = session(talk.bob());
    ack(bob, talk.id(), 2);
    ack(session(other.bob()), other.id(), 2);
    long mark = mark(talk.alice());
    assertThat(since(talk.alice(), mark)).isEmpty();

    ack(bob, talk.id(), 4);
    assertThat(since(talk.alice(), mark))
        .containsExactly(new Watermarks(talk.id(), talk.bob(), 4, 0));
    read(talk.bob(), talk.id(), 3);
    assertThat(since(talk.alice(), mark))
        .containsExactly(new Watermarks(talk.id(), talk.bob(), 4, 3));
    assertThat(since(talk.alice(), mark(talk.alice()))).isEmpty();
    assertThat(since(talk.bob(), mark)).isEmpty();
    assertThat(since(newUser("stranger"), mark)).isEmpty();
  }

  @Test
  void whoKnowsNothingGetsAMarkOnly() {
    Talk talk = talk(2);
    ack(session(talk.bob()), talk.id(), 2);

    News news = await(store.receipts().since(talk.alice(), 0, Position.START, ALL));
    assertThat(news.watermarks()).isEmpty();
    assertThat(news.mark()).isPositive();
  }

  @Test
  void inAGroupOnlyThoseLearnItWhoSentSomethingNotLongBefore() {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");
    UserId carol = newUser("carol");
    Group group = group(alice, bob, carol);
    write(text(group, 2, alice));
    long mark = mark(alice);
    ack(session(carol), group.id(), 2);

    assertThat(since(alice, mark)).containsExactly(new Watermarks(group.id(), carol, 2, 0));
    assertThat(since(bob, mark)).isEmpty();
    assertThat(since(carol, mark)).isEmpty();
  }

  @Test
  void newsComePageByPageWithoutLossWhileTheyGoOnRising() {
    UserId alice = newUser("alice");
    List<Talk> talks = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      UserId bob = newUser("bob");
      ConversationId id = ConversationId.direct(alice, bob);
      Talk talk = new Talk(id, load(id).conversationKey(), alice, keyOf(alice), bob, keyOf(bob));
      write(talk.text(1, "one", "two"));
      talks.add(talk);
    }
    long mark = mark(alice);
    for (Talk talk : talks) {
      ack(session(talk.bob()), talk.id(), 1);
    }

    List<Watermarks> found = new ArrayList<>();
    News news = await(store.receipts().since(alice, mark, Position.START, 2));
    found.addAll(news.watermarks());
    ack(session(talks.get(0).bob()), talks.get(0).id(), 2);
    while (news.next().isPresent()) {
      assertThat(news.watermarks()).hasSize(2);
      news = await(store.receipts().since(alice, mark, news.next().get(), 2));
      found.addAll(news.watermarks());
    }
    assertThat(found)
        .contains(new Watermarks(talks.get(0).id(), talks.get(0).bob(), 2, 0))
        .extracting(Watermarks::conversation)
        .containsAll(talks.stream().map(Talk::id).toList());
  }

  // ---- on request

  @Test
  void aPageTellsTheFirstDeviceAllDevicesAndTheReadMark() {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");
    UserId carol = newUser("carol");
    Group group = group(alice, bob, carol);
    write(text(group, 2, alice), text(group, 3, alice));
    ack(device(bob, "phone"), group.id(), 3);
    ack(device(bob, "laptop"), group.id(), 2);
    read(bob, group.id(), 1);
    device(carol, "tablet");

    List<MemberReceipt> all =
        List.of(
            new MemberReceipt(alice, 0, 0, 0),
            new MemberReceipt(bob, 3, 2, 1),
            new MemberReceipt(carol, 0, 0, 0));
    assertThat(page(carol, group.id())).isEqualTo(all);
    ListPage<MemberReceipt> first = page(alice, group.id(), ListPage.NONE, 2);
    assertThat(first.items()).isEqualTo(all.subList(0, 2));
    ListPage<MemberReceipt> second = page(alice, group.id(), first.next(), 2);
    assertThat(second.items()).isEqualTo(all.subList(2, 3));
    assertThat(second.next()).isEqualTo(ListPage.NONE);
  }

  @Test
  void strangersAreToldTheSameAsOfNoConversation() {
    Group group = group(newUser("alice"), newUser("bob"));
    UserId stranger = newUser("stranger");
    ConversationId none = ConversationId.group(stranger, UUID.randomUUID());

    for (ConversationId id : List.of(group.id(), none)) {
      QuipuException refusal = refusal(stranger, id);
      assertThat(refusal.code()).isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
      assertThat(refusal).hasMessage("no conversation " + id);
    }
  }

  @Test
  void theSystemSeesEveryConversations() {
    UserId alice = newUser("alice");
    Group group = group(alice);

    assertThat(
            await(store.receipts().page(Optional.empty(), group.id(), ListPage.NONE, ALL)).items())
        .containsExactly(new MemberReceipt(alice, 0, 0, 0));
  }
}
