package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.NodeParcel.UserReceipt;
import io.quipu.server.cluster.Outbound.ReceiptNotice;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.Cursors;
import java.util.Optional;

/**
 * Tells senders how far messages have come, and a user's other devices what he has read, on all
 * nodes. Who is to hear of it the store has said, in the statement that stored it. Hints: what is
 * lost on the way is told by the next one, or by the next sync.
 */
public final class ReceiptRouting {
  private final Address.Loop self;
  private final Outreach outreach;

  ReceiptRouting(Address.Loop self, Outreach outreach) {
    this.self = self;
    this.outreach = outreach;
  }

  /**
   * What a session writes for a notice. A user's own READ is told to his other devices as ReadMark.
   *
   * @param reader the session's user
   */
  public static Frame frame(UserId reader, ReceiptNotice notice) {
    return notice.state() == ReceiptState.READ && notice.user().equals(reader)
        ? new Frame.ReadMark(notice.conversation(), notice.seq())
        : new Frame.Receipt(notice.conversation(), notice.user(), notice.state(), notice.seq());
  }

  /** A watermark of {@code by} has risen, and this is its audience. */
  void told(ConversationId conversation, UserId by, ReceiptState state, Cursors.Receipt receipt) {
    for (UserId user : receipt.audience()) {
      outreach.receipt(
          new UserReceipt(user, Optional.empty(), conversation, by, state, receipt.seq()));
    }
  }

  /**
   * The user's other devices hear it, whatever the conversation.
   *
   * @param session the one that said so, on this event loop: it knows
   */
  void readMark(ConversationId conversation, UserId by, long seq, long session) {
    Optional<SessionAddress> teller = Optional.of(new SessionAddress(self, session));
    outreach.receipt(new UserReceipt(by, teller, conversation, by, ReceiptState.READ, seq));
  }

  /** What has been gathered leaves. */
  void flush() {
    outreach.flush();
  }
}
