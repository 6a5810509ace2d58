package io.quipu.sim;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;

/** The holes between a device and its session, or its read half: frames are changed or added. */
final class PlantedWire {
  private static final int OWN_REQUESTS = 1_000_000;
  private static final double OFTEN = 0.1;

  private final Hole hole;
  private final World world;
  private final UserId user;
  private final Consumer<Frame> toSession;
  private final Consumer<Frame> toDevice;

  /** client_seqs that the session does not get to see. */
  private final TreeSet<Integer> skipped = new TreeSet<>();

  private final Map<ConversationId, LinkedHashSet<UUID>> refused = new HashMap<>();
  private final Set<UUID> resent = new HashSet<>();
  private final Map<ConversationId, Long> pushed = new HashMap<>();
  private int requests = OWN_REQUESTS;

  PlantedWire(World world, UserId user, Consumer<Frame> toSession, Consumer<Frame> toDevice) {
    this.hole = world.hole();
    this.world = world;
    this.user = user;
    this.toSession = toSession;
    this.toDevice = toDevice;
  }

  private boolean chaos() {
    return !world.faults().areOver() && world.scheduler().chance(OFTEN);
  }

  // ---- from the device

  void up(Frame frame) {
    if (hole == Hole.SESSION_GOES_ON_AFTER_A_REFUSAL && frame instanceof Frame.Send send) {
      upOrSkipped(send);
    } else if (hole == Hole.SESSION_AWAITS_ONLY_THE_OLDEST && frame instanceof Frame.Send send) {
      toSession.accept(send);
      send.conversation().ifPresent(conversation -> forgetOthers(conversation, send));
    } else if (hole == Hole.NOT_APPLIED_FOR_A_RESEND && frame instanceof Frame.Send send) {
      if (send.resend()) {
        resent.add(send.clientMessageId());
      }
      toSession.accept(send);
    } else if (hole == Hole.ACK_BEYOND_THE_PUSHES_IS_AN_ERROR) {
      upIfPushed(frame);
    } else {
      toSession.accept(frame);
    }
  }

  private void upOrSkipped(Frame.Send send) {
    if (skipped.contains(send.clientSeq()) || (!send.resend() && chaos())) {
      skipped.add(send.clientSeq());
      toDevice.accept(
          new Frame.SendRejected(
              send.clientSeq(),
              send.clientMessageId(),
              send.conversation(),
              ErrorCode.SEND_WINDOW_FULL,
              Outcome.UNKNOWN,
              100,
              0,
              "hole"));
      return;
    }
    toSession.accept(
        new Frame.Send(
            send.clientSeq() - skipped.headSet(send.clientSeq()).size(),
            send.clientMessageId(),
            send.conversation(),
            send.toUser(),
            send.resend(),
            send.content()));
  }

  /** The client_seq that the device gave to what the session knows by another one. */
  private int clientSeq(int sessionSeq) {
    int seq = sessionSeq;
    for (int gone : skipped) {
      if (gone <= seq) {
        seq++;
      }
    }
    return seq;
  }

  private void forgetOthers(ConversationId conversation, Frame.Send send) {
    LinkedHashSet<UUID> waiting = refused.get(conversation);
    if (waiting == null || !waiting.iterator().next().equals(send.clientMessageId())) {
      return;
    }
    refused.remove(conversation);
    waiting.remove(send.clientMessageId());
    for (UUID id : waiting) {
      world.store().planted().forget(id);
      toSession.accept(new Frame.SendStatus(++requests, conversation, id, false));
    }
  }

  private void upIfPushed(Frame frame) {
    if (frame instanceof Frame.Sync sync) {
      sync.cursors()
          .forEach(cursor -> pushed.merge(cursor.conversation(), cursor.seq(), Math::max));
    } else if (frame instanceof Frame.DeliverAck ack
        && ack.seq() > pushed.getOrDefault(ack.conversation(), 0L)) {
      toDevice.accept(
          new Frame.Error(
              ErrorCode.ACK_BEYOND_TAIL.code(),
              ErrorCode.ACK_BEYOND_TAIL.advice(),
              0,
              "hole",
              Optional.of(ack.conversation()),
              0));
      return;
    }
    toSession.accept(frame);
  }

  // ---- to the device

