package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a sync promises, sentence by sentence, on a real node. */
final class SyncTest {
  private static final int PAGE_MESSAGES = 10;
  private static final int PAGE_BYTES = 32_768;
  private static final int PORTION = 7;

  /** In one read of the log: pages of more conversations than that have fewer messages. */
  private static final int RANGES = 64;

  private static TestNode node;

  /** As it comes, but for the time-outs. */
  private static TestNode plain;

  private final List<RawClient> clients = new ArrayList<>();
  private String alice;
  private String bob;
  private ConversationId talk;

  @BeforeAll
  static void startNodes() {
    node =
        TestNode.start(
            Map.of(
                "QUIPU_RECIPIENT_SYNC_PAGE_MESSAGES", Integer.toString(PAGE_MESSAGES),
                "QUIPU_RECIPIENT_SYNC_PAGE_BYTES", Integer.toString(PAGE_BYTES),
                "QUIPU_RECIPIENT_WINDOW_MESSAGES", "20",
                "QUIPU_RECIPIENT_SYNC_PLAN_CONVERSATIONS", Integer.toString(PORTION),
                "QUIPU_RECIPIENT_MAX_QUEUED_SYNCS", "2",
                "QUIPU_RECIPIENT_SYNC_CURSORS", "40",
                "QUIPU_RECIPIENT_MAX_SYNC_CURSORS", "80",
                "QUIPU_RECIPIENT_ACK_TIMEOUT_MS", "60000",
                "QUIPU_RECIPIENT_NEWEST_FOR_NEW_DEVICE", "10000"));
    plain = TestNode.start(Map.of("QUIPU_SEQUENCER_NEW_DIRECTS_PER_HOUR", "100000"));
  }

  @AfterAll
  static void stopNodes() {
    node.close();
    plain.close();
  }

  @BeforeEach
  void people() {
    alice = TestNode.fresh("alice");
    bob = TestNode.fresh("bob");
    talk = ConversationId.direct(new UserId(alice), new UserId(bob));
  }

  @AfterEach
  void closeClients() {
    clients.forEach(RawClient::close);
  }

  private RawClient kept(RawClient client) {
    clients.add(client);
    return client;
  }

  private RawClient sender() {
    return kept(RawClient.live(node, Dress.TCP, alice, "phone"));
  }

  private static List<UUID> send(
      RawClient sender, ConversationId conversation, int count, String text) {
    List<UUID> ids = new ArrayList<>();
    int last = 0;
    for (int i = 0; i < count; i++) {
      ids.add(UUID.randomUUID());
      last = sender.send(ids.get(i), conversation, text);
      if (i % 100 == 99) {
        sender.ackOf(last);
      }
    }
    if (count % 100 != 0) {
      sender.ackOf(last);
    }
    return ids;
  }

  private static int messages(Frame.SyncPage page) {
    return page.ranges().stream().mapToInt(range -> range.messages().size()).sum();
  }

  private static int bytes(Frame.SyncPage page) {
    return page.ranges().stream()
        .flatMap(range -> range.messages().stream())
        .mapToInt(message -> ((Content.Text) message.content()).utf8().size())
        .sum();
  }

  // ---- pages

  @ParameterizedTest
  @EnumSource(Dress.class)
  void pagesAreFilledUpToTheLimitInMessages(Dress dress) {
    send(sender(), talk, 5 * PAGE_MESSAGES + 1, "short");
    RawClient receiver = kept(RawClient.connect(node, dress, bob, "phone"));
    assertThat(receiver.sync(1))
        .extracting(SyncTest::messages)
        .containsExactly(10, 10, 10, 10, 10, 1);
  }

  @ParameterizedTest
  @EnumSource(Dress.class)
  void pagesAreFilledUpToTheLimitInBytes(Dress dress) {
    int body = 8_000;
    send(sender(), talk, 9, "x".repeat(body));
    RawClient receiver = kept(RawClient.connect(node, dress, bob, "phone"));
    List<Frame.SyncPage> pages = receiver.sync(1);
    assertThat(pages).hasSize(3);
    assertThat(pages).extracting(SyncTest::bytes).containsExactly(4 * body, 4 * body, body);
  }

