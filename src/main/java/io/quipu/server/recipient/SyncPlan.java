package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.MessageRange;
import io.quipu.server.journal.MessageLog.Behind;
import io.quipu.server.journal.MessageLog.Part;
import io.quipu.server.journal.MessageLog.RangeRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one sync has to send: for each conversation the seqs above the device's cursor up to the
 * tail that was read after the Sync came, the most recently active conversation first. Pages are
 * limited in messages and bytes, carry many conversations, and leave while at most two are not
 * answered by SyncAck. A page moves no cursor.
 *
 * <p>The conversations come in portions: the most recently active ones, and when their pages are
 * sent the others, so that what is remembered has a bound.
 *
 * <pre>
 * event               effect
 * room for a page     one read: the next conversations, as much as a page holds
 * read                page = what was read; a conversation that has reached its tail goes back to the window
 *   nothing there     for the first one: the reader may not see it, it leaves the plan; others: next page
 * hint, look          remembered beside the conversation: read after the pages
 * ack n               what is acked is not sent; the cursor is certain
 * SyncAck p           room
 * nothing left        the next portion, or SyncDone
 * </pre>
 */
final class SyncPlan {
  static final int MAX_UNACKED_PAGES = 2;
  private static final int MAX_RANGES_PER_PAGE = 64;

  private final RecipientLimits limits;
  private final Map<ConversationId, Entry> entries = new LinkedHashMap<>();
  private final ArrayDeque<Cursor> resets = new ArrayDeque<>();

  /** What is to be read when all that was added is sent. */
  private Optional<Part> further = Optional.empty();

  /** Of the first portion, which the others leave out; of a plan that has only one: empty. */
  private Set<ConversationId> first = Set.of();

  private int conversations;
  private int pagesSent;
  private int pagesAcked;
  private long messagesSent;

  /** One conversation of a plan; {@code place.pushed} is what was sent in pages. */
  record Entry(Outstanding place, long snap) {
    private long next() {
      return Math.max(place.pushed, place.acked) + 1;
    }

    private boolean atSnap() {
      return next() > snap;
    }
  }

  /**
   * What a page is to hold.
   *
   * @param overtaken conversations that the device has acked up to their tails meanwhile
   */
  record PageRequest(List<Wanted> wanted, List<Cursor> resets, List<Entry> overtaken) {
    List<RangeRequest> ranges() {
      return wanted.stream()
          .map(w -> new RangeRequest(w.of().place.conversation, w.readFromSeq(), w.toSeq()))
          .toList();
    }
  }

  /** One range of a page. {@code readFromSeq} is above an OLDER gap. */
  record Wanted(Entry of, long fromSeq, long readFromSeq, long toSeq) {}

  /** A page as it was read, and the conversations that are at their tails with it. */
  record Page(int number, List<MessageRange> ranges, List<Cursor> resets, List<Entry> finished) {
    boolean isEmpty() {
      return ranges.isEmpty() && resets.isEmpty();
    }
  }

  SyncPlan(RecipientLimits limits) {
    this.limits = limits;
  }

  /**
   * @param part what {@code behind} is the answer to
   * @param newestOnly the device is new: where nobody names a cursor, it gets the newest only
   */
  void add(Part part, List<Behind> behind, boolean newestOnly, Start start) {
    for (Behind one : behind) {
      if (first.contains(one.conversation())) {
        continue;
      }
      conversations++;
      Outstanding place = start.place(one);
      if (one.rolledBack()) {
        resets.add(new Cursor(one.conversation(), one.tail()));
      } else {
        place.older = one.older();
        if (newestOnly && !start.claimed(one.conversation()) && one.storedCursor() == 0) {
          place.older = Math.max(place.older, one.tail() - limits.newestForNewDevice());
        }
        entries.put(one.conversation(), new Entry(place, one.tail()));
      }
    }
    boolean more = behind.size() >= part.most();
    if (more && part.above().isEmpty()) {
      first = new HashSet<>();
      behind.forEach(one -> first.add(one.conversation()));
      further = Optional.of(Part.all(part.most()));
    } else {
      further =
          more
              ? Optional.of(part.goOnAbove(behind.get(behind.size() - 1).conversation()))
              : Optional.empty();
    }
  }

