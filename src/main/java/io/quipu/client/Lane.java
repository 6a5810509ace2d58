package io.quipu.client;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Limits;
import io.quipu.protocol.Frame;
import java.util.ArrayDeque;
import java.util.Optional;

/**
 * The sends of one conversation in an {@link Outbox}, in the order in which they were asked for.
 */
final class Lane {
  static final long NOT_READY = -1;
  private static final long NEVER = Long.MAX_VALUE;

  final ConversationId conversation;

  /** Sent on this connection and still here, in order; then what comes after them. */
  final ArrayDeque<Entry> sent = new ArrayDeque<>();

  final ArrayDeque<Entry> waiting = new ArrayDeque<>();
  int unanswered;
  boolean draining;
  boolean paused;
  long untilMs;
  int failures;
  int headRefusals;
  long readyKey = NOT_READY;

  Lane(ConversationId conversation) {
    this.conversation = conversation;
  }

  /** A send and how far it has come. */
  static final class Entry {
    final PendingSend send;
    final int sizeBytes;
    final long ordinal;

    /** Set as soon as it is known who sends. */
    Lane lane;

    boolean maybeSent;
    boolean unanswered;
    boolean parked;
    boolean cancelling;
    int clientSeq;
    int tries;
    int timeouts;
    long sentAtMs;
    long firstSentMs = NEVER;

    Entry(PendingSend send, long ordinal, boolean maybeSent) {
      this.send = send;
      this.sizeBytes = send.sizeBytes();
      this.ordinal = ordinal;
      this.maybeSent = maybeSent;
    }

    boolean held() {
      return parked || cancelling;
    }

    /** True if this server would take its content, and the frame around it. */
    boolean fits(Limits limits, int wireBytes) {
      Content content = send.content();
      return (content instanceof Content.Changed
              || PendingSend.contentBytes(content) <= limits.maxBodyBytes())
          && wireBytes <= limits.maxFrameBytes();
    }

    Frame.Send frame(boolean resend) {
      return new Frame.Send(
          clientSeq,
          send.id(),
          send.to() instanceof To.NewGroup ? Optional.empty() : Optional.of(lane.conversation),
          Optional.empty(),
          resend,
          send.content());
    }
  }
}
