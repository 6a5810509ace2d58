package io.quipu.server.sequencer;

import io.quipu.server.cluster.Append;
import io.quipu.server.journal.EntryId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What one conversation has taken and not answered, in order, and how much that is. */
final class WaitingAppends implements Iterable<Pending> {
  private final ArrayDeque<Pending> queue = new ArrayDeque<>();

  /** Of several with one id, the one that is answered for all that are the same. */
  private final Map<EntryId, Pending> byId = new HashMap<>();

  private long bytes;
  private int copies;

  boolean isEmpty() {
    return queue.isEmpty();
  }

  int size() {
    return queue.size();
  }

  int sizeWithCopies() {
    return queue.size() + copies;
  }

  /** Of the content. */
  long bytes() {
    return bytes;
  }

  /** Fails if there is none. */
  Pending head() {
    return queue.element();
  }

  Optional<Pending> twinOf(EntryId id) {
    return Optional.ofNullable(byId.get(id));
  }

  void add(Pending pending) {
    queue.add(pending);
    bytes += pending.bytes;
    byId.putIfAbsent(pending.id, pending);
  }

  void addCopy(Pending twin, Append copy) {
    copies -= twin.copies.size();
    twin.addCopy(copy);
    copies += twin.copies.size();
  }

  /** True if no other one with its id stands before it. */
  @SuppressWarnings("ReferenceEquality") // it, and not one like it
  boolean speaksForItsId(Pending pending) {
    return byId.get(pending.id) == pending;
  }

  /** The one with its id that stood before it is gone. */
  void letSpeak(Pending pending) {
    byId.put(pending.id, pending);
  }

  Pending removeHead() {
    Pending head = queue.remove();
    forget(head);
    return head;
  }

  void removeAll(Collection<Pending> some) {
    queue.removeAll(new HashSet<>(some));
    some.forEach(this::forget);
  }

  /** Returns them, in order. */
  List<Pending> removeAllOf(long senderKey) {
    List<Pending> his =
        queue.stream().filter(pending -> pending.id.senderKey() == senderKey).toList();
    removeAll(his);
    return his;
  }

  /**
   * Marks those whose rows are to be looked for as asked in this attempt.
   *
   * @param all even those that nothing is known against
   * @return their ids, at most {@code max}
   */
  List<EntryId> ask(long attempt, int max, boolean all) {
    List<EntryId> ids = new ArrayList<>();
    for (Pending pending : queue) {
      if (ids.size() == max) {
        break;
      }
      if (pending.lookUp || pending.append.resend() && !pending.lookedUp || all) {
        pending.askedIn = attempt;
        ids.add(pending.id);
      }
    }
    return ids;
  }

  /** The first ones may have been stored. */
  void lookUpAgain(int first) {
    Iterator<Pending> pendings = queue.iterator();
    for (int i = 0; i < first; i++) {
      pendings.next().lookUp = true;
    }
  }

  private void forget(Pending pending) {
    bytes -= pending.bytes;
    copies -= pending.copies.size();
    byId.remove(pending.id, pending);
  }

  /** Returns them all. */
  List<Pending> clear() {
    List<Pending> all = new ArrayList<>(queue);
    queue.clear();
    byId.clear();
    bytes = 0;
    copies = 0;
    return all;
  }

  /** In order; not to remove any. */
  @Override
  public Iterator<Pending> iterator() {
    return queue.iterator();
  }
}
