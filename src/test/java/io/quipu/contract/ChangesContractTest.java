package io.quipu.contract;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.GroupSettings;
import io.quipu.model.GroupSettings.History;
import io.quipu.model.GroupSettings.WhoAdds;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Retention;
import io.quipu.model.Role;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Aim;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.Target;
import io.quipu.server.journal.Cursors.CursorWrite;
import io.quipu.server.journal.Directory.DeviceSession;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.MessageLog.Behind;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.journal.MessageLog.Part;
import io.quipu.server.journal.MessageLog.RangeRequest;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange;
import io.quipu.server.journal.NewEntry.MemberChange.Joined;
import io.quipu.server.journal.NewEntry.MemberChange.Left;
import io.quipu.server.journal.NewEntry.Span;
import io.quipu.server.journal.StoredContent;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What changes of messages, roles, settings, blocks and history leave in the store. */
final class ChangesContractTest extends StoreContract {
  private static final Content BYTES = new Content.Body(ByteString.copyFrom(new byte[] {0, 1, -1}));

  private static Batch entry(
      long conversation, long seq, long sender, Change change, MemberChange... members) {
    return entry(conversation, seq, new EntryId(sender, UUID.randomUUID()), change, members);
  }

  private static Batch entry(
      long conversation, long seq, EntryId id, Change change, MemberChange... members) {
    return new Batch(
        conversation,
        List.of(new NewEntry(seq, id, new Content.Changed(change), List.of(members))));
  }

  private MessageRange all(UserId reader, ConversationId conversation) {
    return await(
            store
                .messageLog()
                .read(reader, List.of(new RangeRequest(conversation, 1, 1_000)), 1_000, 1_000_000))
        .get(0);
  }

  private Message seen(UserId reader, ConversationId conversation, long seq) {
    return all(reader, conversation).messages().stream()
        .filter(message -> message.seq() == seq)
        .findFirst()
        .orElseThrow();
  }

  private Target target(ConversationId conversation, Aim aim) {
    return load(conversation, List.of(), List.of(aim)).targets().get(aim);
  }

  // ---- edits and recalls

  @Test
  void anEditIsWhatIsReadAndTheFirstContentIsWhatIsCompared() {
    Talk talk = talk(0);
    UUID id = UUID.randomUUID();
    write(talk.text(1, id, "first"));
    write(entry(talk.key(), 2, talk.aliceKey(), new Change.Edit(1, Content.Text.of("second"))));
    write(entry(talk.key(), 3, talk.aliceKey(), new Change.Edit(1, BYTES)));

    Message message = seen(talk.bob(), talk.id(), 1);
    assertThat(message.content()).isEqualTo(BYTES);
    assertThat(message.amendedBySeq()).isEqualTo(3);
    assertThat(message.clientMessageId()).isEqualTo(id);
    assertThat(seen(talk.bob(), talk.id(), 2).content())
        .isEqualTo(new Content.Changed(new Change.Edit(1, Content.Text.of("second"))));
    assertThat(load(talk.id(), talk.idOf(id)).found())
        .singleElement()
        .satisfies(row -> assertThat(row.digest()).isEqualTo(digest(Content.Text.of("first"))));
  }

  private static ContentDigest digest(Content content) {
    return ContentDigest.of(StoredContent.of(content));
  }

