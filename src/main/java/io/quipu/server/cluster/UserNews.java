package io.quipu.server.cluster;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import java.util.List;
import java.util.Optional;

/** What some sessions of one event loop are to hear of users. A hint: it may be lost. */
public record UserNews(List<Seen> seen, List<Muted> muted, List<Revoked> revoked)
    implements BusMessage {
  public UserNews {
    seen = List.copyOf(seen);
    muted = List.copyOf(muted);
    revoked = List.copyOf(revoked);
  }

  /** For a session that watches this user. */
  public record Seen(long session, UserId user, boolean online, long lastSeenMs) {}

  /** For another device of the user who said so. */
  public record Muted(long session, ConversationId conversation, long untilMs) {}

  /**
   * For all sessions of a user.
   *
   * @param device only this one of his devices
   * @param issuedBeforeMs sessions whose token was issued before end
   * @param erased all end
   */
  public record Revoked(
      long userKey, Optional<DeviceId> device, long issuedBeforeMs, boolean erased) {}

  public static UserNews ofSeen(List<Seen> seen) {
    return new UserNews(seen, List.of(), List.of());
  }

  public static UserNews ofMuted(List<Muted> muted) {
    return new UserNews(List.of(), muted, List.of());
  }

  public static UserNews ofRevoked(List<Revoked> revoked) {
    return new UserNews(List.of(), List.of(), revoked);
  }
}
