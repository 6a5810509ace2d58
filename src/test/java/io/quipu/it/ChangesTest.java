package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.GroupSettings;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Edits, recalls, reactions, roles, settings, blocks and quotas on a real node. */
final class ChangesTest {
  private static TestNode node;

  private final List<RawClient> clients = new ArrayList<>();
  private UserId alice;
  private UserId bob;
  private UserId carol;
  private ConversationId aliceAndBob;

  @BeforeAll
  static void startNode() {
    node = TestNode.start(Map.of());
  }

  @AfterAll
  static void stopNode() {
    node.close();
  }

  @BeforeEach
  void people() {
    alice = new UserId(TestNode.fresh("alice"));
    bob = new UserId(TestNode.fresh("bob"));
    carol = new UserId(TestNode.fresh("carol"));
    aliceAndBob = ConversationId.direct(alice, bob);
  }

  @AfterEach
  void closeClients() {
    clients.forEach(RawClient::close);
  }

  private RawClient live(UserId user, String device) {
    return live(node, user, device);
  }

  private RawClient live(TestNode at, UserId user, String device) {
    RawClient client = RawClient.live(at, Dress.TCP, user.value(), device);
    clients.add(client);
    return client;
  }

  private static Frame.SendAck change(RawClient client, ConversationId where, Change change) {
    return client.ackOf(client.send(UUID.randomUUID(), where, new Content.Changed(change), false));
  }

  private static ErrorCode refused(RawClient client, ConversationId where, Change change) {
    return refusal(client, where, new Content.Changed(change)).code();
  }

  /** Each is refused for good. */
  private static Frame.SendRejected refusal(
      RawClient client, ConversationId where, Content content) {
    Frame.SendRejected no =
        client.rejectionOf(client.send(UUID.randomUUID(), where, content, false));
    assertThat(no.outcome()).as(no.detail()).isEqualTo(Outcome.NOT_APPLIED);
    return no;
  }

  /** What a device that was never here gets of a conversation by its first sync. */
  private Map<Long, Message> late(UserId user, ConversationId where) {
    RawClient device = RawClient.connect(node, Dress.WEBSOCKET_JSON, user.value(), "late");
    clients.add(device);
    Map<Long, Message> seen = new HashMap<>();
    for (Frame.SyncPage page : device.sync(1)) {
      for (MessageRange range : page.ranges()) {
        if (range.conversation().equals(where)) {
          range.messages().forEach(message -> seen.put(message.seq(), message));
        }
      }
    }
    return seen;
  }

  private static Message pushed(RawClient client, ConversationId where, long seq) {
    return client
        .await(
            Frame.Deliver.class,
            d -> d.range().conversation().equals(where) && d.range().toSeq() == seq)
        .range()
        .messages()
        .get(0);
  }

  private static MessageRange history(RawClient client, ConversationId where) {
    client.send(new Frame.History(1, where, 0, 0, 0));
    return client.await(Frame.HistoryPage.class).range();
  }

  private static Change edit(long seq, String text) {
    return new Change.Edit(seq, Content.Text.of(text));
  }

  // ---- messages

  @Test
  void anEditIsSeenLiveAndByALateDeviceAsItEnded() {
    RawClient sender = live(alice, "phone");
    RawClient receiver = live(bob, "phone");
    sender.acked(aliceAndBob, "first");
    pushed(receiver, aliceAndBob, 1);
    assertThat(change(sender, aliceAndBob, edit(1, "second")).seq()).isEqualTo(2);
    assertThat(pushed(receiver, aliceAndBob, 2).content())
        .isEqualTo(new Content.Changed(edit(1, "second")));
    change(sender, aliceAndBob, new Change.Edit(1, new Content.Body(ByteString.copyFromUtf8("b"))));

    Map<Long, Message> seen = late(bob, aliceAndBob);
    assertThat(seen.get(1L).content()).isEqualTo(new Content.Body(ByteString.copyFromUtf8("b")));
    assertThat(seen.get(1L).amendedBySeq()).isEqualTo(3);
    assertThat(seen.get(2L).content()).isEqualTo(new Content.Changed(edit(1, "second")));
  }

