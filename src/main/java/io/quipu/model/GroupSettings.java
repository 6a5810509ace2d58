package io.quipu.model;

import java.util.Optional;

/**
 * What a group is like for those who join. Empty: as it is, or the default in a new group.
 *
 * @param history what a new member sees of what was written before
 * @param whoAdds who may add members
 */
public record GroupSettings(Optional<History> history, Optional<WhoAdds> whoAdds) {
  /** Nothing is said. */
  public static final GroupSettings UNCHANGED =
      new GroupSettings(Optional.empty(), Optional.empty());

  /** Of a group that was made without a word about it. */
  public static final GroupSettings DEFAULT =
      new GroupSettings(Optional.of(History.FROM_JOIN), Optional.of(WhoAdds.ADMINS));

  /** What a new member sees. */
  public enum History {
    /** From the entry by which he joined. */
    FROM_JOIN,
    /** Everything. */
    ALL
  }

  /** Who may add members. */
  public enum WhoAdds {
    /** Owners and admins. */
    ADMINS,
    /** Every member. */
    MEMBERS
  }

  /** These, with what {@code later} says in their place. */
  public GroupSettings with(GroupSettings later) {
    return new GroupSettings(later.history.or(() -> history), later.whoAdds.or(() -> whoAdds));
  }
}