  @Test
  void aRecallLeavesNoContentOfTheMessageNorOfItsEdits() {
    Talk talk = talk(0);
    UUID id = UUID.randomUUID();
    EntryId editId = new EntryId(talk.aliceKey(), UUID.randomUUID());
    Change edit = new Change.Edit(1, Content.Text.of("edited"));
    write(talk.text(1, id, "first"));
    write(talk.text(2, "another"));
    write(entry(talk.key(), 3, editId, edit));
    write(entry(talk.key(), 4, talk.aliceKey(), new Change.Edit(2, Content.Text.of("stays"))));
    write(entry(talk.key(), 5, talk.aliceKey(), new Change.Recall(1)));

    assertThat(seen(talk.bob(), talk.id(), 1).content()).isEqualTo(new Content.Recalled());
    assertThat(seen(talk.bob(), talk.id(), 1).amendedBySeq()).isEqualTo(5);
    assertThat(seen(talk.bob(), talk.id(), 2).content()).isEqualTo(Content.Text.of("stays"));
    assertThat(seen(talk.bob(), talk.id(), 3).content()).isEqualTo(new Content.Erased());
    assertThat(seen(talk.bob(), talk.id(), 3).amendedBySeq()).isZero();
    assertThat(seen(talk.bob(), talk.id(), 4).content())
        .isEqualTo(new Content.Changed(new Change.Edit(2, Content.Text.of("stays"))));
    assertThat(seen(talk.bob(), talk.id(), 5).content())
        .isEqualTo(new Content.Changed(new Change.Recall(1)));
    assertThat(load(talk.id(), talk.idOf(id), editId).found())
        .extracting(row -> row.digest())
        .containsExactlyInAnyOrder(
            digest(Content.Text.of("first")), digest(new Content.Changed(edit)));
  }

  @Test
  void whatWasErasedCanStillBeRecalled() {
    Talk talk = talk(1);
    store.backdoor().erase(talk.id(), 1);
    write(entry(talk.key(), 2, talk.aliceKey(), new Change.Recall(1)));

    assertThat(seen(talk.bob(), talk.id(), 1).content()).isEqualTo(new Content.Recalled());
  }

  /** Judged before the erasure, written after it. */
  @Test
  void anEditDoesNotBringBackWhatWasErased() {
    Talk talk = talk(1);
    store.backdoor().erase(talk.id(), 1);
    Change edit = new Change.Edit(1, Content.Text.of("too late"));
    write(entry(talk.key(), 2, talk.aliceKey(), edit));

    assertThat(seen(talk.bob(), talk.id(), 1).content()).isEqualTo(new Content.Erased());
    assertThat(seen(talk.bob(), talk.id(), 2).content()).isEqualTo(new Content.Changed(edit));
  }

  @Test
  void retentionIsWhatTheLatestEntrySays() {
    UserId owner = newUser("owner");
    Group group = group(owner);
    Retention[] said = {new Retention.Days(30), new Retention.ForEver(), new Retention.AsServer()};
    for (int i = 0; i < said.length; i++) {
      write(group.change(2 + i, new Change.Configure(GroupSettings.of(said[i])), List.of()));
      assertThat(load(group.id()).settings().retention()).contains(said[i]);
      assertThat(load(group.id()).settings().history()).contains(History.FROM_JOIN);
    }
  }

  @Test
  void whoHasLeftIsNotShownWhatAnEditBroughtAfterwards() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    Group group = group(owner, carol);
    write(group.text(2, "edited before and after"));
    write(group.text(3, "edited before"));
    write(group.text(4, "recalled"));
    write(group.change(5, new Change.Edit(2, Content.Text.of("for carol")), List.of()));
    write(group.change(6, new Change.Edit(3, Content.Text.of("for carol too")), List.of()));
    write(group.remove(7, carol));
    write(group.change(8, new Change.Edit(2, Content.Text.of("not for carol")), List.of()));
    write(group.change(9, new Change.Recall(4), List.of()));