  @Test
  void aRetryOfWhatWasEditedIsADuplicateWithTheFirstSeq() {
    RawClient sender = live(alice, "phone");
    UUID id = UUID.randomUUID();
    UUID editId = UUID.randomUUID();
    Content first = Content.Text.of("first");
    Content edited = new Content.Changed(edit(1, "edited"));
    sender.ackOf(sender.send(id, aliceAndBob, first, false));
    sender.ackOf(sender.send(editId, aliceAndBob, edited, false));
    for (int round = 0; round < 2; round++) {
      Frame.SendAck again = sender.ackOf(sender.send(id, aliceAndBob, first, true));
      assertThat(again.seq()).isEqualTo(1);
      assertThat(again.duplicate()).isTrue();
      Frame.SendAck editAgain = sender.ackOf(sender.send(editId, aliceAndBob, edited, true));
      assertThat(editAgain.seq()).isEqualTo(2);
      assertThat(editAgain.duplicate()).isTrue();
      assertThat(
              sender
                  .rejectionOf(sender.send(id, aliceAndBob, Content.Text.of("edited"), true))
                  .code())
          .isEqualTo(ErrorCode.ID_REUSED);
      if (round == 0) {
        change(sender, aliceAndBob, new Change.Recall(1));
      }
    }
  }

  @Test
  void aRecallTakesBackAllThatWasWritten() {
    RawClient sender = live(alice, "phone");
    RawClient receiver = live(bob, "phone");
    sender.acked(aliceAndBob, "first");
    change(sender, aliceAndBob, edit(1, "edited"));
    UUID id = UUID.randomUUID();
    Content recall = new Content.Changed(new Change.Recall(1));
    assertThat(sender.ackOf(sender.send(id, aliceAndBob, recall, false)).seq()).isEqualTo(3);
    assertThat(pushed(receiver, aliceAndBob, 3).content()).isEqualTo(recall);

    Map<Long, Message> seen = late(bob, aliceAndBob);
    assertThat(seen.get(1L).content()).isEqualTo(new Content.Recalled());
    assertThat(seen.get(1L).amendedBySeq()).isEqualTo(3);
    assertThat(seen.get(2L).content()).isEqualTo(new Content.Erased());
    assertThat(
            node.count(
                "select count(*) from messages where body is not null and conversation ="
                    + " (select id from conversations where name = '%s')".formatted(aliceAndBob)))
        .as("the recall itself")
        .isEqualTo(1);

    assertThat(refused(sender, aliceAndBob, edit(1, "x"))).isEqualTo(ErrorCode.MESSAGE_RECALLED);
    assertThat(refused(sender, aliceAndBob, new Change.Recall(1)))
        .isEqualTo(ErrorCode.MESSAGE_RECALLED);
    assertThat(refused(receiver, aliceAndBob, new Change.React(1, "x", false)))
        .isEqualTo(ErrorCode.MESSAGE_RECALLED);
    Frame.SendAck again = sender.ackOf(sender.send(id, aliceAndBob, recall, true));
    assertThat(again.seq()).isEqualTo(3);
    assertThat(again.duplicate()).isTrue();
  }

