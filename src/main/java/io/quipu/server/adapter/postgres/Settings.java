package io.quipu.server.adapter.postgres;

import io.quipu.model.GroupSettings;
import io.quipu.model.GroupSettings.History;
import io.quipu.model.GroupSettings.WhoAdds;
import io.quipu.model.Retention;
import java.util.Optional;

/** Settings as the columns history, who_adds and retention_days of conversations have them. */
final class Settings {
  private static final short FIRST = 1;
  private static final short SECOND = 2;

  /** In the arrays of a statement, where null says that nothing changes. */
  static final int AS_SERVER = -1;

  private Settings() {}

  /** Null where it is not set: the column stays as it is. */
  static Short history(GroupSettings settings) {
    return settings.history().map(one -> one == History.FROM_JOIN ? FIRST : SECOND).orElse(null);
  }

  /** Null where it is not set: the column stays as it is. */
  static Short whoAdds(GroupSettings settings) {
    return settings.whoAdds().map(one -> one == WhoAdds.ADMINS ? FIRST : SECOND).orElse(null);
  }

  /** Null where it is not set; {@link #AS_SERVER} where the column is to be null. */
  static Integer retentionDays(GroupSettings settings) {
    return settings
        .retention()
        .map(
            one ->
                one instanceof Retention.Days own
                    ? own.days()
                    : one instanceof Retention.ForEver ? 0 : AS_SERVER)
        .orElse(null);
  }

  /**
   * @param days null = as the server says, 0 = for ever
   */
  static Retention retention(Integer days) {
    if (days == null) {
      return new Retention.AsServer();
    }
    return days == 0 ? new Retention.ForEver() : new Retention.Days(days);
  }

  static GroupSettings of(short history, short whoAdds, Integer retentionDays) {
    return new GroupSettings(
        Optional.of(history == FIRST ? History.FROM_JOIN : History.ALL),
        Optional.of(whoAdds == FIRST ? WhoAdds.ADMINS : WhoAdds.MEMBERS),
        Optional.of(retention(retentionDays)));
  }
}
