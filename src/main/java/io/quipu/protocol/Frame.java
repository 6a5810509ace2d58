package io.quipu.protocol;

import io.quipu.model.Advice;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.Cursor;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.Member;
import io.quipu.model.MemberReceipt;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.ReactionCount;
import io.quipu.model.ReceiptState;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Everything that travels between a client and a node; {@code quipu.proto} has the same names. */
public sealed interface Frame {
  int PROTOCOL_VERSION = 1;

  record Connect(int protocolVersion, String token, DeviceId device, String client)
      implements Frame {
    @Override
    public String toString() {
      return "Connect[" + device + ", " + client + "]"; // never the token
    }
  }

  record Connected(
      int protocolVersion,
      UserId user,
      DeviceId device,
      long sessionGeneration,
      String storeEpoch,
      long serverTimeMs,
      long tokenExpiresAtMs,
      boolean deviceIsNew,
      Limits limits)
      implements Frame {}

  record Renew(String token) implements Frame {
    @Override
    public String toString() {
      return "Renew";
    }
  }

  record Renewed(long tokenExpiresAtMs) implements Frame {}

  /**
   * @param conversation where to; a direct conversation may be named by {@code toUser} instead, and
   *     a group's creation names neither
   */
  record Send(
      int clientSeq,
      UUID clientMessageId,
      Optional<ConversationId> conversation,
      Optional<UserId> toUser,
      boolean resend,
      Content content)
      implements Frame {}

  /**
   * A send with a field that it may not have; it takes its place in the run of client_seqs all the
   * same. Only decoded, never encoded.
   *
   * @param clientMessageId the nil UUID if that is what is wrong
   */
  record InvalidSend(
      int clientSeq, UUID clientMessageId, boolean resend, ErrorCode code, String detail)
      implements Frame {}

  record SendAck(
      int clientSeq,
      UUID clientMessageId,
      ConversationId conversation,
      long seq,
      long storedAtMs,
      boolean duplicate)
      implements Frame {}

  /**
   * @param conversation empty if the send named none that can be
   * @param expectedClientSeq with CLIENT_SEQ_JUMP, else 0
   */
  record SendRejected(
      int clientSeq,
      UUID clientMessageId,
      Optional<ConversationId> conversation,
      ErrorCode code,
      Outcome outcome,
      int retryAfterMs,
      int expectedClientSeq,
      String detail)
      implements Frame {}

  record Deliver(MessageRange range, boolean redelivered) implements Frame {}

  record DeliverAck(ConversationId conversation, long seq) implements Frame {}

  record AckConfirm(ConversationId conversation, long seq) implements Frame {}

  record Receipt(ConversationId conversation, UserId user, ReceiptState state, long seq)
      implements Frame {}

  /**
   * @param receiptsSince mark of the last SyncDone; 0 = of none
   */
  record Sync(
      int syncId, List<Cursor> cursors, boolean onlyListed, boolean more, long receiptsSince)
      implements Frame {
    public Sync {
      cursors = List.copyOf(cursors);
    }

    /** Of a client that knows of no receipts. */
    public Sync(int syncId, List<Cursor> cursors, boolean onlyListed, boolean more) {
      this(syncId, cursors, onlyListed, more, 0);
    }
  }

  /**
   * @param resets conversations in which this device is ahead of the tail, since the store was
   *     rolled back: its cursor goes back to this seq
   */
  record SyncPage(int syncId, int page, List<MessageRange> ranges, List<Cursor> resets)
      implements Frame {
    public SyncPage {
      ranges = List.copyOf(ranges);
      resets = List.copyOf(resets);
    }
  }

  record SyncAck(int syncId, int page) implements Frame {}

  /**
   * @param receiptsMark all receipts before it have been sent; 0 = nothing is said of them
   */
  record SyncDone(int syncId, int conversations, long messages, long receiptsMark)
      implements Frame {
    /** That says nothing of receipts. */
    public SyncDone(int syncId, int conversations, long messages) {
      this(syncId, conversations, messages, 0);
    }
  }

