package io.quipu.client;

import static io.quipu.client.ScriptedServer.AB;
import static io.quipu.client.ScriptedServer.BOB;
import static io.quipu.client.ScriptedServer.await;
import static io.quipu.client.ScriptedServer.fromBob;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.client.ScriptedServer.Dress;
import io.quipu.client.ScriptedServer.Peer;
import io.quipu.model.Advice;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Member;
import io.quipu.model.MemberReceipt;
import io.quipu.model.QuipuException;
import io.quipu.model.ReactionCount;
import io.quipu.model.ReceiptState;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Conversations as objects, against a server that follows a script. */
class ConversationTest {
  private final BlockingQueue<ClientEvent> events = new LinkedBlockingQueue<>();
  private Vertx vertx;
  private ScriptedServer server;
  private QuipuClient client;
  private Peer peer;
  private Conversation talk;

  @BeforeEach
  void open() {
    vertx = Vertx.vertx();
    server = ScriptedServer.start(vertx, Dress.TCP);
    client =
        QuipuClient.builder(vertx)
            .server(server.uri())
            .token("token")
            .device("phone")
            .settings(ClientSettings.DEFAULT.withReconnect(10, 50))
            .onEvent(events::add)
            .build();
    client.start();
    peer = server.accept();
    peer.greet();
    talk = client.conversation(AB);
  }

  @AfterEach
  void close() {
    await(client.close());
    await(vertx.close());
  }

  private <T extends ClientEvent> T event(Class<T> kind) throws InterruptedException {
    while (true) {
      ClientEvent event = events.poll(10, TimeUnit.SECONDS);
      assertThat(event).as("an event " + kind.getSimpleName()).isNotNull();
      if (kind.isInstance(event)) {
        return kind.cast(event);
      }
    }
  }

  @Test
  void everyVerbIsASendOfItsChange() {
    Map<Supplier<Future<Stored>>, Change> verbs = new LinkedHashMap<>();
    verbs.put(() -> talk.edit(3, "new"), new Change.Edit(3, Content.Text.of("new")));
    verbs.put(() -> talk.recall(3), new Change.Recall(3));
    verbs.put(() -> talk.react(3, "+"), new Change.React(3, "+", false));
    verbs.put(() -> talk.unreact(3, "+"), new Change.React(3, "+", true));
    verbs.put(() -> talk.add(List.of(BOB)), new Change.Add(List.of(BOB)));
    verbs.put(() -> talk.remove(List.of(BOB)), new Change.Remove(List.of(BOB)));
    verbs.put(() -> talk.leave(), new Change.Leave());
    verbs.put(() -> talk.rename("title"), new Change.Rename("title"));
    verbs.put(
        () -> talk.configure(GroupSettings.DEFAULT), new Change.Configure(GroupSettings.DEFAULT));
    verbs.put(() -> talk.setRole(BOB, Role.ADMIN), new Change.SetRole(BOB, Role.ADMIN));
    verbs.put(() -> talk.block(), new Change.Block());
    verbs.put(() -> talk.unblock(), new Change.Unblock());
    long seq = 0;
    for (Map.Entry<Supplier<Future<Stored>>, Change> verb : verbs.entrySet()) {
      Future<Stored> stored = verb.getKey().get();
      Frame.Send send = peer.expectSend();
      assertThat(send.conversation()).contains(AB);
      assertThat(send.content()).isEqualTo(new Content.Changed(verb.getValue()));
      peer.ack(send, ++seq);
      assertThat(await(stored).seq()).isEqualTo(seq);
      peer.expect(Frame.DeliverAck.class);
    }
  }

  @Test
  void aListComesPageByPageAndEnds() {
    Pages<Member> members = talk.members();
    Future<List<Member>> all = members.all(100);
    Frame.Members first = peer.expect(Frame.Members.class);
    assertThat(first.page()).isEmpty();
    Member bob = new Member(BOB, Role.OWNER, 1);
    peer.send(new Frame.MembersPage(first.request(), List.of(bob), "p2"));
    Frame.Members second = peer.expect(Frame.Members.class);
    assertThat(second.page()).isEqualTo("p2");
    Member carol = new Member(new UserId("carol"), Role.MEMBER, 7);
    peer.send(new Frame.MembersPage(second.request(), List.of(carol), ""));
    assertThat(await(all)).containsExactly(bob, carol);
    assertThat(members.hasMore()).isFalse();
    assertThat(await(members.next())).isEmpty();
  }

