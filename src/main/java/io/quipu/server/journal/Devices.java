package io.quipu.server.journal;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The devices of users, and when they were here. Times are Unix milliseconds, for people only. */
public interface Devices {
  /** By name; empty for an unknown user. A user has at most session.maxDevices. */
  Future<List<KnownDevice>> devices(UserId user);

  /**
   * @param createdMs 0 = not known
   * @param lastSeenMs when its last session began or ended; 0 = not known
   */
  record KnownDevice(DeviceId device, long createdMs, long lastSeenMs) {}

  /** Notes when these devices were last seen; an earlier time changes nothing. */
  Future<Void> seen(Map<Long, Long> lastSeenMsByDeviceKey);

  /**
   * Those looks that are allowed, each with the time when one of the user's devices was last seen
   * (0 = never). A user sees himself, and who is present in a conversation in which he is present
   * too: a direct one in which something was said, or a group of at most {@link #MAX_GROUP}
   * members.
   */
  Future<Map<Look, Long>> allowed(Collection<Look> looks);

  /** In a bigger group nobody knows everybody. */
  int MAX_GROUP = 1_000;

  /** One user would like to know whether the other is there. */
  record Look(UserId viewer, UserId user) {}
}
