package io.quipu.protocol;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.Gap;
import io.quipu.model.Limits;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.protocol.wire.Connect;
import io.quipu.protocol.wire.Connected;
import io.quipu.protocol.wire.GapReason;
import io.quipu.protocol.wire.Range;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;

/** Frames as generated messages: one way for every dress. */
final class ToWire {
  /** Stands for an id that could not be read; on the wire it is the empty string. */
  static final UUID NIL = new UUID(0, 0);

  private static final Map<Class<?>, BiConsumer<io.quipu.protocol.wire.Frame.Builder, Frame>> WAYS =
      ways();

  private ToWire() {}

  /**
   * @throws IllegalArgumentException for a frame that is only ever decoded
   */
  static io.quipu.protocol.wire.Frame frame(Frame frame) {
    var way = WAYS.get(frame.getClass());
    if (way == null) {
      throw new IllegalArgumentException("never encoded: " + frame.getClass().getSimpleName());
    }
    var wire = io.quipu.protocol.wire.Frame.newBuilder();
    way.accept(wire, frame);
    return wire.build();
  }

  private static Map<Class<?>, BiConsumer<io.quipu.protocol.wire.Frame.Builder, Frame>> ways() {
    Ways ways = new Ways();
    ways.put(Frame.Connect.class, (wire, f) -> wire.setConnect(connect(f)));
    ways.put(Frame.Connected.class, (wire, f) -> wire.setConnected(connected(f)));
    ways.put(Frame.Renew.class, (wire, f) -> wire.getRenewBuilder().setToken(f.token()));
    ways.put(
        Frame.Renewed.class,
        (wire, f) -> wire.getRenewedBuilder().setTokenExpiresAtMs(f.tokenExpiresAtMs()));
    ways.put(Frame.Send.class, (wire, f) -> wire.setSend(send(f)));
    ways.put(Frame.SendAck.class, (wire, f) -> wire.setSendAck(sendAck(f)));
    ways.put(Frame.SendRejected.class, (wire, f) -> wire.setSendRejected(sendRejected(f)));
    ways.put(Frame.Deliver.class, (wire, f) -> wire.setDeliver(deliver(f)));
    ways.put(
        Frame.DeliverAck.class,
        (wire, f) ->
            wire.getDeliverAckBuilder().setConversation(f.conversation().value()).setSeq(f.seq()));
    ways.put(
        Frame.AckConfirm.class,
        (wire, f) ->
            wire.getAckConfirmBuilder().setConversation(f.conversation().value()).setSeq(f.seq()));
    ways.put(Frame.Receipt.class, (wire, f) -> wire.setReceipt(receipt(f)));
    putSync(ways);
    putOutcomes(ways);
    putLists(ways);
    putConnection(ways);
    return Map.copyOf(ways.all);
  }

  private static void putSync(Ways ways) {
    ways.put(
        Frame.Sync.class,
        (wire, f) ->
            wire.getSyncBuilder()
                .setSyncId(f.syncId())
                .addAllCursors(cursors(f.cursors()))
                .setOnlyListed(f.onlyListed())
                .setMore(f.more())
                .setReceiptsSince(f.receiptsSince()));
    ways.put(
        Frame.SyncPage.class,
        (wire, f) ->
            wire.getSyncPageBuilder()
                .setSyncId(f.syncId())
                .setPage(f.page())
                .addAllRanges(f.ranges().stream().map(ToWire::range).toList())
                .addAllResets(cursors(f.resets())));
    ways.put(
        Frame.SyncAck.class,
        (wire, f) -> wire.getSyncAckBuilder().setSyncId(f.syncId()).setPage(f.page()));
    ways.put(
        Frame.SyncDone.class,
        (wire, f) ->
            wire.getSyncDoneBuilder()
                .setSyncId(f.syncId())
                .setConversations(f.conversations())
                .setMessages(f.messages())
                .setReceiptsMark(f.receiptsMark()));
    ways.put(
        Frame.History.class,
        (wire, f) ->
            wire.getHistoryBuilder()
                .setRequest(f.request())
                .setConversation(f.conversation().value())
                .setBeforeSeq(f.beforeSeq())
                .setAfterSeq(f.afterSeq())
                .setLimit(f.limit())
                .setAroundSeq(f.aroundSeq()));
    ways.put(
        Frame.HistoryPage.class,
        (wire, f) ->
            wire.getHistoryPageBuilder()
                .setRequest(f.request())
                .setRange(range(f.range()))
                .setMore(f.more())
                .setMoreBefore(f.moreBefore())
                .addAllReactions(f.reactions().stream().map(ListCodec::toWire).toList()));
  }

