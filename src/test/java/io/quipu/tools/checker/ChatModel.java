package io.quipu.tools.checker;

import io.quipu.client.PendingSend;
import io.quipu.client.SendFate;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.LongFunction;

/**
 * A chat server and its clients in memory, with a clock of their own: sends travel, batches commit,
 * pushes get lost, connections break, the node crashes, a member is removed and comes back. Correct
 * as it stands; each {@link Plant} breaks one spot. What happens is recorded as real clients record
 * it.
 */
final class ChatModel {
  private static final int STEPS = 260;
  private static final long LOOK_EVERY_US = 2_000_000;
  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");

  private final Plant plant;
  private final SplittableRandom random;
  private final Map<ConversationId, Log> logs =
      new TreeMap<>((a, b) -> a.value().compareTo(b.value()));
  private final List<Device> devices = new ArrayList<>();
  private final Device alice;
  private final Device carol;
  private final ConversationId group;
  private HistoryWriter history;
  private long nowUs = 1_000_000;
  private long lookUs;
  private int ids;
  private int generation;
  private boolean settling;
  private boolean quiet;

  private record Key(UserId sender, UUID id) {}

  private record Travelling(Device from, PendingSend send, long invokedUs) {}

  /** One conversation as the server has it. */
  private static final class Log {
    final TreeMap<Long, Message> entries = new TreeMap<>();
    final Map<Key, Long> seqs = new HashMap<>();
    final Set<Key> voids = new HashSet<>();
    final List<Travelling> pending = new ArrayList<>();
    final Map<UserId, List<long[]>> intervals = new HashMap<>();

    /** What {@link Plant#SEQ_RESERVED} keeps free, for another than this one. */
    long reserved;

    UserId notFor = ALICE;
    long reservedUs;

    long tail() {
      return entries.isEmpty() ? 0 : entries.lastKey();
    }

    /** What may be read: nothing beyond a seq that is still to come. */
    long readable() {
      return reserved == 0 ? tail() : reserved - 1;
    }

    boolean present(UserId user) {
      List<long[]> his = intervals.getOrDefault(user, List.of());
      return !his.isEmpty() && his.get(his.size() - 1)[1] == Long.MAX_VALUE;
    }

    boolean visible(UserId user, long seq) {
      return intervals.getOrDefault(user, List.of()).stream()
          .anyMatch(interval -> interval[0] <= seq && seq <= interval[1]);
    }

    void open(UserId user, long seq) {
      if (!present(user)) {
        intervals
            .computeIfAbsent(user, none -> new ArrayList<>())
            .add(new long[] {seq, Long.MAX_VALUE});
      }
    }

    void close(UserId user, long seq) {
      if (present(user)) {
        intervals.get(user).get(intervals.get(user).size() - 1)[1] = seq;
      }
    }
  }

  /** One device with its client, and what the server knows of it. */
  private final class Device {
    final UserId user;
    final DeviceId name;
    DeviceRecorder sees;
    final Deque<Runnable> inbox = new ArrayDeque<>();
    final List<PendingSend> outbox = new ArrayList<>();
    final Map<ConversationId, Long> position = new HashMap<>();
    final Map<ConversationId, TreeMap<Long, UUID>> own = new HashMap<>();
    final Map<ConversationId, Long> cursor = new HashMap<>();
    final Map<ConversationId, Long> confirmed = new HashMap<>();
    final Set<UUID> resent = new HashSet<>();
    boolean up;
    boolean registered;
    boolean known;
    int syncId;

    Device(UserId user, String name) {
      this.user = user;
      this.name = new DeviceId(name);
    }

    void run() {
      sees = history.device(user, name);
      sees.started(Map.copyOf(position), false);
    }

    void connect() {
      up = true;
      generation++;
      sees.connected(user, generation, !known);
      known = true;
      registered = plant != Plant.PUSH_BEFORE_REGISTRATION;
      List<io.quipu.model.Cursor> ahead = new ArrayList<>();
      position.forEach(
          (conversation, seq) -> {
            if (seq > confirmed.getOrDefault(conversation, 0L)) {
              ahead.add(new io.quipu.model.Cursor(conversation, seq));
              cursor.merge(conversation, seq, Math::max);
            }
          });
      sees.syncing(new io.quipu.protocol.Frame.Sync(++syncId, ahead, false, false));
      logs.keySet().forEach(conversation -> page(conversation, at(cursor, conversation)));
      inbox.add(
          () -> {
            registered = true;
            sees.synced();
          });
      for (PendingSend send : List.copyOf(outbox)) {
        resend(send);
      }
    }

