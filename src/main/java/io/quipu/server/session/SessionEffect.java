package io.quipu.server.session;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Append;
import io.quipu.server.journal.Directory.DeviceSession;
import java.util.List;
import java.util.UUID;

/** What a session wants done, in this order. */
public sealed interface SessionEffect {
  record Reply(Frame frame) implements SessionEffect {}

  /** To the owner of the conversation. */
  record Route(List<Append> appends) implements SessionEffect {}

  /** Answered by Opened or OpenFailed. */
  record OpenDevice(String token, DeviceId device) implements SessionEffect {
    @Override
    public String toString() {
      return "OpenDevice[" + device + "]";
    }
  }

  /** Into the tables: registry and recipients. */
  record Enter(UserId user, DeviceId device, DeviceSession opened) implements SessionEffect {}

  /** Answered by TokenChecked or TokenRefused. */
  record CheckToken(String token) implements SessionEffect {
    @Override
    public String toString() {
      return "CheckToken";
    }
  }

  /** Answered by FateTold or FateUntold. */
  record AskFate(int request, ConversationId conversation, UUID clientMessageId, boolean cancel)
      implements SessionEffect {}

  /** To the owner of the conversation: the user is writing there. */
  record Whisper(ConversationId conversation) implements SessionEffect {}

  /**
   * Make a definite end of this resend, which may not be stored: answered by Ended or EndFailed.
   */
  record End(
      int clientSeq,
      ConversationId conversation,
      UUID clientMessageId,
      ErrorCode code,
      String detail)
      implements SessionEffect {}

  /** A frame for the read half. */
  record Pass(Frame frame) implements SessionEffect {}

  record Close(ErrorCode reason, int retryAfterMs, String detail) implements SessionEffect {}
}
