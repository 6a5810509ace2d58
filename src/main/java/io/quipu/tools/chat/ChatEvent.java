package io.quipu.tools.chat;

import io.quipu.client.HistorySlice;
import io.quipu.client.PendingSend;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.SendFate;
import io.quipu.client.Stored;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.Member;
import io.quipu.model.MemberReceipt;
import io.quipu.model.Outcome;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** What happens to a chat. */
sealed interface ChatEvent {
  /**
   * A line was entered.
   *
   * @param id for the send that it may become
   */
  record Typed(String line, UUID id) implements ChatEvent {}

  /** A page of what was before is wanted. */
  record PageUp() implements ChatEvent {}

  /** No further line will come. */
  record InputEnded() implements ChatEvent {}

  /** Ctrl-C on an empty line. */
  record Interrupted() implements ChatEvent {}

  /** Sends that wait at the end of the input have waited long enough. */
  record PatienceEnded() implements ChatEvent {}

  /**
   * The device's folder was read.
   *
   * @param left sends of an earlier run
   * @param cursors what this device had been given before
   */
  record Loaded(List<PendingSend> left, Map<ConversationId, Long> cursors) implements ChatEvent {}

  /** This send is on the disk now. */
  record Kept(UUID id) implements ChatEvent {}

  record SendStored(Stored stored) implements ChatEvent {}

  record SendFailed(UUID id, ErrorCode code, Outcome outcome, String detail) implements ChatEvent {}

  record CancelEnded(SendFate fate) implements ChatEvent {}

  record CancelFailed(UUID id, String detail) implements ChatEvent {}

  record Incoming(ReceivedMessage message) implements ChatEvent {}

  /**
   * @param before the seq that was asked for, 0 = the end
   */
  record Page(ConversationId conversation, long before, HistorySlice slice) implements ChatEvent {}

  record PageFailed(ConversationId conversation, long before, ErrorCode code, String detail)
      implements ChatEvent {}

  /**
   * @param more there are further ones
   */
  record MembersRead(ConversationId conversation, List<Member> members, boolean more)
      implements ChatEvent {}

  record MembersFailed(ConversationId conversation, String detail) implements ChatEvent {}

  /**
   * @param more there are further ones
   */
  record ListRead(List<ConversationSummary> conversations, boolean more) implements ChatEvent {}

  record ListFailed(String detail) implements ChatEvent {}

  record Writing(ConversationId conversation, UserId user) implements ChatEvent {}

  /** Some seconds after {@link Writing}. */
  record WritingEnded(ConversationId conversation, UserId user) implements ChatEvent {}

  record Presence(UserId user, boolean online, long lastSeenMs) implements ChatEvent {}

  record Receipt(ConversationId conversation, UserId user, ReceiptState state, long seq)
      implements ChatEvent {}

  /**
   * How far messages have come with each member now; empty if it could not be read.
   *
   * @param more there are further ones
   */
  record ReceiptsRead(ConversationId conversation, List<MemberReceipt> entries, boolean more)
      implements ChatEvent {}

  record Reset(ConversationId conversation, long seq) implements ChatEvent {}

  record Up(UserId user, Limits limits) implements ChatEvent {}

  record Synced() implements ChatEvent {}

  record Down(String reason) implements ChatEvent {}

  record Stopped(String reason) implements ChatEvent {}
}
