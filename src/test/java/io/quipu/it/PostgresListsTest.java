package io.quipu.it;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Member;
import io.quipu.model.ReactionCount;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.adapter.postgres.Postgres;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.Cursors.ReadMarkWrite;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.Lists;
import io.quipu.server.journal.Lists.Reaction;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The lists of a real PostgreSQL, over a log that the journal wrote. */
final class PostgresListsTest {
  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");
  private static final int MANY = 32 * 1024;

  private final Vertx vertx = Vertx.vertx();
  private final String uri = TestPostgres.freshDatabase();
  private final Map<ConversationId, Long> tails = new HashMap<>();
  private Postgres postgres;
  private Journal journal;
  private JournalWriter writer;
  private Lists lists;

  @BeforeEach
  void open() {
    postgres = await(Postgres.open(vertx, uri, TestPostgres.limits()));
    journal = postgres.journal(new Journal.Quotas(100, 100));
    writer = journal.openWriter();
    lists = postgres.lists();
  }

  @AfterEach
  void close() {
    await(writer.close());
    await(postgres.close());
    await(vertx.close());
  }

  private long key(UserId user) {
    return await(postgres.directory().userKey(user));
  }

  private static Journal.Question begun(UserId by) {
    return new Journal.Question(Optional.of(by), List.of(), List.of());
  }

  private long append(
      ConversationId conversation, UserId sender, Content content, MemberChange... steps) {
    long place = await(journal.load(conversation, begun(sender))).orElseThrow().conversationKey();
    long seq = tails.merge(conversation, 1L, Long::sum);
    EntryId id = new EntryId(key(sender), UUID.randomUUID());
    await(
        writer.write(
            List.of(new Batch(place, List.of(new NewEntry(seq, id, content, List.of(steps)))))));
    return seq;
  }

  private long text(ConversationId conversation, UserId sender, String text) {
    return append(conversation, sender, Content.Text.of(text));
  }

  private ConversationId group(UserId owner, String title, UserId... others) {
    ConversationId group = ConversationId.group(owner, UUID.randomUUID());
    await(journal.createGroup(group, owner));
    List<MemberChange> joins = new ArrayList<>();
    joins.add(new MemberChange.Joined(owner, Role.OWNER));
    for (UserId other : others) {
      joins.add(new MemberChange.Joined(other, Role.MEMBER));
    }
    append(
        group,
        owner,
        new Content.Changed(new Change.Create(title, List.of(others))),
        joins.toArray(MemberChange[]::new));
    return group;
  }

  private void remove(ConversationId group, UserId owner, UserId user) {
    append(
        group,
        owner,
        new Content.Changed(new Change.Remove(List.of(user))),
        new MemberChange.Left(user));
  }