  @Test
  void whatIsNoMessageOrAnothersIsNotChanged() {
    RawClient sender = live(alice, "phone");
    RawClient receiver = live(bob, "phone");
    sender.acked(aliceAndBob, "alice's");
    change(sender, aliceAndBob, new Change.React(1, "\uD83D\uDC4D", false));
    ErrorCode unknown = ErrorCode.MESSAGE_UNKNOWN;
    for (long seq : new long[] {2, 3, Long.MAX_VALUE}) {
      assertThat(refused(sender, aliceAndBob, edit(seq, "x"))).isEqualTo(unknown);
      assertThat(refused(sender, aliceAndBob, new Change.Recall(seq))).isEqualTo(unknown);
      assertThat(refused(sender, aliceAndBob, new Change.React(seq, "x", true))).isEqualTo(unknown);
    }
    assertThat(refused(receiver, aliceAndBob, edit(1, "x"))).isEqualTo(ErrorCode.NOT_ALLOWED);
    assertThat(refused(receiver, aliceAndBob, new Change.Recall(1)))
        .isEqualTo(ErrorCode.NOT_ALLOWED);
    int max = sender.connected().limits().maxBodyBytes();
    Content large = new Content.Body(ByteString.copyFrom(new byte[max + 1]));
    assertThat(refused(sender, aliceAndBob, new Change.Edit(1, large)))
        .isEqualTo(ErrorCode.BODY_TOO_LARGE);
    assertThat(refused(sender, aliceAndBob, new Change.EraseUser()))
        .isEqualTo(ErrorCode.NOT_ALLOWED);
    assertThat(sender.acked(aliceAndBob, "goes on").seq()).isEqualTo(3);
  }

  @Test
  void theTimeToChangeAMessageIsByTheClockOfTheStore() {
    RawClient owner = live(alice, "phone");
    RawClient member = live(bob, "phone");
    ConversationId group = owner.createGroup("group", bob.value()).conversation();
    member.acked(group, "2: bob's");
    node.execute(
        "update messages set stored_at = stored_at - interval '2 days' where seq = 2 and"
            + " conversation = (select id from conversations where name = '%s')".formatted(group));
    assertThat(refused(member, group, edit(2, "x"))).isEqualTo(ErrorCode.TOO_LATE);
    assertThat(refused(member, group, new Change.Recall(2))).isEqualTo(ErrorCode.TOO_LATE);
    change(owner, group, edit(2, "by the owner"));
    assertThat(history(member, group).messages().get(1).content())
        .isEqualTo(Content.Text.of("by the owner"));
  }

  @Test
  void reactionsAreEntriesAndHaveALimit() {
    RawClient sender = live(alice, "phone");
    RawClient receiver = live(bob, "phone");
    sender.acked(aliceAndBob, "hello");
    Change heart = new Change.React(1, "heart", false);
    change(receiver, aliceAndBob, heart);
    assertThat(pushed(sender, aliceAndBob, 2).content()).isEqualTo(new Content.Changed(heart));
    int limit = 16;
    for (int i = 1; i < limit; i++) {
      change(receiver, aliceAndBob, new Change.React(1, "key " + i, false));
    }
    assertThat(refused(receiver, aliceAndBob, new Change.React(1, "one more", false)))
        .isEqualTo(ErrorCode.QUOTA_REACHED);
    change(receiver, aliceAndBob, heart);
    change(receiver, aliceAndBob, new Change.React(1, "heart", true));
    change(receiver, aliceAndBob, new Change.React(1, "one more", false));
    assertThat(
            node.count(
                "select count(*) from reactions where conversation ="
                    + " (select id from conversations where name = '%s')".formatted(aliceAndBob)))
        .isEqualTo(limit);
  }

  // ---- groups

  @Test
  void rolesDecideAndAGroupKeepsAnOwner() {
    RawClient owner = live(alice, "phone");
    RawClient member = live(bob, "phone");
    ConversationId group = owner.createGroup("group", bob.value(), carol.value()).conversation();
    ErrorCode notAllowed = ErrorCode.NOT_ALLOWED;
    assertThat(refused(member, group, new Change.Rename("x"))).isEqualTo(notAllowed);
    assertThat(refused(owner, group, new Change.Leave())).isEqualTo(notAllowed);
    assertThat(refused(owner, group, new Change.SetRole(alice, Role.MEMBER))).isEqualTo(notAllowed);
    change(owner, group, new Change.SetRole(bob, Role.ADMIN));
    change(member, group, new Change.Rename("bob's"));
    change(member, group, new Change.Remove(List.of(carol)));
    assertThat(refused(member, group, new Change.Remove(List.of(alice)))).isEqualTo(notAllowed);
    assertThat(refused(member, group, new Change.SetRole(bob, Role.OWNER))).isEqualTo(notAllowed);
    change(owner, group, new Change.SetRole(bob, Role.OWNER));
    change(owner, group, new Change.Leave());
    change(member, group, new Change.Leave());
  }

