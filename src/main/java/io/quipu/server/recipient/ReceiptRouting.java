package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.cluster.Outbound.ReceiptNotice;
import io.quipu.server.cluster.Registry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells the other user of a direct conversation how far messages have come, and a user's other
 * devices what he has read. Hints: a lost one is made good by the next. Groups get none: their
 * members of this moment would have to be read for each.
 */
public final class ReceiptRouting {
  private final Address.Loop self;
  private final Registry registry;
  private final Bus bus;
  private final Map<Address.Loop, List<ReceiptNotice>> notices = new HashMap<>();

  ReceiptRouting(Address.Loop self, Registry registry, Bus bus) {
    this.self = self;
    this.registry = registry;
    this.bus = bus;
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

  void delivered(ConversationId conversation, UserId by, long seq) {
    toPeer(conversation, by, ReceiptState.DELIVERED, seq);
  }

  /**
   * @param session the one that said so, on this event loop: it knows
   */
  void read(ConversationId conversation, UserId by, long seq, long session) {
    for (Registry.Entry entry : registry.locate(by)) {
      boolean same = entry.address().session() == session && entry.address().loop().equals(self);
      if (!same) {
        add(entry, conversation, by, ReceiptState.READ, seq);
      }
    }
    toPeer(conversation, by, ReceiptState.READ, seq);
  }

  private void toPeer(ConversationId conversation, UserId by, ReceiptState state, long seq) {
    for (UserId user : conversation.directUsers()) {
      if (!user.equals(by)) {
        for (Registry.Entry entry : registry.locate(user)) {
          add(entry, conversation, by, state, seq);
        }
      }
    }
  }

  private void add(
      Registry.Entry to, ConversationId conversation, UserId by, ReceiptState state, long seq) {
    notices
        .computeIfAbsent(to.address().loop(), loop -> new ArrayList<>())
        .add(new ReceiptNotice(to.address().session(), conversation, by, state, seq));
  }

  /** One message to each event loop that has something to tell. */
  void flush() {
    if (!notices.isEmpty()) {
      notices.forEach((loop, some) -> bus.send(loop, Outbound.ofReceipts(some)));
      notices.clear();
    }
  }
}
