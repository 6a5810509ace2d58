package io.quipu.tools.chat;

import io.quipu.client.HistorySlice;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.ReactionCount;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * The conversation on the screen. It promises: each seq once and in rising order below the last
 * line, whether a page of history or the inbox brings it; pages of what was before stand apart.
 *
 * <pre>
 * state   | event                        | next
 * LOADING | the newest page, or none     | LIVE (what was held follows)
 * LOADING | a message                    | LOADING (held: the next one comes when it is taken)
 * LIVE    | a message above shownTo      | LIVE (shown)
 * LIVE    | a message up to shownTo      | LIVE (taken, the page had it)
 * LIVE    | an older page                | LIVE (shown between rules)
 * </pre>
 */
final class OpenConversation {
  /** Of the newest page, what is shown of it if all of it was seen before. */
  private static final int SEEN_BEFORE = 20;

  final To to;
  final ConversationId id;
  final Receipts receipts = new Receipts();
  final People people = new People();

  private final UserId self;
  private final Rendering rendering;
  private final Glyphs glyphs;
  private final Consumer<ChatEffect> effects;
  private final Consumer<UUID> ownShown;
  private final List<ReceivedMessage> held = new ArrayList<>();

  private boolean loading;
  private boolean paging;
  private long takenBefore;
  private long shownTo;
  private long oldestShown;
  private long lastOwn;
  private boolean moreBefore;
  private Optional<LocalDate> day = Optional.empty();
  private Optional<String> title = Optional.empty();

  /**
   * @param ownShown gets the id of each own message that is on the screen now
   */
  OpenConversation(
      To to,
      ConversationId id,
      UserId self,
      Rendering rendering,
      Glyphs glyphs,
      Consumer<ChatEffect> effects,
      Consumer<UUID> ownShown) {
    this.to = to;
    this.id = id;
    this.self = self;
    this.rendering = rendering;
    this.glyphs = glyphs;
    this.effects = effects;
    this.ownShown = ownShown;
  }

  /**
   * Asks for the newest page.
   *
   * @param taken the highest seq that this device was given before; 0 = none
   */
  void load(long taken) {
    loading = true;
    takenBefore = taken;
    effects.accept(new ChatEffect.ReadReceipts(id));
    effects.accept(new ChatEffect.LoadPage(id, 0));
  }

  /** The group's title, once it was in the log that was seen. */
  Optional<String> title() {
    return title;
  }

  /** Called with rising seqs. */
  private void readTitle(Message message) {
    if (message.content() instanceof Content.Changed changed) {
      if (changed.change() instanceof Change.Create create) {
        title = Optional.of(create.title());
      } else if (changed.change() instanceof Change.Rename rename) {
        title = Optional.of(rename.title());
      }
    }
  }

  void pageUp() {
    if (loading || paging) {
      return;
    }
    if (oldestShown <= 1 || !moreBefore) {
      tell("This is the beginning.");
    } else {
      paging = true;
      effects.accept(new ChatEffect.LoadPage(id, oldestShown));
    }
  }

  void page(long before, HistorySlice slice) {
    if (before == 0 && loading) {
      newest(slice);
      live();
    } else if (before != 0 && paging && before == oldestShown) {
      paging = false;
      older(slice);
    }
  }

  void pageFailed(long before, ErrorCode code, String detail) {
    if (before == 0 && loading) {
      if (code != ErrorCode.CONVERSATION_UNKNOWN) {
        effects.accept(
            new ChatEffect.Tell(Line.error("The history could not be loaded: " + detail)));
      } else if (id.isDirect()) {
        tell("No messages yet.");
      } else {
        effects.accept(
            new ChatEffect.Tell(Line.error("There is no such group, or you are not in it.")));
      }
      live();
    } else if (before != 0 && paging) {
      paging = false;
      effects.accept(new ChatEffect.Tell(Line.error("No page could be loaded: " + detail)));
    }
  }

