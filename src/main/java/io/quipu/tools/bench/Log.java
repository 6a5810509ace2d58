package io.quipu.tools.bench;

import com.google.protobuf.ByteString;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.protocol.Frame;
import io.quipu.tools.checker.DeviceRecorder;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One device's view of one conversation that has one sender: takes what comes, asks for what is
 * missing, and judges. The sender numbers its messages from 0 in their bodies, so the message at
 * seq s must be number s - 1.
 */
final class Log {
  /** Number and time stamp, at the head of every body. */
  static final int HEAD_BYTES = 16;

  /** What happens to each message that is next in order. */
  interface Taker {
    void took(long number, long sentAtNanos);
  }

  private final ConversationId conversation;
  private final Taker taker;
  private final Optional<DeviceRecorder> history;
  private long cursor;
  private long acked;
  private long duplicates;
  private long outOfOrder;
  private long redelivered;
  private int syncId;
  private boolean syncing;

  Log(ConversationId conversation, Taker taker, Optional<DeviceRecorder> history) {
    this.conversation = conversation;
    this.taker = taker;
    this.history = history;
  }

  static Content body(long number, long nowNanos, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).putLong(number).putLong(nowNanos);
    buffer.rewind();
    return new Content.Body(ByteString.copyFrom(buffer));
  }

  /** Asks for everything after the cursor. */
  void sync(Consumer<Frame> out) {
    syncing = true;
    Frame.Sync sync =
        new Frame.Sync(++syncId, List.of(new Cursor(conversation, cursor)), true, false);
    history.ifPresent(recorder -> recorder.syncing(sync));
    out.accept(sync);
  }

  /** Takes a frame of its connection; those that say nothing of the log are dropped. */
  void frame(Frame frame, Consumer<Frame> out) {
    if (frame instanceof Frame.Deliver deliver) {
      history.ifPresent(recorder -> recorder.received(deliver.range(), false));
      range(deliver.range(), out);
    } else if (frame instanceof Frame.SyncPage page) {
      for (MessageRange range : page.ranges()) {
        history.ifPresent(recorder -> recorder.received(range, true));
        range(range, out);
      }
      out.accept(new Frame.SyncAck(page.syncId(), page.page()));
    } else if (frame instanceof Frame.SyncDone) {
      syncing = false;
      history.ifPresent(DeviceRecorder::synced);
    } else if (frame instanceof Frame.AckConfirm confirm) {
      history.ifPresent(recorder -> recorder.confirmed(confirm.conversation(), confirm.seq()));
    }
  }

  /** The device's own message: its ack fills the place. */
  void own(long seq, Consumer<Frame> out) {
    if (seq == cursor + 1) {
      cursor = seq;
      history.ifPresent(recorder -> recorder.taken(conversation, seq));
    } else if (seq > cursor && !syncing) {
      sync(out);
    }
  }

  /** Acknowledges what has been taken since the last time. */
  void acknowledge(Consumer<Frame> out) {
    if (cursor > acked) {
      acked = cursor;
      history.ifPresent(recorder -> recorder.acknowledging(conversation, acked));
      out.accept(new Frame.DeliverAck(conversation, cursor));
    }
  }

  private void range(MessageRange range, Consumer<Frame> out) {
    if (!range.conversation().equals(conversation)) {
      return;
    }
    for (Message message : range.messages()) {
      if (message.seq() <= cursor) {
        redelivered++;
      } else if (message.seq() == cursor + 1) {
        cursor++;
        judge(message);
        history.ifPresent(recorder -> recorder.taken(conversation, cursor));
      } else if (!syncing) {
        sync(out);
      }
    }
  }

  private void judge(Message message) {
    if (!(message.content() instanceof Content.Body body) || body.bytes().size() < HEAD_BYTES) {
      outOfOrder++; // not what was sent at this place
      return;
    }
    ByteBuffer head = body.bytes().asReadOnlyByteBuffer();
    long number = head.getLong();
    long expected = message.seq() - 1;
    if (number < expected) {
      duplicates++;
    } else if (number > expected) {
      outOfOrder++;
    }
    taker.took(number, head.getLong());
  }

  boolean syncing() {
    return syncing;
  }

  /** The highest seq up to which everything has been taken. */
  long cursor() {
    return cursor;
  }

  long duplicates() {
    return duplicates;
  }

  long outOfOrder() {
    return outOfOrder;
  }

  /** Pushed again, and dropped here as any client does: no fault. */
  long redelivered() {
    return redelivered;
  }
}
