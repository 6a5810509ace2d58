package io.quipu.server.sequencer;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Append;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.Target;
import io.quipu.server.journal.NewEntry.MemberChange;
import io.quipu.server.journal.NewEntry.Span;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who is and who was a member, who has blocked whom, and what the group is like, as of the last
 * committed entry; and what that allows. Immutable.
 *
 * <pre>
 * in a group          owner        admin        member       was one       never was   system
 * message             yes          yes          yes          NOT_A_MEMBER  stranger    yes
 * create              NOT_ALLOWED  NOT_ALLOWED  NOT_ALLOWED  NOT_ALLOWED   stranger *  NOT_ALLOWED
 * add                 yes          yes          by whoAdds   NOT_A_MEMBER  stranger    yes
 * rename, configure + yes          yes          NOT_ALLOWED  NOT_A_MEMBER  stranger    yes
 * remove a member     yes          yes          NOT_ALLOWED  NOT_A_MEMBER  stranger    yes
 * remove others       yes          NOT_ALLOWED  NOT_ALLOWED  NOT_A_MEMBER  stranger    yes
 * set a role          yes          NOT_ALLOWED  NOT_ALLOWED  NOT_A_MEMBER  stranger    yes
 * leave, remove self  yes          yes          yes          NOT_A_MEMBER  stranger    NOT_ALLOWED
 * edit, recall        any          any          his own      NOT_A_MEMBER  stranger    any
 * react               yes          yes          yes          NOT_A_MEMBER  stranger    NOT_ALLOWED
 * block, unblock      NOT_ALLOWED  NOT_ALLOWED  NOT_ALLOWED  NOT_A_MEMBER  stranger    NOT_ALLOWED
 *
 * in a direct one     either                has blocked  is blocked            system
 * message             yes                   NOT_ALLOWED  CONVERSATION_UNKNOWN  yes
 * edit, react         his own; yes          NOT_ALLOWED  CONVERSATION_UNKNOWN  any; NOT_ALLOWED
 * recall              his own               his own      CONVERSATION_UNKNOWN  any
 * block               yes                   yes          yes                   NOT_ALLOWED
 * unblock             NOT_ALLOWED           yes          as without the block  NOT_ALLOWED
 * set retention       yes +                 NOT_ALLOWED  CONVERSATION_UNKNOWN  yes +
 * all other changes   NOT_ALLOWED           NOT_ALLOWED  CONVERSATION_UNKNOWN  NOT_ALLOWED
 * </pre>
 *
 * (*) yes, if the group is his and empty. (+) within what the server allows of retention. Whatever
 * would leave a group with members and without an owner is NOT_ALLOWED. An erased user goes from
 * everywhere; if he was the last owner, the admin, or else the member, who has been there longest
 * becomes one.
 */
final class Roster {
  static final Roster EMPTY = new Roster(GroupSettings.DEFAULT, Map.of(), Set.of());

  private final GroupSettings settings;

  /** Who joined first stands first. */
  private final Map<UserId, Standing> standings;

  private final Set<UserId> blockers;
  private final Set<UserId> present;

  private Roster(GroupSettings settings, Map<UserId, Standing> standings, Set<UserId> blockers) {
    this.settings = settings;
    this.standings = standings;
    this.blockers = blockers;
    Set<UserId> open = new LinkedHashSet<>();
    standings.forEach(
        (user, standing) -> {
          if (standing.present) {
            open.add(user);
          }
        });
    this.present = open;
  }

  /**
   * @param seen all intervals that have an end, in their order
   */
  private record Standing(Role role, boolean present, long fromSeq, List<Span> seen) {}

  /** What an append comes to. */
  sealed interface Judgement {
    record Yes() implements Judgement {}

    /** Never a member: he gets the answer that he would get if the conversation did not exist. */
    record Stranger() implements Judgement {}

    record No(ErrorCode code, String detail) implements Judgement {
      static final No NONE = new No(ErrorCode.BUG, "no refusal");
    }
  }

  private static final Judgement YES = new Judgement.Yes();
  private static final Judgement STRANGER = new Judgement.Stranger();

  static Roster of(ConversationState state) {
    return of(state.settings(), state.members(), state.blockers());
  }

  static Roster of(
      GroupSettings settings, Collection<Membership> intervals, Collection<UserId> blockers) {
    Map<UserId, Standing> standings = new LinkedHashMap<>();
    for (Membership interval : intervals) {
      standings.merge(interval.user(), standing(interval), Roster::joined);
    }
    return new Roster(settings, standings, Set.copyOf(blockers));
  }