    Message hidden = seen(carol, group.id(), 2);
    assertThat(hidden.content()).isEqualTo(new Content.Erased());
    assertThat(hidden.amendedBySeq()).isZero();
    assertThat(seen(carol, group.id(), 3).content()).isEqualTo(Content.Text.of("for carol too"));
    assertThat(seen(carol, group.id(), 3).amendedBySeq()).isEqualTo(6);
    assertThat(seen(carol, group.id(), 4).content()).isEqualTo(new Content.Recalled());
    assertThat(seen(carol, group.id(), 4).amendedBySeq()).isZero();
    assertThat(seen(owner, group.id(), 2).content()).isEqualTo(Content.Text.of("not for carol"));
    assertThat(seen(owner, group.id(), 4).amendedBySeq()).isEqualTo(9);
  }

  @Test
  void aChangeOfAMessageThatIsLeftOutLeavesNothing() {
    Talk talk = talk(3);
    Talk other = talk(1);
    Change edit = new Change.Edit(1, Content.Text.of("stale"));
    for (Change change :
        List.of(edit, new Change.Recall(1), new Change.React(1, "x", false), new Change.Block())) {
      Batch stale = entry(talk.key(), 3, talk.aliceKey(), change);
      assertThat(write(stale, other.text(2, UUID.randomUUID(), "fine")).leftOut())
          .contains(talk.key());
    }
    assertThat(seen(talk.bob(), talk.id(), 1).content()).isEqualTo(Content.Text.of("text 1"));
    assertThat(store.backdoor().reactions(talk.id(), 1)).isEmpty();
    assertThat(load(talk.id()).blockers()).isEmpty();
    assertThat(seen(other.bob(), other.id(), 2).content()).isEqualTo(Content.Text.of("fine"));
  }

  // ---- what is read with the tail

  @Test
  void aTargetSaysWhatItIsAndWhatTheActorHasToDoWithIt() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    Group group = group(owner);
    write(group.text(2, "before carol"));
    write(group.add(3, carol));
    write(group.text(4, "text"));
    write(group.text(5, "to be recalled"));
    write(group.text(6, "to be erased"));
    write(group.change(7, new Change.Recall(5), List.of()));
    store.backdoor().erase(group.id(), 6);

    Target text = target(group.id(), new Aim(4, keyOf(carol), ""));
    assertThat(text.visible()).isTrue();
    assertThat(text.message()).isTrue();
    assertThat(text.own()).isFalse();
    assertThat(text.recalled()).isFalse();
    assertThat(text.erased()).isFalse();
    assertThat(text.ageMs()).isBetween(0L, 60_000L);
    assertThat(target(group.id(), new Aim(4, group.ownerKey(), "")).own()).isTrue();
    assertThat(target(group.id(), new Aim(2, keyOf(carol), "")).visible()).isFalse();
    assertThat(target(group.id(), new Aim(2, group.ownerKey(), "")).visible()).isTrue();
    assertThat(target(group.id(), new Aim(3, keyOf(carol), "")).message()).isFalse();
    assertThat(target(group.id(), new Aim(5, keyOf(carol), "")).recalled()).isTrue();
    assertThat(target(group.id(), new Aim(6, keyOf(carol), "")).recalled()).isFalse();
    assertThat(target(group.id(), new Aim(6, keyOf(carol), "")).erased()).isTrue();
    assertThat(load(group.id(), List.of(), List.of(new Aim(8, keyOf(carol), ""))).targets())
        .isEmpty();
  }

  @Test
  void theAgeOfATargetIsByTheClockOfTheStore() {
    Talk talk = talk(1);
    store.backdoor().age(talk.id(), 1, 3_600_000);

    assertThat(target(talk.id(), new Aim(1, talk.aliceKey(), "")).ageMs())
        .isBetween(3_600_000L, 3_660_000L);
  }

  @Test
  void reactionsAreOfOneUserToOneMessageWithOneKey() {
    Talk talk = talk(2);
    write(entry(talk.key(), 3, talk.aliceKey(), new Change.React(1, "a", false)));
    write(entry(talk.key(), 4, talk.aliceKey(), new Change.React(1, "a", false)));
    write(entry(talk.key(), 5, talk.aliceKey(), new Change.React(1, "b", false)));
    write(entry(talk.key(), 6, talk.bobKey(), new Change.React(1, "a", false)));
    write(entry(talk.key(), 7, talk.aliceKey(), new Change.React(2, "a", false)));
    write(entry(talk.key(), 8, talk.bobKey(), new Change.React(1, "b", true)));

    assertThat(store.backdoor().reactions(talk.id(), 1))
        .containsExactly(talk.alice() + " a", talk.alice() + " b", talk.bob() + " a");
    assertThat(target(talk.id(), new Aim(1, talk.aliceKey(), "a")).otherReactions()).isEqualTo(1);
    assertThat(target(talk.id(), new Aim(1, talk.aliceKey(), "c")).otherReactions()).isEqualTo(2);
    assertThat(target(talk.id(), new Aim(1, talk.bobKey(), "a")).otherReactions()).isZero();
    write(entry(talk.key(), 9, talk.aliceKey(), new Change.React(1, "a", true)));
    assertThat(store.backdoor().reactions(talk.id(), 1))
        .containsExactly(talk.alice() + " b", talk.bob() + " a");
  }

  // ---- groups

  @Test
  void aGroupHasTheSettingsItWasMadeWithAndThoseThatWereChanged() {
    UserId owner = newUser("owner");
    Group group = group(owner);
    assertThat(load(group.id()).settings()).isEqualTo(GroupSettings.DEFAULT);

    write(group.change(2, new Change.Configure(settings(History.ALL)), List.of()));
    assertThat(load(group.id()).settings())
        .isEqualTo(GroupSettings.DEFAULT.with(settings(History.ALL)));
    GroupSettings open = new GroupSettings(Optional.empty(), Optional.of(WhoAdds.MEMBERS));
    write(group.change(3, new Change.Configure(open), List.of()));
    assertThat(load(group.id()).settings())
        .isEqualTo(
            GroupSettings.DEFAULT.with(
                new GroupSettings(Optional.of(History.ALL), Optional.of(WhoAdds.MEMBERS))));
    assertThat(store.backdoor().title(group.id())).isEqualTo("the title");

    UUID making = UUID.randomUUID();
    ConversationId other = ConversationId.group(owner, making);
    await(store.journal().createGroup(other, owner));
    Change create = new Change.Create("t", List.of(), open);
    EntryId id = new EntryId(keyOf(owner), making);
    write(entry(load(other).conversationKey(), 1, id, create, new Joined(owner, Role.OWNER)));
    assertThat(load(other).settings()).isEqualTo(GroupSettings.DEFAULT.with(open));
  }

  private static GroupSettings settings(History history) {
    return new GroupSettings(Optional.of(history), Optional.empty());
  }

  @Test
  void aRoleIsGivenToWhoIsAMemberAndStaysHisUntilAnother() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    Group group = group(owner, carol);
    write(group.remove(2, carol));
    write(group.add(3, carol));
    write(
        group.change(
            4,
            new Change.SetRole(carol, Role.ADMIN),
            List.of(new MemberChange.Given(carol, Role.ADMIN))));

    assertThat(load(group.id()).members())
        .containsExactlyInAnyOrder(
            new Membership(keyOf(owner), owner, Role.OWNER, 1, Membership.OPEN),
            new Membership(keyOf(carol), carol, Role.MEMBER, 1, 2),
            new Membership(keyOf(carol), carol, Role.ADMIN, 3, Membership.OPEN));
  }

  @Test
  void whoJoinsWithHistorySeesItAndIsNotPushedIt() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    Group group = group(owner);
    write(group.text(2, "2"));
    write(group.text(3, "3"));
    write(
        group.change(
            4,
            new Change.Add(List.of(carol)),
            List.of(new Joined(carol, Role.MEMBER, List.of(new Span(1, 3))))));
    write(group.text(5, "5"));

    assertThat(all(carol, group.id()).messages()).hasSize(5);
    assertThat(all(carol, group.id()).gaps()).isEmpty();
    DeviceSession device = session(carol);
    assertThat(behind(carol, device)).containsExactly(new Behind(group.id(), 0, 0, 5, false, 3));
    assertThat(behind(carol, device, new Cursor(group.id(), 0)))
        .as("who asks for everything gets it")
        .containsExactly(new Behind(group.id(), 0, 0, 5, false, 0));
    assertThat(looked(device)).contains(new DeviceBehind(device.deviceKey(), group.id(), 0, 5, 3));
    acked(device, group.id(), 2);
    assertThat(behind(carol, device))
        .as("who is in the midst of it goes on")
        .containsExactly(new Behind(group.id(), 2, 2, 5, false, 0));
    assertThat(looked(device)).contains(new DeviceBehind(device.deviceKey(), group.id(), 2, 5, 0));
  }

  @Test
  void whoComesBackWithHistorySeesWhatHeMissedAndIsNotPushedIt() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    Group group = group(owner);
    write(group.text(2, "2"));
    write(group.add(3, carol));
    write(group.text(4, "4"));
    write(group.remove(5, carol));
    write(group.text(6, "6"));
    write(
        group.change(
            7,
            new Change.Add(List.of(carol)),
            List.of(new Joined(carol, Role.MEMBER, List.of(new Span(1, 2), new Span(6, 6))))));

    assertThat(all(carol, group.id()).messages()).hasSize(7);
    DeviceSession device = session(carol);
    acked(device, group.id(), 4);
    assertThat(behind(carol, device))
        .as("of his own time nothing is left out")
        .containsExactly(new Behind(group.id(), 4, 4, 7, false, 0));
    acked(device, group.id(), 5);
    Behind after = new Behind(group.id(), 5, 5, 7, false, 6);
    assertThat(behind(carol, device)).containsExactly(after);
    assertThat(looked(device)).contains(new DeviceBehind(device.deviceKey(), group.id(), 5, 7, 6));
  }

  private List<Behind> behind(UserId user, DeviceSession device, Cursor... claims) {
    return await(
        store
            .messageLog()
            .behind(user, device.deviceKey(), List.of(claims), false, Part.mostRecent(100)));
  }

  /** All that was ever committed is recent. */
  private List<DeviceBehind> looked(DeviceSession device) {
    return await(store.messageLog().recentCommits(1, List.of(device.deviceKey()))).behind();
  }

  private void acked(DeviceSession device, ConversationId where, long seq) {
    CursorWrite write = new CursorWrite(device.userKey(), device.deviceKey(), where, seq);
    assertThat(await(store.cursors().store(List.of(write))).counts()).containsExactly(true);
  }

  // ---- blocks

  @Test
  void whoIsBlockedSeesNothingFromTheBlockToTheUnblock() {
    Talk talk = talk(2);
    write(block(talk, 3));
    write(talk.text(4, "4"));

    assertThat(load(talk.id()).blockers()).containsExactly(talk.alice());
    assertThat(load(talk.id()).members())
        .containsExactlyInAnyOrder(
            new Membership(talk.aliceKey(), talk.alice(), Role.MEMBER, 1, Membership.OPEN),
            new Membership(talk.bobKey(), talk.bob(), Role.MEMBER, 1, 2));
    assertThat(all(talk.bob(), talk.id()).toSeq()).isEqualTo(2);
    assertThat(all(talk.alice(), talk.id()).toSeq()).isEqualTo(4);

    write(unblock(talk, 5));
    assertThat(load(talk.id()).blockers()).isEmpty();
    DeviceSession bobs = session(talk.bob());
    assertThat(all(talk.bob(), talk.id()).toSeq()).isEqualTo(2);
    assertThat(behind(talk.bob(), bobs)).containsExactly(new Behind(talk.id(), 0, 0, 2, false, 0));
    CursorWrite beyond = new CursorWrite(bobs.userKey(), bobs.deviceKey(), talk.id(), 4);
    assertThat(await(store.cursors().store(List.of(beyond))).counts()).containsExactly(false);
    acked(bobs, talk.id(), 2);
    assertThat(behind(talk.bob(), bobs)).isEmpty();
    assertThat(looked(bobs)).noneMatch(one -> one.deviceKey() == bobs.deviceKey());

    write(talk.text(6, "6"));
    assertThat(all(talk.bob(), talk.id()).messages())
        .extracting(Message::seq)
        .containsExactly(1L, 2L, 6L);
    assertThat(behind(talk.bob(), bobs)).containsExactly(new Behind(talk.id(), 2, 2, 6, false, 0));
    acked(bobs, talk.id(), 4);
  }

  @Test
  void whoIsBlockedAndBlocksBackSeesHisOwnEntryAndNothingAroundIt() {
    Talk talk = talk(2);
    write(block(talk, 3));
    write(
        new Batch(
            talk.key(),
            List.of(
                new NewEntry(
                    4,
                    new EntryId(talk.bobKey(), UUID.randomUUID()),
                    new Content.Changed(new Change.Block()),
                    List.of(
                        new MemberChange.Blocked(talk.alice()),
                        new MemberChange.Noted(talk.bob()))))));
    write(unblock(talk, 5));

    DeviceSession bobs = session(talk.bob());
    acked(bobs, talk.id(), 2);
    assertThat(behind(talk.bob(), bobs)).containsExactly(new Behind(talk.id(), 2, 2, 4, false, 0));
    MessageRange his = all(talk.bob(), talk.id());
    assertThat(his.toSeq()).isEqualTo(4);
    assertThat(his.messages()).extracting(Message::seq).containsExactly(1L, 2L, 4L);
    assertThat(his.gaps()).containsExactly(new Gap(3, 3, Gap.Reason.NOT_VISIBLE));
    acked(bobs, talk.id(), 4);
    assertThat(behind(talk.bob(), bobs)).isEmpty();
    assertThat(load(talk.id()).members())
        .contains(
            new Membership(talk.bobKey(), talk.bob(), Role.MEMBER, 4, 4),
            new Membership(talk.bobKey(), talk.bob(), Role.MEMBER, 6, Membership.OPEN));
  }

  private static Batch block(Talk talk, long seq) {
    return entry(
        talk.key(), seq, talk.aliceKey(), new Change.Block(), new MemberChange.Blocked(talk.bob()));
  }

  private static Batch unblock(Talk talk, long seq) {
    return entry(
        talk.key(),
        seq,
        talk.aliceKey(),
        new Change.Unblock(),
        new MemberChange.Unblocked(talk.bob()));
  }

  @Test
  void whoIsBlockedBeforeAnythingWasWrittenWasAMemberAllTheSame() {
    Talk talk = talk(0);
    write(block(talk, 1));
    write(unblock(talk, 2));
    write(block(talk, 3));

    assertThat(load(talk.id()).members())
        .containsExactlyInAnyOrder(
            new Membership(talk.aliceKey(), talk.alice(), Role.MEMBER, 1, Membership.OPEN),
            new Membership(talk.bobKey(), talk.bob(), Role.MEMBER, 1, 0),
            new Membership(talk.bobKey(), talk.bob(), Role.MEMBER, 3, 2));
    UUID id = UUID.randomUUID();
    assertThat(await(store.journal().voidSend(talk.id(), talk.bob(), id)).state())
        .isEqualTo(SendState.VOID);
    assertThat(all(talk.bob(), talk.id()).messages()).isEmpty();
    DeviceSession bobs = session(talk.bob());
    assertThat(behind(talk.bob(), bobs)).isEmpty();
    CursorWrite beyond = new CursorWrite(bobs.userKey(), bobs.deviceKey(), talk.id(), 1);
    assertThat(await(store.cursors().store(List.of(beyond))).counts()).containsExactly(false);
  }

  // ---- erasure

  @Test
  void theNameOfWhoIsErasedLeavesTheNameOfTheConversation() {
    Talk talk = talk(2);
    ConversationId renamed = ConversationId.direct(UserId.erased(talk.aliceKey()), talk.bob());
    write(
        entry(
            talk.key(),
            3,
            talk.aliceKey(),
            new Change.EraseUser(),
            new MemberChange.Erased(talk.alice(), Optional.of(renamed))));

    ConversationState state = load(renamed);
    assertThat(state.conversationKey()).isEqualTo(talk.key());
    assertThat(state.tail()).isEqualTo(3);
    assertThat(state.members())
        .extracting(Membership::toSeq)
        .containsExactlyInAnyOrder(3L, Membership.OPEN);
    assertThat(all(talk.bob(), renamed).messages()).hasSize(3);
    assertThat(load(talk.id()).conversationKey()).isNotEqualTo(talk.key());
  }

  // ---- quotas

  @Test
  void aUserOwnsSoManyGroups() {
    UserId owner = newUser("owner");
    UserId other = newUser("other");
    Group last = group(owner);
    for (int i = 1; i < StoreUnderTest.QUOTAS.ownedGroups(); i++) {
      last = group(owner);
    }
    ConversationId oneMore = ConversationId.group(owner, UUID.randomUUID());
    assertThat(await(store.journal().createGroup(oneMore, owner))).isFalse();
    assertThat(await(store.journal().createGroup(oneMore, other))).isTrue();

    write(last.change(2, new Change.Remove(List.of(owner)), List.of(new Left(owner))));
    ConversationId now = ConversationId.group(owner, UUID.randomUUID());
    assertThat(await(store.journal().createGroup(now, owner))).isTrue();
  }

  @Test
  void aCreationBeyondTheQuotaCanBeVoided() {
    UserId owner = newUser("owner");
    for (int i = 0; i < StoreUnderTest.QUOTAS.ownedGroups(); i++) {
      group(owner);
    }
    UUID making = UUID.randomUUID();
    ConversationId oneMore = ConversationId.group(owner, making);
    assertThat(await(store.journal().createGroup(oneMore, owner))).isFalse();
    assertThat(await(store.journal().voidSend(oneMore, owner, making)).state())
        .isEqualTo(SendState.VOID);
  }

  @Test
  void aUserBeginsSoManyDirectConversationsWithinAnHour() {
    UserId eager = newUser("eager");
    for (int i = 0; i < StoreUnderTest.QUOTAS.newDirectsPerHour(); i++) {
      assertThat(begun(eager, newUser("friend"))).isPresent();
    }
    UserId oneMore = newUser("friend");
    ConversationId id = ConversationId.direct(eager, oneMore);
    assertThat(begun(eager, oneMore)).isEmpty();
    assertThat(awaitFailure(store.journal().voidSend(id, eager, UUID.randomUUID())).code())
        .isEqualTo(ErrorCode.RATE_LIMITED);
    assertThat(await(store.journal().load(id, nobodyBegins()))).isEmpty();

    assertThat(begun(oneMore, eager)).as("the other one may").isPresent();
    assertThat(begun(eager, oneMore)).as("now it is there").isPresent();
  }

  private Optional<ConversationState> begun(UserId beginner, UserId other) {
    return await(
        store
            .journal()
            .load(
                ConversationId.direct(beginner, other),
                new Journal.Question(Optional.of(beginner), List.of(), List.of())));
  }

  private static Journal.Question nobodyBegins() {
    return new Journal.Question(Optional.empty(), List.of(), List.of());
  }

  @Test
  void nobodyBeginsADirectConversationByALook() {
    ConversationId id = ConversationId.direct(newUser("alice"), newUser("bob"));
    assertThat(await(store.journal().load(id, nobodyBegins()))).isEmpty();
  }

  // ---- the system

  @Test
  void theSystemLearnsTheFateOfItsSendsWhereverThereIsAConversation() {
    Talk talk = talk(1);
    keyOf(UserId.SYSTEM);
    UUID id = UUID.randomUUID();

    assertThat(await(store.journal().fateOf(talk.id(), UserId.SYSTEM, id)).state())
        .isEqualTo(SendState.NOT_SEEN);
    assertThat(await(store.journal().voidSend(talk.id(), UserId.SYSTEM, id)).state())
        .isEqualTo(SendState.VOID);
    assertThat(load(talk.id()).members()).hasSize(2);
    ConversationId absent = ConversationId.direct(newUser("alice"), newUser("bob"));
    assertThat(awaitFailure(store.journal().voidSend(absent, UserId.SYSTEM, id)).code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
  }
}