    private void resend(PendingSend send) {
      PendingSend again = send;
      if (plant == Plant.RETRY_WITH_NEW_ID) {
        again = new PendingSend(newId(), send.to(), send.content());
        outbox.set(outbox.indexOf(send), again);
        renamed.put(again.id(), renamed.getOrDefault(send.id(), send.id()));
      }
      Log log = logs.get(conversation(send));
      boolean travels = log.pending.stream().anyMatch(one -> one.send().id().equals(send.id()));
      if (plant == Plant.REJECTED_WHILE_A_COPY_TRAVELS && travels) {
        outbox.remove(send);
        sees.rejected(send, ErrorCode.STORE_REFUSED, Outcome.NOT_APPLIED);
        return;
      }
      resent.add(again.id());
      log.pending.add(new Travelling(this, again, nowUs));
    }

    /** What it was called when the application sent it. */
    final Map<UUID, UUID> renamed = new HashMap<>();

    void cut() {
      if (up) {
        up = false;
        registered = false;
        inbox.clear();
        sees.disconnected(0);
      }
    }

    void send(ConversationId conversation, Content content) {
      PendingSend send = new PendingSend(newId(), new To.Conversation(conversation), content);
      sees.invoked(send);
      outbox.add(send);
      if (up) {
        arrive(logs.get(conversation), new Travelling(this, send, nowUs));
      }
    }

    void process(int frames) {
      for (int i = 0; i < frames && !inbox.isEmpty(); i++) {
        inbox.poll().run();
      }
    }

    void page(ConversationId conversation, long above) {
      Log log = logs.get(conversation);
      if (above >= log.readable()) {
        return;
      }
      MessageRange range = range(log, conversation, this, above + 1, log.readable(), true);
      if (plant == Plant.PAGE_COUNTS_AS_ACK) {
        inbox.add(() -> confirm(conversation, range.toSeq()));
      }
      inbox.add(() -> received(range, true));
    }

    void push(ConversationId conversation, long from, long to) {
      MessageRange range = range(logs.get(conversation), conversation, this, from, to, false);
      if (plant == Plant.CONFIRM_NAMES_THE_PUSHED && settling) {
        inbox.add(() -> confirm(conversation, to));
      }
      inbox.add(() -> received(range, false));
    }

    void received(MessageRange range, boolean page) {
      ConversationId conversation = range.conversation();
      sees.received(range, page);
      long at = at(position, conversation);
      if (range.fromSeq() > at + 1 && plant != Plant.CURSOR_OVER_GAP) {
        sees.syncing(
            new io.quipu.protocol.Frame.Sync(
                ++syncId, List.of(new io.quipu.model.Cursor(conversation, at)), true, false));
        page(conversation, at);
        return;
      }
      long last = range.messages().stream().mapToLong(Message::seq).max().orElse(0);
      for (Message message : range.messages()) {
        boolean isNew = message.seq() > at;
        boolean dropped = plant == Plant.DROPPED_BY_THE_CLIENT && message.seq() < last && chance(4);
        if (isNew && !dropped || plant == Plant.HANDED_OVER_TWICE) {
          sees.taken(conversation, message.seq());
        }
      }
      advance(conversation, Math.max(at, range.toSeq()));
    }

    private void advance(ConversationId conversation, long seq) {
      long to = seq;
      TreeMap<Long, UUID> mine = own.computeIfAbsent(conversation, none -> new TreeMap<>());
      while (mine.containsKey(to + 1)) {
        to++;
        sees.taken(conversation, to);
      }
      position.put(conversation, to);
      acknowledge(conversation, to);
    }

    private void acknowledge(ConversationId conversation, long seq) {
      sees.acknowledging(conversation, seq);
      long before = at(cursor, conversation);
      cursor.put(conversation, Math.max(before, seq));
      inbox.add(() -> confirm(conversation, Math.max(before, seq)));
      if (plant == Plant.CURSOR_WITHOUT_GREATEST && before > 0 && before < seq && chance(3)) {
        inbox.add(() -> confirm(conversation, before));
      }
    }

