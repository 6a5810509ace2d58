package io.quipu.server.adapter.postgres;

import io.quipu.model.GroupSettings;
import io.quipu.model.GroupSettings.History;
import io.quipu.model.GroupSettings.WhoAdds;
import java.util.Optional;

/** Settings as conversations.history and conversations.who_adds have them. */
final class Settings {
  private static final short FIRST = 1;
  private static final short SECOND = 2;

  private Settings() {}

  /** Null where it is not set: the column stays as it is. */
  static Short history(GroupSettings settings) {
    return settings.history().map(one -> one == History.FROM_JOIN ? FIRST : SECOND).orElse(null);
  }

  /** Null where it is not set: the column stays as it is. */
  static Short whoAdds(GroupSettings settings) {
    return settings.whoAdds().map(one -> one == WhoAdds.ADMINS ? FIRST : SECOND).orElse(null);
  }

  static GroupSettings of(short history, short whoAdds) {
    return new GroupSettings(
        Optional.of(history == FIRST ? History.FROM_JOIN : History.ALL),
        Optional.of(whoAdds == FIRST ? WhoAdds.ADMINS : WhoAdds.MEMBERS));
  }
}
