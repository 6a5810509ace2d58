package io.quipu.it;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Member;
import io.quipu.model.Message;
import io.quipu.model.ReactionCount;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.people.People;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Lists, mutes, presence and revocations on a real node, over real sockets. */
final class PeopleTest {
  private static final int GRACE_MS = 400;

  /** Two nodes on one database: what is revoked on one holds on the other. */
  private static TestNode node;

  private static TestNode otherNode;

  private final List<RawClient> clients = new ArrayList<>();
  private UserId alice;
  private UserId bob;
  private UserId eve;
  private ConversationId aliceAndBob;

  @BeforeAll
  static void startNodes() {
    Map<String, String> settings =
        Map.of(
            "QUIPU_SESSION_PRESENCE_GRACE_MS", Integer.toString(GRACE_MS),
            "QUIPU_SESSION_MAX_DEVICES", "2",
            "QUIPU_SESSION_WATCHED_USERS", "3",
            "QUIPU_SESSION_MAX_REQUESTS", "4");
    node = TestNode.start(settings);
    otherNode = TestNode.start(node.databaseUri(), settings);
  }

  @AfterAll
  static void stopNodes() {
    otherNode.close();
    node.close();
  }

  @BeforeEach
  void people() {
    alice = new UserId(TestNode.fresh("alice"));
    bob = new UserId(TestNode.fresh("bob"));
    eve = new UserId(TestNode.fresh("eve"));
    aliceAndBob = ConversationId.direct(alice, bob);
  }

  @AfterEach
  void closeClients() {
    clients.forEach(RawClient::close);
  }

  private RawClient live(UserId user, String device) {
    return live(node, Dress.TCP, user, device);
  }

  private RawClient live(TestNode at, Dress dress, UserId user, String device) {
    RawClient client = RawClient.live(at, dress, user.value(), device);
    clients.add(client);
    return client;
  }

  private RawClient open(TestNode at) {
    RawClient client = RawClient.open(at, Dress.WEBSOCKET_BINARY);
    clients.add(client);
    return client;
  }

  // ---- lists

  private static Frame.ConversationsPage list(RawClient client, String page, int limit) {
    client.send(new Frame.Conversations(7, page, limit, Optional.empty()));
    return client.await(Frame.ConversationsPage.class);
  }

  @ParameterizedTest
  @EnumSource
  void aListComesInPagesMostRecentlyActiveFirst(Dress dress) {
    RawClient phone = live(node, dress, alice, "phone");
    List<ConversationId> expected = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      ConversationId with = ConversationId.direct(alice, new UserId("friend-" + i));
      phone.acked(with, "hello " + i);
      expected.add(0, with);
    }
    List<ConversationSummary> seen = new ArrayList<>();
    String page = "";
    do {
      Frame.ConversationsPage next = list(phone, page, 2);
      assertThat(next.request()).isEqualTo(7);
      assertThat(next.conversations().size()).isLessThanOrEqualTo(2);
      seen.addAll(next.conversations());
      page = next.nextPage();
    } while (!page.isEmpty());

