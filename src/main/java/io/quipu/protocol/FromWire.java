package io.quipu.protocol;

import io.quipu.model.Advice;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Limits;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.ReceiptState;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.wire.Connect;
import io.quipu.protocol.wire.Connected;
import io.quipu.protocol.wire.History;
import io.quipu.protocol.wire.HistoryPage;
import io.quipu.protocol.wire.Range;
import io.quipu.protocol.wire.SendRejected;
import io.quipu.protocol.wire.SendStatus;
import io.quipu.protocol.wire.SendStatusResult;
import io.quipu.protocol.wire.Sync;
import io.quipu.protocol.wire.SyncPage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Generated messages as frames, every field checked. What a newer peer may say and this version
 * does not know becomes the nearest thing that does no harm: an unknown gap reason is still a gap,
 * an unknown code is told by its number.
 */
final class FromWire {
  /** Of Connect.client: it goes to the server's log. */
  static final int MAX_CLIENT_BYTES = 128;

  private FromWire() {}

  /**
   * @throws QuipuException with the code of the field that may not be so
   */
  static Frame frame(io.quipu.protocol.wire.Frame wire) {
    return switch (wire.getFrameCase()) {
      case CONNECT -> connect(wire.getConnect());
      case CONNECTED -> connected(wire.getConnected());
      case RENEW -> new Frame.Renew(wire.getRenew().getToken());
      case RENEWED -> new Frame.Renewed(wire.getRenewed().getTokenExpiresAtMs());
      case SEND -> SendReading.send(wire.getSend());
      case SEND_ACK -> sendAck(wire.getSendAck());
      case SEND_REJECTED -> sendRejected(wire.getSendRejected());
      case DELIVER -> deliver(wire.getDeliver());
      case DELIVER_ACK ->
          new Frame.DeliverAck(
              conversation(wire.getDeliverAck().getConversation()),
              place(wire.getDeliverAck().getSeq()));
      case ACK_CONFIRM ->
          new Frame.AckConfirm(
              conversation(wire.getAckConfirm().getConversation()),
              position(wire.getAckConfirm().getSeq()));
      case RECEIPT -> receipt(wire.getReceipt());
      case SYNC -> sync(wire.getSync());
      case SYNC_PAGE -> syncPage(wire.getSyncPage());
      case SYNC_ACK ->
          new Frame.SyncAck(
              number(wire.getSyncAck().getSyncId()), number(wire.getSyncAck().getPage()));
      case SYNC_DONE ->
          new Frame.SyncDone(
              number(wire.getSyncDone().getSyncId()),
              amount(wire.getSyncDone().getConversations()),
              position(wire.getSyncDone().getMessages()),
              mark(wire.getSyncDone().getReceiptsMark()));
      case SEND_STATUS -> sendStatus(wire.getSendStatus());
      case SEND_STATUS_RESULT -> sendStatusResult(wire.getSendStatusResult());
      case READ_MARK ->
          new Frame.ReadMark(
              conversation(wire.getReadMark().getConversation()),
              place(wire.getReadMark().getSeq()));
      case TYPING ->
          new Frame.Typing(
              conversation(wire.getTyping().getConversation()),
              optionalUser(wire.getTyping().getUser()));
      case PRESENCE ->
          new Frame.Presence(
              new UserId(wire.getPresence().getUser()),
              wire.getPresence().getOnline(),
              wire.getPresence().getLastSeenMs());
      case TAIL ->
          new Frame.Tail(
              conversation(wire.getTail().getConversation()), position(wire.getTail().getSeq()));
      case PING -> new Frame.Ping(wire.getPing().getNonce());
      case PONG -> new Frame.Pong(wire.getPong().getNonce(), wire.getPong().getServerTimeMs());
      case GO_AWAY -> goAway(wire.getGoAway());
      case ERROR -> error(wire.getError());
      case HISTORY -> history(wire.getHistory());
      case HISTORY_PAGE -> historyPage(wire.getHistoryPage());
      case CONVERSATIONS -> ListCodec.frame(wire.getConversations());
      case CONVERSATIONS_PAGE -> ListCodec.frame(wire.getConversationsPage());
      case MEMBERS -> ListCodec.frame(wire.getMembers());
      case MEMBERS_PAGE -> ListCodec.frame(wire.getMembersPage());
      case RECEIPTS -> ListCodec.frame(wire.getReceipts());
      case RECEIPTS_PAGE -> ListCodec.frame(wire.getReceiptsPage());
      case MUTE ->
          new Frame.Mute(
              conversation(wire.getMute().getConversation()),
              position(wire.getMute().getUntilMs()));
      case WATCH_PRESENCE ->
          new Frame.WatchPresence(
              wire.getWatchPresence().getUsersList().stream().map(UserId::new).toList());
      case FRAME_NOT_SET ->
          throw new QuipuException(
              ErrorCode.UNEXPECTED_FRAME, "a frame that this version does not know");
    };
  }

