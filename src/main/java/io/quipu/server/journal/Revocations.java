package io.quipu.server.journal;

import com.google.protobuf.ByteString;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/**
 * Who may no longer come with a token that was issued before some moment. A session is opened, and
 * a sender's key is told, only against this: the store is the truth, and {@link #recent} lets nodes
 * close what is open.
 */
public interface Revocations {
  /** A revocation of one device is kept for so long; one of all devices for ever. */
  int KEPT_DAYS = 30;

  /**
   * No token of this user that was issued before now works any more; he need never have been here.
   * False if he has been erased.
   */
  Future<Boolean> revokeAll(UserId user);

  /**
   * Forgets the device and its cursors; it comes back as a new one, and only with a token issued
   * after now. False if there is no such device.
   */
  Future<Boolean> revokeDevice(UserId user, DeviceId device);

  /**
   * Fails with TOKEN_REVOKED or USER_ERASED.
   *
   * @param issuedAtMs of the token, Unix time; 0 = it does not say
   */
  Future<Void> check(UserId user, long issuedAtMs);

  /**
   * What was revoked by transactions at or after {@code mark}, some of it perhaps told before.
   *
   * @param mark 0 = all that is kept
   */
  Future<Recent> recent(long mark);

  /**
   * @param nextMark the transaction id below which all have ended
   */
  record Recent(long nextMark, List<Revocation> revocations) {}

  /**
   * @param nameHash {@link #nameHash} of the user's name
   * @param device empty = all his devices
   * @param issuedBeforeMs tokens issued before it are refused
   * @param erased the user has been erased: no token will do
   */
  record Revocation(
      long userKey,
      ByteString nameHash,
      Optional<DeviceId> device,
      long issuedBeforeMs,
      boolean erased) {}

  /** Forgets what {@link #KEPT_DAYS} are over for. */
  Future<Void> forgetOld();

  /** Stands for a user's name; nobody without the store's secret can tell one from the other. */
  Future<ByteString> nameHash(UserId user);
}
