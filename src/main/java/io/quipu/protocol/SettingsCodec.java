package io.quipu.protocol;

import io.quipu.model.GroupSettings;
import io.quipu.model.Retention;
import io.quipu.model.Role;
import io.quipu.protocol.wire.HistoryVisibility;
import java.util.Optional;

/** Roles and settings of groups. What only a newer version knows counts as not said. */
final class SettingsCodec {
  private SettingsCodec() {}

  static io.quipu.protocol.wire.Role toWire(Role role) {
    return switch (role) {
      case MEMBER -> io.quipu.protocol.wire.Role.MEMBER;
      case ADMIN -> io.quipu.protocol.wire.Role.ADMIN;
      case OWNER -> io.quipu.protocol.wire.Role.OWNER;
    };
  }

  static Optional<Role> role(io.quipu.protocol.wire.Role wire) {
    return switch (wire) {
      case MEMBER -> Optional.of(Role.MEMBER);
      case ADMIN -> Optional.of(Role.ADMIN);
      case OWNER -> Optional.of(Role.OWNER);
      case ROLE_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
    };
  }

  static io.quipu.protocol.wire.GroupSettings toWire(GroupSettings settings) {
    var wire = io.quipu.protocol.wire.GroupSettings.newBuilder();
    settings
        .history()
        .ifPresent(
            history ->
                wire.setHistory(
                    switch (history) {
                      case FROM_JOIN -> HistoryVisibility.FROM_JOIN;
                      case ALL -> HistoryVisibility.ALL;
                    }));
    settings
        .whoAdds()
        .ifPresent(
            who ->
                wire.setWhoAdds(
                    switch (who) {
                      case ADMINS -> io.quipu.protocol.wire.WhoAdds.ADMINS;
                      case MEMBERS -> io.quipu.protocol.wire.WhoAdds.MEMBERS;
                    }));
    settings.retention().ifPresent(retention -> wire.setRetention(toWire(retention)));
    return wire.build();
  }

  private static io.quipu.protocol.wire.Retention toWire(Retention retention) {
    var wire = io.quipu.protocol.wire.Retention.newBuilder();
    if (retention instanceof Retention.Days own) {
      return wire.setDays(own.days()).build();
    }
    return retention instanceof Retention.ForEver
        ? wire.setForEver(true).build()
        : wire.setAsServer(true).build();
  }

  private static Optional<Retention> retention(io.quipu.protocol.wire.Retention wire) {
    return switch (wire.getKeptCase()) {
      case DAYS -> Optional.of(new Retention.Days(wire.getDays()));
      case FOR_EVER -> Optional.of(new Retention.ForEver());
      case AS_SERVER -> Optional.of(new Retention.AsServer());
      case KEPT_NOT_SET -> Optional.empty();
    };
  }

  static GroupSettings settings(io.quipu.protocol.wire.GroupSettings wire) {
    return new GroupSettings(
        switch (wire.getHistory()) {
          case FROM_JOIN -> Optional.of(GroupSettings.History.FROM_JOIN);
          case ALL -> Optional.of(GroupSettings.History.ALL);
          case HISTORY_VISIBILITY_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
        },
        switch (wire.getWhoAdds()) {
          case ADMINS -> Optional.of(GroupSettings.WhoAdds.ADMINS);
          case MEMBERS -> Optional.of(GroupSettings.WhoAdds.MEMBERS);
          case WHO_ADDS_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
        },
        retention(wire.getRetention()));
  }
}