    private void confirm(ConversationId conversation, long seq) {
      boolean greatest =
          plant == Plant.PAGE_COUNTS_AS_ACK || plant == Plant.CONFIRM_NAMES_THE_PUSHED;
      sees.confirmed(conversation, greatest ? Math.max(seq, at(confirmed, conversation)) : seq);
      confirmed.merge(conversation, seq, Math::max);
    }

    void acked(PendingSend send, ConversationId conversation, long seq, boolean duplicate) {
      if (!outbox.remove(send)) {
        return; // a second copy was answered as well
      }
      UUID id = renamed.getOrDefault(send.id(), send.id());
      sees.acked(new Stored(id, conversation, seq, 0, duplicate));
      if (seq > at(position, conversation)) {
        own.computeIfAbsent(conversation, none -> new TreeMap<>()).put(seq, id);
        advance(conversation, at(position, conversation));
      }
    }

    void rejected(PendingSend send, ErrorCode code) {
      if (outbox.remove(send)) {
        sees.rejected(send, code, Outcome.NOT_APPLIED);
      }
    }

    /** The user loses patience with his oldest send, and cancels it. */
    void cancel() {
      PendingSend send = outbox.get(0);
      ConversationId conversation = conversation(send);
      Log log = logs.get(conversation);
      Key key = new Key(user, send.id());
      sees.rejected(send, ErrorCode.OWNER_UNREACHABLE, Outcome.UNKNOWN);
      Optional<Long> seq = Optional.ofNullable(log.seqs.get(key));
      if (seq.isPresent()) {
        sees.statusKnown(conversation, new SendFate(send.id(), SendState.STORED, seq.get(), 0));
        acked(send, conversation, seq.get(), true);
      } else {
        if (plant != Plant.CANCEL_WITHOUT_VOID) {
          log.voids.add(key);
        }
        outbox.remove(send);
        sees.statusKnown(conversation, new SendFate(send.id(), SendState.VOID, 0, 0));
        sees.rejected(send, ErrorCode.VOIDED, Outcome.NOT_APPLIED);
      }
    }
  }

  ChatModel(Plant plant, long seed) {
    this.plant = plant;
    this.random = new SplittableRandom(seed);
    this.alice = new Device(ALICE, "laptop");
    this.carol = new Device(CAROL, "tablet");
    devices.addAll(List.of(alice, new Device(BOB, "phone"), new Device(BOB, "desktop"), carol));
    this.group = ConversationId.group(ALICE, new UUID(0, 1));
    ConversationId direct = ConversationId.direct(ALICE, BOB);
    logs.put(direct, new Log());
    logs.put(group, new Log());
    logs.get(direct).open(ALICE, 1);
    logs.get(direct).open(BOB, 1);
  }

  /** The clock of the history, in microseconds. */
  long nowUs() {
    return nowUs;
  }

  private UUID newId() {
    return new UUID(7, ++ids);
  }

  private boolean chance(int oneIn) {
    return random.nextInt(oneIn) == 0;
  }

  private static <K> long at(Map<K, Long> map, K key) {
    return map.getOrDefault(key, 0L);
  }

  private static ConversationId conversation(PendingSend send) {
    return send.to().conversation(ALICE, send.id());
  }

  private void pass(long us) {
    nowUs += us;
    if (nowUs >= lookUs) {
      lookUs = nowUs + LOOK_EVERY_US;
      look();
    }
  }

  // ---- the story

  void record(HistoryWriter writer) {
    history = writer;
    devices.forEach(Device::run);
    devices.forEach(Device::connect);
    alice.send(group, new Content.Changed(new Change.Create("all", List.of(BOB, CAROL))));
    commit(group);
    for (int step = 0; step < STEPS; step++) {
      pass(1_000 + random.nextInt(60_000));
      act(step);
    }
    settle();
    if (plant == Plant.FSYNC_OFF) {
      powerFails();
    }
    readBack();
  }