  @Test
  void atMostTwoPagesAreOnTheirWayAndEachAckAsksForMore() {
    send(sender(), talk, 6 * PAGE_MESSAGES, "message");
    RawClient receiver = kept(RawClient.connect(node, Dress.TCP, bob, "phone"));
    receiver.send(new Frame.Sync(1, List.of(), false, false));
    assertThat(receiver.await(Frame.SyncPage.class).page()).isEqualTo(1);
    assertThat(receiver.await(Frame.SyncPage.class).page()).isEqualTo(2);
    nothingMore(receiver);
    receiver.send(new Frame.SyncAck(1, 1));
    assertThat(receiver.await(Frame.SyncPage.class).page()).isEqualTo(3);
    nothingMore(receiver);
    receiver.send(new Frame.SyncAck(1, 3)); // means 2 as well
    assertThat(receiver.await(Frame.SyncPage.class).page()).isEqualTo(4);
    assertThat(receiver.await(Frame.SyncPage.class).page()).isEqualTo(5);
    receiver.send(new Frame.SyncAck(1, 3)); // again
    receiver.send(new Frame.SyncAck(1, 99)); // of a page that was not sent
    receiver.send(new Frame.SyncAck(7, 5)); // of another sync
    nothingMore(receiver);
    receiver.send(new Frame.SyncAck(1, 4));
    assertThat(receiver.await(Frame.SyncPage.class).page()).isEqualTo(6);
    assertThat(receiver.await(Frame.SyncDone.class).messages()).isEqualTo(60);
  }

  private static void nothingMore(RawClient receiver) {
    // Longer than a read takes: two round trips of a request that reads the log.
    for (int i = 1; i <= 2; i++) {
      receiver.send(new Frame.Conversations(i, "", 1, java.util.Optional.empty()));
      receiver.await(Frame.ConversationsPage.class);
    }
    assertThat(receiver.taken(Frame.SyncPage.class)).isEmpty();
    assertThat(receiver.taken(Frame.SyncDone.class)).isEmpty();
  }

  // ---- a sync that is cut

  @ParameterizedTest
  @EnumSource(Dress.class)
  void aSyncThatIsCutGoesOnBehindWhatWasAcked(Dress dress) {
    RawClient sender = sender();
    ConversationId group = sender.createGroup("group", bob).conversation();
    List<UUID> inTalk = send(sender, talk, 73, "message");
    send(sender, group, 41, "message");
    try (StrictDevice device = new StrictDevice(node, dress, bob, "phone")) {
      for (int pages = 1; pages <= 10; pages += 3) {
        device.beginSync();
        device.untilPages(pages);
        device.reconnect(); // with acks that may have been confirmed, or stored, or lost
      }
      device.untilDone(device.beginSync());
      assertThat(device.view(talk)).isEqualTo(inTalk);
      assertThat(device.view(group)).hasSize(42);
      assertThat(device.repeated()).isZero();
    }
  }

  @Test
  void aPageThatWasOnlyTakenFromTheNetworkComesAgain() {
    List<UUID> sent = send(sender(), talk, 4 * PAGE_MESSAGES, "message");
    RawClient receiver = kept(RawClient.connect(node, Dress.TCP, bob, "phone"));
    assertThat(receiver.sync(1)).hasSize(4); // SyncAcks, and no DeliverAck
    receiver.close();
    RawClient back = kept(RawClient.connect(node, Dress.TCP, bob, "phone"));
    assertThat(new Transcript(back, talk).take(back.sync(1)).ids()).isEqualTo(sent);
  }

  // ---- many conversations

  @Test
  void manyConversationsComeInFewRoundTripsAndThoseWithoutNewsCostNothing() {
    int conversations = 1_000;
    RawClient phone = kept(RawClient.live(plain, Dress.TCP, bob, "phone"));
    kept(RawClient.live(plain, Dress.TCP, bob, "tablet")).close();
    for (int i = 0; i < conversations; i++) {
      ConversationId one = ConversationId.direct(new UserId(bob), new UserId(alice + "-" + i));
      int sent = phone.send(UUID.randomUUID(), one, "hello");
      if (i % 100 == 99) {
        phone.ackOf(sent);
      }
    }
    RawClient tablet = kept(RawClient.connect(plain, Dress.TCP, bob, "tablet"));
    List<Frame.SyncPage> pages = tablet.sync(1);
    assertThat(pages.stream().mapToInt(SyncTest::messages).sum()).isEqualTo(conversations);
    assertThat(pages).as("round trips").hasSizeLessThanOrEqualTo(conversations / RANGES + 1);
    Set<ConversationId> seen = new HashSet<>();
    for (Frame.SyncPage page : pages) {
      for (MessageRange range : page.ranges()) {
        seen.add(range.conversation());
        tablet.ack(range.conversation(), range.toSeq());
      }
    }
    assertThat(seen).hasSize(conversations);
    SdkDevice.until(() -> plain.count("select count(*) from cursors") >= conversations);
    tablet.close();

    RawClient nothingNew = kept(RawClient.connect(plain, Dress.TCP, bob, "tablet"));
    RawClient nobody =
        kept(RawClient.connect(plain, Dress.TCP, TestNode.fresh("nobody"), "tablet"));
    long before = nothingNew.receivedBytes();
    long beforeOfNobody = nobody.receivedBytes();
    assertThat(nothingNew.sync(1)).isEmpty();
    assertThat(nobody.sync(1)).isEmpty();
    assertThat(nothingNew.receivedBytes() - before)
        .as("bytes of a sync of %d conversations without news", conversations)
        .isEqualTo(nobody.receivedBytes() - beforeOfNobody)
        .isLessThan(10);
  }