  private void newest(HistorySlice slice) {
    List<Message> all = slice.range().messages();
    all.forEach(this::readTitle);
    int fresh = (int) all.stream().filter(message -> message.seq() > takenBefore).count();
    int shown = Math.min(all.size(), Math.max(SEEN_BEFORE, takenBefore == 0 ? 0 : fresh));
    List<Message> messages = all.subList(all.size() - shown, all.size());
    oldestShown = messages.isEmpty() ? slice.range().fromSeq() : messages.get(0).seq();
    moreBefore = slice.more() || shown < all.size();
    shownTo = slice.range().toSeq();
    if (all.isEmpty() && !moreBefore) {
      tell("No messages yet.");
    }
    if (moreBefore) {
      tell("PageUp or /history shows what was before #" + oldestShown + ".");
    }
    boolean marked = takenBefore == 0 || fresh == all.size() && !moreBefore;
    for (Item item : items(messages, slice.range().gaps())) {
      if (!marked && item.from > takenBefore && !item.own(self)) {
        marked = true;
        tell(glyphs.rule() + " new " + glyphs.rule());
      }
      show(item, slice.reactions());
    }
    read(shownTo);
  }

  private void older(HistorySlice slice) {
    List<Item> items = items(slice.range().messages(), slice.range().gaps());
    moreBefore = slice.more();
    if (items.isEmpty()) {
      tell("This is the beginning.");
      return;
    }
    Optional<LocalDate> now = day;
    day = Optional.empty();
    String rule = glyphs.rule();
    tell(rule + " before #" + oldestShown + " " + rule);
    items.forEach(item -> show(item, slice.reactions()));
    tell(rule + " until here; below it goes on as before " + rule);
    day = now;
    oldestShown = slice.range().fromSeq();
  }

  private void live() {
    loading = false;
    List<ReceivedMessage> waiting = List.copyOf(held);
    held.clear();
    waiting.forEach(this::incoming);
  }

  void incoming(ReceivedMessage received) {
    if (loading) {
      held.add(received); // the client gives no other before this one is taken
      return;
    }
    long seq = received.seq();
    if (seq > shownTo) {
      if (shownTo > 0 && seq > shownTo + 1) {
        effects.accept(new ChatEffect.Print(rendering.gap(shownTo + 1, seq - 1)));
      }
      if (oldestShown == 0) {
        oldestShown = seq;
        moreBefore = seq > 1;
      }
      shownTo = seq;
      show(new Item(seq, Optional.of(received.message()), Optional.empty()), List.of());
      if (!received.own()) {
        read(seq);
      }
    } else if (received.own()) {
      ownShown.accept(received.message().clientMessageId());
    }
    readTitle(received.message());
    if (changesMembers(received.message())) {
      effects.accept(new ChatEffect.ReadReceipts(id)); // how many there are to come to
    }
    people.hasWritten(received.sender());
    effects.accept(new ChatEffect.Taken(id, seq));
  }

  private static boolean changesMembers(Message message) {
    return message.content() instanceof Content.Changed changed
        && (changed.change() instanceof Change.Add
            || changed.change() instanceof Change.Remove
            || changed.change() instanceof Change.Leave
            || changed.change() instanceof Change.EraseUser);
  }

  /** Gives back what waits for a page, since another conversation takes the screen. */
  List<ReceivedMessage> leave() {
    return List.copyOf(held);
  }

  /** The store was rolled back: what was shown above this seq is gone there. */
  void reset(long seq) {
    shownTo = Math.min(shownTo, seq);
    lastOwn = Math.min(lastOwn, seq);
    effects.accept(
        new ChatEffect.Tell(
            Line.error(
                "The server was set back to an older state: what stands above #"
                    + seq
                    + " is gone there, and its numbers come again.")));
  }

  private void read(long seq) {
    if (seq > 0) {
      effects.accept(new ChatEffect.MarkRead(id, seq));
    }
  }