  private void act(int step) {
    Device device = devices.get(random.nextInt(devices.size()));
    int what = random.nextInt(100);
    if (step == STEPS / 3) {
      alice.send(group, new Content.Changed(new Change.Remove(List.of(CAROL))));
    } else if (step == STEPS / 2) {
      alice.send(group, new Content.Changed(new Change.Add(List.of(CAROL))));
    } else if (what < 38) {
      say(device);
    } else if (what < 60) {
      logs.keySet().forEach(this::commit);
    } else if (what < 86) {
      device.process(1 + random.nextInt(4));
    } else if (what < 90) {
      device.cut();
    } else if (what < 96) {
      devices.stream().filter(one -> !one.up).forEach(Device::connect);
    } else if (what < 98) {
      boolean can = plant != Plant.PUSH_BEFORE_COMMIT && device != alice;
      if (can && device.up && !device.outbox.isEmpty()) {
        device.cancel();
      }
    } else {
      crash();
    }
    if (plant == Plant.PUSH_BEFORE_COMMIT && what >= 60 && what < 86 && chance(6)) {
      crash();
    }
    fillReserved(1_000_000);
    if (plant == Plant.STATUS_GUESSES && chance(10)) {
      status(device);
    }
  }

  private void say(Device device) {
    // Carol does not know yet whether she is in the group.
    boolean direct = device != carol && chance(2);
    ConversationId to = direct ? ConversationId.direct(ALICE, BOB) : group;
    device.send(to, Content.Text.of("message " + ids));
    if (chance(3)) {
      device.send(to, Content.Text.of("message " + ids));
    }
  }

  /** Everybody is connected, everything is committed, and there is time to repair. */
  private void settle() {
    settling = true;
    for (int round = 0; round < 40; round++) {
      devices.stream().filter(one -> !one.up).forEach(Device::connect);
      logs.keySet().forEach(this::commit);
      devices.forEach(one -> one.process(Integer.MAX_VALUE));
      pass(100_000);
    }
    quiet = true;
    fillReserved(0);
    for (int round = 0; round < 60; round++) {
      logs.keySet().forEach(this::commit);
      devices.forEach(one -> one.process(Integer.MAX_VALUE));
      pass(400_000);
    }
  }

  /** Nothing is reserved for longer than this. */
  private void fillReserved(long afterUs) {
    logs.forEach(
        (conversation, log) -> {
          Device other = log.notFor.equals(ALICE) ? devices.get(1) : alice;
          if (log.reserved != 0 && nowUs - log.reservedUs >= afterUs && other.up) {
            other.send(conversation, Content.Text.of("somebody must"));
            commit(conversation);
          }
        });
  }

  private void readBack() {
    logs.forEach(
        (conversation, log) -> {
          if (log.tail() > 0) {
            List<Message> all = List.copyOf(log.entries.values());
            history.journal(new MessageRange(conversation, 1, log.tail(), all, List.of()));
          }
          history.journalDone(conversation, log.tail());
        });
    for (UserId user : List.of(ALICE, BOB, CAROL)) {
      DeviceRecorder reader = history.freshDevice(user, new DeviceId("reader"));
      Device fresh = new Device(user, "reader");
      reader.started(Map.of(), false);
      reader.connected(user, ++generation, true);
      logs.forEach(
          (conversation, log) -> {
            long first = plant == Plant.ZERO_READS_FROM_TWO ? 2 : 1;
            if (log.tail() >= first && log.intervals.containsKey(user)) {
              boolean page = plant == Plant.PAGE_OFF_BY_ONE || plant == Plant.OWN_LEFT_OUT;
              reader.received(range(log, conversation, fresh, first, log.tail(), page), true);
            }
          });
      reader.done();
    }
  }

  // ---- the server

  private void arrive(Log log, Travelling one) {
    log.pending.add(one);
    ConversationId conversation = conversation(one.send());
    boolean alone = log.pending.size() == 1 && log.present(one.from().user);
    long next = log.tail() + 1;
    if (plant == Plant.ACK_BEFORE_COMMIT && alone && isText(one)) {
      one.from().inbox.add(() -> one.from().acked(one.send(), conversation, next, false));
    }
    if (plant == Plant.PUSH_BEFORE_COMMIT && alone && isText(one)) {
      Message early = new Message(next, one.from().user, one.send().id(), 0, one.send().content());
      MessageRange range = new MessageRange(conversation, next, next, List.of(early), List.of());
      for (Device device : devices) {
        if (device != one.from() && device.registered && log.present(device.user)) {
          device.inbox.add(() -> device.received(range, false));
        }
      }
    }
  }

  private static boolean isText(Travelling one) {
    return one.send().content() instanceof Content.Text;
  }