  /** More than one portion of the plan, and in each of them somebody writes meanwhile. */
  @Test
  void aSyncOfManyPortionsHasEveryConversationOnceTheMostRecentFirst() {
    RawClient sender = sender();
    List<ConversationId> groups = new ArrayList<>();
    for (int i = 0; i < 5 * PORTION + 2; i++) {
      groups.add(sender.createGroup("group " + i, bob).conversation());
    }
    RawClient receiver = kept(RawClient.connect(node, Dress.TCP, bob, "phone"));
    List<ConversationId> order = new ArrayList<>();
    receiver.send(new Frame.Sync(1, List.of(), false, false));
    while (true) {
      Frame frame =
          receiver.await(
              Frame.class, f -> f instanceof Frame.SyncPage || f instanceof Frame.SyncDone);
      if (frame instanceof Frame.SyncDone done) {
        assertThat(done.conversations()).isEqualTo(groups.size());
        break;
      }
      Frame.SyncPage page = (Frame.SyncPage) frame;
      for (MessageRange range : page.ranges()) {
        assertThat(range.fromSeq()).isEqualTo(1);
        order.add(range.conversation());
      }
      sender.acked(groups.get(page.page()), "now this one is the most recent");
      receiver.send(new Frame.SyncAck(1, page.page()));
    }
    assertThat(order).containsExactlyInAnyOrderElementsOf(groups);
    for (int i = 0; i < PORTION; i++) {
      assertThat(order.get(i)).isEqualTo(groups.get(groups.size() - 1 - i));
    }
  }

  @Test
  void cursorsAndSyncsBeyondTheirBoundsAreRefusedAndTheSessionGoesOn() {
    RawClient sender = sender();
    send(sender, talk, 3 * PAGE_MESSAGES, "message");
    RawClient receiver = kept(RawClient.connect(node, Dress.TCP, bob, "phone"));
    receiver.send(new Frame.Sync(1, cursors(41), false, false));
    assertThat(receiver.await(Frame.Error.class).code())
        .isEqualTo(ErrorCode.INVALID_REQUEST.code());
    receiver.send(new Frame.Sync(2, cursors(40), false, true));
    receiver.send(new Frame.Sync(2, cursors(40), false, true));
    receiver.send(new Frame.Sync(2, cursors(1), false, false));
    Frame.Error many = receiver.await(Frame.Error.class);
    assertThat(many.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS.code());
    assertThat(many.request()).isEqualTo(2);
    receiver.send(new Frame.Sync(3, List.of(), false, false));
    receiver.await(Frame.SyncPage.class, page -> page.page() == 2);
    for (int sync = 4; sync <= 6; sync++) {
      receiver.send(new Frame.Sync(sync, List.of(new Cursor(talk, 0)), true, false));
    }
    Frame.Error queued = receiver.await(Frame.Error.class);
    assertThat(queued.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS.code());
    assertThat(queued.request()).isEqualTo(6);
    receiver.send(new Frame.SyncAck(3, 2));
    assertThat(receiver.await(Frame.SyncDone.class).syncId()).isEqualTo(3);
  }

