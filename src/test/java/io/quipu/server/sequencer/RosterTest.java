package io.quipu.server.sequencer;

import static io.quipu.server.sequencer.SequencerFixture.ALICE;
import static io.quipu.server.sequencer.SequencerFixture.BOB;
import static io.quipu.server.sequencer.SequencerFixture.CAROL;
import static io.quipu.server.sequencer.SequencerFixture.DIRECT;
import static io.quipu.server.sequencer.SequencerFixture.GROUP;
import static io.quipu.server.sequencer.SequencerFixture.change;
import static io.quipu.server.sequencer.SequencerFixture.gone;
import static io.quipu.server.sequencer.SequencerFixture.member;
import static io.quipu.server.sequencer.SequencerFixture.owner;
import static io.quipu.server.sequencer.SequencerFixture.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Retention;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Append;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.Target;
import io.quipu.server.journal.NewEntry.MemberChange;
import io.quipu.server.journal.NewEntry.MemberChange.Joined;
import io.quipu.server.journal.NewEntry.MemberChange.Left;
import io.quipu.server.journal.NewEntry.Span;
import io.quipu.server.journal.RetentionRules;
import io.quipu.server.sequencer.Roster.Judgement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RosterTest {
  private static final UserId DAVE = new UserId("dave");
  private static final UserId ANN = new UserId("ann");
  private static final int GROUP_MEMBERS = 5;
  private static final int EDIT_MS = 1_000;
  private static final int RECALL_MS = 2_000;
  private static final int REACTIONS = 2;
  private static final Sequencer.Rules RULES =
      new Sequencer.Rules(
          GROUP_MEMBERS, EDIT_MS, RECALL_MS, REACTIONS, new RetentionRules(0, 7, 365));
  private static final GroupSettings HISTORY_FOR_ALL =
      new GroupSettings(Optional.of(GroupSettings.History.ALL), Optional.empty());

  /** Alice owns it, Ann is an admin, Bob is in, Carol was, Dave never was. */
  private static final Roster ROSTER =
      roster(List.of(owner(ALICE), admin(ANN), member(BOB), gone(CAROL)));

  private static final Target BOBS =
      new Target(true, true, false, false, false, EDIT_MS, REACTIONS - 1);

  private static Membership admin(UserId user) {
    return member(user, Role.ADMIN, 1, Membership.OPEN);
  }

  @ParameterizedTest
  @CsvSource({
    "message,       YES,         YES,         YES,         NOT_A_MEMBER, STRANGER, YES",
    "create,        NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED,  STRANGER, NOT_ALLOWED",
    "add,           YES,         YES,         NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "add system,    NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "rename,        YES,         YES,         NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "configure,     YES,         YES,         NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "remove bob,    YES,         YES,         YES,         NOT_A_MEMBER, STRANGER, YES",
    "remove carol,  YES,         YES,         NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "remove ann,    YES,         YES,         NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "remove alice,  NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "remove both,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "remove all,    NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "leave,         NOT_ALLOWED, YES,         YES,         NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "promote bob,   YES,         NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "promote carol, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "demote alice,  NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "demote ann,    YES,         NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "edit,          YES,         YES,         NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "recall,        YES,         YES,         NOT_ALLOWED, NOT_A_MEMBER, STRANGER, YES",
    "react,         YES,         YES,         YES,         NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "unreact,       YES,         YES,         YES,         NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "block,         NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "unblock,       NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_A_MEMBER, STRANGER, NOT_ALLOWED",
    "erase,         NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED,  STRANGER, STRANGER",
  })
  void everyVerbOfEveryoneInAGroup(
      String verb,
      String owner,
      String admin,
      String member,
      String exMember,
      String stranger,
      String system) {
    Map<UserId, String> expected =
        Map.of(ALICE, owner, ANN, admin, BOB, member, CAROL, exMember, DAVE, stranger);
    expected.forEach(
        (who, what) ->
            assertThat(judged(ROSTER, append(who, verb), 5, Optional.of(BOBS)))
                .as(who + " " + verb)
                .isEqualTo(what));
    assertThat(judged(ROSTER, bySystem(append(UserId.SYSTEM, verb)), 5, Optional.of(BOBS)))
        .as("system " + verb)
        .isEqualTo(system);
  }

  private static Append append(UserId who, String verb) {
    return verb.equals("message") ? text(GROUP, who, 9) : change(GROUP, who, idOf(verb), of(verb));
  }

  private static int idOf(String verb) {
    return verb.equals("create") ? 1 : 9;
  }

  private static Change of(String verb) {
    return switch (verb) {
      case "create" -> new Change.Create("t", List.of(BOB));
      case "add" -> new Change.Add(List.of(DAVE));
      case "add system" -> new Change.Add(List.of(UserId.SYSTEM));
      case "rename" -> new Change.Rename("t");
      case "configure" -> new Change.Configure(HISTORY_FOR_ALL);
      case "leave" -> new Change.Leave();
      case "remove alice" -> new Change.Remove(List.of(ALICE));
      case "remove ann" -> new Change.Remove(List.of(ANN));
      case "remove bob" -> new Change.Remove(List.of(BOB));
      case "remove carol" -> new Change.Remove(List.of(CAROL));
      case "remove both" -> new Change.Remove(List.of(ALICE, BOB));
      case "remove all" -> new Change.Remove(List.of(ALICE, ANN, BOB));
      case "promote bob" -> new Change.SetRole(BOB, Role.OWNER);
      case "promote carol" -> new Change.SetRole(CAROL, Role.OWNER);
      case "demote alice" -> new Change.SetRole(ALICE, Role.ADMIN);
      case "demote ann" -> new Change.SetRole(ANN, Role.MEMBER);
      case "edit" -> new Change.Edit(4, Content.Text.of("x"));
      case "recall" -> new Change.Recall(4);
      case "react" -> new Change.React(4, "x", false);
      case "unreact" -> new Change.React(4, "x", true);
      case "block" -> new Change.Block();
      case "unblock" -> new Change.Unblock();
      case "erase" -> new Change.EraseUser();
      default -> throw new IllegalArgumentException(verb);
    };
  }

  private static Append bySystem(Append append) {
    return new Append(
        append.origin(),
        append.link(),
        append.number(),
        append.first(),
        append.attempt(),
        false,
        append.conversation(),
        append.senderKey(),
        append.sender(),
        append.clientMessageId(),
        false,
        append.content(),
        true);
  }

  private static Roster roster(List<Membership> members) {
    return Roster.of(GroupSettings.DEFAULT, members, List.of());
  }

  private static String judged(Roster roster, Append append, long tail) {
    return judged(roster, append, tail, Optional.empty());
  }

  private static String judged(Roster roster, Append append, long tail, Optional<Target> target) {
    Judgement judgement = roster.judge(append.conversation(), append, tail, target, RULES);
    if (judgement instanceof Judgement.No no) {
      return no.code().name();
    }
    return judgement instanceof Judgement.Yes ? "YES" : "STRANGER";
  }

  @ParameterizedTest
  @CsvSource({
    "message,  YES,         NOT_ALLOWED, CONVERSATION_UNKNOWN, YES",
    "edit,     YES,         NOT_ALLOWED, CONVERSATION_UNKNOWN, YES",
    "recall,   YES,         YES,         CONVERSATION_UNKNOWN, YES",
    "react,    YES,         NOT_ALLOWED, CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "block,    YES,         YES,         YES,                  NOT_ALLOWED",
    "unblock,  NOT_ALLOWED, YES,         CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "create,   NOT_ALLOWED, NOT_ALLOWED, CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "add,      NOT_ALLOWED, NOT_ALLOWED, CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "rename,   NOT_ALLOWED, NOT_ALLOWED, CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "configure, NOT_ALLOWED, NOT_ALLOWED, CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "remove bob, NOT_ALLOWED, NOT_ALLOWED, CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "leave,    NOT_ALLOWED, NOT_ALLOWED, CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "promote bob, NOT_ALLOWED, NOT_ALLOWED, CONVERSATION_UNKNOWN, NOT_ALLOWED",
    "erase,    NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED,          STRANGER",
  })
  void everyVerbInADirectConversation(
      String verb, String either, String blocker, String blocked, String system) {
    Optional<Target> own = Optional.of(new Target(true, true, true, false, false, 0, 0));
    Roster open = roster(List.of(member(ALICE), member(BOB)));
    Append alices = direct(ALICE, verb);
    Append bobs = direct(BOB, verb);
    assertThat(judged(open, alices, 5, own)).as("either").isEqualTo(either);
    assertThat(judged(open, bobs, 5, own)).as("either").isEqualTo(either);
    Roster closed = open.after(direct(ALICE, "block"), 6);
    assertThat(judged(closed, alices, 6, own)).as("has blocked").isEqualTo(blocker);
    assertThat(judged(closed, bobs, 6, own)).as("is blocked").isEqualTo(blocked);
    Roster both = closed.after(direct(BOB, "block"), 7);
    String mutual = verb.equals("unblock") ? "YES" : blocked;
    assertThat(judged(both, alices, 7, own)).as("both").isEqualTo(mutual);
    assertThat(judged(both, bobs, 7, own)).as("both").isEqualTo(mutual);
    Append systems = bySystem(direct(UserId.SYSTEM, verb));
    assertThat(judged(open, systems, 5, own)).as("system").isEqualTo(system);
    assertThat(judged(closed, systems, 5, own)).as("system").isEqualTo(system);
    assertThat(judged(Roster.EMPTY, systems, 0, own)).as("where nothing is").isEqualTo("STRANGER");
  }

  private static Append direct(UserId who, String verb) {
    return verb.equals("message") ? text(DIRECT, who, 9) : change(DIRECT, who, 9, of(verb));
  }

  @Test
  void whatIsDoneToAMessageDependsOnTheMessage() {
    String unknown = ErrorCode.MESSAGE_UNKNOWN.name();
    Target own = new Target(true, true, true, false, false, 0, 0);
    Target hidden = new Target(false, true, true, false, false, 0, 0);
    Target change = new Target(true, false, true, false, false, 0, 0);
    Target recalled = new Target(true, true, true, true, true, 0, 0);
    Target erased = new Target(true, true, true, false, true, 0, 0);
    Target others = new Target(true, true, false, false, false, 0, 0);
    assertJudged(Optional.empty(), unknown, unknown, unknown);
    assertJudged(Optional.of(hidden), unknown, unknown, unknown);
    assertJudged(Optional.of(change), unknown, unknown, unknown);
    String taken = ErrorCode.MESSAGE_RECALLED.name();
    assertJudged(Optional.of(recalled), taken, taken, taken);
    assertJudged(Optional.of(erased), unknown, "YES", "YES");
    assertJudged(Optional.of(own), "YES", "YES", "YES");
    assertJudged(Optional.of(others), "NOT_ALLOWED", "NOT_ALLOWED", "YES");
    assertThat(judged(ROSTER, bySystem(append(UserId.SYSTEM, "edit")), 5, Optional.of(hidden)))
        .as("the system sees all")
        .isEqualTo("YES");
    assertThat(judged(ROSTER, bySystem(append(UserId.SYSTEM, "edit")), 5, Optional.of(recalled)))
        .isEqualTo(taken);
  }

  private static void assertJudged(
      Optional<Target> target, String edit, String recall, String react) {
    assertThat(judged(ROSTER, append(BOB, "edit"), 5, target)).as("edit").isEqualTo(edit);
    assertThat(judged(ROSTER, append(BOB, "recall"), 5, target)).as("recall").isEqualTo(recall);
    assertThat(judged(ROSTER, append(BOB, "react"), 5, target)).as("react").isEqualTo(react);
  }

  @Test
  void aSenderChangesHisMessageWithinTheTimeAndWhoLeadsAlways() {
    Optional<Target> young = aged(EDIT_MS);
    Optional<Target> older = aged(EDIT_MS + 1);
    Optional<Target> old = aged(RECALL_MS + 1);
    assertThat(judged(ROSTER, append(BOB, "edit"), 5, young)).isEqualTo("YES");
    assertThat(judged(ROSTER, append(BOB, "edit"), 5, older)).isEqualTo("TOO_LATE");
    assertThat(judged(ROSTER, append(BOB, "recall"), 5, older)).isEqualTo("YES");
    assertThat(judged(ROSTER, append(BOB, "recall"), 5, old)).isEqualTo("TOO_LATE");
    assertThat(judged(ROSTER, append(ANN, "edit"), 5, old)).isEqualTo("YES");
    assertThat(judged(ROSTER, append(ALICE, "recall"), 5, old)).isEqualTo("YES");
  }

  private static Optional<Target> aged(long ageMs) {
    return Optional.of(new Target(true, true, true, false, false, ageMs, 0));
  }

  @Test
  void aUserHasSoManyReactionsToAMessage() {
    Optional<Target> full = Optional.of(new Target(true, true, false, false, false, 0, REACTIONS));
    assertThat(judged(ROSTER, append(BOB, "react"), 5, full)).isEqualTo("QUOTA_REACHED");
    assertThat(judged(ROSTER, append(BOB, "unreact"), 5, full)).isEqualTo("YES");
  }

  @Test
  void membersAddIfTheGroupSaysSo() {
    Append says =
        change(
            GROUP,
            ALICE,
            9,
            new Change.Configure(
                new GroupSettings(Optional.empty(), Optional.of(GroupSettings.WhoAdds.MEMBERS))));
    assertThat(judged(ROSTER.after(says, 6), append(BOB, "add"), 6)).isEqualTo("YES");
    assertThat(judged(ROSTER.after(says, 6), append(BOB, "rename"), 6)).isEqualTo("NOT_ALLOWED");
  }

  private static String judgedRetention(ConversationId where, UserId who, Retention retention) {
    Append append = change(where, who, 9, new Change.Configure(GroupSettings.of(retention)));
    return judged(ROSTER, append, 6);
  }

  @Test
  void retentionIsSetWithinWhatTheServerAllows() {
    assertThat(judgedRetention(GROUP, ALICE, new Retention.Days(6))).isEqualTo("NOT_ALLOWED");
    assertThat(judgedRetention(GROUP, ALICE, new Retention.Days(7))).isEqualTo("YES");
    assertThat(judgedRetention(GROUP, ALICE, new Retention.Days(365))).isEqualTo("YES");
    assertThat(judgedRetention(GROUP, ALICE, new Retention.Days(366))).isEqualTo("NOT_ALLOWED");
    assertThat(judgedRetention(GROUP, ALICE, new Retention.ForEver())).isEqualTo("NOT_ALLOWED");
    assertThat(judgedRetention(GROUP, ALICE, new Retention.AsServer())).isEqualTo("YES");
    assertThat(judgedRetention(GROUP, BOB, new Retention.Days(7))).isEqualTo("NOT_ALLOWED");
  }

  @Test
  void theLastOwnerLeavesLastOrNamesAnother() {
    Roster alone = roster(List.of(owner(ALICE), gone(BOB)));
    assertThat(judged(alone, append(ALICE, "leave"), 5)).isEqualTo("YES");
    assertThat(judged(alone, append(ALICE, "remove alice"), 5)).isEqualTo("YES");
    assertThat(judged(alone, append(ALICE, "demote alice"), 5)).isEqualTo("NOT_ALLOWED");
    Roster two = ROSTER.after(append(ALICE, "promote bob"), 6);
    assertThat(judged(two, append(ALICE, "leave"), 6)).isEqualTo("YES");
    assertThat(judged(two, append(BOB, "remove alice"), 6)).isEqualTo("YES");
    assertThat(judged(two, append(BOB, "demote alice"), 6)).isEqualTo("YES");
    assertThat(judged(two, append(ANN, "remove bob"), 6)).isEqualTo("NOT_ALLOWED");
  }

  @Test
  void whoIsErasedGoesAndAnotherOneOwns() {
    Append erased = bySystem(append(ALICE, "erase"));
    assertThat(judged(ROSTER, erased, 5)).isEqualTo("YES");
    assertThat(ROSTER.memberChanges(erased, 6))
        .containsExactly(
            new MemberChange.Erased(ALICE, Optional.empty()),
            new MemberChange.Given(ANN, Role.OWNER));
    Roster after = ROSTER.after(erased, 6);
    assertThat(after.present()).containsExactlyInAnyOrder(ANN, BOB);
    assertThat(judged(after, append(ANN, "promote bob"), 6)).isEqualTo("YES");
    assertThat(judged(ROSTER, bySystem(append(CAROL, "erase")), 5)).isEqualTo("YES");
    assertThat(ROSTER.memberChanges(bySystem(append(CAROL, "erase")), 6))
        .containsExactly(new MemberChange.Erased(CAROL, Optional.empty()));

    Roster both = roster(List.of(member(ALICE), member(BOB)));
    Append direct = bySystem(direct(ALICE, "erase"));
    ConversationId renamed = ConversationId.direct(UserId.erased(1), BOB);
    assertThat(both.newName(direct)).contains(renamed);
    assertThat(both.memberChanges(direct, 6))
        .containsExactly(new MemberChange.Erased(ALICE, Optional.of(renamed)));
  }

  // ---- who sees what

  @Test
  void whoJoinsSeesWhatTheGroupLetsHimSee() {
    assertThat(ROSTER.memberChanges(append(ALICE, "add"), 9))
        .containsExactly(new Joined(DAVE, Role.MEMBER));
    Roster open = ROSTER.after(append(ALICE, "configure"), 8);
    assertThat(open.memberChanges(append(ALICE, "add"), 9))
        .containsExactly(new Joined(DAVE, Role.MEMBER, List.of(new Span(1, 8))));
    Append carolAgain = adding(List.of(CAROL));
    assertThat(open.memberChanges(carolAgain, 9))
        .as("Carol saw 1 and 2")
        .containsExactly(new Joined(CAROL, Role.MEMBER, List.of(new Span(3, 8))));
    Roster later = open.after(carolAgain, 9).after(append(CAROL, "leave"), 11);
    assertThat(later.memberChanges(carolAgain, 15))
        .as("and 3 to 11 since")
        .containsExactly(new Joined(CAROL, Role.MEMBER, List.of(new Span(12, 14))));
    assertThat(later.memberChanges(carolAgain, 12)).containsExactly(new Joined(CAROL, Role.MEMBER));
  }

  @Test
  void anEntryIsForThoseInWhoseIntervalItLies() {
    assertThat(ROSTER.audience(text(GROUP, BOB, 9))).containsExactlyInAnyOrder(ALICE, ANN, BOB);
    assertThat(ROSTER.audience(append(ALICE, "remove bob")))
        .as("who is removed sees the entry that removes him")
        .containsExactlyInAnyOrder(ALICE, ANN, BOB);
    assertThat(ROSTER.audience(append(ALICE, "add")))
        .containsExactlyInAnyOrder(ALICE, ANN, BOB, DAVE);

    Roster open = roster(List.of(member(ALICE), member(BOB)));
    assertThat(open.audience(direct(ALICE, "block"))).containsExactly(ALICE);
    Roster closed = open.after(direct(ALICE, "block"), 6);
    assertThat(closed.audience(direct(ALICE, "recall"))).containsExactly(ALICE);
    assertThat(closed.audience(direct(ALICE, "unblock"))).containsExactly(ALICE);
    Roster both = closed.after(direct(BOB, "block"), 7);
    assertThat(closed.audience(direct(BOB, "block"))).as("his own").containsExactly(BOB);
    assertThat(both.audience(direct(BOB, "unblock"))).as("his own").containsExactly(BOB);
    Roster alicesOnly = both.after(direct(BOB, "unblock"), 8);
    assertThat(alicesOnly.present()).containsExactly(ALICE);
    assertThat(judged(alicesOnly, direct(BOB, "message"), 8)).isEqualTo("CONVERSATION_UNKNOWN");
    Roster free = alicesOnly.after(direct(ALICE, "unblock"), 9);
    assertThat(free.present()).containsExactlyInAnyOrder(ALICE, BOB);
  }

  @Test
  void aBlockEndsAndBeginsTheOtherOnesTime() {
    Roster open = roster(List.of(member(ALICE), member(BOB)));
    assertThat(open.memberChanges(direct(ALICE, "block"), 6))
        .containsExactly(new MemberChange.Blocked(BOB));
    Roster closed = open.after(direct(ALICE, "block"), 6);
    assertThat(closed.memberChanges(direct(ALICE, "block"), 7)).as("once more").isEmpty();
    assertThat(closed.memberChanges(direct(ALICE, "unblock"), 7))
        .containsExactly(new MemberChange.Unblocked(BOB));
  }

  @Test
  void whoIsBlockedAndBlocksBackSeesHisOwnEntryAndNothingAroundIt() {
    Roster closed = roster(List.of(member(ALICE), member(BOB))).after(direct(ALICE, "block"), 6);
    assertThat(closed.memberChanges(direct(BOB, "block"), 7))
        .containsExactly(new MemberChange.Blocked(ALICE), new MemberChange.Noted(BOB));
    Roster both = closed.after(direct(BOB, "block"), 7);
    assertThat(both.present()).isEmpty();
    assertThat(both.memberChanges(direct(ALICE, "unblock"), 8))
        .containsExactly(new MemberChange.Unblocked(BOB), new MemberChange.Noted(ALICE));
    assertThat(both.after(direct(ALICE, "unblock"), 8).present()).containsExactly(BOB);
  }

  @Test
  void nobodyBlocksHimselfAndNobodyComesBackFromErasure() {
    ConversationId self = ConversationId.direct(ALICE, ALICE);
    Roster alone = roster(List.of(member(ALICE)));
    assertThat(judged(alone, change(self, ALICE, 9, new Change.Block()), 5))
        .isEqualTo("NOT_ALLOWED");
    assertThat(judged(alone, text(self, ALICE, 9), 5)).isEqualTo("YES");

    UserId ghost = UserId.erased(2);
    ConversationId haunted = ConversationId.direct(ALICE, ghost);
    Roster blocking =
        Roster.of(
            GroupSettings.DEFAULT,
            List.of(member(ALICE), member(ghost, Role.MEMBER, 1, 4)),
            List.of(ALICE));
    assertThat(blocking.memberChanges(change(haunted, ALICE, 9, new Change.Unblock()), 6))
        .isEmpty();
  }

  @Test
  void anEmptyGroupIsCreatedByWhoseNameItBears() {
    assertThat(judged(Roster.EMPTY, append(ALICE, "create"), 0)).isEqualTo("YES");
    assertThat(judged(Roster.EMPTY, append(BOB, "create"), 0)).isEqualTo("STRANGER");
    Append otherSend = change(GROUP, ALICE, 2, new Change.Create("t", List.of()));
    assertThat(judged(Roster.EMPTY, otherSend, 0)).isEqualTo("STRANGER");
    assertThat(judged(Roster.EMPTY, append(ALICE, "message"), 0)).isEqualTo("STRANGER");
  }

  @Test
  void aGroupHasAtMostSoManyMembers() {
    UserId erin = new UserId("erin");
    List<UserId> four = List.of(ANN, BOB, CAROL, DAVE);
    List<UserId> five = List.of(ANN, BOB, CAROL, DAVE, erin);
    List<UserId> fiveWithHerself = List.of(ANN, BOB, CAROL, DAVE, ALICE);
    String tooLarge = ErrorCode.GROUP_TOO_LARGE.name();
    assertThat(judged(Roster.EMPTY, creating(four), 0)).isEqualTo("YES");
    assertThat(judged(Roster.EMPTY, creating(fiveWithHerself), 0)).isEqualTo("YES");
    assertThat(judged(Roster.EMPTY, creating(five), 0)).isEqualTo(tooLarge);
    assertThat(judged(ROSTER, adding(List.of(CAROL, DAVE)), 5)).isEqualTo("YES");
    assertThat(judged(ROSTER, adding(List.of(BOB, CAROL, DAVE)), 5)).isEqualTo("YES");
    assertThat(judged(ROSTER, adding(List.of(CAROL, DAVE, erin)), 5)).isEqualTo(tooLarge);
  }

  private static Append creating(List<UserId> members) {
    return change(GROUP, ALICE, 1, new Change.Create("t", members));
  }

  private static Append adding(List<UserId> members) {
    return change(GROUP, ALICE, 9, new Change.Add(members));
  }

  @Test
  void theLastIntervalDecides() {
    Membership again = member(CAROL, Role.MEMBER, 9, Membership.OPEN);
    assertThat(roster(List.of(gone(CAROL), again)).present()).containsExactly(CAROL);
    Membership goneAgain = member(CAROL, Role.MEMBER, 9, 12);
    assertThat(roster(List.of(gone(CAROL), goneAgain)).present()).isEmpty();
  }

  @Test
  void whoIsInAlreadyDoesNotJoinAndWhoIsNotDoesNotLeave() {
    assertThat(ROSTER.memberChanges(adding(List.of(BOB, CAROL)), 5))
        .containsExactly(new Joined(CAROL, Role.MEMBER));
    Append removal = change(GROUP, ALICE, 9, new Change.Remove(List.of(BOB, CAROL)));
    assertThat(ROSTER.memberChanges(removal, 5)).containsExactly(new Left(BOB));
    assertThat(ROSTER.memberChanges(append(BOB, "leave"), 5)).containsExactly(new Left(BOB));
    assertThat(ROSTER.memberChanges(append(ALICE, "rename"), 5)).isEmpty();
    assertThat(ROSTER.memberChanges(text(GROUP, ALICE, 9), 5)).isEmpty();
  }

  @Test
  void afterAnEntryItIsAsTheEntrySays() {
    Roster next = ROSTER.after(adding(List.of(CAROL)), 5);
    assertThat(next.present()).containsExactlyInAnyOrder(ALICE, ANN, BOB, CAROL);
    assertThat(next.after(append(BOB, "leave"), 6).present())
        .containsExactlyInAnyOrder(ALICE, ANN, CAROL);
    assertThat(judged(next.after(append(BOB, "leave"), 6), append(BOB, "message"), 9))
        .isEqualTo("NOT_A_MEMBER");
    assertThat(ROSTER.present()).as("the old one stays").containsExactlyInAnyOrder(ALICE, ANN, BOB);
  }
}
