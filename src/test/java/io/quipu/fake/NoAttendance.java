package io.quipu.fake;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.people.Attendance;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** Nothing is revoked, and nobody is watched: for tests that are about something else. */
public final class NoAttendance implements Attendance {
  @Override
  public Optional<ErrorCode> dismissal(long userKey, DeviceId device, long issuedAtMs) {
    return Optional.empty();
  }

  @Override
  public Future<Void> checkRenewal(UserId user, long issuedAtMs) {
    return Future.succeededFuture();
  }

  @Override
  public void left(SessionAddress session, long deviceKey) {}

  @Override
  public void watch(SessionAddress session, UserId viewer, List<UserId> users) {}

  @Override
  public Future<Void> mute(
      Optional<SessionAddress> from, UserId user, ConversationId conversation, long untilMs) {
    return Future.succeededFuture();
  }
}