  /** How a plan takes a conversation over. */
  interface Start {
    boolean claimed(ConversationId conversation);

    /** Takes it from the window; {@code pushed} is where reading starts. */
    Outstanding place(Behind behind);
  }

  /** The conversation while its pages are not all sent. */
  Optional<Outstanding> place(ConversationId conversation) {
    Entry entry = entries.get(conversation);
    return entry == null ? Optional.empty() : Optional.of(entry.place);
  }

  Optional<Part> further() {
    return further;
  }

  /** It will be asked whether this one is behind; what is committed until then will be found. */
  boolean awaits(ConversationId conversation) {
    return further.isPresent()
        && further.get().above().orElse("").compareTo(conversation.value()) < 0
        && !first.contains(conversation);
  }

  /** All that was added is sent. */
  boolean isDone() {
    return entries.isEmpty() && resets.isEmpty();
  }

  boolean mayPage() {
    return pagesSent - pagesAcked < MAX_UNACKED_PAGES;
  }

  boolean hasPaged() {
    return pagesSent > 0;
  }

  /** A page number that was sent answers it and all before it. */
  void pageAcked(int page) {
    if (page > pagesAcked && page <= pagesSent) {
      pagesAcked = page;
    }
  }

  int conversations() {
    return conversations;
  }

  long messagesSent() {
    return messagesSent;
  }

  PageRequest nextPage() {
    int budget = limits.pageMessages();
    List<Cursor> goBack = new ArrayList<>();
    while (!resets.isEmpty() && budget > 0) {
      goBack.add(resets.poll());
      budget--;
    }
    List<Wanted> wanted = new ArrayList<>();
    List<Entry> overtaken = new ArrayList<>();
    for (Entry entry : entries.values()) {
      if (budget <= 0 || wanted.size() >= MAX_RANGES_PER_PAGE) {
        break;
      }
      if (entry.atSnap()) {
        overtaken.add(entry);
        continue;
      }
      long readFrom = Math.max(entry.next(), entry.place.older + 1);
      long to = Math.min(entry.snap, readFrom + budget - 1);
      wanted.add(new Wanted(entry, entry.next(), readFrom, to));
      budget -= (int) (to - readFrom + 1);
    }
    return new PageRequest(wanted, goBack, overtaken);
  }

  /** The log was not read: the resets of the page are due again. */
  void failed(PageRequest request) {
    for (int i = request.resets().size() - 1; i >= 0; i--) {
      resets.addFirst(request.resets().get(i));
    }
  }

  Page answered(PageRequest request, List<MessageRange> answers) {
    List<MessageRange> ranges = new ArrayList<>(answers.size());
    List<Entry> finished = new ArrayList<>(request.overtaken());
    for (int i = 0; i < request.wanted().size(); i++) {
      Wanted wanted = request.wanted().get(i);
      Entry entry = wanted.of();
      Outstanding place = entry.place;
      Optional<MessageRange> answer = Ranges.find(answers, place.conversation);
      if (answer.isPresent()) {
        MessageRange range = Ranges.withOlder(answer.get(), wanted.fromSeq(), wanted.readFromSeq());
        int count = range.messages().size();
        ranges.add(range);
        place.pushed = range.toSeq();
        place.lastForeign = range.toSeq();
        place.addChunk(range.toSeq(), Math.max(1, count), Sizes.bytes(range));
        messagesSent += count;
      } else if (i == 0) {
        place.pushed = Math.max(place.pushed, place.acked); // the reader may see no more of it
        place.seen = place.pushed;
      }
      if (entry.atSnap() || (answer.isEmpty() && i == 0)) {
        finished.add(entry);
      }
    }
    for (Entry entry : finished) {
      entries.remove(entry.place.conversation);
    }
    if (!ranges.isEmpty() || !request.resets().isEmpty()) {
      pagesSent++;
    }
    return new Page(pagesSent, ranges, request.resets(), finished);
  }
}
