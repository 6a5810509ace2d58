package io.quipu.server.people;

import com.google.protobuf.ByteString;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.server.journal.Revocations.Revocation;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What was revoked, in memory: of each device, and of all devices of each user, the latest; at most
 * so many. Written by one thread, read by any.
 */
final class RevokedTokens {
  private final int most;

  /** The order in which they came, for the writer. */
  private final Map<Whose, Revocation> inOrder = new LinkedHashMap<>();

  private final Map<Whose, Revocation> known = new ConcurrentHashMap<>();
  private final Map<ByteString, Revocation> byName = new ConcurrentHashMap<>();
  private volatile boolean complete;

  private record Whose(long userKey, Optional<DeviceId> device) {}

  RevokedTokens(int most) {
    this.most = most;
  }

  /** True if whoever is not named here has nothing revoked. */
  boolean isComplete() {
    return complete;
  }

  boolean isEmpty() {
    return known.isEmpty();
  }

  /** All that the store keeps has been read once. */
  void allRead() {
    complete = inOrder.size() < most;
  }

  /** Returns false if it says nothing new. */
  boolean add(Revocation revocation) {
    Whose whose = new Whose(revocation.userKey(), revocation.device());
    Revocation before = inOrder.get(whose);
    if (before != null
        && (before.erased() || before.issuedBeforeMs() >= revocation.issuedBeforeMs())
        && !revocation.erased()) {
      return false;
    }
    if (revocation.equals(before)) {
      return false;
    }
    inOrder.remove(whose);
    inOrder.put(whose, revocation);
    known.put(whose, revocation);
    if (revocation.device().isEmpty()) {
      byName.put(revocation.nameHash(), revocation);
    }
    if (inOrder.size() > most) {
      complete = false;
      forgetOldest();
    }
    return true;
  }

  private void forgetOldest() {
    Iterator<Map.Entry<Whose, Revocation>> i = inOrder.entrySet().iterator();
    Map.Entry<Whose, Revocation> oldest = i.next();
    i.remove();
    known.remove(oldest.getKey());
    byName.remove(oldest.getValue().nameHash(), oldest.getValue());
  }

  Optional<ErrorCode> ofSession(long userKey, DeviceId device, long issuedAtMs) {
    if (known.isEmpty()) {
      return Optional.empty();
    }
    return verdict(known.get(new Whose(userKey, Optional.empty())), issuedAtMs)
        .or(() -> verdict(known.get(new Whose(userKey, Optional.of(device))), issuedAtMs));
  }

  Optional<ErrorCode> ofName(ByteString nameHash, long issuedAtMs) {
    return verdict(byName.get(nameHash), issuedAtMs);
  }

  private static Optional<ErrorCode> verdict(Revocation revocation, long issuedAtMs) {
    if (revocation == null) {
      return Optional.empty();
    }
    if (revocation.erased()) {
      return Optional.of(ErrorCode.USER_ERASED);
    }
    return issuedAtMs < revocation.issuedBeforeMs()
        ? Optional.of(ErrorCode.TOKEN_REVOKED)
        : Optional.empty();
  }
}