  private void execute(String sql) {
    try (Connection connection = TestPostgres.connect(uri);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  private static String keyOf(ConversationId conversation) {
    return "(select id from conversations where name = '" + conversation + "')";
  }

  private static String keyOf(UserId user) {
    return "(select id from users where name = '" + user + "')";
  }

  private <T> List<T> all(Function<String, ListPage<T>> list) {
    List<T> items = new ArrayList<>();
    String page = ListPage.NONE;
    do {
      ListPage<T> next = list.apply(page);
      items.addAll(next.items());
      page = next.next();
    } while (!page.isEmpty());
    return items;
  }

  private List<ConversationSummary> listOf(UserId user, int limit) {
    return all(page -> await(lists.conversations(user, page, limit, MANY)));
  }

  @Test
  void theMostRecentlyActiveConversationComesFirstWhateverThePagesAre() {
    List<ConversationId> made = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      ConversationId direct = ConversationId.direct(ALICE, new UserId("friend-" + i));
      text(direct, ALICE, "hello " + i);
      made.add(0, direct);
    }
    text(made.get(3), ALICE, "again");
    made.add(0, made.remove(3));

    for (int limit : new int[] {1, 2, 3, 7, 100}) {
      assertThat(listOf(ALICE, limit))
          .extracting(ConversationSummary::conversation)
          .containsExactlyElementsOf(made);
    }
    assertThat(listOf(new UserId("friend-3"), 100)).hasSize(1);
    assertThat(listOf(new UserId("nobody"), 100)).isEmpty();
  }

  @Test
  void aSummarySaysWhatItsReaderMaySee() {
    ConversationId group = group(ALICE, "Tea", BOB, CAROL);
    text(group, ALICE, "one");
    long two = text(group, BOB, "two");
    text(group, ALICE, "three");
    await(postgres.cursors(20).storeReadMarks(List.of(new ReadMarkWrite(key(CAROL), group, two))));
    await(postgres.mutes().mute(CAROL, group, 4_000_000_000_000L));

    ConversationSummary carols = await(lists.conversation(CAROL, group));

    assertThat(carols.title()).isEqualTo("Tea");
    assertThat(carols.role()).contains(Role.MEMBER);
    assertThat(carols.present()).isTrue();
    assertThat(carols.members()).isEqualTo(3);
    assertThat(carols.settings()).isEqualTo(GroupSettings.DEFAULT);
    assertThat(carols.last().orElseThrow().content()).isEqualTo(Content.Text.of("three"));
    assertThat(carols.last().orElseThrow().sender()).isEqualTo(ALICE);
    assertThat(carols.tailSeq()).isEqualTo(4);
    assertThat(carols.readSeq()).isEqualTo(two);
    assertThat(carols.unread()).isEqualTo(1);
    assertThat(carols.unreadMore()).isFalse();
    assertThat(carols.mutedUntilMs()).isEqualTo(4_000_000_000_000L);
    assertThat(carols.blocked()).isFalse();
    assertThat(listOf(CAROL, 10)).containsExactly(carols);
    assertThat(await(lists.conversation(ALICE, group)).role()).contains(Role.OWNER);
    assertThat(await(lists.conversation(ALICE, group)).unread()).isEqualTo(1);
    assertThat(await(lists.conversation(BOB, group)).unread()).isEqualTo(2);
  }

  @Test
  void whoHasLeftSeesNothingOfWhatCameThen() {
    ConversationId group = group(ALICE, "Tea", BOB);
    text(group, ALICE, "for bob");
    remove(group, ALICE, BOB);
    text(group, ALICE, "not for bob");
    execute("update conversations set title = 'secret' where name = '" + group + "'");

    ConversationSummary bobs = await(lists.conversation(BOB, group));

    assertThat(bobs.present()).isFalse();
    assertThat(bobs.title()).isEmpty();
    assertThat(bobs.members()).isZero();
    assertThat(bobs.tailSeq()).isEqualTo(3);
    assertThat(bobs.last().orElseThrow().content()).isEqualTo(Content.Text.of("for bob"));
    assertThat(bobs.unread()).isEqualTo(1);
    assertThat(awaitFailure(lists.members(Optional.of(BOB), group, "", 10)).code())
        .isEqualTo(ErrorCode.NOT_A_MEMBER);
  }

  @Test
  void whoWasAwayForAWhileSeesBothOfHisTimesAndNothingBetween() {
    ConversationId group = group(ALICE, "Tea", BOB);
    text(group, ALICE, "first time");
    remove(group, ALICE, BOB);
    text(group, ALICE, "between");
    append(
        group,
        ALICE,
        new Content.Changed(new Change.Add(List.of(BOB))),
        new MemberChange.Joined(BOB, Role.MEMBER));

    ConversationSummary bobs = await(lists.conversation(BOB, group));

    assertThat(bobs.present()).isTrue();
    assertThat(bobs.unread()).isEqualTo(1);
    assertThat(bobs.last().orElseThrow().content()).isEqualTo(Content.Text.of("first time"));
    assertThat(bobs.tailSeq()).isEqualTo(5);
    assertThat(listOf(BOB, 10)).containsExactly(bobs);
  }

  @Test
  void changesAndRecalledMessagesAreNotUnread() {
    ConversationId direct = ConversationId.direct(ALICE, BOB);
    text(direct, ALICE, "recalled");
    text(direct, ALICE, "edited");
    append(direct, ALICE, new Content.Changed(new Change.Recall(1)));
    execute(
        "update messages set recalled_by = 3, digest = '\\x00', body = null where seq = 1 and conversation = "
            + keyOf(direct));
    execute("update messages set edited_by = 3 where seq = 2 and conversation = " + keyOf(direct));

    ConversationSummary bobs = await(lists.conversation(BOB, direct));

    assertThat(bobs.unread()).isEqualTo(1);
    assertThat(bobs.tailSeq()).isEqualTo(3);
    assertThat(bobs.last().orElseThrow().seq()).isEqualTo(2);
    assertThat(bobs.last().orElseThrow().amendedBySeq()).isEqualTo(3);
    execute("update messages set kind = 3 where seq = 2 and conversation = " + keyOf(direct));
    assertThat(await(lists.conversation(BOB, direct)).last().orElseThrow().content())
        .isEqualTo(new Content.Recalled());
  }

  @Test
  void unreadIsCountedUpToAThousand() {
    ConversationId direct = ConversationId.direct(ALICE, BOB);
    text(direct, ALICE, "one");
    execute(
        "insert into messages (conversation, seq, sender, client_message_id, kind, body) select "
            + keyOf(direct)
            + ", seq, "
            + keyOf(ALICE)
            + ", gen_random_uuid(), 1, 'x' from generate_series(2, 1000) seq");
    assertThat(await(lists.conversation(BOB, direct)).unread()).isEqualTo(1_000);
    assertThat(await(lists.conversation(BOB, direct)).unreadMore()).isFalse();

    tails.put(direct, 1_000L);
    text(direct, ALICE, "one more");

    assertThat(await(lists.conversation(BOB, direct)).unread()).isEqualTo(1_000);
    assertThat(await(lists.conversation(BOB, direct)).unreadMore()).isTrue();
    assertThat(await(lists.conversation(ALICE, direct)).unread()).isZero();
  }

  @Test
  void aDirectConversationThatNobodyHasBegunIsThereAndInNoList() {
    ConversationId direct = ConversationId.direct(ALICE, BOB);
    assertThat(await(lists.conversation(ALICE, direct)).present()).isTrue();
    assertThat(await(lists.conversation(ALICE, direct)).members()).isEqualTo(2);
    await(journal.load(direct, begun(ALICE))); // made, and empty

    assertThat(await(lists.conversation(ALICE, direct)).tailSeq()).isZero();
    assertThat(listOf(ALICE, 10)).isEmpty();
    assertThat(listOf(BOB, 10)).isEmpty();
    assertThat(awaitFailure(lists.conversation(CAROL, direct)).code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
  }

  @Test
  void whoIsBlockedIsNotTold() {
    ConversationId direct = ConversationId.direct(ALICE, BOB);
    text(direct, BOB, "hello");
    append(direct, ALICE, new Content.Changed(new Change.Block()), new MemberChange.Blocked(BOB));

    ConversationSummary bobs = await(lists.conversation(BOB, direct));
    assertThat(bobs.present()).isTrue();
    assertThat(bobs.members()).isEqualTo(2);
    assertThat(bobs.blocked()).isFalse();
    assertThat(bobs.tailSeq()).isEqualTo(1);
    assertThat(membersOf(Optional.of(BOB), direct, 10))
        .extracting(Member::user)
        .containsExactly(ALICE, BOB);
    assertThat(await(lists.conversation(ALICE, direct)).blocked()).isTrue();
    assertThat(await(lists.blocks(ALICE, "", 10)).items()).containsExactly(BOB);
    assertThat(await(lists.blocks(BOB, "", 10)).items()).isEmpty();
  }

  @Test
  void aPageOfLongMessagesIsShort() {
    for (int i = 0; i < 5; i++) {
      text(ConversationId.direct(ALICE, new UserId("friend-" + i)), ALICE, "x".repeat(15_000));
    }
    ListPage<ConversationSummary> page = await(lists.conversations(ALICE, "", 10, MANY));
    assertThat(page.items()).hasSize(2);
    assertThat(page.next()).isNotEmpty();
    assertThat(listOf(ALICE, 10)).hasSize(5);
    assertThat(await(lists.conversations(ALICE, "", 10, 1)).items()).hasSize(1);
  }

  private List<Member> membersOf(Optional<UserId> reader, ConversationId conversation, int limit) {
    return all(page -> await(lists.members(reader, conversation, page, limit)));
  }

  @Test
  void theMembersComeByNameWithTheEntryThatBroughtThem() {
    ConversationId group = group(CAROL, "Tea", ALICE);
    append(
        group,
        CAROL,
        new Content.Changed(new Change.Add(List.of(BOB))),
        new MemberChange.Joined(BOB, Role.MEMBER));
    for (int limit : new int[] {1, 2, 3, 10}) {
      assertThat(membersOf(Optional.of(ALICE), group, limit))
          .containsExactly(
              new Member(ALICE, Role.MEMBER, 1),
              new Member(BOB, Role.MEMBER, 2),
              new Member(CAROL, Role.OWNER, 1));
    }
    assertThat(membersOf(Optional.empty(), group, 10)).hasSize(3);
    for (ConversationId any : List.of(group, ConversationId.direct(ALICE, BOB))) {
      assertThat(awaitFailure(lists.members(Optional.of(new UserId("eve")), any, "", 10)).code())
          .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    }
  }

  @Test
  void aPageIsGoodForItsOwnListOnly() {
    ConversationId tea = group(ALICE, "Tea", BOB, CAROL);
    ConversationId coffee = group(ALICE, "Coffee", BOB, CAROL);
    String members = await(lists.members(Optional.of(ALICE), tea, "", 1)).next();
    String conversations = await(lists.conversations(ALICE, "", 1, MANY)).next();

    assertThat(await(lists.members(Optional.of(ALICE), tea, members, 1)).items()).hasSize(1);
    char changed = conversations.charAt(5) == 'A' ? 'B' : 'A';
    String forged = conversations.substring(0, 5) + changed + conversations.substring(6);
    for (var refused :
        List.of(
            lists.members(Optional.of(ALICE), coffee, members, 1),
            lists.members(Optional.of(BOB), tea, members, 1),
            lists.members(Optional.of(ALICE), tea, conversations, 1),
            lists.conversations(ALICE, members, 1, MANY),
            lists.conversations(BOB, conversations, 1, MANY),
            lists.conversations(ALICE, forged, 1, MANY),
            lists.conversations(ALICE, "no base 64!", 1, MANY),
            lists.conversations(ALICE, "AAAA", 1, MANY),
            lists.conversations(ALICE, "A".repeat(10_000), 1, MANY),
            lists.blocks(ALICE, conversations, 1))) {
      assertThat(awaitFailure(refused).code()).isEqualTo(ErrorCode.INVALID_REQUEST);
      assertThat(awaitFailure(refused)).hasMessage("this page belongs to another list");
    }
  }

  @Test
  void aPageIsGoodOnAnotherNodeToo() {
    group(ALICE, "Tea");
    group(ALICE, "Coffee");
    String page = await(lists.conversations(ALICE, "", 1, MANY)).next();
    Postgres other = await(Postgres.open(vertx, uri, TestPostgres.limits()));
    try {
      assertThat(await(other.lists().conversations(ALICE, page, 1, MANY)).items()).hasSize(1);
    } finally {
      await(other.close());
    }
  }

  @Test
  void reactionsAreCountedForWhoMaySeeTheMessage() {
    ConversationId group = group(ALICE, "Tea", BOB);
    long hello = text(group, ALICE, "hello");
    for (UserId user : List.of(ALICE, BOB)) {
      execute(
          "insert into reactions values (%s, %d, %s, 'a'), (%s, %d, %s, '%s')"
              .formatted(
                  keyOf(group),
                  hello,
                  keyOf(user),
                  keyOf(group),
                  hello,
                  keyOf(user),
                  "of " + user));
    }
    assertThat(await(lists.reactionCounts(BOB, group, 1, 100)))
        .containsExactly(
            new ReactionCount(hello, "a", 2, true),
            new ReactionCount(hello, "of bob", 1, true),
            new ReactionCount(hello, "of alice", 1, false));
    assertThat(await(lists.reactionCounts(BOB, group, hello + 1, 100))).isEmpty();
    assertThat(await(lists.reactionCounts(CAROL, group, 1, 100))).isEmpty();
    for (int limit : new int[] {1, 2, 3, 10}) {
      assertThat(all(page -> await(lists.reactions(BOB, group, hello, page, limit))))
          .containsExactlyInAnyOrder(
              new Reaction(ALICE, "a"),
              new Reaction(ALICE, "of alice"),
              new Reaction(BOB, "a"),
              new Reaction(BOB, "of bob"));
    }
    assertThat(awaitFailure(lists.reactions(BOB, group, 99, "", 10)).code())
        .isEqualTo(ErrorCode.MESSAGE_UNKNOWN);
    assertThat(awaitFailure(lists.reactions(CAROL, group, hello, "", 10)).code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    remove(group, ALICE, BOB);
    long later = text(group, ALICE, "not for bob");
    assertThat(awaitFailure(lists.reactions(BOB, group, later, "", 10)).code())
        .isEqualTo(ErrorCode.MESSAGE_UNKNOWN);
  }

  @Test
  void aMuteIsForMembersAndCanBeTakenBack() {
    ConversationId group = group(ALICE, "Tea");
    await(postgres.mutes().mute(ALICE, group, 5));
    await(postgres.mutes().mute(ALICE, group, 7));
    assertThat(await(lists.conversation(ALICE, group)).mutedUntilMs()).isEqualTo(7);
    await(postgres.mutes().mute(ALICE, group, 0));
    assertThat(await(lists.conversation(ALICE, group)).mutedUntilMs()).isZero();
    assertThat(awaitFailure(postgres.mutes().mute(BOB, group, 5)).code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
  }
}
