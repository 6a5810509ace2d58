package io.quipu.model;

import java.util.Optional;

/**
 * What a group is like. Empty: as it is, or the default in a new group.
 *
 * @param history what a new member sees of what was written before
 * @param whoAdds who may add members
 * @param retention how long bodies are kept; a direct conversation has this one too
 */
public record GroupSettings(
    Optional<History> history, Optional<WhoAdds> whoAdds, Optional<Retention> retention) {
  /** Nothing is said. */
  public static final GroupSettings UNCHANGED =
      new GroupSettings(Optional.empty(), Optional.empty());

  /** Of a group that was made without a word about it. */
  public static final GroupSettings DEFAULT =
      new GroupSettings(
          Optional.of(History.FROM_JOIN),
          Optional.of(WhoAdds.ADMINS),
          Optional.of(new Retention.AsServer()));

  /** Nothing is said of retention. */
  public GroupSettings(Optional<History> history, Optional<WhoAdds> whoAdds) {
    this(history, whoAdds, Optional.empty());
  }

  /** Nothing is said of anything else. */
  public static GroupSettings of(Retention retention) {
    return new GroupSettings(Optional.empty(), Optional.empty(), Optional.of(retention));
  }

  /** Nothing else is said: then a direct conversation may have it. */
  public boolean isOnlyRetention() {
    return history.isEmpty() && whoAdds.isEmpty() && retention.isPresent();
  }

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
    return new GroupSettings(
        later.history.or(() -> history),
        later.whoAdds.or(() -> whoAdds),
        later.retention.or(() -> retention));
  }
}