    assertThat(seen).extracting(ConversationSummary::conversation).isEqualTo(expected);
    assertThat(seen.get(0).last().map(Message::content)).contains(Content.Text.of("hello 4"));
    assertThat(seen.get(0).unread()).isZero();
  }

  @Test
  void oneConversationAndItsMembersAreAskedForByName() {
    RawClient phone = live(alice, "phone");
    ConversationId tea = phone.createGroup("Tea", bob.value()).conversation();
    RawClient stranger = live(eve, "phone");

    phone.send(new Frame.Conversations(1, "", 0, Optional.of(tea)));
    assertThat(phone.await(Frame.ConversationsPage.class).conversations().get(0).title())
        .isEqualTo("Tea");
    phone.send(new Frame.Members(2, tea, "", 1));
    Frame.MembersPage first = phone.await(Frame.MembersPage.class);
    assertThat(first.members()).containsExactly(new Member(alice, Role.OWNER, 1));
    phone.send(new Frame.Members(3, tea, first.nextPage(), 1));
    assertThat(phone.await(Frame.MembersPage.class).members())
        .containsExactly(new Member(bob, Role.MEMBER, 1));

    stranger.send(new Frame.Conversations(4, "", 0, Optional.of(tea)));
    stranger.send(new Frame.Members(5, tea, "", 0));
    stranger.send(new Frame.Members(6, tea, first.nextPage(), 0));
    stranger.send(new Frame.Mute(tea, 5));
    assertThat(errorFor(stranger, 4).code()).isEqualTo(ErrorCode.CONVERSATION_UNKNOWN.code());
    assertThat(errorFor(stranger, 5).code()).isEqualTo(ErrorCode.CONVERSATION_UNKNOWN.code());
    assertThat(errorFor(stranger, 6).code()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
    assertThat(errorFor(stranger, 0).conversation()).contains(tea);
  }

  private static Frame.Error errorFor(RawClient client, int request) {
    return client.await(Frame.Error.class, error -> error.request() == request);
  }

  @Test
  void aPageOfAnotherListIsRefusedByItsNumber() {
    RawClient phone = live(alice, "phone");
    ConversationId tea = phone.createGroup("Tea", bob.value()).conversation();
    phone.send(new Frame.Members(1, tea, "", 1));
    String members = phone.await(Frame.MembersPage.class).nextPage();
    phone.send(new Frame.Conversations(9, members, 0, Optional.empty()));

    Frame.Error error = errorFor(phone, 9);
    assertThat(error.code()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
    assertThat(error.detail()).isEqualTo("this page belongs to another list");
  }

  @Test
  void moreRequestsAtOnceThanAllowedAreRefusedByTheirNumbers() {
    RawClient phone = live(alice, "phone");
    ConversationId tea = phone.createGroup("Tea", bob.value()).conversation();
    node.execute(
        "begin; lock table conversations in access exclusive mode; select pg_sleep(0.3); commit");
    for (int request = 1; request <= 100; request++) {
      phone.send(new Frame.Members(request, tea, "", 0));
    }
    int answers = 0;
    int refusals = 0;
    while (answers + refusals < 100) {
      Frame next =
          phone.await(Frame.class, f -> f instanceof Frame.MembersPage || f instanceof Frame.Error);
      if (next instanceof Frame.Error error) {
        assertThat(error.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS.code());
        assertThat(error.request()).isPositive();
        refusals++;
      } else {
        answers++;
      }
    }
    assertThat(answers).isGreaterThanOrEqualTo(4);
    assertThat(refusals).isPositive();
  }

  // ---- history

  @Test
  void historyAroundASeqHasBothSidesAndTheReactions() {
    RawClient phone = live(alice, "phone");
    for (int i = 1; i <= 9; i++) {
      phone.acked(aliceAndBob, "text " + i);
    }
    node.execute(
        "insert into reactions select c.id, 5, u.id, 'x' from conversations c, users u where c.name = '"
            + aliceAndBob
            + "' and u.name in ('"
            + alice
            + "', '"
            + bob
            + "')");

    Frame.HistoryPage middle = around(phone, 5, 3);
    assertThat(seqs(middle)).containsExactly(4L, 5L, 6L);
    assertThat(middle.more()).isTrue();
    assertThat(middle.moreBefore()).isTrue();
    assertThat(middle.reactions()).containsExactly(new ReactionCount(5, "x", 2, true));
    assertThat(seqs(around(phone, 1, 3))).containsExactly(1L, 2L, 3L);
    assertThat(around(phone, 1, 3).moreBefore()).isFalse();
    assertThat(seqs(around(phone, 1, 1))).containsExactly(1L);
    assertThat(around(phone, 1, 1).more()).isTrue();
    assertThat(seqs(around(phone, 9, 4))).containsExactly(6L, 7L, 8L, 9L);
    assertThat(around(phone, 9, 4).more()).isFalse();
    assertThat(seqs(around(phone, 100, 2))).containsExactly(8L, 9L);
    assertThat(seqs(around(phone, 5, 100))).hasSize(9);
  }

  private Frame.HistoryPage around(RawClient client, long seq, int limit) {
    client.send(new Frame.History(1, aliceAndBob, 0, 0, limit, seq));
    return client.await(Frame.HistoryPage.class);
  }

  private static List<Long> seqs(Frame.HistoryPage page) {
    return page.range().messages().stream().map(Message::seq).toList();
  }

  // ---- mutes and read marks

  @Test
  void aMuteIsToldToTheOtherDevicesOfTheUserAndToNobodyElse() {
    RawClient phone = live(alice, "phone");
    RawClient tablet = live(node, Dress.WEBSOCKET_JSON, alice, "tablet");
    RawClient bobs = live(bob, "phone");
    phone.acked(aliceAndBob, "hello");

    phone.send(new Frame.Mute(aliceAndBob, 4_000_000_000_000L));

    assertThat(tablet.await(Frame.Mute.class))
        .isEqualTo(new Frame.Mute(aliceAndBob, 4_000_000_000_000L));
    assertThat(list(phone, "", 1).conversations().get(0).mutedUntilMs())
        .isEqualTo(4_000_000_000_000L);
    await(node.people().mute(alice, aliceAndBob, 0));
    assertThat(phone.await(Frame.Mute.class)).isEqualTo(new Frame.Mute(aliceAndBob, 0));
    assertThat(tablet.await(Frame.Mute.class)).isEqualTo(new Frame.Mute(aliceAndBob, 0));
    bobs.fence();
    assertThat(bobs.taken(Frame.Mute.class)).isEmpty();
    assertThat(phone.taken(Frame.Mute.class)).isEmpty();
    phone.send(new Frame.Mute(aliceAndBob, -1));
    assertThat(errorFor(phone, 0).code()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
  }

  @Test
  void whatIsReadOnOneDeviceIsReadInTheListOfTheOther() {
    RawClient phone = live(alice, "phone");
    RawClient tablet = live(alice, "tablet");
    RawClient bobs = live(bob, "phone");
    bobs.acked(aliceAndBob, "one");
    long two = bobs.acked(aliceAndBob, "two").seq();
    assertThat(list(tablet, "", 1).conversations().get(0).unread()).isEqualTo(2);

    phone.send(new Frame.ReadMark(aliceAndBob, two));

    tablet.await(Frame.ReadMark.class);
    ConversationSummary seen = list(tablet, "", 1).conversations().get(0);
    assertThat(seen.unread()).isZero();
    assertThat(seen.readSeq()).isEqualTo(two);
  }

  // ---- presence

  private static Frame.Presence presence(RawClient watcher, UserId user) {
    return watcher.await(Frame.Presence.class, told -> told.user().equals(user));
  }

  @Test
  void whoWritesToEachOtherSeesTheOtherComeAndGo() {
    RawClient bobs = live(bob, "phone");
    bobs.acked(aliceAndBob, "hello");
    bobs.send(new Frame.WatchPresence(List.of(alice)));
    assertThat(presence(bobs, alice)).isEqualTo(new Frame.Presence(alice, false, 0));

    RawClient phone = live(alice, "phone");
    assertThat(presence(bobs, alice)).isEqualTo(new Frame.Presence(alice, true, 0));

    RawClient tablet = live(alice, "tablet");
    phone.close();
    tablet.fence();
    tablet.close();
    Frame.Presence gone = presence(bobs, alice);
    assertThat(gone.online()).isFalse();
    assertThat(gone.lastSeenMs()).isPositive();
    // It is kept.
    Awaitility.await()
        .until(
            () ->
                await(node.people().presence(Optional.of(bob), alice)).lastSeenMs()
                    == gone.lastSeenMs());
  }

  @Test
  void aQuickReconnectIsNotSeen() {
    RawClient bobs = live(bob, "phone");
    bobs.acked(aliceAndBob, "hello");
    live(alice, "phone");
    bobs.send(new Frame.WatchPresence(List.of(alice, bob)));
    assertThat(presence(bobs, alice).online()).isTrue();
    assertThat(presence(bobs, bob).online()).isTrue();

    live(alice, "phone"); // in place of the first
    clients.get(1).end();
    RawClient next = live(alice, "tablet");
    clients.get(2).close();
    next.close();
    assertThat(presence(bobs, alice).online()).isFalse();
    assertThat(bobs.taken(Frame.Presence.class)).isEmpty();
  }

  @Test
  void aStrangerIsToldThatNobodyIsThere() {
    live(alice, "phone");
    RawClient eves = live(eve, "phone");
    eves.send(new Frame.WatchPresence(List.of(alice, new UserId("nobody-of-that-name"))));
    assertThat(presence(eves, alice)).isEqualTo(new Frame.Presence(alice, false, 0));
    assertThat(presence(eves, new UserId("nobody-of-that-name")).online()).isFalse();
    clients.get(0).close();
    assertThat(await(node.people().presence(Optional.of(eve), alice)))
        .isEqualTo(new Frame.Presence(alice, false, 0));
    assertThat(await(node.people().presence(Optional.empty(), eve)).online()).isTrue();
  }

  @Test
  void aConversationInWhichNothingWasSaidShowsNobody() {
    RawClient eves = live(eve, "phone");
    live(alice, "phone");
    // The conversation comes into being, and stays empty.
    eves.send(
        UUID.randomUUID(),
        ConversationId.direct(alice, eve),
        new Content.Changed(new Change.Leave()),
        false);
    eves.await(Frame.SendRejected.class);
    eves.send(new Frame.WatchPresence(List.of(alice)));
    assertThat(presence(eves, alice).online()).isFalse();
  }

  @Test
  void whoLosesTheRightToSeeIsToldThatNobodyIsThere() {
    RawClient bobs = live(bob, "phone");
    RawClient phone = live(alice, "phone");
    ConversationId tea = phone.createGroup("Tea", bob.value()).conversation();
    bobs.send(new Frame.WatchPresence(List.of(alice)));
    assertThat(presence(bobs, alice).online()).isTrue();

    phone.ackOf(
        phone.send(
            UUID.randomUUID(), tea, new Content.Changed(new Change.Remove(List.of(bob))), false));

    assertThat(presence(bobs, alice)).isEqualTo(new Frame.Presence(alice, false, 0));
  }

  @Test
  void whoIsBlockedSeesNobodyAndIsNotTold() {
    RawClient bobs = live(bob, "phone");
    RawClient phone = live(alice, "phone");
    bobs.acked(aliceAndBob, "hello");
    bobs.send(new Frame.WatchPresence(List.of(alice)));
    assertThat(presence(bobs, alice).online()).isTrue();

    phone.ackOf(
        phone.send(UUID.randomUUID(), aliceAndBob, new Content.Changed(new Change.Block()), false));

    assertThat(presence(bobs, alice)).isEqualTo(new Frame.Presence(alice, false, 0));
    ConversationSummary seen = list(bobs, "", 1).conversations().get(0);
    assertThat(seen.present()).isTrue();
    assertThat(seen.blocked()).isFalse();
    assertThat(seen.tailSeq()).isEqualTo(1);
    assertThat(list(phone, "", 1).conversations().get(0).blocked()).isTrue();
    phone.ackOf(
        phone.send(
            UUID.randomUUID(), aliceAndBob, new Content.Changed(new Change.Unblock()), false));
    assertThat(presence(bobs, alice).online()).isTrue();
  }

  @Test
  void aWatchReplacesTheOneBeforeAndHasItsLimit() {
    RawClient bobs = live(bob, "phone");
    bobs.acked(aliceAndBob, "hello");
    bobs.send(new Frame.WatchPresence(List.of(alice)));
    presence(bobs, alice);
    bobs.send(new Frame.WatchPresence(List.of(bob)));
    presence(bobs, bob);
    live(alice, "phone");
    bobs.send(new Frame.WatchPresence(List.of(alice)));
    // One for the new watch, none for the old one.
    assertThat(presence(bobs, alice).online()).isTrue();
    assertThat(bobs.taken(Frame.Presence.class)).isEmpty();

    bobs.send(new Frame.WatchPresence(List.of(alice, bob, eve, new UserId("one-more"))));
    assertThat(errorFor(bobs, 0).code()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
  }

  // ---- devices and revocations

  @Test
  void devicesAreListedWithWhatIsKnownOfThem() {
    RawClient phone = live(alice, "phone");
    live(alice, "tablet");
    phone.close();
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(await(node.people().devices(alice)))
                    .extracting(People.Device::device, People.Device::connected)
                    .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(new DeviceId("phone"), false),
                        org.assertj.core.groups.Tuple.tuple(new DeviceId("tablet"), true)));
    assertThat(await(node.people().devices(alice)))
        .allSatisfy(
            device -> {
              assertThat(device.createdMs()).isPositive();
              assertThat(device.lastSeenMs()).isGreaterThanOrEqualTo(device.createdMs());
            });
    assertThat(await(node.people().sessions(alice)))
        .extracting(People.OpenSession::device)
        .containsExactly(new DeviceId("tablet"));
    assertThat(await(node.people().devices(eve))).isEmpty();
  }

  @Test
  void revokingAUserClosesHisSessionsOnEveryNodeAndRefusesTheTokensOfBefore() {
    String before = node.token(alice.value());
    RawClient here = live(alice, "phone");
    RawClient there = live(otherNode, Dress.WEBSOCKET_BINARY, alice, "tablet");
    RawClient bystander = live(bob, "phone");

    long startedNs = System.nanoTime();
    assertThat(await(node.people().revokeAll(alice))).isTrue();

    assertThat(here.end().goAway()).isEqualTo(ErrorCode.TOKEN_REVOKED.code());
    assertThat(there.end())
        .isEqualTo(
            new RawClient.End(ErrorCode.TOKEN_REVOKED.code(), ErrorCode.TOKEN_REVOKED.closeCode()));
    assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startedNs)).isLessThan(5);
    for (TestNode at : List.of(node, otherNode)) {
      RawClient again = open(at);
      again.send(RawClient.connectFrame(before, "phone"));
      assertThat(again.end())
          .isEqualTo(
              new RawClient.End(
                  ErrorCode.TOKEN_REVOKED.code(), ErrorCode.TOKEN_REVOKED.closeCode()));
      assertThat(awaitFailure(at.people().checkToken(alice, 1)).code())
          .isEqualTo(ErrorCode.TOKEN_REVOKED);
      await(at.people().checkToken(bob, 1));
    }
    bystander.fence();
    assertThat(bystander.hasEnded()).isFalse();
    // A token of later is good.
    Awaitility.await()
        .untilAsserted(
            () -> {
              RawClient later = open(node);
              later.send(RawClient.connectFrame(node.token(alice.value()), "phone"));
              assertThat(later.await(Frame.Connected.class, f -> true, 1_000)).isPresent();
            });

    // Who never came can still have lost a token.
    UserId never = new UserId(TestNode.fresh("never"));
    String lost = node.token(never.value());
    assertThat(await(node.people().revokeAll(never))).isTrue();
    RawClient thief = open(node);
    thief.send(RawClient.connectFrame(lost, "phone"));
    assertThat(thief.end().goAway()).isEqualTo(ErrorCode.TOKEN_REVOKED.code());
  }

  @Test
  void aRenewedTokenKeepsASessionThroughARevocationOfTheOldOnes() {
    RawClient phone = live(alice, "phone");
    String old = node.token(alice.value());
    node.execute(
        "insert into revocations (user_id, name_hash, generation, erased, at) select id, name_hash(name), 0, false, now() - interval '1 hour' from users where name = '"
            + alice
            + "'");
    // Issued after what was revoked: goes on.
    phone.fence();
    assertThat(phone.hasEnded()).isFalse();
    node.execute(
        "update users set tokens_valid_from = now() + interval '1 hour' where name = '"
            + alice
            + "'");
    phone.send(new Frame.Renew(old));
    assertThat(errorFor(phone, 0).code()).isEqualTo(ErrorCode.TOKEN_REVOKED.code());
  }

  @Test
  void aRevokedDeviceMakesRoomForAnotherAndComesBackAsANewOne() {
    String before = node.token(alice.value());
    RawClient phone = live(alice, "phone");
    RawClient tablet = live(alice, "tablet");
    phone.acked(aliceAndBob, "hello");
    tablet.await(Frame.Deliver.class);
    tablet.ackAndConfirm(aliceAndBob, 1);
    RawClient watch = open(node);
    watch.send(RawClient.connectFrame(before, "watch"));
    assertThat(watch.end().goAway()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS.code());

    assertThat(await(otherNode.people().revokeDevice(alice, new DeviceId("tablet")))).isTrue();

    assertThat(tablet.end().goAway()).isEqualTo(ErrorCode.TOKEN_REVOKED.code());
    phone.fence();
    assertThat(phone.hasEnded()).isFalse();
    assertThat(
            node.count(
                "select count(*) from cursors join devices on devices.id = device join users on users.id = user_id where users.name = '"
                    + alice
                    + "'"))
        .isZero();
    RawClient stolen = open(node);
    stolen.send(RawClient.connectFrame(before, "tablet"));
    assertThat(stolen.end().goAway()).isEqualTo(ErrorCode.TOKEN_REVOKED.code());
    RawClient room = open(node);
    assertThat(room.connect(before, "watch").deviceIsNew()).isTrue();
    assertThat(await(node.people().revokeDevice(alice, new DeviceId("watch")))).isTrue();
    assertThat(await(node.people().revokeDevice(alice, new DeviceId("watch")))).isFalse();
    Awaitility.await()
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              RawClient back = open(node);
              back.send(RawClient.connectFrame(node.token(alice.value()), "tablet"));
              Frame.Connected connected =
                  back.await(Frame.Connected.class, f -> true, 1_000).orElseThrow();
              assertThat(connected.deviceIsNew()).isTrue();
              assertThat(connected.sessionGeneration()).isEqualTo(2);
            });
  }
}