  private static void putLists(Ways ways) {
    ways.put(Frame.Conversations.class, (wire, f) -> wire.setConversations(ListCodec.toWire(f)));
    ways.put(
        Frame.ConversationsPage.class, (wire, f) -> wire.setConversationsPage(ListCodec.toWire(f)));
    ways.put(Frame.Members.class, (wire, f) -> wire.setMembers(ListCodec.toWire(f)));
    ways.put(Frame.MembersPage.class, (wire, f) -> wire.setMembersPage(ListCodec.toWire(f)));
    ways.put(Frame.Receipts.class, (wire, f) -> wire.setReceipts(ListCodec.toWire(f)));
    ways.put(Frame.ReceiptsPage.class, (wire, f) -> wire.setReceiptsPage(ListCodec.toWire(f)));
    ways.put(
        Frame.Mute.class,
        (wire, f) ->
            wire.getMuteBuilder()
                .setConversation(f.conversation().value())
                .setUntilMs(f.untilMs()));
    ways.put(
        Frame.WatchPresence.class,
        (wire, f) ->
            wire.getWatchPresenceBuilder()
                .addAllUsers(f.users().stream().map(UserId::value).toList()));
  }

  private static void putOutcomes(Ways ways) {
    ways.put(
        Frame.SendStatus.class,
        (wire, f) ->
            wire.getSendStatusBuilder()
                .setRequest(f.request())
                .setConversation(f.conversation().value())
                .setClientMessageId(uuid(f.clientMessageId()))
                .setCancel(f.cancel()));
    ways.put(
        Frame.SendStatusResult.class,
        (wire, f) ->
            wire.getSendStatusResultBuilder()
                .setRequest(f.request())
                .setConversation(f.conversation().value())
                .setClientMessageId(uuid(f.clientMessageId()))
                .setState(sendState(f.state()))
                .setSeq(f.seq())
                .setStoredAtMs(f.storedAtMs()));
    ways.put(
        Frame.ReadMark.class,
        (wire, f) ->
            wire.getReadMarkBuilder().setConversation(f.conversation().value()).setSeq(f.seq()));
    ways.put(
        Frame.Typing.class,
        (wire, f) ->
            wire.getTypingBuilder()
                .setConversation(f.conversation().value())
                .setUser(f.user().map(UserId::value).orElse("")));
    ways.put(
        Frame.Presence.class,
        (wire, f) ->
            wire.getPresenceBuilder()
                .setUser(f.user().value())
                .setOnline(f.online())
                .setLastSeenMs(f.lastSeenMs()));
    ways.put(
        Frame.Tail.class,
        (wire, f) ->
            wire.getTailBuilder().setConversation(f.conversation().value()).setSeq(f.seq()));
  }

  private static void putConnection(Ways ways) {
    ways.put(Frame.Ping.class, (wire, f) -> wire.getPingBuilder().setNonce(f.nonce()));
    ways.put(
        Frame.Pong.class,
        (wire, f) -> wire.getPongBuilder().setNonce(f.nonce()).setServerTimeMs(f.serverTimeMs()));
    ways.put(
        Frame.GoAway.class,
        (wire, f) ->
            wire.getGoAwayBuilder()
                .setCode(f.code())
                .setAdvice(advice(f.advice()))
                .setRetryAfterMs(f.retryAfterMs())
                .setDetail(f.detail()));
    ways.put(
        Frame.Error.class,
        (wire, f) ->
            wire.getErrorBuilder()
                .setCode(f.code())
                .setAdvice(advice(f.advice()))
                .setRetryAfterMs(f.retryAfterMs())
                .setDetail(f.detail())
                .setConversation(name(f.conversation()))
                .setRequest(f.request()));
  }

  /** The table while it is made; it ties each lambda to its frame's type. */
  private static final class Ways {
    final Map<Class<?>, BiConsumer<io.quipu.protocol.wire.Frame.Builder, Frame>> all =
        new HashMap<>();

    <F extends Frame> void put(
        Class<F> type, BiConsumer<io.quipu.protocol.wire.Frame.Builder, F> way) {
      all.put(type, (wire, frame) -> way.accept(wire, type.cast(frame)));
    }
  }