  @Test
  void receiptsAreAskedForPageByPage() throws InterruptedException {
    Future<List<MemberReceipt>> all = talk.receipts().all(100);
    Frame.Receipts first = peer.expect(Frame.Receipts.class);
    MemberReceipt bob = new MemberReceipt(BOB, 7, 5, 3);
    peer.send(new Frame.ReceiptsPage(first.request(), AB, List.of(bob), "p2"));
    Frame.Receipts second = peer.expect(Frame.Receipts.class);
    assertThat(second.page()).isEqualTo("p2");
    peer.send(new Frame.ReceiptsPage(second.request(), AB, List.of(), ""));
    assertThat(await(all)).containsExactly(bob);
    assertThat(event(ClientEvent.Receipt.class))
        .isEqualTo(new ClientEvent.Receipt(AB, BOB, ReceiptState.READ, 3));
    assertThat(await(talk.receivedBy(BOB, ReceiptState.DELIVERED))).isEqualTo(7);
  }

  @Test
  void aPageThatFailedIsAskedForAgain() {
    Pages<Member> members = talk.members();
    Future<List<Member>> refused = members.next();
    peer.send(
        new Frame.Error(
            ErrorCode.STORE_DOWN.code(),
            Advice.BACK_OFF,
            250,
            "away",
            Optional.of(AB),
            peer.expect(Frame.Members.class).request()));
    assertThatThrownBy(() -> await(refused))
        .isInstanceOfSatisfying(
            QuipuException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.STORE_DOWN);
              assertThat(e.retryAfterMs()).isEqualTo(250);
            });
    Future<List<Member>> again = members.next();
    peer.send(new Frame.MembersPage(peer.expect(Frame.Members.class).request(), List.of(), ""));
    assertThat(await(again)).isEmpty();
  }

  @Test
  void historyWalksBackToTheBeginning() {
    History history = talk.history();
    Future<HistorySlice> newest = history.next();
    Frame.History first = peer.expect(Frame.History.class);
    assertThat(first.beforeSeq()).isZero();
    ReactionCount thumbs = new ReactionCount(8, "+", 2, true);
    peer.send(new Frame.HistoryPage(first.request(), fromBob(8, 9), true, false, List.of(thumbs)));
    assertThat(await(newest).reactions()).containsExactly(thumbs);
    Future<HistorySlice> older = history.next();
    Frame.History second = peer.expect(Frame.History.class);
    assertThat(second.beforeSeq()).isEqualTo(8);
    peer.send(new Frame.HistoryPage(second.request(), fromBob(1, 7), false));
    assertThat(await(older).range().messages()).hasSize(7);
    assertThat(history.hasMore()).isFalse();
  }

  @Test
  void marksOfAnOfflineTimeAreToldOnTheNextConnectionAndTypingIsNot() throws Exception {
    client.watchPresence(List.of(BOB));
    assertThat(peer.expect(Frame.WatchPresence.class).users()).containsExactly(BOB);
    peer.cut();
    event(ClientEvent.Disconnected.class);
    talk.typing();
    talk.markRead(3);
    talk.markRead(2);
    talk.mute(Conversation.FOR_EVER);
    Peer next = server.accept();
    next.greet();
    assertThat(next.expect(Frame.ReadMark.class)).isEqualTo(new Frame.ReadMark(AB, 3));
    assertThat(next.expect(Frame.Mute.class)).isEqualTo(new Frame.Mute(AB, Long.MAX_VALUE));
    assertThat(next.expect(Frame.WatchPresence.class).users()).containsExactly(BOB);
    talk.typing();
    assertThat(next.expect(Frame.Typing.class).user()).isEmpty();
  }

  @Test
  void hintsComeAsEventsAndReceiptsOnlyRise() throws Exception {
    peer.send(new Frame.Typing(AB, Optional.of(BOB)));
    assertThat(event(ClientEvent.Typing.class)).isEqualTo(new ClientEvent.Typing(AB, BOB));
    peer.send(new Frame.Presence(BOB, true, 17));
    assertThat(event(ClientEvent.Presence.class))
        .isEqualTo(new ClientEvent.Presence(BOB, true, 17));
    peer.send(new Frame.Mute(AB, 5));
    assertThat(event(ClientEvent.Muted.class)).isEqualTo(new ClientEvent.Muted(AB, 5));
    peer.send(new Frame.Receipt(AB, BOB, ReceiptState.READ, 4));
    peer.send(new Frame.Receipt(AB, BOB, ReceiptState.DELIVERED, 4));
    peer.send(new Frame.Receipt(AB, BOB, ReceiptState.DELIVERED, 6));
    assertThat(event(ClientEvent.Receipt.class).state()).isEqualTo(ReceiptState.READ);
    assertThat(event(ClientEvent.Receipt.class).seq()).isEqualTo(6);
    assertThat(await(talk.receivedBy(BOB, ReceiptState.READ))).isEqualTo(4);
    assertThat(await(talk.receivedBy(BOB, ReceiptState.DELIVERED))).isEqualTo(6);
  }

  @Test
  void theDirectConversationIsNamedAfterBoth() {
    assertThat(await(client.direct(BOB)).id()).isEqualTo(AB);
  }
}