  private static Standing standing(Membership interval) {
    List<Span> seen =
        interval.isOpen() ? List.of() : List.of(new Span(interval.fromSeq(), interval.toSeq()));
    return new Standing(interval.role(), interval.isOpen(), interval.fromSeq(), seen);
  }

  private static Standing joined(Standing one, Standing other) {
    List<Span> seen = new ArrayList<>(one.seen);
    seen.addAll(other.seen);
    Standing last = other.present || !one.present ? other : one;
    return new Standing(last.role, last.present, last.fromSeq, seen);
  }

  /** The members now. Not to be changed. */
  Set<UserId> present() {
    return present;
  }

  /** Who may see this entry, if it is the next one. */
  Set<UserId> audience(Append append) {
    if (!(append.content() instanceof Content.Changed changed)) {
      return present;
    }
    Set<UserId> audience = new HashSet<>(present);
    if (changed.change() instanceof Change.Block) {
      audience.remove(other(append));
      audience.add(append.sender());
    } else if (changed.change() instanceof Change.Unblock) {
      audience.add(append.sender());
    } else {
      audience.addAll(after(append, 1).present);
    }
    return audience;
  }

  /**
   * @param target what a change of a message names; empty for all else, and if there is no such row
   */
  Judgement judge(
      ConversationId conversation,
      Append append,
      long tail,
      Optional<Target> target,
      Sequencer.Rules rules) {
    if (append.system()) {
      return judgeSystem(conversation, append, target, rules);
    }
    Standing standing = standings.get(append.sender());
    if (append.content() instanceof Content.Changed changed) {
      return judgeChange(
          conversation,
          append,
          changed.change(),
          Optional.ofNullable(standing),
          tail,
          target,
          rules);
    }
    if (standing == null) {
      return STRANGER;
    }
    if (!standing.present) {
      return gone(conversation);
    }
    return blockers.contains(append.sender()) ? hasBlocked() : YES;
  }

  private static Judgement gone(ConversationId conversation) {
    // Word for word what a stranger to a direct conversation is told.
    return conversation.isDirect()
        ? no(ErrorCode.CONVERSATION_UNKNOWN, "no such conversation")
        : no(ErrorCode.NOT_A_MEMBER, "no longer a member of this conversation");
  }

  private static Judgement hasBlocked() {
    return no(ErrorCode.NOT_ALLOWED, "you have blocked the other one: unblock first");
  }

  private Judgement judgeChange(
      ConversationId conversation,
      Append append,
      Change change,
      Optional<Standing> standing,
      long tail,
      Optional<Target> target,
      Sequencer.Rules rules) {
    if (change instanceof Change.Create create && !conversation.isDirect()) {
      return judgeCreation(conversation, append, create, tail, rules);
    }
    if (standing.isEmpty()) {
      return STRANGER;
    }
    if (change instanceof Change.EraseUser) {
      return no(ErrorCode.NOT_ALLOWED, "users are erased by the server");
    }
    if (conversation.isDirect() && change instanceof Change.Block) {
      return standings.size() > 1 ? YES : no(ErrorCode.NOT_ALLOWED, "nobody blocks himself");
    }
    if (conversation.isDirect()
        && change instanceof Change.Unblock
        && (standing.get().present || blockers.contains(append.sender()))) {
      // What changes nothing would be seen by the other one.
      return blockers.contains(append.sender())
          ? YES
          : no(ErrorCode.NOT_ALLOWED, "the other one is not blocked");
    }
    if (!standing.get().present) {
      return gone(conversation);
    }
    if (change instanceof Change.OfMessage ofMessage) {
      boolean recalls = ofMessage instanceof Change.Recall;
      return blockers.contains(append.sender()) && !recalls
          ? hasBlocked()
          : judgeOfMessage(ofMessage, standing.get().role, target, rules);
    }
    if (!conversation.isDirect()) {
      return judgeGroupChange(append, standing.get().role, change, rules);
    }
    return blockers.contains(append.sender()) ? hasBlocked() : judgeDirectChange(change, rules);
  }

  private static Judgement judgeDirectChange(Change change, Sequencer.Rules rules) {
    boolean onlyRetention =
        change instanceof Change.Configure configure && configure.settings().isOnlyRetention();
    return onlyRetention
        ? judgeSettings(((Change.Configure) change).settings(), rules)
        : no(ErrorCode.NOT_ALLOWED, "a direct conversation does not change");
  }

