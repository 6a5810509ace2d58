package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Seqs on their way to the store: the latest of each (holder, conversation), where a holder is a
 * device with its cursors or a user with his read marks. A lower one never replaces a higher one.
 * What finds no room is not taken; a sync that names it, or the ack timer, brings it again.
 *
 * <pre>
 * event               effect
 * put, new            waits for the next batch
 * put, higher         replaces what waits; what flies goes on, and then the higher one waits
 * put, lower or same  nothing, but a same one is stored and confirmed again
 * take                what waited longest flies
 * settled             leaves, unless a higher one came meanwhile
 * failed              waits again
 * </pre>
 */
final class CursorBuffer {
  private final int maxPerHolder;
  private final int maxPending;
  private final Map<Long, Holder> holders = new HashMap<>();
  private final ArrayDeque<Mark> waiting = new ArrayDeque<>();
  private int pending;

  CursorBuffer(int maxPerHolder, int maxPending) {
    this.maxPerHolder = maxPerHolder;
    this.maxPending = maxPending;
  }

  /** A device, or a user, with what of it is not yet stored. Shared by its sessions here. */
  final class Holder {
    final long key;
    final UserId user;
    final long userKey;
    private Map<ConversationId, Mark> marks = Map.of();
    private int sessions;

    /** The one that was opened last. */
    private long session;

    private Holder(long key, UserId user, long userKey) {
      this.key = key;
      this.user = user;
      this.userKey = userKey;
    }

    long session() {
      return session;
    }

    /** The highest seq that is not yet stored; 0 = none. */
    long pendingSeq(ConversationId conversation) {
      if (marks.isEmpty()) {
        return 0;
      }
      Mark mark = marks.get(conversation);
      return mark == null ? 0 : mark.seq;
    }

    /** All that is not yet stored. */
    Map<ConversationId, Mark> pendingMarks() {
      return Map.copyOf(marks);
    }

    /** False: {@link #put} would be in vain. */
    boolean hasRoom(ConversationId conversation) {
      return marks.containsKey(conversation)
          || (marks.size() < maxPerHolder && pending < maxPending);
    }

    /**
     * @param tell somebody else is to hear of it when it is stored
     * @return false if there is no room
     */
    boolean put(ConversationId conversation, long seq, boolean tell, long from) {
      Mark mark = marks.get(conversation);
      if (mark == null) {
        if (!hasRoom(conversation)) {
          return false;
        }
        mark = new Mark(this, conversation);
        if (marks.isEmpty()) {
          marks = new HashMap<>(4);
        }
        marks.put(conversation, mark);
        pending++;
      }
      mark.tell |= tell;
      if (seq >= mark.seq) {
        mark.seq = seq;
        mark.session = from;
        if (!mark.waits && seq > mark.flying) {
          mark.waits = true;
          waiting.add(mark);
        }
      }
      return true;
    }

    /** A session of this holder has ended; what is pending is stored all the same. */
    void left() {
      sessions--;
      forgetIfIdle();
    }

    private void removed(Mark mark) {
      marks.remove(mark.conversation);
      if (marks.isEmpty()) {
        marks = Map.of(); // a table keeps the size that it once had
      }
    }

    private void forgetIfIdle() {
      if (sessions == 0 && marks.isEmpty()) {
        holders.remove(key);
      }
    }
  }

  /** One seq on its way. */
  static final class Mark {
    final Holder holder;
    final ConversationId conversation;
    private long seq;
    private long flying;
    private boolean tell;
    private boolean waits;
    private long session;

    Mark(Holder holder, ConversationId conversation) {
      this.holder = holder;
      this.conversation = conversation;
    }

    long seq() {
      return seq;
    }
  }

  /** One seq that is being stored. */
  record Flying(Mark mark, long seq, boolean tell, long session) {
    Holder holder() {
      return mark.holder;
    }

    ConversationId conversation() {
      return mark.conversation;
    }
  }

  /** The holder with this key, for a session that begins. */
  Holder join(long key, UserId user, long userKey, long session) {
    Holder holder = holders.computeIfAbsent(key, k -> new Holder(k, user, userKey));
    holder.sessions++;
    holder.session = session;
    return holder;
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  int pending() {
    return pending;
  }

  List<Flying> take(int max) {
    List<Flying> batch = new ArrayList<>(Math.min(max, waiting.size()));
    while (batch.size() < max && !waiting.isEmpty()) {
      Mark mark = waiting.poll();
      mark.waits = false;
      mark.flying = mark.seq;
      batch.add(new Flying(mark, mark.seq, mark.tell, mark.session));
      mark.tell = false;
    }
    return batch;
  }

  /** The store has answered for these, with yes or no. */
  void settled(List<Flying> batch) {
    for (Flying one : batch) {
      Mark mark = one.mark;
      mark.flying = 0;
      if (mark.seq <= one.seq && !mark.waits) {
        mark.holder.removed(mark);
        pending--;
        mark.holder.forgetIfIdle();
      }
    }
  }

  /** The store has not answered: the same again, before all others. */
  void failed(List<Flying> batch) {
    for (int i = batch.size() - 1; i >= 0; i--) {
      Mark mark = batch.get(i).mark;
      mark.flying = 0;
      mark.tell |= batch.get(i).tell;
      if (!mark.waits) {
        mark.waits = true;
        waiting.addFirst(mark);
      }
    }
  }
}
