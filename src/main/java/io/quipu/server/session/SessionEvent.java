package io.quipu.server.session;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.journal.Directory.DeviceSession;
import io.quipu.server.journal.Journal.SendFate;
import java.util.UUID;
import java.util.function.Predicate;

/** What happens to a session. */
public sealed interface SessionEvent {
  record Received(Frame frame) implements SessionEvent {}

  /** The token is good, and the device has its new generation. */
  record Opened(UserId user, long tokenExpiresAtMs, DeviceSession device) implements SessionEvent {}

  record OpenFailed(QuipuException reason) implements SessionEvent {}

  record TokenChecked(UserId user, long tokenExpiresAtMs) implements SessionEvent {}

  record TokenRefused(QuipuException reason) implements SessionEvent {}

  record Answered(AppendAnswer answer) implements SessionEvent {}

  /** The store's word on a send, for a SendStatus. */
  record FateTold(int request, ConversationId conversation, UUID clientMessageId, SendFate fate)
      implements SessionEvent {}

  record FateUntold(int request, ConversationId conversation, QuipuException reason)
      implements SessionEvent {}

  /** A resend that may not be stored has been made void, or turned out to be stored. */
  record Ended(SessionEffect.End asked, SendFate fate) implements SessionEvent {}

  record EndFailed(SessionEffect.End asked, QuipuException reason) implements SessionEvent {}

  /** Time has passed; see {@link Session#wantsTicks}. */
  record Tick() implements SessionEvent {}

  /** Nobody answers any more where these conversations had their owner; another one may. */
  record OwnersLost(Predicate<ConversationId> conversations) implements SessionEvent {}

  record Kicked(long newerGeneration) implements SessionEvent {}

  /** Its user, or its device, may no longer be here. */
  record Dismissed(ErrorCode code, String detail) implements SessionEvent {
    static Dismissed of(ErrorCode code) {
      return new Dismissed(
          code,
          code == ErrorCode.USER_ERASED
              ? "this user has been erased"
              : "this device, or all of the user's, must log in again");
    }
  }

  record Drain(int retryAfterMs) implements SessionEvent {}

  record Gone() implements SessionEvent {}
}
