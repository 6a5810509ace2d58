package io.quipu.server.people;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/**
 * What is asked and done about users, for whoever has checked that the caller may: all of it is
 * about the named user. Failures of the store are {@code QuipuException(STORE_DOWN)}. For any event
 * loop; futures end on the one that called.
 */
public interface People {
  /** His devices by name; empty for an unknown user. */
  Future<List<Device>> devices(UserId user);

  /**
   * @param createdMs Unix time; 0 = not known
   * @param lastSeenMs Unix time when its last session began or ended; 0 = not known
   * @param connected it has an open session now
   */
  record Device(DeviceId device, long createdMs, long lastSeenMs, boolean connected) {}

  /** His open sessions. A hint: one that ends now may still be there. */
  Future<List<OpenSession>> sessions(UserId user);

  /**
   * @param generation of the device, rises with each of its sessions
   * @param node where it is
   */
  record OpenSession(DeviceId device, long generation, String node) {}

  /**
   * Closes the device's session within 5 s (TOKEN_REVOKED), forgets it and its cursors, and takes
   * no token for it that was issued before now. False if there is no such device.
   */
  Future<Boolean> revokeDevice(UserId user, DeviceId device);

  /**
   * Closes all sessions of the user within 5 s (TOKEN_REVOKED), and takes no token of his that was
   * issued before now; he need never have been here. False if he has been erased.
   */
  Future<Boolean> revokeAll(UserId user);

  /**
   * Erases the user: closes his sessions within 5 s (USER_ERASED), takes him out of all
   * conversations, erases what he wrote, and his name wherever it stands. Succeeds when all of it
   * is done; after a failure the same call, or a node by itself, goes on where it stopped. True
   * also if it had been done before; false if there never was such a user.
   */
  Future<Boolean> erase(UserId user);

  /**
   * As a watching session would be told: offline and never seen where the viewer may not know.
   *
   * @param viewer empty = the system, which may see everybody
   */
  Future<Frame.Presence> presence(Optional<UserId> viewer, UserId user);

  /**
   * Stores it, and tells the user's connected devices. CONVERSATION_UNKNOWN for who was never a
   * member; INVALID_REQUEST below 0.
   *
   * @param untilMs Unix time; 0 = not muted
   */
  Future<Void> mute(UserId user, ConversationId conversation, long untilMs);

  /**
   * Fails with TOKEN_REVOKED or USER_ERASED if a token of this user is not good any more. Cheap:
   * from memory, which follows the store within session.revocationPollMs.
   *
   * @param issuedAtMs of the token, Unix time; 0 = it does not say
   */
  Future<Void> checkToken(UserId user, long issuedAtMs);
}
