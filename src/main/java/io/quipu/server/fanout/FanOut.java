package io.quipu.server.fanout;

import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Announcement;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.NodeParcel.UserReceipt;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.Whisper;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Tells what one turn of a sequencer has to tell: acks to those who sent, entries to those who are
 * connected, on this node or another, in one message for each event loop and node. Belongs to one
 * event loop.
 */
public final class FanOut {
  private final Outreach outreach;
  private final int receiptMembers;

  /**
   * @param receiptMembers of a group, at most, for receipts to be told
   */
  public FanOut(Outreach outreach, int receiptMembers) {
    this.outreach = outreach;
    this.receiptMembers = receiptMembers;
  }

  /** Tells the origin of an append what became of it. */
  public void answer(Append append, AppendAnswer.Verdict verdict) {
    outreach.answer(append, verdict);
  }

  /** Tells everybody who is connected about committed entries. */
  public void committed(Announcement committed) {
    outreach.announce(committed);
    if (committed.conversation().isDirect() || committed.audience().size() <= receiptMembers) {
      for (UserId user : committed.audience()) {
        if (outreach.isAbsent(user)) {
          storedOffline(committed, user);
        }
      }
    }
  }

  /**
   * Tells everybody who is connected that somebody is writing, but for the session he writes in.
   *
   * @param members of the conversation, the one who is writing among them
   */
  public void whisper(Whisper whisper, Collection<UserId> members) {
    outreach.whisper(whisper, members);
  }

  /** Sends what has been gathered since the last flush. */
  public void flush() {
    outreach.flush();
  }

  /** The user's absence is told to the devices of those who have sent some of it. */
  private void storedOffline(Announcement committed, UserId absent) {
    long lastSeq = committed.messages().get(committed.messages().size() - 1).seq();
    Set<UserId> senders = new HashSet<>();
    committed.messages().forEach(message -> senders.add(message.sender()));
    for (UserId user : committed.audience()) {
      if (!user.equals(absent) && senders.contains(user)) {
        outreach.receipt(
            new UserReceipt(
                user,
                Optional.empty(),
                committed.conversation(),
                absent,
                ReceiptState.STORED_OFFLINE,
                lastSeq));
      }
    }
  }
}