  private static Judgement judgeSettings(GroupSettings settings, Sequencer.Rules rules) {
    return settings.retention().map(rules.retention()::allow).orElse(true)
        ? YES
        : no(ErrorCode.NOT_ALLOWED, "retention is " + rules.retention().allowed() + " here");
  }

  private Judgement judgeSystem(
      ConversationId conversation, Append append, Optional<Target> target, Sequencer.Rules rules) {
    if (standings.isEmpty()) {
      return STRANGER;
    }
    if (!(append.content() instanceof Content.Changed changed)) {
      return YES;
    }
    Change change = changed.change();
    if (change instanceof Change.EraseUser) {
      return standings.containsKey(append.sender()) ? YES : STRANGER;
    }
    if (change instanceof Change.OfMessage ofMessage && !(change instanceof Change.React)) {
      Optional<Target> seen = target.map(Roster::visible);
      return judgeOfMessage(ofMessage, Role.OWNER, seen, rules);
    }
    if (conversation.isDirect() && change instanceof Change.Configure) {
      return judgeDirectChange(change, rules);
    }
    boolean may =
        change instanceof Change.Add
            || change instanceof Change.Remove
            || change instanceof Change.Rename
            || change instanceof Change.Configure
            || change instanceof Change.SetRole;
    return may && !conversation.isDirect()
        ? judgeGroupChange(append, Role.OWNER, change, rules)
        : no(ErrorCode.NOT_ALLOWED, "only a user does this");
  }

  private static Target visible(Target target) {
    return new Target(
        true,
        target.message(),
        target.own(),
        target.recalled(),
        target.erased(),
        target.ageMs(),
        target.otherReactions());
  }

  private Judgement judgeCreation(
      ConversationId conversation,
      Append append,
      Change.Create create,
      long tail,
      Sequencer.Rules rules) {
    if (standings.containsKey(append.sender())) {
      return no(ErrorCode.NOT_ALLOWED, "this group was created before");
    }
    boolean his =
        conversation.equals(ConversationId.group(append.sender(), append.clientMessageId()));
    if (!his || tail > 0 || !standings.isEmpty()) {
      return STRANGER;
    }
    if (create.members().contains(UserId.SYSTEM)) {
      return noMember();
    }
    long others = create.members().stream().filter(user -> !user.equals(append.sender())).count();
    return others + 1 > rules.groupMembers()
        ? tooLarge(rules)
        : judgeSettings(create.settings(), rules);
  }

  private Judgement judgeGroupChange(
      Append append, Role role, Change change, Sequencer.Rules rules) {
    boolean leads = role != Role.MEMBER;
    if (change instanceof Change.Add add) {
      boolean all = settings.whoAdds().equals(Optional.of(GroupSettings.WhoAdds.MEMBERS));
      return leads || all
          ? judgeAdd(add, rules)
          : no(ErrorCode.NOT_ALLOWED, "only owners and admins add members");
    }
    if (change instanceof Change.Leave) {
      return unlessNoOwner(append);
    }
    if (change instanceof Change.Remove remove) {
      return judgeRemove(append, role, remove);
    }
    if (change instanceof Change.SetRole set) {
      if (role != Role.OWNER) {
        return no(ErrorCode.NOT_ALLOWED, "only an owner gives roles");
      }
      return present.contains(set.user())
          ? unlessNoOwner(append)
          : no(ErrorCode.NOT_ALLOWED, "he is no member");
    }
    if (change instanceof Change.Rename || change instanceof Change.Configure) {
      if (!leads) {
        return no(ErrorCode.NOT_ALLOWED, "only owners and admins change the group");
      }
      return change instanceof Change.Configure configure
          ? judgeSettings(configure.settings(), rules)
          : YES;
    }
    return no(ErrorCode.NOT_ALLOWED, "only in a direct conversation");
  }

  private Judgement judgeAdd(Change.Add add, Sequencer.Rules rules) {
    if (add.members().contains(UserId.SYSTEM)) {
      return noMember();
    }
    long joining = add.members().stream().filter(user -> !present.contains(user)).count();
    return present.size() + joining > rules.groupMembers() ? tooLarge(rules) : YES;
  }

  private Judgement judgeRemove(Append append, Role role, Change.Remove remove) {
    if (!append.system() && remove.members().contains(append.sender())) {
      return remove.members().size() == 1
          ? unlessNoOwner(append)
          : no(ErrorCode.NOT_ALLOWED, "to go yourself, leave");
    }
    if (role == Role.MEMBER) {
      return no(ErrorCode.NOT_ALLOWED, "only owners and admins remove others");
    }
    boolean membersOnly =
        remove.members().stream()
            .filter(present::contains)
            .allMatch(user -> standings.get(user).role == Role.MEMBER);
    return role == Role.OWNER || membersOnly
        ? unlessNoOwner(append)
        : no(ErrorCode.NOT_ALLOWED, "only an owner removes owners and admins");
  }