  /** A message or a gap at its place. */
  private record Item(long from, Optional<Message> message, Optional<Gap> gap) {
    boolean own(UserId self) {
      return message.map(m -> m.sender().equals(self)).orElse(true);
    }
  }

  private static List<Item> items(List<Message> messages, List<Gap> gaps) {
    List<Item> items = new ArrayList<>();
    long from = messages.isEmpty() ? 0 : messages.get(0).seq();
    messages.forEach(m -> items.add(new Item(m.seq(), Optional.of(m), Optional.empty())));
    for (Gap gap : gaps) {
      if (gap.toSeq() >= from) {
        items.add(new Item(gap.fromSeq(), Optional.empty(), Optional.of(gap)));
      }
    }
    items.sort((a, b) -> Long.compare(a.from, b.from));
    return items;
  }

  private void show(Item item, List<ReactionCount> reactions) {
    item.gap.ifPresent(gap -> effects.accept(new ChatEffect.Print(rendering.gap(gap))));
    item.message.ifPresent(this::show);
    List<ReactionCount> its = reactions.stream().filter(it -> it.seq() == item.from).toList();
    if (item.message.isPresent() && !its.isEmpty()) {
      effects.accept(new ChatEffect.Print(rendering.reactions(its)));
    }
  }

  private void show(Message message) {
    LocalDate its = rendering.day(message);
    if (!day.equals(Optional.of(its))) {
      day = Optional.of(its);
      effects.accept(new ChatEffect.Tell(rendering.dayLine(its)));
    }
    boolean own = message.sender().equals(self);
    boolean read = own && receipts.everybody(ReceiptState.READ) >= message.seq();
    String tick = own ? tick(message.seq()) : "";
    for (Line line : rendering.message(message, tick, read)) {
      effects.accept(new ChatEffect.Print(line));
    }
    if (own) {
      if (!(message.content() instanceof Content.Changed)) {
        lastOwn = Math.max(lastOwn, message.seq());
      }
      ownShown.accept(message.clientMessageId());
    }
  }

  /** Two signs for what has come to everybody, as chat programs do. */
  private String tick(long seq) {
    if (receipts.everybody(ReceiptState.READ) >= seq) {
      return glyphs.delivered() + " read";
    }
    return receipts.everybody(ReceiptState.DELIVERED) >= seq ? glyphs.delivered() : glyphs.stored();
  }

  /** How far the last own message has come, for beside the input line. */
  Line progress() {
    if (lastOwn == 0) {
      return Line.build().line();
    }
    int all = receipts.others();
    int read = receipts.reached(ReceiptState.READ, lastOwn);
    int delivered = receipts.reached(ReceiptState.DELIVERED, lastOwn);
    if (read == all) {
      return Line.of(Tone.READ, glyphs.delivered() + " read #" + lastOwn);
    }
    String sign = delivered == all ? glyphs.delivered() : glyphs.stored();
    String readBy = read > 0 ? "read by " + read + " of " + all : "";
    if (delivered == all) {
      long readSeq = receipts.everybody(ReceiptState.READ);
      String sofar = !readBy.isEmpty() ? readBy : readSeq > 0 ? "read #" + readSeq : "";
      return Line.of(
          Tone.TICK, sign + " delivered #" + lastOwn + (sofar.isEmpty() ? "" : ", " + sofar));
    }
    if (delivered > 0) {
      String some = "delivered to " + delivered + " of " + all;
      String more = readBy.isEmpty() ? "" : ", " + readBy;
      return Line.of(Tone.TICK, sign + " " + some + " #" + lastOwn + more);
    }
    boolean away = receipts.reached(ReceiptState.STORED_OFFLINE, lastOwn) == all;
    long readSeq = receipts.everybody(ReceiptState.READ);
    String sofar = readSeq > 0 ? ", read #" + readSeq : "";
    return Line.of(Tone.TICK, sign + " stored #" + lastOwn + (away ? ", away" : "") + sofar);
  }

  private void tell(String text) {
    effects.accept(new ChatEffect.Tell(Line.note(text)));
  }
}
