package io.quipu.server.sequencer;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Append;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.NewEntry.MemberChange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who is and who was a member, as of the last committed entry, and what that allows. Immutable.
 *
 * <pre>
 *                     owner      member     was one        never was
 * message             yes        yes        NOT_A_MEMBER   stranger
 * create              NOT_ALLOWED  NOT_ALLOWED  NOT_ALLOWED  yes, if the group is his and empty
 * add, rename         yes        NOT_ALLOWED  NOT_A_MEMBER   stranger
 * remove              yes        himself      NOT_A_MEMBER   stranger
 * leave               when last  yes        NOT_A_MEMBER   stranger
 * </pre>
 *
 * In a direct conversation both are members for ever, and no change is allowed.
 */
final class Roster {
  static final Roster EMPTY = new Roster(Map.of());

  private final Map<UserId, Standing> standings;
  private final Set<UserId> present;

  private Roster(Map<UserId, Standing> standings) {
    this.standings = standings;
    Set<UserId> open = new LinkedHashSet<>();
    standings.forEach(
        (user, standing) -> {
          if (standing.present) {
            open.add(user);
          }
        });
    this.present = open;
  }

  private record Standing(Role role, boolean present) {}

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

  static Roster of(Collection<Membership> intervals) {
    Map<UserId, Standing> standings = new LinkedHashMap<>();
    for (Membership interval : intervals) {
      standings.merge(
          interval.user(),
          new Standing(interval.role(), interval.isOpen()),
          (one, other) -> other.present || !one.present ? other : one);
    }
    return new Roster(standings);
  }

  /** The members now. Not to be changed. */
  Set<UserId> present() {
    return present;
  }

  Judgement judge(ConversationId conversation, Append append, long tail, int groupMembers) {
    UserId sender = append.sender();
    Optional<Standing> standing = Optional.ofNullable(standings.get(sender));
    if (append.content() instanceof Content.Changed changed) {
      if (conversation.isDirect()) {
        return no(ErrorCode.NOT_ALLOWED, "a direct conversation does not change");
      }
      if (changed.change() instanceof Change.Create create) {
        return judgeCreation(conversation, append, create, tail, groupMembers);
      }
      if (standing.isPresent() && standing.get().present) {
        return judgeChange(sender, standing.get(), changed.change(), groupMembers);
      }
    }
    if (standing.isEmpty()) {
      return STRANGER;
    }
    return standing.get().present
        ? YES
        : no(ErrorCode.NOT_A_MEMBER, "no longer a member of this conversation");
  }

  private Judgement judgeCreation(
      ConversationId conversation,
      Append append,
      Change.Create create,
      long tail,
      int groupMembers) {
    if (standings.containsKey(append.sender())) {
      return no(ErrorCode.NOT_ALLOWED, "this group was created before");
    }
    boolean his =
        conversation.equals(ConversationId.group(append.sender(), append.clientMessageId()));
    if (!his || tail > 0 || !standings.isEmpty()) {
      return STRANGER;
    }
    long others = create.members().stream().filter(user -> !user.equals(append.sender())).count();
    return others + 1 > groupMembers ? tooLarge(groupMembers) : YES;
  }

  private Judgement judgeChange(UserId sender, Standing standing, Change change, int groupMembers) {
    boolean owner = standing.role == Role.OWNER;
    if (change instanceof Change.Leave) {
      return !owner || present.size() == 1
          ? YES
          : no(ErrorCode.NOT_ALLOWED, "the owner leaves last");
    }
    if (change instanceof Change.Remove remove) {
      if (remove.members().contains(sender)) {
        return remove.members().size() == 1 && (!owner || present.size() == 1)
            ? YES
            : no(ErrorCode.NOT_ALLOWED, "to go yourself, leave");
      }
      return owner ? YES : no(ErrorCode.NOT_ALLOWED, "only the owner removes others");
    }
    if (!owner) {
      return no(ErrorCode.NOT_ALLOWED, "only the owner changes the group");
    }
    if (change instanceof Change.Add add) {
      long joining = add.members().stream().filter(user -> !present.contains(user)).count();
      return present.size() + joining > groupMembers ? tooLarge(groupMembers) : YES;
    }
    return YES;
  }

  /** What an allowed append does to the memberships; nothing for who already is, or is not, one. */
  List<MemberChange> memberChanges(Append append) {
    if (!(append.content() instanceof Content.Changed changed)) {
      return List.of();
    }
    List<MemberChange> steps = new ArrayList<>();
    if (changed.change() instanceof Change.Create create) {
      steps.add(new MemberChange.Joined(append.sender(), Role.OWNER));
      for (UserId user : create.members()) {
        if (!user.equals(append.sender())) {
          steps.add(new MemberChange.Joined(user, Role.MEMBER));
        }
      }
    } else if (changed.change() instanceof Change.Add add) {
      for (UserId user : add.members()) {
        if (!present.contains(user)) {
          steps.add(new MemberChange.Joined(user, Role.MEMBER));
        }
      }
    } else if (changed.change() instanceof Change.Remove remove) {
      for (UserId user : remove.members()) {
        if (present.contains(user)) {
          steps.add(new MemberChange.Left(user));
        }
      }
    } else if (changed.change() instanceof Change.Leave) {
      steps.add(new MemberChange.Left(append.sender()));
    }
    return steps;
  }

  /** As it is after this entry was committed. */
  Roster after(Append append) {
    Map<UserId, Standing> next = new LinkedHashMap<>(standings);
    for (MemberChange step : memberChanges(append)) {
      if (step instanceof MemberChange.Joined joined) {
        next.put(joined.user(), new Standing(joined.role(), true));
      } else {
        next.computeIfPresent(step.user(), (user, was) -> new Standing(was.role, false));
      }
    }
    return new Roster(next);
  }

  private static Judgement no(ErrorCode code, String detail) {
    return new Judgement.No(code, detail);
  }

  private static Judgement tooLarge(int groupMembers) {
    return no(ErrorCode.GROUP_TOO_LARGE, "a group has at most " + groupMembers + " members");
  }
}