  private Judgement unlessNoOwner(Append append) {
    return !lacksOwner() && after(append, 1).lacksOwner()
        ? no(ErrorCode.NOT_ALLOWED, "a group with members keeps an owner: name another one first")
        : YES;
  }

  private boolean lacksOwner() {
    return !present.isEmpty()
        && present.stream().noneMatch(user -> standings.get(user).role == Role.OWNER);
  }

  private static Judgement judgeOfMessage(
      Change.OfMessage change, Role role, Optional<Target> named, Sequencer.Rules rules) {
    if (named.isEmpty() || !named.get().visible() || !named.get().message()) {
      return no(ErrorCode.MESSAGE_UNKNOWN, "no message at seq " + change.seq());
    }
    Target target = named.get();
    if (target.recalled()) {
      return no(ErrorCode.MESSAGE_RECALLED, "the message was taken back");
    }
    if (change instanceof Change.React react) {
      return react.remove() || target.otherReactions() < rules.reactionsPerMessage()
          ? YES
          : no(
              ErrorCode.QUOTA_REACHED,
              "at most " + rules.reactionsPerMessage() + " reactions to a message");
    }
    boolean edits = change instanceof Change.Edit;
    if (edits && target.erased()) {
      return no(ErrorCode.MESSAGE_UNKNOWN, "the message is erased");
    }
    if (role != Role.MEMBER) {
      return YES;
    }
    if (!target.own()) {
      return no(ErrorCode.NOT_ALLOWED, "another user's message");
    }
    int allowedMs = edits ? rules.editMs() : rules.recallMs();
    return target.ageMs() <= allowedMs
        ? YES
        : no(ErrorCode.TOO_LATE, "only within " + allowedMs + " ms");
  }

  /**
   * What an allowed append does to the memberships; nothing for who already is, or is not, one.
   *
   * @param seq that it gets
   */
  List<MemberChange> memberChanges(Append append, long seq) {
    return append.content() instanceof Content.Changed changed
        ? memberChanges(append, changed.change(), seq)
        : List.of();
  }

  private List<MemberChange> memberChanges(Append append, Change change, long seq) {
    List<MemberChange> steps = new ArrayList<>();
    if (change instanceof Change.Create create) {
      steps.add(new MemberChange.Joined(append.sender(), Role.OWNER));
      for (UserId user : create.members()) {
        if (!user.equals(append.sender())) {
          steps.add(new MemberChange.Joined(user, Role.MEMBER));
        }
      }
    } else if (change instanceof Change.Add add) {
      for (UserId user : add.members()) {
        if (!present.contains(user)) {
          steps.add(new MemberChange.Joined(user, Role.MEMBER, historyFor(user, seq)));
        }
      }
    } else if (change instanceof Change.Remove remove) {
      for (UserId user : remove.members()) {
        if (present.contains(user)) {
          steps.add(new MemberChange.Left(user));
        }
      }
    } else if (change instanceof Change.Leave) {
      steps.add(new MemberChange.Left(append.sender()));
    } else if (change instanceof Change.SetRole set) {
      if (standings.get(set.user()).role != set.role()) {
        steps.add(new MemberChange.Given(set.user(), set.role()));
      }
    } else if (change instanceof Change.Block) {
      UserId other = other(append);
      if (present.contains(other)) {
        steps.add(new MemberChange.Blocked(other));
      }
      noteOwn(append, steps);
    } else if (change instanceof Change.Unblock) {
      UserId other = other(append);
      if (!other.isErased()) {
        steps.add(new MemberChange.Unblocked(other));
      }
      noteOwn(append, steps);
    } else if (change instanceof Change.EraseUser) {
      erase(append, steps);
    }
    return steps;
  }

  /** Else who is blocked would have an ack of what lies beyond all that he may see. */
  private void noteOwn(Append append, List<MemberChange> steps) {
    if (!present.contains(append.sender())) {
      steps.add(new MemberChange.Noted(append.sender()));
    }
  }

  /** All that is not in one of his intervals, if new members see what was before. */
  private List<Span> historyFor(UserId user, long seq) {
    if (!settings.history().equals(Optional.of(GroupSettings.History.ALL))) {
      return List.of();
    }
    Standing before = standings.get(user);
    List<Span> history = new ArrayList<>();
    long next = 1;
    for (Span seen : before == null ? List.<Span>of() : inOrder(before.seen)) {
      if (seen.fromSeq() > next) {
        history.add(new Span(next, seen.fromSeq() - 1));
      }
      next = Math.max(next, seen.toSeq() + 1);
    }
    if (next < seq) {
      history.add(new Span(next, seq - 1));
    }
    return history;
  }

