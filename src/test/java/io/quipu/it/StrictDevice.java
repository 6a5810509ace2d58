package io.quipu.it;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A device with a memory that outlives its connections, and that asks for nothing twice: no frame
 * may leave a hole before it, and none may say of a seq what another has not said. It acks at once
 * what it takes.
 */
final class StrictDevice implements AutoCloseable {
  private final TestNode node;
  private final Dress dress;
  private final String user;
  private final String name;
  private final Map<ConversationId, List<UUID>> views = new HashMap<>();
  private final Map<ConversationId, Long> confirmed = new HashMap<>();
  private RawClient client;
  private int syncs;
  private int pages;
  private int repeated;
  private boolean acking = true;

  StrictDevice(TestNode node, Dress dress, String user, String name) {
    this.node = node;
    this.dress = dress;
    this.user = user;
    this.name = name;
    this.client = RawClient.connect(node, dress, user, name);
  }

  /** The place of a gap in a view. */
  static final UUID NOTHING = new UUID(0, 0);

  RawClient client() {
    return client;
  }

  /** Seq by seq, from 1. */
  List<UUID> view(ConversationId conversation) {
    return views.computeIfAbsent(conversation, c -> new ArrayList<>());
  }

  long cursor(ConversationId conversation) {
    return view(conversation).size();
  }

  /** Pages of all its syncs. */
  int pages() {
    return pages;
  }

  /** Messages that it had already when they came. */
  int repeated() {
    return repeated;
  }

  void acksNothing() {
    acking = false;
  }

  /** Cuts the connection, and begins another one. */
  void reconnect() {
    client.close();
    client = RawClient.connect(node, dress, user, name);
    syncs = 0;
  }

  /** Its cursors that are ahead of their last confirmation. */
  List<Cursor> unconfirmed() {
    List<Cursor> cursors = new ArrayList<>();
    views.forEach(
        (conversation, view) -> {
          if (view.size() > confirmed.getOrDefault(conversation, 0L)) {
            cursors.add(new Cursor(conversation, view.size()));
          }
        });
    return cursors;
  }

  /** Sends a full sync, whose number is the answer. */
  int beginSync() {
    client.send(new Frame.Sync(++syncs, unconfirmed(), false, false));
    return syncs;
  }

  /** Takes what comes until the end of this sync. */
  Frame.SyncDone untilDone(int sync) {
    while (true) {
      Frame frame = takeOne();
      if (frame instanceof Frame.SyncDone done && done.syncId() == sync) {
        return done;
      }
    }
  }

  /** Takes what comes until so many pages of any sync have come. */
  void untilPages(int count) {
    while (pages < count) {
      takeOne();
    }
  }

  /** Takes so many frames, whatever they are. */
  void takeSome(int frames) {
    for (int i = 0; i < frames; i++) {
      takeOne();
    }
  }

  void until(ConversationId conversation, long seq) {
    while (cursor(conversation) < seq) {
      takeOne();
    }
  }

  private Frame takeOne() {
    Frame frame = client.await(Frame.class);
    take(frame);
    return frame;
  }

  private void take(Frame frame) {
    if (frame instanceof Frame.Deliver deliver) {
      take(deliver.range());
    } else if (frame instanceof Frame.SyncPage page) {
      pages++;
      page.ranges().forEach(this::take);
      client.send(new Frame.SyncAck(page.syncId(), page.page()));
    } else if (frame instanceof Frame.AckConfirm confirm) {
      confirmed.merge(confirm.conversation(), confirm.seq(), Math::max);
    } else if (frame instanceof Frame.GoAway || frame instanceof Frame.Error) {
      throw new AssertionError("not in a life in order: " + frame);
    }
  }

  private void take(MessageRange range) {
    List<UUID> view = view(range.conversation());
    if (range.fromSeq() > view.size() + 1) {
      throw new AssertionError("at " + view.size() + " came, over a hole, " + range);
    }
    long next = range.fromSeq();
    int m = 0;
    int g = 0;
    while (next <= range.toSeq()) {
      if (m < range.messages().size() && range.messages().get(m).seq() == next) {
        Message message = range.messages().get(m++);
        put(view, next++, message.clientMessageId());
      } else {
        Gap gap = range.gaps().get(g++);
        if (gap.fromSeq() != next) {
          throw new AssertionError("nothing stands at " + next + " of " + range);
        }
        while (next <= gap.toSeq()) {
          put(view, next++, NOTHING);
        }
      }
    }
    if (acking) {
      client.ack(range.conversation(), view.size());
    }
  }

  private void put(List<UUID> view, long seq, UUID id) {
    if (seq == view.size() + 1) {
      view.add(id);
    } else if (!view.get((int) seq - 1).equals(id)) {
      throw new AssertionError("seq " + seq + ": " + view.get((int) seq - 1) + " and " + id);
    } else {
      repeated++;
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
