package io.quipu.it;

import io.quipu.model.ConversationId;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What one device has of one conversation, taken as the protocol says: acked as far as it is
 * without a hole, its own sends placed by their acks.
 */
final class Transcript {
  private final RawClient client;
  private final ConversationId conversation;
  private final NavigableMap<Long, UUID> bySeq = new TreeMap<>();
  private final List<Gap> gaps = new ArrayList<>();
  private long cursor;

  Transcript(RawClient client, ConversationId conversation) {
    this.client = client;
    this.conversation = conversation;
  }

  /** Takes and acks what comes until this device has everything up to {@code seq}. */
  Transcript until(long seq) {
    while (cursor < seq) {
      Frame frame =
          client.await(
              Frame.class,
              f ->
                  f instanceof Frame.Deliver d && d.range().conversation().equals(conversation)
                      || f instanceof Frame.SendAck a && a.conversation().equals(conversation));
      if (frame instanceof Frame.Deliver deliver) {
        take(deliver.range());
      } else if (frame instanceof Frame.SendAck ack) {
        place(ack);
      }
      client.ack(conversation, advanced());
    }
    return this;
  }

  Transcript take(List<Frame.SyncPage> pages) {
    for (Frame.SyncPage page : pages) {
      for (MessageRange range : page.ranges()) {
        if (range.conversation().equals(conversation)) {
          take(range);
        }
      }
    }
    if (advanced() > 0) {
      client.ack(conversation, cursor);
    }
    return this;
  }

  Transcript take(MessageRange range) {
    for (Message message : range.messages()) {
      put(message.seq(), message.clientMessageId());
    }
    gaps.addAll(range.gaps());
    return this;
  }

  /** The place of an own send. */
  void place(Frame.SendAck ack) {
    put(ack.seq(), ack.clientMessageId());
  }

  private void put(long seq, UUID id) {
    UUID before = bySeq.put(seq, id);
    if (before != null && !before.equals(id)) {
      throw new AssertionError("seq " + seq + " has two messages: " + before + " and " + id);
    }
  }

  private long advanced() {
    boolean moved = true;
    while (moved) {
      moved = false;
      while (bySeq.containsKey(cursor + 1)) {
        cursor++;
        moved = true;
      }
      for (Gap gap : gaps) {
        if (gap.fromSeq() <= cursor + 1 && gap.toSeq() > cursor) {
          cursor = gap.toSeq();
          moved = true;
        }
      }
    }
    return cursor;
  }

  /** client_message_ids in the order of their seqs. */
  List<UUID> ids() {
    return List.copyOf(bySeq.values());
  }

  List<Long> seqs() {
    return List.copyOf(bySeq.keySet());
  }

  List<Gap> gaps() {
    return gaps;
  }
}