  private static Connect connect(Frame.Connect f) {
    return Connect.newBuilder()
        .setProtocolVersion(f.protocolVersion())
        .setToken(f.token())
        .setDevice(f.device().value())
        .setClient(f.client())
        .build();
  }

  private static Connected connected(Frame.Connected f) {
    return Connected.newBuilder()
        .setProtocolVersion(f.protocolVersion())
        .setUser(f.user().value())
        .setDevice(f.device().value())
        .setSessionGeneration(f.sessionGeneration())
        .setStoreEpoch(f.storeEpoch())
        .setServerTimeMs(f.serverTimeMs())
        .setTokenExpiresAtMs(f.tokenExpiresAtMs())
        .setDeviceIsNew(f.deviceIsNew())
        .setLimits(limits(f.limits()))
        .build();
  }

  private static io.quipu.protocol.wire.Limits limits(Limits l) {
    return io.quipu.protocol.wire.Limits.newBuilder()
        .setHeartbeatMs(l.heartbeatMs())
        .setMaxFrameBytes(l.maxFrameBytes())
        .setMaxBodyBytes(l.maxBodyBytes())
        .setSendWindowMessages(l.sendWindowMessages())
        .setSendWindowBytes(l.sendWindowBytes())
        .setDeliverWindowMessages(l.deliverWindowMessages())
        .setDeliverWindowBytes(l.deliverWindowBytes())
        .setAckTimeoutMs(l.ackTimeoutMs())
        .setSyncCursors(l.syncCursors())
        .setSyncPageMessages(l.syncPageMessages())
        .setSyncPageBytes(l.syncPageBytes())
        .setSendTimeoutMs(l.sendTimeoutMs())
        .setGroupMembers(l.groupMembers())
        .setEditMs(l.editMs())
        .setRecallMs(l.recallMs())
        .setWatchedUsers(l.watchedUsers())
        .setReceiptGroupMembers(l.receiptGroupMembers())
        .setRetentionDays(l.retentionDays())
        .setMinRetentionDays(l.minRetentionDays())
        .setMaxRetentionDays(l.maxRetentionDays())
        .build();
  }

  private static io.quipu.protocol.wire.Send send(Frame.Send f) {
    var wire =
        io.quipu.protocol.wire.Send.newBuilder()
            .setClientSeq(f.clientSeq())
            .setClientMessageId(uuid(f.clientMessageId()))
            .setConversation(name(f.conversation()))
            .setToUser(f.toUser().map(UserId::value).orElse(""))
            .setResend(f.resend());
    if (f.content() instanceof Content.Text text) {
      wire.setTextBytes(text.utf8());
    } else if (f.content() instanceof Content.Body body) {
      wire.setBody(body.bytes());
    } else if (f.content() instanceof Content.Changed changed) {
      wire.setChange(ChangeCodec.toWire(changed.change()));
    } else {
      throw new IllegalArgumentException("nobody sends " + f.content());
    }
    return wire.build();
  }

  private static io.quipu.protocol.wire.SendAck sendAck(Frame.SendAck f) {
    return io.quipu.protocol.wire.SendAck.newBuilder()
        .setClientSeq(f.clientSeq())
        .setClientMessageId(uuid(f.clientMessageId()))
        .setConversation(f.conversation().value())
        .setSeq(f.seq())
        .setStoredAtMs(f.storedAtMs())
        .setDuplicate(f.duplicate())
        .build();
  }

  private static io.quipu.protocol.wire.SendRejected sendRejected(Frame.SendRejected f) {
    return io.quipu.protocol.wire.SendRejected.newBuilder()
        .setClientSeq(f.clientSeq())
        .setClientMessageId(uuid(f.clientMessageId()))
        .setConversation(name(f.conversation()))
        .setCode(f.code().code())
        .setOutcome(
            switch (f.outcome()) {
              case NOT_APPLIED -> io.quipu.protocol.wire.Outcome.NOT_APPLIED;
              case UNKNOWN -> io.quipu.protocol.wire.Outcome.UNKNOWN;
            })
        .setAdvice(advice(f.code().advice()))
        .setRetryAfterMs(f.retryAfterMs())
        .setExpectedClientSeq(f.expectedClientSeq())
        .setDetail(f.detail())
        .build();
  }

