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
import io.quipu.model.ErrorCode;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Append;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.NewEntry.MemberChange.Joined;
import io.quipu.server.journal.NewEntry.MemberChange.Left;
import io.quipu.server.sequencer.Roster.Judgement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RosterTest {
  private static final UserId DAVE = new UserId("dave");
  private static final int GROUP_MEMBERS = 4;

  /** Bob is in, Carol was, Dave (user key 3, too) never was; Alice owns it. */
  private static final Roster ROSTER = Roster.of(List.of(owner(ALICE), member(BOB), gone(CAROL)));

  @ParameterizedTest
  @CsvSource({
    "alice, message,       YES",
    "alice, create,        NOT_ALLOWED",
    "alice, add,           YES",
    "alice, rename,        YES",
    "alice, remove bob,    YES",
    "alice, remove self,   NOT_ALLOWED",
    "alice, leave,         NOT_ALLOWED",
    "bob,   message,       YES",
    "bob,   create,        NOT_ALLOWED",
    "bob,   add,           NOT_ALLOWED",
    "bob,   rename,        NOT_ALLOWED",
    "bob,   remove alice,  NOT_ALLOWED",
    "bob,   remove self,   YES",
    "bob,   remove both,   NOT_ALLOWED",
    "bob,   leave,         YES",
    "carol, message,       NOT_A_MEMBER",
    "carol, create,        NOT_ALLOWED",
    "carol, add,           NOT_A_MEMBER",
    "carol, rename,        NOT_A_MEMBER",
    "carol, remove self,   NOT_A_MEMBER",
    "carol, remove bob,    NOT_A_MEMBER",
    "carol, leave,         NOT_A_MEMBER",
    "dave,  message,       STRANGER",
    "dave,  create,        STRANGER",
    "dave,  add,           STRANGER",
    "dave,  rename,        STRANGER",
    "dave,  remove bob,    STRANGER",
    "dave,  leave,         STRANGER",
  })
  void everyVerbOfEveryoneInAGroup(String who, String verb, String expected) {
    assertThat(judged(ROSTER, append(new UserId(who), verb), 5)).isEqualTo(expected);
  }

  private static Append append(UserId who, String verb) {
    return switch (verb) {
      case "message" -> text(GROUP, who, 9);
      case "create" -> change(GROUP, who, 1, new Change.Create("t", List.of(BOB)));
      case "add" -> change(GROUP, who, 9, new Change.Add(List.of(DAVE)));
      case "rename" -> change(GROUP, who, 9, new Change.Rename("t"));
      case "leave" -> change(GROUP, who, 9, new Change.Leave());
      case "remove alice" -> change(GROUP, who, 9, new Change.Remove(List.of(ALICE)));
      case "remove bob" -> change(GROUP, who, 9, new Change.Remove(List.of(BOB)));
      case "remove self" -> change(GROUP, who, 9, new Change.Remove(List.of(who)));
      case "remove both" -> change(GROUP, who, 9, new Change.Remove(List.of(ALICE, BOB)));
      default -> throw new IllegalArgumentException(verb);
    };
  }

  private static String judged(Roster roster, Append append, long tail) {
    Judgement judgement = roster.judge(append.conversation(), append, tail, GROUP_MEMBERS);
    if (judgement instanceof Judgement.No no) {
      return no.code().name();
    }
    return judgement instanceof Judgement.Yes ? "YES" : "STRANGER";
  }

  @Test
  void theOwnerLeavesLast() {
    Roster alone = Roster.of(List.of(owner(ALICE), gone(BOB)));
    assertThat(judged(alone, append(ALICE, "leave"), 5)).isEqualTo("YES");
    assertThat(judged(alone, append(ALICE, "remove self"), 5)).isEqualTo("YES");
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
    List<UserId> three = List.of(BOB, CAROL, DAVE);
    List<UserId> four = List.of(BOB, CAROL, DAVE, new UserId("erin"));
    List<UserId> fourWithHerself = List.of(BOB, CAROL, DAVE, ALICE);
    String tooLarge = ErrorCode.GROUP_TOO_LARGE.name();
    assertThat(judged(Roster.EMPTY, creating(three), 0)).isEqualTo("YES");
    assertThat(judged(Roster.EMPTY, creating(fourWithHerself), 0)).isEqualTo("YES");
    assertThat(judged(Roster.EMPTY, creating(four), 0)).isEqualTo(tooLarge);
    assertThat(judged(ROSTER, adding(List.of(CAROL, DAVE)), 5)).isEqualTo("YES");
    assertThat(judged(ROSTER, adding(List.of(BOB, CAROL, DAVE)), 5)).isEqualTo("YES");
    assertThat(judged(ROSTER, adding(List.of(CAROL, DAVE, new UserId("erin"))), 5))
        .isEqualTo(tooLarge);
  }

  private static Append creating(List<UserId> members) {
    return change(GROUP, ALICE, 1, new Change.Create("t", members));
  }

  private static Append adding(List<UserId> members) {
    return change(GROUP, ALICE, 9, new Change.Add(members));
  }

  @Test
  void inADirectConversationBothWriteAndNothingChanges() {
    Roster both = Roster.of(List.of(member(ALICE), member(BOB)));
    assertThat(judged(both, text(DIRECT, ALICE, 1), 0)).isEqualTo("YES");
    assertThat(judged(both, change(DIRECT, ALICE, 1, new Change.Leave()), 0))
        .isEqualTo("NOT_ALLOWED");
    assertThat(judged(both, change(DIRECT, BOB, 1, new Change.Add(List.of(CAROL))), 0))
        .isEqualTo("NOT_ALLOWED");
  }

  @Test
  void theLastIntervalDecides() {
    Membership again = member(CAROL, Role.MEMBER, 9, Membership.OPEN);
    assertThat(Roster.of(List.of(gone(CAROL), again)).present()).containsExactly(CAROL);
    Membership goneAgain = member(CAROL, Role.MEMBER, 9, 12);
    assertThat(Roster.of(List.of(gone(CAROL), goneAgain)).present()).isEmpty();
  }

  @Test
  void whoIsInAlreadyDoesNotJoinAndWhoIsNotDoesNotLeave() {
    assertThat(ROSTER.memberChanges(adding(List.of(BOB, CAROL))))
        .containsExactly(new Joined(CAROL, Role.MEMBER));
    Append removal = change(GROUP, ALICE, 9, new Change.Remove(List.of(BOB, CAROL)));
    assertThat(ROSTER.memberChanges(removal)).containsExactly(new Left(BOB));
    assertThat(ROSTER.memberChanges(append(BOB, "leave"))).containsExactly(new Left(BOB));
    assertThat(ROSTER.memberChanges(append(ALICE, "rename"))).isEmpty();
    assertThat(ROSTER.memberChanges(text(GROUP, ALICE, 9))).isEmpty();
  }

  @Test
  void afterAnEntryItIsAsTheEntrySays() {
    Roster next = ROSTER.after(adding(List.of(CAROL)));
    assertThat(next.present()).containsExactlyInAnyOrder(ALICE, BOB, CAROL);
    assertThat(next.after(append(BOB, "leave")).present()).containsExactlyInAnyOrder(ALICE, CAROL);
    assertThat(judged(next.after(append(BOB, "leave")), append(BOB, "message"), 9))
        .isEqualTo("NOT_A_MEMBER");
    assertThat(ROSTER.present()).as("the old one stays").containsExactlyInAnyOrder(ALICE, BOB);
  }
}
