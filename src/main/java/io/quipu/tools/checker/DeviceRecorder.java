package io.quipu.tools.checker;

import io.quipu.client.ClientObserver;
import io.quipu.client.PendingSend;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.SendFate;
import io.quipu.client.Stored;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Writes what one run of one client does and sees. The SDK calls it as its observer; a client that
 * speaks frames by itself calls the same methods, and those named after frames.
 */
public final class DeviceRecorder implements ClientObserver {
  private final HistoryWriter history;
  private final UserId user;
  private final String device;
  private final boolean fresh;

  /** Own changes on their way: nobody else may see what they do. Bounded by the outbox. */
  private final Map<UUID, Content.Changed> ownChanges = new HashMap<>();

  DeviceRecorder(HistoryWriter history, UserId user, DeviceId device, boolean fresh) {
    this.history = history;
    this.user = user;
    this.device = user + "/" + device;
    this.fresh = fresh;
  }

  private HistoryLine line(String event) {
    return HistoryLine.of(event).text("device", device);
  }

  private HistoryLine line(String event, ConversationId conversation) {
    return line(event).text("conversation", conversation.value());
  }

  @Override
  public void started(Map<ConversationId, Long> cursors, boolean outboxKept) {
    HistoryLine line = line("run").flag("outbox_kept", outboxKept).flag("fresh", fresh);
    history.add(
        line.list(
            "cursors",
            cursors.entrySet(),
            cursor -> line.place(cursor.getKey().value(), cursor.getValue())));
  }

  @Override
  public void connected(UserId self, long sessionGeneration, boolean deviceIsNew) {
    history.add(
        line("up").number("generation", sessionGeneration).flag("device_is_new", deviceIsNew));
  }

  @Override
  public void synced() {
    history.add(line("live"));
  }

  @Override
  public void disconnected(long silentMs) {
    history.add(line("down").number("silent_ms", silentMs));
  }

  @Override
  public void invoked(PendingSend send) {
    invoked(send, false);
  }

  @Override
  public void restored(PendingSend send) {
    invoked(send, true);
  }

  private void invoked(PendingSend send, boolean restored) {
    if (send.content() instanceof Content.Changed changed) {
      ownChanges.put(send.id(), changed);
    }
    HistoryLine line =
        line("invoke", send.to().conversation(user, send.id()))
            .text("id", send.id().toString())
            .text("content", Fingerprint.of(send.content()));
    history.add(restored ? line.flag("restored", true) : line);
  }

  @Override
  public void acked(PendingSend send, Stored stored) {
    acked(stored);
  }

  /** A SendAck has come. */
  public void acked(Stored stored) {
    HistoryLine line =
        line("ack", stored.conversation())
            .text("id", stored.clientMessageId().toString())
            .number("seq", stored.seq());
    history.add(stored.duplicate() ? line.flag("duplicate", true) : line);
    Content.Changed own = ownChanges.remove(stored.clientMessageId());
    if (own != null) {
      history.changes(
          stored.conversation(),
          new Message(stored.seq(), user, stored.clientMessageId(), stored.storedAtMs(), own));
    }
  }

  @Override
  public void rejected(PendingSend send, ErrorCode code, Outcome outcome) {
    rejected(send.to().conversation(user, send.id()), send.id(), code, outcome);
  }

  /** A SendRejected has come. */
  public void rejected(ConversationId conversation, UUID id, ErrorCode code, Outcome outcome) {
    if (outcome == Outcome.NOT_APPLIED) {
      ownChanges.remove(id);
    }
    history.add(
        line("reject", conversation)
            .text("id", id.toString())
            .text("code", code.name())
            .text("outcome", outcome.name()));
  }

  @Override
  public void statusKnown(ConversationId conversation, SendFate fate) {
    HistoryLine line =
        line("status", conversation)
            .text("id", fate.clientMessageId().toString())
            .text("state", fate.state().name());
    history.add(fate.seq() == 0 ? line : line.number("seq", fate.seq()));
  }

  @Override
  public void received(MessageRange range, boolean sync) {
    range.messages().forEach(message -> history.changes(range.conversation(), message));
    history.add(line(sync ? "page" : "push").range(range));
  }

  @Override
  public void syncing(Frame.Sync sync) {
    List<Cursor> cursors = sync.cursors();
    HistoryLine line =
        line("sync").number("sync_id", sync.syncId()).flag("only_listed", sync.onlyListed());
    history.add(
        line.list(
            "cursors", cursors, cursor -> line.place(cursor.conversation().value(), cursor.seq())));
  }

  @Override
  public void taken(ReceivedMessage message) {
    taken(message.conversation(), message.seq());
  }

  /** The application has this message. */
  public void taken(ConversationId conversation, long seq) {
    history.add(line("taken", conversation).number("seq", seq));
  }

  @Override
  public void acknowledging(ConversationId conversation, long seq) {
    history.add(line("deliver_ack", conversation).number("seq", seq));
  }

  @Override
  public void confirmed(ConversationId conversation, long seq) {
    history.add(line("ack_confirm", conversation).number("seq", seq));
  }

  @Override
  public void reset(ConversationId conversation, long seq) {
    history.add(line("reset", conversation).number("seq", seq));
  }

  /** The cursor that the server has stored for this device, as somebody else has read it. */
  public void storedCursor(ConversationId conversation, long seq) {
    history.add(line("cursor", conversation).number("seq", seq));
  }

  /** This final reader has all that there is. */
  public void done() {
    history.add(line("fresh_done"));
  }
}
