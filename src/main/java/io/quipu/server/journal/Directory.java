package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.server.journal.ConversationState.Membership;
import io.vertx.core.Future;
import java.util.List;

/** Users, devices, members: who there is. */
public interface Directory {
  /**
   * Opens a session of this device: makes user and device if they are new, and counts the device's
   * generation up. TOO_MANY_REQUESTS when the user would have more than {@code maxDevices};
   * TOKEN_REVOKED when a token of that time is not good any more; USER_ERASED for a name that must
   * not come again.
   *
   * @param issuedAtMs of the token, Unix time; 0 = it does not say
   */
  Future<DeviceSession> openSession(UserId user, DeviceId device, long issuedAtMs, int maxDevices);

  /**
   * @param generation from 1, rising by one with every session of this device
   * @param deviceIsNew the device was not known before
   * @param storeEpoch changes when the store is restored to an older state
   */
  record DeviceSession(
      long userKey, long deviceKey, long generation, boolean deviceIsNew, String storeEpoch) {}

  /**
   * The surrogate key of a user, who is made if he is new. USER_ERASED for a name that must not
   * come again.
   */
  Future<Long> userKey(UserId user);

  /** The members now. Empty if the conversation is unknown. */
  Future<List<Membership>> members(ConversationId conversation);

  /** A question that only a working store can answer, for readiness. */
  Future<Void> ping();
}