  private void commit(ConversationId conversation) {
    Log log = logs.get(conversation);
    List<Travelling> batch = new ArrayList<>(log.pending);
    log.pending.clear();
    if (plant == Plant.SWAPPED_IN_A_BATCH) {
      swap(batch);
    }
    if (plant == Plant.TWO_BATCHES_IN_FLIGHT
        && batch.size() >= 2
        && batch.stream().limit(2).allMatch(one -> isNew(log, one))
        && chance(3)) {
      batch.remove(0); // its batch fails; the one behind it has its seqs already
      store(log, conversation, batch.remove(0), log.tail() + 2);
    }
    for (Travelling one : batch) {
      judge(log, conversation, one);
    }
  }

  private static boolean isNew(Log log, Travelling one) {
    Key key = new Key(one.from().user, one.send().id());
    return isText(one)
        && log.present(one.from().user)
        && !log.seqs.containsKey(key)
        && !log.voids.contains(key);
  }

  private static void swap(List<Travelling> batch) {
    for (int i = 1; i < batch.size(); i++) {
      if (batch.get(i - 1).from() == batch.get(i).from()
          && isText(batch.get(i - 1))
          && isText(batch.get(i))) {
        Collections.swap(batch, i - 1, i);
        return;
      }
    }
  }

  private void judge(Log log, ConversationId conversation, Travelling one) {
    Device from = one.from();
    PendingSend send = one.send();
    Key key = new Key(from.user, send.id());
    boolean isCreate =
        send.content() instanceof Content.Changed changed
            && changed.change() instanceof Change.Create;
    if (log.seqs.containsKey(key) && plant != Plant.DEDUPE_DROPPED) {
      from.inbox.add(() -> from.acked(send, conversation, log.seqs.get(key), true));
    } else if (log.voids.contains(key)) {
      from.inbox.add(() -> from.rejected(send, ErrorCode.VOIDED));
    } else if (!isCreate && !log.present(from.user) && plant != Plant.REMOVED_MAY_SEND) {
      log.voids.add(key);
      from.inbox.add(() -> from.rejected(send, ErrorCode.NOT_A_MEMBER));
    } else if (waits(log, one)) {
      log.pending.add(one);
    } else {
      store(log, conversation, one, next(log, one));
    }
  }

  /** The reserved seq is for a send of another user, later than the ack of what is behind it. */
  private boolean waits(Log log, Travelling one) {
    boolean fits =
        !one.from().user.equals(log.notFor) && (one.invokedUs() > log.reservedUs || quiet);
    boolean behind = log.pending.stream().anyMatch(other -> other.from() == one.from());
    return plant == Plant.SEQ_RESERVED && (behind || log.reserved != 0 && !fits);
  }

  private long next(Log log, Travelling one) {
    if (log.reserved != 0) {
      long seq = log.reserved;
      log.reserved = 0;
      return seq;
    }
    boolean reserves = plant == Plant.SEQ_RESERVED && isText(one) && !settling;
    if (reserves && one.from() != carol && chance(6)) {
      log.reserved = log.tail() + 1;
      log.notFor = one.from().user;
      log.reservedUs = nowUs;
      return log.reserved + 1;
    }
    if (plant == Plant.STALE_OWNER_UNFENCED && log.tail() > 1 && isText(one) && chance(10)) {
      return log.tail();
    }
    return plant == Plant.SEQ_BURNT && isText(one) && chance(10) ? log.tail() + 2 : log.tail() + 1;
  }

  private void store(Log log, ConversationId conversation, Travelling one, long seq) {
    Device from = one.from();
    PendingSend send = one.send();
    Content content = send.content();
    if (plant == Plant.CORRUPT_IN_STORE && isText(one) && chance(8)) {
      content = Content.Text.of("messag");
    }
    Message message = new Message(seq, from.user, send.id(), 0, content);
    log.entries.put(seq, message);
    log.seqs.put(new Key(from.user, send.id()), seq);
    if (content instanceof Content.Changed changed) {
      members(log, changed.change(), from.user, seq);
    }
    if (plant == Plant.REJECTED_THOUGH_STORED && isText(one) && chance(8)) {
      from.inbox.add(() -> from.rejected(send, ErrorCode.STORE_REFUSED));
    } else if (log.reserved != 0 && log.reserved == seq - 1) {
      from.acked(send, conversation, seq, false); // at once, so that it is before the next send
    } else {
      from.inbox.add(() -> from.acked(send, conversation, seq, false));
    }
    if (plant == Plant.STORED_TWICE && isText(one) && chance(10)) {
      log.entries.put(seq + 1, new Message(seq + 1, from.user, send.id(), 0, content));
    }
    if (plant == Plant.NODE_INVENTS_AN_ID && isText(one) && chance(10)) {
      log.entries.put(seq + 1, new Message(seq + 1, from.user, newId(), 0, content));
    }
    fanOut(log, conversation, from, seq);
  }