  void down(Frame frame) {
    switch (hole) {
      case SESSION_GOES_ON_AFTER_A_REFUSAL -> toDevice.accept(withClientSeq(frame));
      case SESSION_AWAITS_ONLY_THE_OLDEST -> downUnlessOwn(frame);
      case NOT_APPLIED_FOR_A_RESEND -> toDevice.accept(withoutUnknown(frame));
      case TIMER_LEAVES_OUT_OWN_MESSAGES -> downWithoutOwn(frame);
      case CLIENT_WAITS_FOR_WHAT_IT_MAY_NOT_SEE -> toDevice.accept(withoutGaps(frame));
      case SEND_ACK_COUNTS_AS_TAKEN -> {
        toDevice.accept(frame);
        if (frame instanceof Frame.SendAck ack) {
          toSession.accept(new Frame.DeliverAck(ack.conversation(), ack.seq()));
        }
      }
      case PAGE_COUNTS_AS_TAKEN -> {
        toDevice.accept(frame);
        if (frame instanceof Frame.SyncPage page) {
          for (MessageRange range : page.ranges()) {
            toSession.accept(new Frame.DeliverAck(range.conversation(), range.toSeq()));
          }
        }
      }
      case ACK_BEYOND_THE_PUSHES_IS_AN_ERROR -> {
        if (frame instanceof Frame.Deliver deliver) {
          pushed(deliver.range());
        } else if (frame instanceof Frame.SyncPage page) {
          page.ranges().forEach(this::pushed);
        }
        toDevice.accept(frame);
      }
      default -> toDevice.accept(frame);
    }
  }

  private void pushed(MessageRange range) {
    pushed.merge(range.conversation(), range.toSeq(), Math::max);
  }

  private Frame withClientSeq(Frame frame) {
    if (frame instanceof Frame.SendAck ack) {
      return new Frame.SendAck(
          clientSeq(ack.clientSeq()),
          ack.clientMessageId(),
          ack.conversation(),
          ack.seq(),
          ack.storedAtMs(),
          ack.duplicate());
    }
    if (frame instanceof Frame.SendRejected no) {
      return new Frame.SendRejected(
          clientSeq(no.clientSeq()),
          no.clientMessageId(),
          no.conversation(),
          no.code(),
          no.outcome(),
          no.retryAfterMs(),
          no.expectedClientSeq() == 0 ? 0 : clientSeq(no.expectedClientSeq()),
          no.detail());
    }
    return frame;
  }

  private void downUnlessOwn(Frame frame) {
    if (frame instanceof Frame.SendStatusResult result && result.request() > OWN_REQUESTS) {
      return;
    }
    if (frame instanceof Frame.Error error && error.request() > OWN_REQUESTS) {
      return;
    }
    if (frame instanceof Frame.SendRejected no
        && no.outcome() == Outcome.UNKNOWN
        && no.conversation().isPresent()) {
      refused
          .computeIfAbsent(no.conversation().get(), key -> new LinkedHashSet<>())
          .add(no.clientMessageId());
    }
    toDevice.accept(frame);
  }

  private Frame withoutUnknown(Frame frame) {
    return frame instanceof Frame.SendRejected no
            && resent.contains(no.clientMessageId())
            && (no.code() == ErrorCode.SEND_WINDOW_FULL
                || no.code() == ErrorCode.EARLIER_SEND_UNRESOLVED)
        ? new Frame.SendRejected(
            no.clientSeq(),
            no.clientMessageId(),
            no.conversation(),
            no.code(),
            Outcome.NOT_APPLIED,
            0,
            0,
            "hole")
        : frame;
  }

  private void downWithoutOwn(Frame frame) {
    if (frame instanceof Frame.Deliver deliver && deliver.redelivered()) {
      MessageRange rest = PlantedStore.withoutOwn(user, deliver.range());
      if (!rest.messages().isEmpty()) {
        toDevice.accept(new Frame.Deliver(rest, true));
      }
    } else {
      toDevice.accept(frame);
    }
  }

  private static Frame withoutGaps(Frame frame) {
    if (frame instanceof Frame.Deliver deliver) {
      return new Frame.Deliver(withoutGaps(deliver.range()), deliver.redelivered());
    }
    if (frame instanceof Frame.SyncPage page) {
      List<MessageRange> ranges = new ArrayList<>();
      page.ranges().forEach(range -> ranges.add(withoutGaps(range)));
      return new Frame.SyncPage(page.syncId(), page.page(), ranges, page.resets());
    }
    return frame;
  }

  private static MessageRange withoutGaps(MessageRange range) {
    return new MessageRange(
        range.conversation(), range.fromSeq(), range.toSeq(), range.messages(), List.of());
  }

  /** The device reads this frame. */
  void read(Frame frame) {
    if (hole == Hole.CLIENT_ACKS_OVER_A_GAP && frame instanceof Frame.Deliver deliver) {
      toSession.accept(
          new Frame.DeliverAck(deliver.range().conversation(), deliver.range().toSeq()));
    }
  }
}
