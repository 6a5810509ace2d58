package io.quipu.server.people;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.server.cluster.SessionAddress;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** What sessions tell and ask about their users. For any event loop. */
public interface Attendance {
  /**
   * Why a session with this token must end at once: TOKEN_REVOKED or USER_ERASED. From memory:
   * asked when the session is in the tables, so that no revocation falls between its opening and
   * that.
   */
  Optional<ErrorCode> dismissal(long userKey, DeviceId device, long issuedAtMs);

  /** Fails with TOKEN_REVOKED or USER_ERASED, as the store knows it now. */
  Future<Void> checkRenewal(UserId user, long issuedAtMs);

  /** A session has ended. */
  void left(SessionAddress session, long deviceKey);

  /** Tells this session of these users, in place of those before; none is the end of it. */
  void watch(SessionAddress session, UserId viewer, List<UserId> users);

  /**
   * Stores it, and tells the user's other devices. CONVERSATION_UNKNOWN for who was never a member;
   * INVALID_REQUEST below 0.
   */
  Future<Void> mute(
      Optional<SessionAddress> from, UserId user, ConversationId conversation, long untilMs);
}