  private void members(Log log, Change change, UserId by, long seq) {
    if (change instanceof Change.Create create) {
      log.open(by, seq);
      create.members().forEach(user -> log.open(user, seq));
    } else if (change instanceof Change.Add add) {
      add.members().forEach(user -> log.open(user, seq));
    } else if (change instanceof Change.Remove remove) {
      remove.members().forEach(user -> log.close(user, seq));
    }
  }

  private void fanOut(Log log, ConversationId conversation, Device from, long seq) {
    if (seq > log.readable()) {
      return;
    }
    for (Device device : devices) {
      boolean cached = plant == Plant.MEMBERSHIP_CACHED && log.intervals.containsKey(device.user);
      boolean sees = log.visible(device.user, seq) || cached;
      boolean lost = plant != Plant.PUSH_BEFORE_REGISTRATION && chance(8);
      if (device.registered && sees && device != from && !lost) {
        device.push(conversation, seq, seq);
      }
    }
  }

  /** Finds what no push has brought: every device that is behind what it may see. */
  private void look() {
    if (plant == Plant.NO_LOOK || plant == Plant.PUSH_BEFORE_REGISTRATION) {
      return;
    }
    for (Device device : devices) {
      logs.forEach(
          (conversation, log) -> {
            long above = at(device.cursor, conversation);
            if (device.registered
                && above < log.readable()
                && log.intervals.containsKey(device.user)) {
              device.push(conversation, above + 1, log.readable());
            }
          });
    }
  }

  private MessageRange range(
      Log log, ConversationId conversation, Device device, long from, long to, boolean page) {
    List<Message> messages = new ArrayList<>();
    List<Gap> gaps = new ArrayList<>();
    LongFunction<Gap> gap = seq -> new Gap(seq, seq, Gap.Reason.NOT_VISIBLE);
    for (long seq = from; seq <= to; seq++) {
      Message message = log.entries.get(seq);
      boolean cached = plant == Plant.MEMBERSHIP_CACHED && !page;
      boolean hidden = page && plant == Plant.INTERVAL_OFF_BY_ONE && seq == from && chance(3);
      boolean leftOut =
          page
              && (plant == Plant.PAGE_OFF_BY_ONE && seq == from
                  || plant == Plant.OWN_LEFT_OUT
                      && message != null
                      && message.sender().equals(device.user));
      if (message == null && plant == Plant.SEQ_BURNT || hidden) {
        gaps.add(gap.apply(seq));
      } else if (message != null && (log.visible(device.user, seq) || cached)) {
        if (!leftOut) {
          messages.add(page && plant == Plant.CORRUPT_IN_PAGES ? damaged(message) : message);
        }
      } else if (message != null) {
        gaps.add(gap.apply(seq));
      }
    }
    return new MessageRange(conversation, from, to, messages, gaps);
  }

  private static Message damaged(Message message) {
    return message.content() instanceof Content.Text
        ? new Message(
            message.seq(), message.sender(), message.clientMessageId(), 0, Content.Text.of("?"))
        : message;
  }

  private void status(Device device) {
    for (Map.Entry<ConversationId, Log> entry : logs.entrySet()) {
      Log log = entry.getValue();
      log.entries.values().stream()
          .filter(message -> message.sender().equals(device.user))
          .reduce((first, last) -> last)
          .ifPresent(
              message ->
                  device.sees.statusKnown(
                      entry.getKey(),
                      new SendFate(message.clientMessageId(), SendState.STORED, log.tail(), 0)));
    }
  }

  /** The node dies: what was not committed is gone, and all connections. */
  private void crash() {
    logs.values().forEach(log -> log.pending.clear());
    for (Device device : devices) {
      device.cut();
      if (plant == Plant.PUSH_BEFORE_COMMIT) {
        device.outbox.clear();
        device.run();
      }
    }
  }

  /** What the disk had promised to keep is gone: the end of each conversation. */
  private void powerFails() {
    logs.values().forEach(log -> log.entries.pollLastEntry());
  }
}