  @Test
  void whoMayAddIsASetting() {
    RawClient owner = live(alice, "phone");
    RawClient member = live(bob, "phone");
    ConversationId group = owner.createGroup("group", bob.value()).conversation();
    Change add = new Change.Add(List.of(carol));
    assertThat(refused(member, group, add)).isEqualTo(ErrorCode.NOT_ALLOWED);
    change(
        owner,
        group,
        new Change.Configure(
            new GroupSettings(Optional.empty(), Optional.of(GroupSettings.WhoAdds.MEMBERS))));
    change(member, group, add);
    RawClient third = live(carol, "phone");
    assertThat(third.acked(group, "here I am").seq()).isEqualTo(4);
  }

  private static final Change ALL_HISTORY =
      new Change.Configure(
          new GroupSettings(Optional.of(GroupSettings.History.ALL), Optional.empty()));

  @Test
  void whoJoinsALongLogWithHistoryIsNotFloodedAndPagesBack() {
    RawClient owner = live(alice, "phone");
    ConversationId group = owner.createGroup("group").conversation();
    change(owner, group, ALL_HISTORY);
    int before = 302;
    for (int seq = 3; seq <= before; seq++) {
      owner.acked(group, "message " + seq);
    }
    RawClient there = live(carol, "there");
    Vertx vertx = Vertx.vertx();
    SdkDevice sdk = node.device(vertx, carol.value(), "tcp");
    sdk.start();
    long joined = change(owner, group, new Change.Add(List.of(carol))).seq();
    assertThat(joined).isEqualTo(before + 1);
    Frame.Deliver live = there.await(Frame.Deliver.class);
    assertThat(live.range().fromSeq()).isEqualTo(joined);
    Gap older = new Gap(1, joined - 1, Gap.Reason.OLDER);
    Transcript seen = new Transcript(there, group).take(there.sync(2));
    assertThat(seen.gaps()).containsExactly(older);
    assertThat(seen.seqs()).containsExactly(joined);

    RawClient late = RawClient.connect(node, Dress.TCP, carol.value(), "late");
    clients.add(late);
    owner.acked(group, "after it");
    Transcript lates = new Transcript(late, group).take(late.sync(1));
    assertThat(lates.gaps()).containsExactly(older);
    assertThat(lates.until(joined + 1).seqs()).containsExactly(joined, joined + 1);
    assertThat(history(late, group).messages()).hasSize(100);
    late.send(new Frame.History(2, group, 2, 0, 0));
    assertThat(late.await(Frame.HistoryPage.class, p -> p.request() == 2).range().messages())
        .extracting(Message::seq)
        .containsExactly(1L);
    SdkDevice.until(() -> sdk.log(group).stream().anyMatch(one -> one.seq() == joined + 1));
    assertThat(sdk.log(group)).extracting(SdkDevice.Entry::seq).containsExactly(joined, joined + 1);
    Frame.Sync all = new Frame.Sync(3, List.of(new Cursor(group, 0)), true, false);
    assertThat(new Transcript(late, group).take(late.sync(all)).seqs()).hasSize(before + 2);
    sdk.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void whoComesBackWithHistoryGetsHisOwnTimeAndThenAGap() {
    RawClient owner = live(alice, "phone");
    ConversationId group = owner.createGroup("group", carol.value()).conversation();
    RawClient member = live(carol, "phone");
    owner.acked(group, "2");
    change(owner, group, new Change.Remove(List.of(carol))); // 3
    new Transcript(member, group).take(member.sync(2)).until(3);
    member.ackAndConfirm(group, 3);
    member.close();
    owner.acked(group, "4");
    change(owner, group, ALL_HISTORY); // 5
    change(owner, group, new Change.Add(List.of(carol))); // 6
    owner.acked(group, "7");
    RawClient back = RawClient.connect(node, Dress.TCP, carol.value(), "phone");
    clients.add(back);
    Transcript seen = new Transcript(back, group).take(back.sync(1));
    assertThat(seen.gaps()).containsExactly(new Gap(4, 5, Gap.Reason.OLDER));
    assertThat(seen.seqs()).containsExactly(6L, 7L);
    assertThat(history(back, group).messages()).hasSize(7);

    RawClient other = RawClient.connect(node, Dress.TCP, carol.value(), "other");
    clients.add(other);
    Transcript all = new Transcript(other, group).take(other.sync(1));
    assertThat(all.seqs()).as("own time, and what was before it").contains(1L, 2L, 3L, 6L, 7L);
  }

  @Test
  void whoWasRemovedIsNotShownWhatAnEditBroughtAfterwards() {
    RawClient owner = live(alice, "phone");
    ConversationId group = owner.createGroup("group", bob.value()).conversation();
    RawClient member = live(bob, "phone");
    owner.acked(group, "2");
    change(owner, group, new Change.Remove(List.of(bob))); // 3
    change(owner, group, edit(2, "not for bob"));
    Message hidden = history(member, group).messages().get(1);
    assertThat(hidden.content()).isEqualTo(new Content.Erased());
    assertThat(hidden.amendedBySeq()).isZero();
    assertThat(refused(member, group, new Change.React(2, "x", false)))
        .isEqualTo(ErrorCode.NOT_A_MEMBER);
  }

  // ---- blocks

  @Test
  void whoIsBlockedIsAnsweredAsAStrangerAndSeesNothing() {
    RawClient blocker = live(alice, "phone");
    RawClient blocked = live(bob, "phone");
    blocker.acked(aliceAndBob, "1");
    pushed(blocked, aliceAndBob, 1);
    blocked.ackAndConfirm(aliceAndBob, 1);
    assertThat(change(blocker, aliceAndBob, new Change.Block()).seq()).isEqualTo(2);

    RawClient stranger = live(carol, "phone");
    List<Content> contents =
        List.of(
            Content.Text.of("hello"),
            new Content.Changed(edit(1, "x")),
            new Content.Changed(new Change.React(1, "x", false)),
            new Content.Changed(new Change.Unblock()),
            new Content.Changed(new Change.Leave()));
    for (Content content : contents) {
      UUID id = UUID.randomUUID();
      Frame.SendRejected his = blocked.rejectionOf(blocked.send(id, aliceAndBob, content, false));
      Frame.SendRejected strangers =
          stranger.rejectionOf(stranger.send(id, aliceAndBob, content, false));
      assertThat(his).isEqualTo(strangers);
    }
    assertThat(refusal(blocker, aliceAndBob, Content.Text.of("no")).code())
        .isEqualTo(ErrorCode.NOT_ALLOWED);
    change(blocker, aliceAndBob, new Change.Recall(1)); // 3
    assertThat(history(blocked, aliceAndBob).toSeq()).isEqualTo(1);
    assertThat(late(bob, aliceAndBob)).containsOnlyKeys(1L);
    blocked.fence();
    assertThat(blocked.taken(Frame.Deliver.class)).isEmpty();

    change(blocker, aliceAndBob, new Change.Unblock()); // 4
    blocked.send(new Frame.DeliverAck(aliceAndBob, 4));
    blocked.await(Frame.Error.class, e -> e.code() == ErrorCode.ACK_BEYOND_TAIL.code());
    assertThat(history(blocked, aliceAndBob).toSeq()).isEqualTo(1);
    blocker.acked(aliceAndBob, "5");
    assertThat(pushed(blocked, aliceAndBob, 5).content()).isEqualTo(Content.Text.of("5"));
    assertThat(blocked.acked(aliceAndBob, "6").seq()).isEqualTo(6);
    assertThat(history(blocked, aliceAndBob).gaps())
        .containsExactly(new Gap(2, 4, Gap.Reason.NOT_VISIBLE));
  }

  @Test
  void bothMayBlockAndBothMustUnblock() {
    RawClient one = live(alice, "phone");
    RawClient other = live(bob, "phone");
    assertThat(refused(one, aliceAndBob, new Change.Unblock())).isEqualTo(ErrorCode.NOT_ALLOWED);
    assertThat(change(one, aliceAndBob, new Change.Block()).seq()).isEqualTo(1);
    change(other, aliceAndBob, new Change.Block()); // 2
    assertThat(refusal(one, aliceAndBob, Content.Text.of("no")).code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    assertThat(refusal(other, aliceAndBob, Content.Text.of("no")).code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    change(one, aliceAndBob, new Change.Unblock()); // 3
    assertThat(refusal(one, aliceAndBob, Content.Text.of("no")).code())
        .as("the other one still blocks")
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    assertThat(refusal(other, aliceAndBob, Content.Text.of("no")).code())
        .isEqualTo(ErrorCode.NOT_ALLOWED);
    change(other, aliceAndBob, new Change.Unblock()); // 4
    assertThat(one.acked(aliceAndBob, "5").seq()).isEqualTo(5);
    assertThat(pushed(other, aliceAndBob, 5).content()).isEqualTo(Content.Text.of("5"));
    assertThat(one.taken(Frame.Deliver.class))
        .as("only what she wrote, and that there is nothing for her between")
        .allSatisfy(
            pushed ->
                assertThat(pushed.range().messages())
                    .extracting(Message::sender)
                    .containsOnly(alice));
    ConversationId self = ConversationId.direct(alice, alice);
    assertThat(refused(one, self, new Change.Block())).isEqualTo(ErrorCode.NOT_ALLOWED);
  }

  // ---- who is writing

  @Test
  void whoIsWritingIsToldToTheOtherMembersWhoAreThere() {
    RawClient writing = live(alice, "phone");
    RawClient member = live(bob, "phone");
    RawClient gone = live(carol, "phone");
    ConversationId group = writing.createGroup("group", bob.value(), carol.value()).conversation();
    change(writing, group, new Change.Remove(List.of(carol)));
    RawClient own = live(alice, "tablet");
    RawClient stranger = live(new UserId(TestNode.fresh("stranger")), "phone");
    stranger.send(new Frame.Typing(group, Optional.empty()));
    stranger.send(new Frame.Typing(aliceAndBob, Optional.empty()));
    gone.send(new Frame.Typing(group, Optional.empty()));
    stranger.fence();
    gone.fence();

    Frame.Typing told = new Frame.Typing(group, Optional.of(alice));
    writing.send(new Frame.Typing(group, Optional.of(bob)));
    writing.send(new Frame.Typing(group, Optional.empty()));
    assertThat(member.await(Frame.Typing.class)).isEqualTo(told);
    assertThat(own.await(Frame.Typing.class)).isEqualTo(told);
    // What is behind it on the same way has come, so the second one was dropped.
    long last = writing.acked(group, "written").seq();
    pushed(member, group, last);
    pushed(own, group, last);
    for (RawClient client : List.of(writing, member, own, gone, stranger)) {
      client.fence();
      assertThat(client.taken(Frame.Typing.class)).isEmpty();
      assertThat(client.taken(Frame.Error.class)).isEmpty();
    }
  }

  @Test
  void whoIsWritingIsToldWhereTheOwnerKnowsNobodyYet() {
    RawClient sender = live(alice, "phone");
    sender.acked(aliceAndBob, "1");
    try (TestNode cold = TestNode.start(node.databaseUri(), Map.of())) {
      RawClient there = live(cold, bob, "laptop");
      RawClient writing = live(cold, alice, "laptop");
      writing.send(new Frame.Typing(aliceAndBob, Optional.empty()));
      assertThat(there.await(Frame.Typing.class))
          .isEqualTo(new Frame.Typing(aliceAndBob, Optional.of(alice)));
    }
  }

  @Test
  void whoIsBlockedIsNotSeenWritingNorSeesIt() {
    RawClient blocker = live(alice, "phone");
    RawClient blocked = live(bob, "phone");
    change(blocker, aliceAndBob, new Change.Block());
    blocker.send(new Frame.Typing(aliceAndBob, Optional.empty()));
    blocked.send(new Frame.Typing(aliceAndBob, Optional.empty()));
    change(blocker, aliceAndBob, new Change.Unblock());
    blocker.acked(aliceAndBob, "3");
    pushed(blocked, aliceAndBob, 3);
    blocked.acked(aliceAndBob, "4");
    pushed(blocker, aliceAndBob, 4);
    assertThat(blocker.taken(Frame.Typing.class)).isEmpty();
    assertThat(blocked.taken(Frame.Typing.class)).isEmpty();
  }

  // ---- quotas

  @Test
  void whoHasMuchGetsNoMore() {
    try (TestNode strict =
        TestNode.start(
            Map.of(
                "QUIPU_SEQUENCER_OWNED_GROUPS", "2",
                "QUIPU_SEQUENCER_NEW_DIRECTS_PER_HOUR", "2"))) {
      RawClient eager = live(strict, alice, "phone");
      eager.createGroup("one");
      UUID second = UUID.randomUUID();
      Content create = new Content.Changed(new Change.Create("t", List.of(bob)));
      eager.ackOf(eager.create(second, create, false));
      UUID third = UUID.randomUUID();
      Frame.SendRejected no = eager.rejectionOf(eager.create(third, create, false));
      assertThat(no.code()).isEqualTo(ErrorCode.QUOTA_REACHED);
      assertThat(no.outcome()).isEqualTo(Outcome.NOT_APPLIED);
      assertThat(eager.ackOf(eager.create(second, create, true)).duplicate())
          .as("a retry is no new one")
          .isTrue();
      assertThat(eager.rejectionOf(eager.create(third, create, true)).code())
          .isEqualTo(ErrorCode.VOIDED);

      eager.acked(aliceAndBob, "1");
      eager.acked(ConversationId.direct(alice, carol), "1");
      UserId dave = new UserId(TestNode.fresh("dave"));
      ConversationId aliceAndDave = ConversationId.direct(alice, dave);
      UUID id = UUID.randomUUID();
      Frame.SendRejected later = eager.rejectionOf(eager.send(id, aliceAndDave, "1"));
      assertThat(later.code()).isEqualTo(ErrorCode.RATE_LIMITED);
      assertThat(later.outcome()).isEqualTo(Outcome.UNKNOWN);
      assertThat(later.retryAfterMs()).isGreaterThan(1_000);
      assertThat(strict.count("select count(*) from conversations where kind = 1")).isEqualTo(2);
      eager.acked(aliceAndBob, "those that are there go on");

      RawClient other = live(strict, dave, "phone");
      other.acked(aliceAndDave, "1: the other one may");
      assertThat(eager.ackOf(eager.send(id, aliceAndDave, Content.Text.of("1"), true)).seq())
          .isEqualTo(2);
      strict.execute("update conversations set created_at = created_at - interval '2 hours'");
      eager.acked(ConversationId.direct(alice, new UserId(TestNode.fresh("erin"))), "1");
    }
  }
}