  private static Frame connect(Connect wire) {
    String client = wire.getClient();
    if (client.getBytes(StandardCharsets.UTF_8).length > MAX_CLIENT_BYTES) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST, "client has at most " + MAX_CLIENT_BYTES + " bytes");
    }
    if (client.chars().anyMatch(Character::isISOControl)) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "client has no control characters");
    }
    return new Frame.Connect(
        amount(wire.getProtocolVersion()), wire.getToken(), new DeviceId(wire.getDevice()), client);
  }

  private static Frame connected(Connected wire) {
    return new Frame.Connected(
        amount(wire.getProtocolVersion()),
        new UserId(wire.getUser()),
        new DeviceId(wire.getDevice()),
        wire.getSessionGeneration(),
        wire.getStoreEpoch(),
        wire.getServerTimeMs(),
        wire.getTokenExpiresAtMs(),
        wire.getDeviceIsNew(),
        limits(wire.getLimits()));
  }

  private static Limits limits(io.quipu.protocol.wire.Limits wire) {
    return new Limits(
        amount(wire.getHeartbeatMs()),
        amount(wire.getMaxFrameBytes()),
        amount(wire.getMaxBodyBytes()),
        amount(wire.getSendWindowMessages()),
        amount(wire.getSendWindowBytes()),
        amount(wire.getDeliverWindowMessages()),
        amount(wire.getDeliverWindowBytes()),
        amount(wire.getAckTimeoutMs()),
        amount(wire.getSyncCursors()),
        amount(wire.getSyncPageMessages()),
        amount(wire.getSyncPageBytes()),
        amount(wire.getSendTimeoutMs()),
        amount(wire.getGroupMembers()),
        amount(wire.getEditMs()),
        amount(wire.getRecallMs()),
        amount(wire.getWatchedUsers()),
        amount(wire.getReceiptGroupMembers()),
        amount(wire.getRetentionDays()),
        amount(wire.getMinRetentionDays()),
        amount(wire.getMaxRetentionDays()));
  }

  private static Frame sendAck(io.quipu.protocol.wire.SendAck wire) {
    return new Frame.SendAck(
        number(wire.getClientSeq()),
        uuid(wire.getClientMessageId()),
        conversation(wire.getConversation()),
        place(wire.getSeq()),
        wire.getStoredAtMs(),
        wire.getDuplicate());
  }

  private static Frame sendRejected(SendRejected wire) {
    Optional<ErrorCode> code = ErrorCode.of(wire.getCode());
    return new Frame.SendRejected(
        number(wire.getClientSeq()),
        wire.getClientMessageId().isEmpty() ? ToWire.NIL : uuid(wire.getClientMessageId()),
        optionalConversation(wire.getConversation()),
        code.orElse(ErrorCode.BUG),
        switch (wire.getOutcome()) {
          case NOT_APPLIED -> Outcome.NOT_APPLIED;
          case UNKNOWN, OUTCOME_UNSPECIFIED, UNRECOGNIZED -> Outcome.UNKNOWN;
        },
        amount(wire.getRetryAfterMs()),
        amount(wire.getExpectedClientSeq()),
        code.isPresent()
            ? wire.getDetail()
            : "code " + Integer.toUnsignedString(wire.getCode()) + ": " + wire.getDetail());
  }

  private static Frame deliver(io.quipu.protocol.wire.Deliver wire) {
    return new Frame.Deliver(
        range(
            wire.getConversation(),
            wire.getFromSeq(),
            wire.getToSeq(),
            messages(wire.getMessagesList()),
            gaps(wire.getGapsList())),
        wire.getRedelivered());
  }

  private static MessageRange range(Range wire) {
    return range(
        wire.getConversation(),
        wire.getFromSeq(),
        wire.getToSeq(),
        messages(wire.getMessagesList()),
        gaps(wire.getGapsList()));
  }

  static MessageRange range(
      String conversation, long fromSeq, long toSeq, List<Message> messages, List<Gap> gaps) {
    if (fromSeq < 1 || toSeq < fromSeq - 1) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST, "a range from " + fromSeq + " to " + toSeq);
    }
    return new MessageRange(conversation(conversation), fromSeq, toSeq, messages, gaps);
  }

  private static List<Message> messages(List<io.quipu.protocol.wire.Message> wire) {
    return wire.stream().map(FromWire::message).toList();
  }

  static Message message(io.quipu.protocol.wire.Message wire) {
    return new Message(
        place(wire.getSeq()),
        new UserId(wire.getSender()),
        uuid(wire.getClientMessageId()),
        wire.getStoredAtMs(),
        switch (wire.getContentCase()) {
          case TEXT -> new Content.Text(wire.getTextBytes());
          case BODY -> new Content.Body(wire.getBody());
          case CHANGE -> received(wire.getChange());
          case CONTENT_NOT_SET -> absent(wire);
        },
        wire.getAmendedBySeq() > wire.getSeq() ? wire.getAmendedBySeq() : 0);
  }

  private static Content absent(io.quipu.protocol.wire.Message wire) {
    if (wire.getRecalled()) {
      return new Content.Recalled();
    }
    return wire.getErased() ? new Content.Erased() : new Content.Unknown();
  }

  /** A change from a server: one of a newer version, whole or in part, keeps its place. */
  static Content received(io.quipu.protocol.wire.Change wire) {
    try {
      return new Content.Changed(ChangeCodec.fromWire(wire));
    } catch (QuipuException ofANewerVersion) {
      return new Content.Unknown();
    }
  }

  static List<Gap> gaps(List<io.quipu.protocol.wire.Gap> wire) {
    return wire.stream().map(FromWire::gap).toList();
  }

  private static Gap gap(io.quipu.protocol.wire.Gap wire) {
    if (wire.getFromSeq() < 1 || wire.getToSeq() < wire.getFromSeq()) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST, "a gap from " + wire.getFromSeq() + " to " + wire.getToSeq());
    }
    return new Gap(
        wire.getFromSeq(),
        wire.getToSeq(),
        switch (wire.getReason()) {
          case OLDER -> Gap.Reason.OLDER;
          case NOT_VISIBLE, GAP_REASON_UNSPECIFIED, UNRECOGNIZED -> Gap.Reason.NOT_VISIBLE;
        });
  }

  private static Frame receipt(io.quipu.protocol.wire.Receipt wire) {
    return new Frame.Receipt(
        conversation(wire.getConversation()),
        new UserId(wire.getUser()),
        switch (wire.getState()) {
          case STORED_OFFLINE -> ReceiptState.STORED_OFFLINE;
          case DELIVERED -> ReceiptState.DELIVERED;
          case READ -> ReceiptState.READ;
          case RECEIPT_STATE_UNSPECIFIED, UNRECOGNIZED ->
              // A hint, so it can be passed over.
              throw new QuipuException(
                  ErrorCode.UNEXPECTED_FRAME,
                  "a receipt of a state that this version does not know");
        },
        position(wire.getSeq()));
  }

  private static Frame sync(Sync wire) {
    return new Frame.Sync(
        number(wire.getSyncId()),
        cursors(wire.getCursorsList()),
        wire.getOnlyListed(),
        wire.getMore(),
        mark(wire.getReceiptsSince()));
  }

  private static Frame syncPage(SyncPage wire) {
    return new Frame.SyncPage(
        number(wire.getSyncId()),
        number(wire.getPage()),
        wire.getRangesList().stream().map(FromWire::range).toList(),
        cursors(wire.getResetsList()));
  }

  private static List<Cursor> cursors(List<io.quipu.protocol.wire.Cursor> wire) {
    return wire.stream()
        .map(cursor -> new Cursor(conversation(cursor.getConversation()), cursor.getSeq()))
        .toList();
  }

  private static Frame history(History wire) {
    return new Frame.History(
        number(wire.getRequest()),
        conversation(wire.getConversation()),
        position(wire.getBeforeSeq()),
        position(wire.getAfterSeq()),
        amount(wire.getLimit()),
        position(wire.getAroundSeq()));
  }

  private static Frame historyPage(HistoryPage wire) {
    return new Frame.HistoryPage(
        number(wire.getRequest()),
        range(wire.getRange()),
        wire.getMore(),
        wire.getMoreBefore(),
        wire.getReactionsList().stream().map(ListCodec::reactionCount).toList());
  }

  private static Frame sendStatus(SendStatus wire) {
    return new Frame.SendStatus(
        number(wire.getRequest()),
        conversation(wire.getConversation()),
        uuid(wire.getClientMessageId()),
        wire.getCancel());
  }

  private static Frame sendStatusResult(SendStatusResult wire) {
    return new Frame.SendStatusResult(
        number(wire.getRequest()),
        conversation(wire.getConversation()),
        uuid(wire.getClientMessageId()),
        switch (wire.getState()) {
          case STORED -> SendState.STORED;
          case VOID -> SendState.VOID;
          case NOT_SEEN, SEND_STATE_UNSPECIFIED, UNRECOGNIZED -> SendState.NOT_SEEN;
        },
        position(wire.getSeq()),
        wire.getStoredAtMs());
  }

  private static Frame goAway(io.quipu.protocol.wire.GoAway wire) {
    return new Frame.GoAway(
        wire.getCode(),
        advice(wire.getAdvice(), wire.getCode(), Advice.RECONNECT),
        amount(wire.getRetryAfterMs()),
        wire.getDetail());
  }

  private static Frame error(io.quipu.protocol.wire.Error wire) {
    return new Frame.Error(
        wire.getCode(),
        advice(wire.getAdvice(), wire.getCode(), Advice.BACK_OFF),
        amount(wire.getRetryAfterMs()),
        wire.getDetail(),
        optionalConversation(wire.getConversation()),
        amount(wire.getRequest()));
  }

  private static Advice advice(io.quipu.protocol.wire.Advice wire, int code, Advice ifNobodyKnows) {
    return switch (wire) {
      case NEVER -> Advice.NEVER;
      case RE_LOGIN -> Advice.RE_LOGIN;
      case BACK_OFF -> Advice.BACK_OFF;
      case RETRY_SAME_ID -> Advice.RETRY_SAME_ID;
      case STOP -> Advice.STOP;
      case RECONNECT -> Advice.RECONNECT;
      case ADVICE_UNSPECIFIED, UNRECOGNIZED ->
          ErrorCode.of(code).map(ErrorCode::advice).orElse(ifNobodyKnows);
    };
  }

  static ConversationId conversation(String name) {
    return new ConversationId(name);
  }

  static Optional<ConversationId> optionalConversation(String name) {
    return name.isEmpty() ? Optional.empty() : Optional.of(conversation(name));
  }

  static Optional<UserId> optionalUser(String name) {
    return name.isEmpty() ? Optional.empty() : Optional.of(new UserId(name));
  }

  static UUID uuid(String text) {
    return UuidText.parse(text)
        .orElseThrow(() -> new QuipuException(ErrorCode.INVALID_ID, UuidText.RULE));
  }

  /** A number that names something, so it must come back as it is. */
  static int number(int uint32) {
    if (uint32 < 0) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST,
          "numbers go up to 2147483647, not " + Integer.toUnsignedString(uint32));
    }
    return uint32;
  }

  /** How much of something: beyond what an int holds it is as much as an int holds. */
  static int amount(int uint32) {
    return uint32 < 0 ? Integer.MAX_VALUE : uint32;
  }

  /** The seq of something that exists. */
  static long place(long seq) {
    if (seq < 1) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "a seq is 1 or more, not " + seq);
    }
    return seq;
  }

  /** A seq, or 0 for none. */
  static long position(long seq) {
    if (seq < 0) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "a seq is never negative: " + seq);
    }
    return seq;
  }

  /** Of receipts. */
  private static long mark(long mark) {
    if (mark < 0) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "a mark is never negative: " + mark);
    }
    return mark;
  }
}