  private static io.quipu.protocol.wire.Deliver deliver(Frame.Deliver f) {
    MessageRange range = f.range();
    return io.quipu.protocol.wire.Deliver.newBuilder()
        .setConversation(range.conversation().value())
        .setFromSeq(range.fromSeq())
        .setToSeq(range.toSeq())
        .addAllMessages(messages(range.messages()))
        .addAllGaps(gaps(range.gaps()))
        .setRedelivered(f.redelivered())
        .build();
  }

  private static Range range(MessageRange range) {
    return Range.newBuilder()
        .setConversation(range.conversation().value())
        .setFromSeq(range.fromSeq())
        .setToSeq(range.toSeq())
        .addAllMessages(messages(range.messages()))
        .addAllGaps(gaps(range.gaps()))
        .build();
  }

  private static List<io.quipu.protocol.wire.Message> messages(List<Message> messages) {
    return messages.stream().map(ToWire::message).toList();
  }

  static io.quipu.protocol.wire.Message message(Message m) {
    var wire =
        io.quipu.protocol.wire.Message.newBuilder()
            .setSeq(m.seq())
            .setSender(m.sender().value())
            .setClientMessageId(uuid(m.clientMessageId()))
            .setStoredAtMs(m.storedAtMs())
            .setAmendedBySeq(m.amendedBySeq());
    if (m.content() instanceof Content.Text text) {
      wire.setTextBytes(text.utf8());
    } else if (m.content() instanceof Content.Body body) {
      wire.setBody(body.bytes());
    } else if (m.content() instanceof Content.Changed changed) {
      wire.setChange(ChangeCodec.toWire(changed.change()));
    } else if (m.content() instanceof Content.Erased) {
      wire.setErased(true);
    } else if (m.content() instanceof Content.Recalled) {
      wire.setRecalled(true);
    }
    return wire.build();
  }

  private static List<io.quipu.protocol.wire.Gap> gaps(List<Gap> gaps) {
    return gaps.stream()
        .map(
            gap ->
                io.quipu.protocol.wire.Gap.newBuilder()
                    .setFromSeq(gap.fromSeq())
                    .setToSeq(gap.toSeq())
                    .setReason(
                        switch (gap.reason()) {
                          case NOT_VISIBLE -> GapReason.NOT_VISIBLE;
                          case OLDER -> GapReason.OLDER;
                        })
                    .build())
        .toList();
  }

  private static List<io.quipu.protocol.wire.Cursor> cursors(List<Cursor> cursors) {
    return cursors.stream()
        .map(
            cursor ->
                io.quipu.protocol.wire.Cursor.newBuilder()
                    .setConversation(cursor.conversation().value())
                    .setSeq(cursor.seq())
                    .build())
        .toList();
  }

  private static io.quipu.protocol.wire.Receipt receipt(Frame.Receipt f) {
    return io.quipu.protocol.wire.Receipt.newBuilder()
        .setConversation(f.conversation().value())
        .setUser(f.user().value())
        .setState(
            switch (f.state()) {
              case STORED_OFFLINE -> io.quipu.protocol.wire.ReceiptState.STORED_OFFLINE;
              case DELIVERED -> io.quipu.protocol.wire.ReceiptState.DELIVERED;
              case READ -> io.quipu.protocol.wire.ReceiptState.READ;
            })
        .setSeq(f.seq())
        .build();
  }

  private static io.quipu.protocol.wire.SendState sendState(io.quipu.model.SendState state) {
    return switch (state) {
      case STORED -> io.quipu.protocol.wire.SendState.STORED;
      case NOT_SEEN -> io.quipu.protocol.wire.SendState.NOT_SEEN;
      case VOID -> io.quipu.protocol.wire.SendState.VOID;
    };
  }

  private static io.quipu.protocol.wire.Advice advice(io.quipu.model.Advice advice) {
    return switch (advice) {
      case NEVER -> io.quipu.protocol.wire.Advice.NEVER;
      case RE_LOGIN -> io.quipu.protocol.wire.Advice.RE_LOGIN;
      case BACK_OFF -> io.quipu.protocol.wire.Advice.BACK_OFF;
      case RETRY_SAME_ID -> io.quipu.protocol.wire.Advice.RETRY_SAME_ID;
      case STOP -> io.quipu.protocol.wire.Advice.STOP;
      case RECONNECT -> io.quipu.protocol.wire.Advice.RECONNECT;
    };
  }

  static String name(Optional<ConversationId> conversation) {
    return conversation.map(ConversationId::value).orElse("");
  }

  private static String uuid(UUID id) {
    return id.equals(NIL) ? "" : id.toString();
  }
}
