package io.quipu.tools.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.HistorySlice;
import io.quipu.client.PendingSend;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.SendFate;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.GroupSettings;
import io.quipu.model.Limits;
import io.quipu.model.Member;
import io.quipu.model.MemberReceipt;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.ReactionCount;
import io.quipu.model.ReceiptState;
import io.quipu.model.Role;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class ChatScreenTest {
  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");
  private static final ConversationId HERE = ConversationId.direct(ALICE, BOB);
  private static final ConversationId THERE = ConversationId.direct(ALICE, CAROL);
  private static final long NOON_MS = 1_795_262_400_000L;

  private final List<String> printed = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private final List<ChatEffect> others = new ArrayList<>();
  private ChatScreen screen = screen(true);
  private long ids = 100;

  private static ChatScreen screen(boolean somebodySitsThere) {
    return new ChatScreen(
        new ChatScreen.Settings(
            ALICE,
            "terminal",
            "tcp://chat.example:7310",
            "FOLDER",
            ZoneOffset.UTC,
            Glyphs.UNICODE,
            somebodySitsThere,
            30_000),
        new To.User(BOB));
  }

  private void step(ChatEvent event) {
    for (ChatEffect effect : screen.step(event)) {
      if (effect instanceof ChatEffect.Print print) {
        printed.add(print.line().text());
      } else if (effect instanceof ChatEffect.Tell tell) {
        told.add(tell.line().text());
      } else {
        others.add(effect);
      }
    }
  }

  /** Enters a line and returns the id of the send that it became. */
  private UUID type(String line) {
    UUID id = new UUID(9, ids++);
    step(new ChatEvent.Typed(line, id));
    return id;
  }

  private UUID typeAndKeep(String line) {
    UUID id = type(line);
    step(new ChatEvent.Kept(id));
    return id;
  }

  private void up() {
    step(new ChatEvent.Up(ALICE, Limits.DEFAULT));
  }

  private static Message message(long seq, UserId sender, String text) {
    return new Message(seq, sender, new UUID(7, seq), NOON_MS + seq, Content.Text.of(text));
  }

  private static ReceivedMessage incoming(ConversationId conversation, Message message) {
    return new ReceivedMessage(conversation, message, message.sender().equals(ALICE));
  }

  private void comes(long seq, UserId sender, String text) {
    step(new ChatEvent.Incoming(incoming(HERE, message(seq, sender, text))));
  }

  private void ownComes(long seq, UUID id, String text) {
    Message own = new Message(seq, ALICE, id, NOON_MS, Content.Text.of(text));
    step(new ChatEvent.Incoming(incoming(HERE, own)));
    step(new ChatEvent.SendStored(new Stored(id, HERE, seq, NOON_MS, false)));
  }

  private static HistorySlice slice(long from, long to, boolean more) {
    List<Message> messages =
        LongStream.rangeClosed(from, to).mapToObj(seq -> message(seq, BOB, "old " + seq)).toList();
    return new HistorySlice(
        new MessageRange(HERE, from, to, messages, List.of()), more, false, List.of());
  }

  private void page(long before, HistorySlice slice) {
    step(new ChatEvent.Page(HERE, before, slice));
  }

  /** Connected, and the newest page is there. */
  private void open(long to) {
    up();
    page(0, slice(1, to, false));
    printed.clear();
    told.clear();
    others.clear();
  }

  private List<String> above() {
    return screen.prompt().above().stream().map(Line::text).toList();
  }

  private String right() {
    return screen.prompt().right().text();
  }

  @Test
  void theNewestPageIsAskedForWithTheFirstConnectionOnly() {
    up();
    assertThat(others).contains(new ChatEffect.LoadPage(HERE, 0));
    page(0, slice(1, 2, false));
    others.clear();

    step(new ChatEvent.Down("cut"));
    up();

    assertThat(others).isEmpty();
  }

  @Test
  void aMessageThatThePageAndTheInboxBringIsShownOnceAndTaken() {
    up();
    page(0, slice(1, 3, false));

    comes(2, BOB, "old 2");
    comes(3, BOB, "old 3");
    comes(4, BOB, "new");

    assertThat(printed)
        .containsExactly(
            "  #1 12:00 bob: old 1",
            "  #2 12:00 bob: old 2",
            "  #3 12:00 bob: old 3",
            "  #4 12:00 bob: new");
    assertThat(others)
        .contains(
            new ChatEffect.Taken(HERE, 2),
            new ChatEffect.Taken(HERE, 3),
            new ChatEffect.Taken(HERE, 4));
  }

  @Test
  void aMessageThatComesBeforeThePageWaitsForItUntaken() {
    up();
    comes(4, BOB, "new");
    assertThat(printed).isEmpty();
    assertThat(others).doesNotContain(new ChatEffect.Taken(HERE, 4));

    page(0, slice(2, 3, false));

    assertThat(printed).last().isEqualTo("  #4 12:00 bob: new");
    assertThat(others).contains(new ChatEffect.Taken(HERE, 4));
  }

  @Test
  void aMessageThatWaitsIsTakenWhenAnotherConversationTakesTheScreen() {
    up();
    comes(4, BOB, "new");

    type("/to carol");

    assertThat(others).contains(new ChatEffect.Taken(HERE, 4), new ChatEffect.LoadPage(THERE, 0));
  }

  @Test
  void aPageThatCannotBeLoadedDoesNotHoldBackWhatComes() {
    up();
    comes(4, BOB, "new");

    step(new ChatEvent.PageFailed(HERE, 0, ErrorCode.OWNER_UNREACHABLE, "no answer"));

    assertThat(told).anyMatch(line -> line.contains("no answer"));
    assertThat(printed).containsExactly("  #4 12:00 bob: new");
  }

  @Test
  void whatIsNewSinceLastTimeIsMarked() {
    step(new ChatEvent.Loaded(List.of(), Map.of(HERE, 2L)));
    up();
    page(0, slice(1, 3, false));

    assertThat(told).anyMatch(line -> line.contains("new"));
  }

  @Test
  void olderPagesStandApartAndGoBackToTheBeginning() {
    up();
    page(0, slice(31, 50, true));
    printed.clear();

    step(new ChatEvent.PageUp());
    step(new ChatEvent.PageUp()); // impatient: one page at a time
    assertThat(others.stream().filter(e -> e.equals(new ChatEffect.LoadPage(HERE, 31)))).hasSize(1);
    page(31, slice(1, 30, false));
    assertThat(printed).hasSize(30).first().isEqualTo("  #1 12:00 bob: old 1");
    assertThat(told).anyMatch(line -> line.contains("before #31"));

    others.clear();
    type("/history");
    assertThat(others).isEmpty();
    assertThat(told).last().isEqualTo("This is the beginning.");
  }

  @Test
  void anAnswerForAnotherConversationIsNotShownHere() {
    up();
    type("/to carol");

    page(0, slice(1, 3, false));

    assertThat(printed).isEmpty();
  }

  @Test
  void anEnteredLineIsShownToBeOnItsWayOnceItIsOnTheDisk() {
    open(1);
    UUID id = type("Hello");
    assertThat(above()).isEmpty();

    step(new ChatEvent.Kept(id));
    assertThat(above()).containsExactly("  ↑ [1] Hello");

    ownComes(2, id, "Hello");
    assertThat(above()).isEmpty();
    assertThat(printed).containsExactly("  #2 12:00 alice: Hello ✓");
    assertThat(right()).isEqualTo("✓ stored #2");
  }

  @Test
  void anAckBeforeTheMessageHasItsTurnTakesItFromTheWayAndShowsItOnce() {
    open(1);
    UUID id = typeAndKeep("Hello");

    step(new ChatEvent.SendStored(new Stored(id, HERE, 3, NOON_MS, false)));
    assertThat(above()).isEmpty();
    comes(2, BOB, "first");
    step(
        new ChatEvent.Incoming(
            incoming(HERE, new Message(3, ALICE, id, NOON_MS, Content.Text.of("Hello")))));

    assertThat(printed).containsExactly("  #2 12:00 bob: first", "  #3 12:00 alice: Hello ✓");
    assertThat(screen.openSends()).isZero();
  }

  @Test
  void withoutAConnectionItIsSaidOnceAndLinesWait() {
    open(1);

    step(new ChatEvent.Down("io.netty.SomeException: Connection refused"));
    step(new ChatEvent.Down("again"));
    typeAndKeep("Hello");

    assertThat(told)
        .containsExactly(
            "The connection is lost (Connection refused). Trying again; what you write goes out"
                + " then.");
    assertThat(above()).containsExactly("  ◷ [1] Hello");
    assertThat(screen.prompt().left().text()).isEqualTo("alice → bob (connecting…)> ");
    up();
    assertThat(told).last().isEqualTo("Connected.");
    assertThat(screen.prompt().left().text()).isEqualTo("alice → bob> ");
  }

  @Test
  void receiptsMoveTheTickAndNeverBack() {
    open(1);
    ownComes(2, typeAndKeep("Hello"), "Hello");
    receipt(ReceiptState.STORED_OFFLINE, 2);
    assertThat(right()).isEqualTo("✓ stored #2, away");
    receipt(ReceiptState.DELIVERED, 2);
    assertThat(right()).isEqualTo("✓✓ delivered #2");
    receipt(ReceiptState.READ, 2);
    assertThat(right()).isEqualTo("✓✓ read #2");

    receipt(ReceiptState.DELIVERED, 1); // a second device lags
    assertThat(right()).isEqualTo("✓✓ read #2");
    ownComes(3, typeAndKeep("More"), "More");
    assertThat(right()).isEqualTo("✓ stored #3, read #2");
  }

  @Test
  void inAGroupTheTickSaysToHowManyOfTheOthersItHasCome() {
    open(1);
    ownComes(2, typeAndKeep("Hello"), "Hello");
    UserId carol = new UserId("carol");
    UserId gone = new UserId("gone");
    receipts(BOB, carol);
    receipt(gone, ReceiptState.READ, 2);
    assertThat(right()).as("who is none of them does not count").isEqualTo("✓ stored #2");
    receipt(BOB, ReceiptState.DELIVERED, 2);
    assertThat(right()).isEqualTo("✓ delivered to 1 of 2 #2");
    receipt(carol, ReceiptState.READ, 2);
    assertThat(right()).isEqualTo("✓✓ delivered #2, read by 1 of 2");
    receipt(BOB, ReceiptState.READ, 2);
    assertThat(right()).isEqualTo("✓✓ read #2");

    receipts(BOB, carol, new UserId("dave"));
    assertThat(right())
        .as("one more to wait for")
        .isEqualTo("✓ delivered to 2 of 3 #2, read by 2 of 3");
  }

  @Test
  void whatHasComeBeforeTheChatWasOpenedIsAskedFor() {
    up();
    assertThat(others).contains(new ChatEffect.ReadReceipts(HERE));
    step(
        new ChatEvent.ReceiptsRead(
            HERE,
            List.of(new MemberReceipt(ALICE, 9, 9, 9), new MemberReceipt(BOB, 2, 1, 1)),
            false));
    open(1);
    ownComes(2, typeAndKeep("Hello"), "Hello");
    assertThat(right()).isEqualTo("✓✓ delivered #2, read #1");
  }

  private void receipts(UserId... members) {
    List<MemberReceipt> entries = new ArrayList<>();
    entries.add(new MemberReceipt(ALICE, 0, 0, 0));
    for (UserId member : members) {
      entries.add(new MemberReceipt(member, 0, 0, 0));
    }
    step(new ChatEvent.ReceiptsRead(HERE, entries, false));
  }

  private void receipt(UserId user, ReceiptState state, long seq) {
    step(new ChatEvent.Receipt(HERE, user, state, seq));
  }

  private void receipt(ReceiptState state, long seq) {
    step(new ChatEvent.Receipt(HERE, BOB, state, seq));
  }

  @Test
  void anUnknownOutcomeIsSaidAndCanBeSentAgainOrTakenBack() {
    open(1);
    UUID first = typeAndKeep("one");
    UUID second = typeAndKeep("two");
    step(new ChatEvent.SendFailed(first, ErrorCode.STORE_DOWN, Outcome.UNKNOWN, "no answer"));
    assertThat(told).anyMatch(line -> line.contains("Nobody knows") && line.contains("one"));
    assertThat(above().get(0)).contains("? [1] one").contains("/retry or /cancel");

    type("/retry");
    assertThat(others).contains(new ChatEffect.Retry(first));
    assertThat(above()).containsExactly("  ↑ [1] one", "  ↑ [2] two");

    type("/cancel 2");
    assertThat(others).contains(new ChatEffect.Cancel(second));
    step(new ChatEvent.CancelEnded(new SendFate(second, SendState.VOID, 0, 0)));
    step(new ChatEvent.SendFailed(second, ErrorCode.VOIDED, Outcome.NOT_APPLIED, "cancelled"));
    assertThat(told).last().isEqualTo("Taken back: two");
    assertThat(above()).containsExactly("  ↑ [1] one");
  }

  @Test
  void whatWasStoredBeforeItCouldBeTakenBackIsSaid() {
    open(1);
    UUID id = typeAndKeep("one");

    step(new ChatEvent.CancelEnded(new SendFate(id, SendState.STORED, 2, NOON_MS)));

    assertThat(told).last().isEqualTo("It was stored already, as #2.");
    assertThat(above()).isEmpty();
  }

  @Test
  void aRefusedLineIsNamedWithItsReason() {
    open(1);
    UUID id = typeAndKeep("Hello");

    step(new ChatEvent.SendFailed(id, ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED, "gone\u001b"));

    assertThat(told).contains("✗ Not sent: Hello", "(NOT_A_MEMBER, gone^[)");
    assertThat(above()).isEmpty();
  }

  @Test
  void aLineThatIsTooLongIsGivenBack() {
    open(1);
    String line = "ä".repeat(Limits.DEFAULT.maxBodyBytes() / 2 + 1);

    type(line);

    assertThat(told).first().asString().contains("too long: 32,770 bytes").contains("32,768");
    assertThat(others).containsExactly(new ChatEffect.GiveBack(line));
  }

  @Test
  void sendsOfTheLastRunStandBesideTheInputLineUntilTheyAreThere() {
    PendingSend left = new PendingSend(new UUID(5, 5), new To.User(BOB), Content.Text.of("left"));
    step(new ChatEvent.Loaded(List.of(left), Map.of()));
    assertThat(told).containsExactly("1 message from last time on the way to the server.");
    assertThat(above()).containsExactly("  ◷ [1] left");
    up();
    Message stored = new Message(1, ALICE, left.id(), NOON_MS, left.content());

    page(
        0,
        new HistorySlice(
            new MessageRange(HERE, 1, 1, List.of(stored), List.of()), false, false, List.of()));

    assertThat(above()).isEmpty();
    assertThat(printed).containsExactly("  #1 12:00 alice: left ✓");
  }

  @Test
  void wordsOfOthersCannotLookLikeAnotherMessageOrMoveTheTerminal() {
    open(1);

    comes(2, BOB, "x\n  #3 12:00 alice: I owe you\u001b[2J");

    assertThat(printed)
        .containsExactly("  #2 12:00 bob: x", "       |   #3 12:00 alice: I owe you^[[2J");
  }

  @Test
  void whatCannotBeSeenIsNamedAsAGap() {
    up();
    MessageRange range =
        new MessageRange(
            HERE,
            1,
            4,
            List.of(message(1, BOB, "a"), message(4, BOB, "b")),
            List.of(new Gap(2, 3, Gap.Reason.NOT_VISIBLE)));
    page(0, new HistorySlice(range, false, false, List.of()));
    comes(7, BOB, "c");

    assertThat(printed)
        .containsExactly(
            "  #1 12:00 bob: a",
            "     #2 to #3 are not visible to you",
            "  #4 12:00 bob: b",
            "     #5 to #6 are not visible to you",
            "  #7 12:00 bob: c");
  }

  @Test
  void contentsThatAreNoTextAreNamed() {
    open(1);
    List<Content> contents =
        List.of(
            new Content.Erased(),
            new Content.Recalled(),
            new Content.Unknown(),
            new Content.Changed(new Change.Edit(1, Content.Text.of("better"))),
            new Content.Changed(new Change.React(1, ":-)", false)));
    for (int i = 0; i < contents.size(); i++) {
      Message message = new Message(i + 2, BOB, new UUID(7, i), NOON_MS, contents.get(i));
      step(new ChatEvent.Incoming(incoming(HERE, message)));
    }
    comes(7, BOB, "");
    Message edited = new Message(8, BOB, new UUID(7, 8), NOON_MS, Content.Text.of("new"), 9);
    step(new ChatEvent.Incoming(incoming(HERE, edited)));

    assertThat(printed)
        .containsExactly(
            "  #2 12:00 bob: (erased)",
            "  #3 12:00 bob: (taken back)",
            "  #4 12:00 bob: (of a kind that this program is too old for)",
            "  #5 12:00 * bob edits #1: better",
            "  #6 12:00 * bob puts :-) to #1",
            "  #7 12:00 bob: ",
            "  #8 12:00 bob: new (edited by #9)");
  }

  @Test
  void reactionsStandBelowTheMessagesOfAPage() {
    up();
    MessageRange range =
        new MessageRange(
            HERE, 1, 2, List.of(message(1, BOB, "a"), message(2, BOB, "b")), List.of());
    List<ReactionCount> reactions =
        List.of(new ReactionCount(1, "👍", 2, true), new ReactionCount(1, "\u009b", 1, false));

    page(0, new HistorySlice(range, false, false, reactions));

    assertThat(printed)
        .containsExactly(
            "  #1 12:00 bob: a", "       | 👍 2 (you too), <U+009B> 1", "  #2 12:00 bob: b");
  }

  @Test
  void whatComesElsewhereIsToldOnceAndCountedBesideTheInputLine() {
    open(1);

    for (int seq = 1; seq <= 3; seq++) {
      step(new ChatEvent.Incoming(incoming(THERE, message(seq, CAROL, "psst " + seq))));
    }

    assertThat(printed).isEmpty();
    assertThat(told).containsExactly("There is news from carol: /to carol");
    assertThat(screen.prompt().elsewhere().stream().map(Line::text))
        .containsExactly("  3 new elsewhere: carol: psst 3  /to carol");
    assertThat(others).contains(new ChatEffect.Taken(THERE, 3));
    type("/to carol");
    assertThat(screen.prompt().elsewhere()).isEmpty();
    assertThat(screen.prompt().left().text()).isEqualTo("alice → carol> ");
  }

  @Test
  void aNewGroupTakesTheScreenWithItsTitle() {
    open(1);
    UUID id = type("/new \"Tea time\" bob");
    ConversationId group = ConversationId.group(ALICE, id);
    Content create = new Content.Changed(new Change.Create("Tea time", List.of(BOB)));
    Message first = new Message(1, ALICE, id, NOON_MS, create);
    step(new ChatEvent.Incoming(incoming(group, first)));
    step(new ChatEvent.SendStored(new Stored(id, group, 1, NOON_MS, false)));
    step(
        new ChatEvent.Page(
            group,
            0,
            new HistorySlice(
                new MessageRange(group, 1, 1, List.of(first), List.of()),
                false,
                false,
                List.of())));

    assertThat(told).anyMatch(line -> line.contains(group.value()));
    assertThat(printed).containsExactly("  #1 12:00 * alice makes the group \"Tea time\" with bob");
    assertThat(screen.prompt().left().text()).isEqualTo("alice → Tea time> ");

    others.clear();
    type("/who");
    assertThat(others).containsExactly(new ChatEffect.ReadReceipts(group));
    step(
        new ChatEvent.ReceiptsRead(
            group,
            List.of(new MemberReceipt(ALICE, 1, 1, 1), new MemberReceipt(BOB, 1, 0, 0)),
            false));
    assertThat(others).contains(new ChatEffect.ReadMembers(group));
    step(
        new ChatEvent.MembersRead(
            group,
            List.of(new Member(ALICE, Role.OWNER, 1), new Member(BOB, Role.MEMBER, 1)),
            false));
    assertThat(told)
        .contains("\"Tea time\", " + group, "  alice (owner) (you)", "  bob, has got all up to #1");
  }

  @Test
  void theOtherOneIsWatchedAndWhoSaysWhetherHeIsThere() {
    up();
    assertThat(others).contains(new ChatEffect.Watch(List.of(BOB)));
    step(new ChatEvent.Presence(BOB, true, 0));
    type("/who");
    assertThat(told).last().isEqualTo("  bob, is there");

    step(new ChatEvent.Presence(BOB, false, NOON_MS));
    type("/who");

    assertThat(told).last().isEqualTo("  bob, was there until 21 November, 12:00");
  }

  @Test
  void whoIsWritingStandsBesideTheInputLineForAWhileOrUntilHisMessageComes() {
    open(1);
    step(new ChatEvent.Writing(HERE, BOB));
    step(new ChatEvent.Writing(HERE, BOB));
    assertThat(others).containsOnly(new ChatEffect.AwaitWriting(HERE, BOB)).hasSize(2);
    step(new ChatEvent.WritingEnded(HERE, BOB));
    assertThat(hints()).containsExactly("  bob is writing…");
    step(new ChatEvent.WritingEnded(HERE, BOB));
    assertThat(hints()).isEmpty();

    step(new ChatEvent.Writing(HERE, BOB));
    comes(2, BOB, "Hello");
    assertThat(hints()).isEmpty();
    step(new ChatEvent.Writing(THERE, CAROL));
    assertThat(hints()).isEmpty();
  }

  private List<String> hints() {
    return screen.prompt().elsewhere().stream().map(Line::text).toList();
  }

  @Test
  void theListSaysWhatIsUnreadAndHowToGoThere() {
    open(1);
    type("/list");
    assertThat(others).containsExactly(new ChatEffect.ReadList());
    ConversationSummary there =
        new ConversationSummary(
            THERE,
            "",
            Optional.empty(),
            true,
            2,
            GroupSettings.UNCHANGED,
            Optional.empty(),
            5,
            2,
            3,
            false,
            0,
            false);

    step(new ChatEvent.ListRead(List.of(there), true));

    assertThat(told).containsExactly("  /to carol  3 unread", "  and more");
  }

  @Test
  void whoSaysHowFarMessagesHaveCome() {
    open(1);
    receipt(ReceiptState.DELIVERED, 5);
    receipt(ReceiptState.READ, 3);

    type("/who");

    assertThat(told)
        .containsExactly("  alice (you)", "  bob, has got all up to #5, has read all up to #3");
  }

  @Test
  void anUnknownCommandIsNoMessage() {
    open(1);

    type("/hepl");

    assertThat(told).singleElement().asString().contains("/hepl").contains("/help");
    assertThat(others).isEmpty();
  }

  @Test
  void ctrlCTwiceEndsTheChatAndALineBetweenStartsAnew() {
    open(1);

    step(new ChatEvent.Interrupted());
    type("Hello");
    step(new ChatEvent.Interrupted());
    assertThat(others).noneMatch(ChatEffect.Quit.class::isInstance);
    ownComes(2, new UUID(9, 100), "Hello");
    step(new ChatEvent.Interrupted());

    assertThat(others).contains(new ChatEffect.Quit(0));
  }

  @Test
  void whoQuitsWithSomethingOnItsWayWaitsForAMomentAndIsToldWhatIsKept() {
    open(1);
    typeAndKeep("Hello");

    type("/quit");
    assertThat(others).noneMatch(ChatEffect.Quit.class::isInstance);
    step(new ChatEvent.PatienceEnded());

    assertThat(others).last().isEqualTo(new ChatEffect.Quit(0));
    assertThat(told)
        .anyMatch(line -> line.contains("1 message") && line.contains("FOLDER"))
        .last()
        .isEqualTo("  Hello");
  }

  @Test
  void aTokenOfSomebodyElseEndsItBeforeAnythingIsSent() {
    step(new ChatEvent.Up(BOB, Limits.DEFAULT));

    assertThat(told).containsExactly("The token is bob's and not alice's.");
    assertThat(others).containsExactly(new ChatEffect.Quit(1));
  }

  @Test
  void whenTheServerEndsItTheReasonIsSaidAndTheExitCodeIsOne() {
    open(1);
    typeAndKeep("Hello");

    step(new ChatEvent.Stopped("a newer session of this device"));

    assertThat(told).first().isEqualTo("The chat ends: a newer session of this device");
    assertThat(others).contains(new ChatEffect.Quit(1));
  }

  @Test
  void aRollBackOfTheStoreIsSaidAndItsNumbersAreShownAgain() {
    open(5);

    step(new ChatEvent.Reset(HERE, 3));
    comes(4, BOB, "another four");

    assertThat(told).singleElement().asString().contains("#3");
    assertThat(printed).containsExactly("  #4 12:00 bob: another four");
  }

  // ---- for a script

  @Test
  void aScriptsLinesAreMessagesWhateverTheyBeginWith() {
    screen = screen(false);
    up();
    type("/etc/hosts");
    type("");

    assertThat(others)
        .singleElement()
        .isInstanceOfSatisfying(
            ChatEffect.Send.class,
            send -> assertThat(send.send().content()).isEqualTo(Content.Text.of("/etc/hosts")));
  }

  @Test
  void aScriptEndsWhenItsLinesAreStoredAndAllThatCameIsPrinted() {
    screen = screen(false);
    up();
    UUID id = typeAndKeep("Hello");
    step(new ChatEvent.InputEnded());
    assertThat(others).contains(new ChatEffect.StartPatience(30_000));
    ownComes(8, id, "Hello");
    assertThat(others).noneMatch(ChatEffect.Quit.class::isInstance);

    step(new ChatEvent.Synced());

    assertThat(others).last().isEqualTo(new ChatEffect.Quit(0));
    assertThat(printed).containsExactly("  #8 12:00 alice: Hello ✓");
  }

  @Test
  void aScriptWithARefusedLineEndsWithOne() {
    screen = screen(false);
    up();
    step(new ChatEvent.Synced());
    UUID id = typeAndKeep("Hello");
    step(new ChatEvent.SendFailed(id, ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED, "gone"));

    step(new ChatEvent.InputEnded());

    assertThat(others).last().isEqualTo(new ChatEffect.Quit(1));
  }

  @Test
  void aScriptWhosePatienceEndsSaysWhatIsNotStored() {
    screen = screen(false);
    step(new ChatEvent.Down("refused"));
    typeAndKeep("Hello");
    step(new ChatEvent.InputEnded());

    step(new ChatEvent.PatienceEnded());

    assertThat(told).last().isEqualTo("  Hello");
    assertThat(others).last().isEqualTo(new ChatEffect.Quit(1));
  }

  @Test
  void afterTheEndNothingIsSaidAnyMore() {
    open(1);
    UUID id = typeAndKeep("Hello");
    step(new ChatEvent.Stopped("gone"));
    told.clear();

    step(new ChatEvent.SendFailed(id, ErrorCode.NOT_CONNECTED, Outcome.UNKNOWN, "stopped"));

    assertThat(told).isEmpty();
  }
}