  private static List<Span> inOrder(List<Span> spans) {
    return spans.stream().sorted(Comparator.comparingLong(Span::fromSeq)).toList();
  }

  private void erase(Append append, List<MemberChange> steps) {
    UserId erased = append.sender();
    Optional<ConversationId> renamed = newName(append);
    steps.add(new MemberChange.Erased(erased, renamed));
    if (renamed.isEmpty() && without(erased).lacksOwner()) {
      List<UserId> rest = present.stream().filter(user -> !user.equals(erased)).toList();
      UserId heir =
          rest.stream()
              .filter(user -> standings.get(user).role == Role.ADMIN)
              .findFirst()
              .orElse(rest.get(0));
      steps.add(new MemberChange.Given(heir, Role.OWNER));
    }
  }

  /** The name that the conversation has after this entry, if it gets another one by it. */
  Optional<ConversationId> newName(Append append) {
    boolean erases =
        append.content() instanceof Content.Changed changed
            && changed.change() instanceof Change.EraseUser;
    return erases && append.conversation().isDirect()
        ? Optional.of(withoutName(append))
        : Optional.empty();
  }

  private Roster without(UserId user) {
    Map<UserId, Standing> rest = new LinkedHashMap<>(standings);
    rest.remove(user);
    return new Roster(settings, rest, blockers);
  }

  private static ConversationId withoutName(Append append) {
    UserId pseudonym = UserId.erased(append.senderKey());
    List<UserId> others =
        append.conversation().directUsers().stream()
            .filter(user -> !user.equals(append.sender()))
            .toList();
    return ConversationId.direct(pseudonym, others.isEmpty() ? pseudonym : others.get(0));
  }

  /** The other one of a direct conversation. */
  private UserId other(Append append) {
    return standings.keySet().stream()
        .filter(user -> !user.equals(append.sender()))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("nobody else in " + append.conversation()));
  }

  /**
   * As it is after this entry was committed.
   *
   * @param seq that it has
   */
  Roster after(Append append, long seq) {
    Map<UserId, Standing> next = new LinkedHashMap<>(standings);
    for (MemberChange step : memberChanges(append, seq)) {
      next.compute(step.user(), (user, was) -> stepped(Optional.ofNullable(was), step, seq));
    }
    Change change = ((Content.Changed) append.content()).change();
    GroupSettings newSettings = settings;
    Set<UserId> newBlockers = new HashSet<>(blockers);
    if (change instanceof Change.Create create) {
      newSettings = GroupSettings.DEFAULT.with(create.settings());
    } else if (change instanceof Change.Configure configure) {
      newSettings = settings.with(configure.settings());
    } else if (change instanceof Change.Block) {
      newBlockers.add(append.sender());
    } else if (change instanceof Change.Unblock) {
      newBlockers.remove(append.sender());
    }
    return new Roster(newSettings, next, newBlockers);
  }

  private static Standing stepped(Optional<Standing> was, MemberChange step, long seq) {
    List<Span> seen = new ArrayList<>(was.map(Standing::seen).orElse(List.of()));
    if (step instanceof MemberChange.Joined joined) {
      seen.addAll(joined.history());
      return new Standing(joined.role(), true, seq, seen);
    }
    Standing before = was.orElseThrow();
    if (step instanceof MemberChange.Given given) {
      return new Standing(given.role(), before.present, before.fromSeq, seen);
    }
    if (step instanceof MemberChange.Unblocked) {
      return new Standing(before.role, true, seq + 1, seen);
    }
    if (step instanceof MemberChange.Noted) {
      seen.add(new Span(seq, seq));
    } else if (before.present) {
      seen.add(new Span(before.fromSeq, step instanceof MemberChange.Blocked ? seq - 1 : seq));
    }
    return new Standing(before.role, false, before.fromSeq, seen);
  }

  private static Judgement no(ErrorCode code, String detail) {
    return new Judgement.No(code, detail);
  }

  private static Judgement tooLarge(Sequencer.Rules rules) {
    return no(
        ErrorCode.GROUP_TOO_LARGE, "a group has at most " + rules.groupMembers() + " members");
  }

  private static Judgement noMember() {
    return no(ErrorCode.NOT_ALLOWED, "the system is no member of groups");
  }
}