  /**
   * @param beforeSeq the newest below it; 0 = below the end
   * @param afterSeq if not 0, the oldest above it instead
   * @param limit 0 = as many as a page holds
   * @param aroundSeq if not 0, this seq in the middle instead
   */
  record History(
      int request,
      ConversationId conversation,
      long beforeSeq,
      long afterSeq,
      int limit,
      long aroundSeq)
      implements Frame {
    /** Before or after a seq. */
    public History(
        int request, ConversationId conversation, long beforeSeq, long afterSeq, int limit) {
      this(request, conversation, beforeSeq, afterSeq, limit, 0);
    }
  }

  /**
   * @param more there is more in that direction; around a seq, above
   * @param moreBefore around a seq, there is more below
   * @param reactions to messages of the range, as they are now
   */
  record HistoryPage(
      int request,
      MessageRange range,
      boolean more,
      boolean moreBefore,
      List<ReactionCount> reactions)
      implements Frame {
    public HistoryPage {
      reactions = List.copyOf(reactions);
    }

    /** Of messages that have no reactions. */
    public HistoryPage(int request, MessageRange range, boolean more) {
      this(request, range, more, false, List.of());
    }
  }

  /**
   * @param page of the page before, empty for the first
   * @param limit 0 = as many as a page holds
   * @param only this conversation alone
   */
  record Conversations(int request, String page, int limit, Optional<ConversationId> only)
      implements Frame {}

  /**
   * @param nextPage empty = this is the last
   */
  record ConversationsPage(int request, List<ConversationSummary> conversations, String nextPage)
      implements Frame {
    public ConversationsPage {
      conversations = List.copyOf(conversations);
    }
  }

  /**
   * @param page of the page before, empty for the first
   * @param limit 0 = as many as a page holds
   */
  record Members(int request, ConversationId conversation, String page, int limit)
      implements Frame {}

  /**
   * @param nextPage empty = this is the last
   */
  record MembersPage(int request, List<Member> members, String nextPage) implements Frame {
    public MembersPage {
      members = List.copyOf(members);
    }
  }

  /**
   * @param page of the page before, empty for the first
   * @param limit 0 = as many as a page holds
   */
  record Receipts(int request, ConversationId conversation, String page, int limit)
      implements Frame {}

  /**
   * @param nextPage empty = this is the last
   */
  record ReceiptsPage(
      int request, ConversationId conversation, List<MemberReceipt> entries, String nextPage)
      implements Frame {
    public ReceiptsPage {
      entries = List.copyOf(entries);
    }
  }

  record SendStatus(int request, ConversationId conversation, UUID clientMessageId, boolean cancel)
      implements Frame {}

  /**
   * @param seq with STORED, else 0
   */
  record SendStatusResult(
      int request,
      ConversationId conversation,
      UUID clientMessageId,
      SendState state,
      long seq,
      long storedAtMs)
      implements Frame {}

  record ReadMark(ConversationId conversation, long seq) implements Frame {}

  record Typing(ConversationId conversation, Optional<UserId> user) implements Frame {}

  /**
   * @param untilMs Unix time; 0 = not muted
   */
  record Mute(ConversationId conversation, long untilMs) implements Frame {}

  /** In place of what was watched before. */
  record WatchPresence(List<UserId> users) implements Frame {
    public WatchPresence {
      users = List.copyOf(users);
    }
  }

  record Presence(UserId user, boolean online, long lastSeenMs) implements Frame {}

  record Tail(ConversationId conversation, long seq) implements Frame {}

  record Ping(long nonce) implements Frame {}

  record Pong(long nonce, long serverTimeMs) implements Frame {}

  /**
   * @param code the reason as a number: a newer server may know codes that this version does not
   */
  record GoAway(int code, Advice advice, int retryAfterMs, String detail) implements Frame {}

  /**
   * @param conversation the one it is about, if any
   * @param request of the SendStatus or History it answers, or the sync id; 0 if none
   */
  @SuppressWarnings("JavaLangClash") // the frame's name on the wire
  record Error(
      int code,
      Advice advice,
      int retryAfterMs,
      String detail,
      Optional<ConversationId> conversation,
      int request)
      implements Frame {}
}