  private static List<Cursor> cursors(int count) {
    List<Cursor> cursors = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      cursors.add(new Cursor(ConversationId.direct(new UserId("nobody"), new UserId("no" + i)), 1));
    }
    return cursors;
  }

  // ---- a sync while others write

  /** Somebody who writes into all of these as fast as he is answered, until he is stopped. */
  private static final class Writer implements AutoCloseable {
    private final AtomicBoolean stop = new AtomicBoolean();
    private final CompletableFuture<Void> end;

    Writer(
        RawClient client,
        List<ConversationId> conversations,
        Map<ConversationId, List<UUID>> acked) {
      end =
          CompletableFuture.runAsync(
              () -> {
                Random random = new Random(1);
                while (!stop.get()) {
                  List<Integer> burst = new ArrayList<>();
                  for (int i = 0; i <= random.nextInt(8); i++) {
                    ConversationId one = conversations.get(random.nextInt(conversations.size()));
                    burst.add(client.send(UUID.randomUUID(), one, "message"));
                  }
                  for (int sent : burst) {
                    Frame.SendAck ack = client.ackOf(sent);
                    List<UUID> log = acked.get(ack.conversation());
                    synchronized (log) {
                      log.add(ack.clientMessageId());
                    }
                  }
                }
              });
    }

    @Override
    public void close() {
      stop.set(true);
      assertThat(end).succeedsWithin(60, TimeUnit.SECONDS);
    }
  }

  private static int size(List<UUID> log) {
    synchronized (log) {
      return log.size();
    }
  }

  /**
   * The strict device fails at a hole, so a push that overtakes a page is found; at the end nothing
   * is missing, so none has vanished; and what was acked to its sender before a Sync left is there
   * when its SyncDone is.
   */
  @ParameterizedTest
  @EnumSource(Dress.class)
  void pushesDuringASyncNeitherOvertakeNorVanishAndSyncDoneMeansWhatItSays(Dress dress) {
    RawClient sender = sender();
    Map<ConversationId, List<UUID>> acked = new java.util.LinkedHashMap<>();
    acked.put(talk, new ArrayList<>());
    for (int i = 0; i < 2 * PORTION; i++) {
      Frame.SendAck created = sender.createGroup("group " + i, bob);
      acked.put(created.conversation(), new ArrayList<>(List.of(created.clientMessageId())));
    }
    List<ConversationId> all = List.copyOf(acked.keySet());
    try (StrictDevice device = new StrictDevice(node, dress, bob, "phone")) {
      Writer writer = new Writer(sender, all, acked);
      try (writer) {
        for (int round = 0; round < 25; round++) {
          if (round % 5 == 4) {
            device.beginSync();
            device.takeSome(3); // the writer sees to it that something comes
            device.reconnect();
          } else if (round % 5 == 2) {
            device.beginSync(); // replaced by the next one before it is done
          }
          Map<ConversationId, Integer> before = new java.util.HashMap<>();
          acked.forEach((conversation, log) -> before.put(conversation, size(log)));
          device.untilDone(device.beginSync());
          before.forEach(
              (conversation, count) ->
                  assertThat(device.cursor(conversation))
                      .as("of %s after SyncDone", conversation)
                      .isGreaterThanOrEqualTo(count));
        }
      }
      acked.forEach((conversation, log) -> device.until(conversation, log.size()));
      acked.forEach((conversation, log) -> assertThat(device.view(conversation)).isEqualTo(log));
    }
  }

  // ---- what is not there for this reader

  @Test
  void erasedRecalledAndForeignRangesAreNamed() {
    String carol = TestNode.fresh("carol");
    String dave = TestNode.fresh("dave");
    RawClient owner = sender();
    ConversationId group = owner.createGroup("group", bob, dave, carol).conversation(); // 1
    RawClient daves = kept(RawClient.live(node, Dress.TCP, dave, "phone"));
    assertThat(daves.acked(group, "2: will be erased").seq()).isEqualTo(2);
    assertThat(owner.acked(group, "3: will be recalled").seq()).isEqualTo(3);
    change(owner, group, new Change.Remove(List.of(new UserId(bob)))); // 4
    owner.acked(group, "5: without bob");
    owner.acked(group, "6: without bob");
    change(owner, group, new Change.Add(List.of(new UserId(bob)))); // 7
    change(owner, group, new Change.Recall(3)); // 8
    SdkDevice.await(node.people().erase(new UserId(dave)));

    RawClient receiver = kept(RawClient.connect(node, Dress.WEBSOCKET_JSON, bob, "phone"));
    List<Frame.SyncPage> pages = receiver.sync(1);
    Transcript seen = new Transcript(receiver, group).take(pages);
    assertThat(seen.gaps()).containsExactly(new Gap(5, 6, Gap.Reason.NOT_VISIBLE));
    assertThat(seen.seqs()).startsWith(1L, 2L, 3L, 4L, 7L, 8L);
    assertThat(content(pages, group, 2)).isInstanceOf(Content.Erased.class);
    assertThat(content(pages, group, 3)).isInstanceOf(Content.Recalled.class);
    // Somebody who was never there is told nothing at all.
    RawClient stranger =
        kept(RawClient.connect(node, Dress.TCP, TestNode.fresh("stranger"), "phone"));
    assertThat(stranger.sync(new Frame.Sync(1, List.of(new Cursor(group, 0)), true, false)))
        .isEmpty();
  }

  private static void change(RawClient client, ConversationId group, Change change) {
    client.ackOf(client.send(UUID.randomUUID(), group, new Content.Changed(change), false));
  }

  private static Content content(List<Frame.SyncPage> pages, ConversationId of, long seq) {
    return pages.stream()
        .flatMap(page -> page.ranges().stream())
        .filter(range -> range.conversation().equals(of))
        .flatMap(range -> range.messages().stream())
        .filter(message -> message.seq() == seq)
        .map(Message::content)
        .findFirst()
        .orElseThrow();
  }
}
