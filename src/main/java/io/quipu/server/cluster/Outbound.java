package io.quipu.server.cluster;

import io.quipu.model.ConversationId;
import io.quipu.model.MessageRange;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.SharedFrame;
import java.util.Arrays;
import java.util.List;

/**
 * All that one event loop's sessions are to get from one commit. Answers are handled before
 * deliveries, so a sender's {@code SendAck n} is written before {@code Deliver > n}.
 */
public record Outbound(
    List<AppendAnswer> answers,
    List<Delivery> deliveries,
    List<ReceiptNotice> receipts,
    List<Kick> kicks,
    List<Hint> hints)
    implements BusMessage {
  /** Without hints. */
  public Outbound(
      List<AppendAnswer> answers,
      List<Delivery> deliveries,
      List<ReceiptNotice> receipts,
      List<Kick> kicks) {
    this(answers, deliveries, receipts, kicks, List.of());
  }

  /**
   * Fresh entries of one conversation for some sessions of this loop. A hint: it may be lost. The
   * range has no gaps; the frame is the same as a Deliver, to be encoded once for all; {@code
   * sessions} get all of it, and {@code senders}, who sent some of it themselves, get the rest.
   */
  public static final class Delivery {
    private final MessageRange range;
    private final SharedFrame frame;
    private final long[] sessions;
    private final List<OwnShare> senders;

    public Delivery(
        MessageRange range, SharedFrame frame, long[] sessions, List<OwnShare> senders) {
      this.range = range;
      this.frame = frame;
      this.sessions = sessions;
      this.senders = List.copyOf(senders);
    }

    public MessageRange range() {
      return range;
    }

    public SharedFrame frame() {
      return frame;
    }

    /** Who gets all of it. Not to be changed: it is shared. */
    public long[] sessions() {
      return sessions;
    }

    public List<OwnShare> senders() {
      return senders;
    }

    @Override
    public String toString() {
      return range.conversation()
          + " "
          + range.fromSeq()
          + ".."
          + range.toSeq()
          + " for "
          + Arrays.toString(sessions);
    }
  }

  /**
   * A session of which some of a delivery came; its SendAcks carry those.
   *
   * @param ownSeqs rising
   */
  public record OwnShare(long session, List<Long> ownSeqs) {}

  /** A watermark for the sender's side. */
  public record ReceiptNotice(
      long session, ConversationId conversation, UserId user, ReceiptState state, long seq) {}

  /** A frame that may be lost, for a session that is open and takes frames now. */
  public record Hint(long session, SharedFrame frame) {}

  /** A newer session of the same device has begun; only an older generation gives way. */
  public record Kick(long session, long newerGeneration) {}

  public static Outbound ofReceipts(List<ReceiptNotice> receipts) {
    return new Outbound(List.of(), List.of(), receipts, List.of());
  }

  public static Outbound ofKick(Kick kick) {
    return new Outbound(List.of(), List.of(), List.of(), List.of(kick));
  }
}
