package io.quipu.sim;

import io.quipu.fake.FakeStore;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MemberReceipt;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.Receipts;
import io.quipu.server.journal.Written;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The store and the ways to it. A question travels, happens as one, and its answer travels back;
 * each can be late, and lost. What an owner no longer waits for may still happen. Every commit is
 * written into the ledger as it happens.
 */
final class SimulatedStore {
  private static final String LOST = "unknown outcome: ";

  private final Scheduler scheduler;
  private final Faults faults;
  private final Ledger ledger;
  private final PlantedStore planted;
  private final Actor self = new Actor("store");
  private final FakeStore fake;
  private final Map<Long, ConversationId> conversations = new HashMap<>();
  private final Map<Long, String> devices = new HashMap<>();
  private final Map<String, Long> cursors = new HashMap<>();
  private final Kept kept;
  private long nextWriteMs;
  private long everyReadMs;
  private int reads;

  /** How far the application of a device has come, by its cursor store. */
  interface Kept {
    long seq(String device, ConversationId conversation);
  }

  SimulatedStore(Scheduler scheduler, Faults faults, Ledger ledger, Hole hole, Kept kept) {
    this.scheduler = scheduler;
    this.faults = faults;
    this.ledger = ledger;
    this.kept = kept;
    this.fake = new FakeStore(FakeStore.Line.DIRECT, scheduler::nowMs);
    this.planted = new PlantedStore(hole, scheduler, faults, ledger, fake);
  }

  /** Makes the user; the same order of calls gives the same keys. */
  void know(UserId user) {
    fake.directory().userKey(user);
  }

  PlantedStore planted() {
    return planted;
  }

  static String nameOf(UserId user, DeviceId device) {
    return user.value() + "/" + device.value();
  }

  /** The next statement that commits takes this long. */
  void delayNextWrite(long delayMs) {
    nextWriteMs = delayMs;
  }

  /** Each read of the log takes this long; 0 = as usual. */
  void delayReads(long delayMs) {
    everyReadMs = delayMs;
  }

  /** How many reads of the log have been asked for. */
  int reads() {
    return reads;
  }

  /** The stored cursor of a device; 0 if there is none. */
  long cursor(String device, ConversationId conversation) {
    return cursors.getOrDefault(device + " " + conversation.value(), 0L);
  }

  // ---- the way there and back

  /** The same from here on as from an adapter: a future that fails with what a store says. */
  private <T> Future<T> ask(Actor asker, String what, Supplier<Future<T>> action) {
    Promise<T> answer = Promise.promise();
    if (!faults.areOver() && scheduler.nowMs() < faults.storeBackMs) {
      faults.happened("store away");
      scheduler.after(
          scheduler.upTo(200),
          asker,
          "store away",
          what,
          () -> answer.fail(new QuipuException(ErrorCode.STORE_DOWN, Outcome.NOT_APPLIED, "away")));
      return answer.future();
    }
    boolean write = what.startsWith("write");
    boolean lost = write && faults.unknownIsDue;
    if (lost) {
      faults.unknownIsDue = false;
      faults.happened(LOST + "done, its answer lost");
    } else {
      lost = faults.happens(LOST + "done, its answer lost", faults.storeTrouble / 3);
    }
    if (lost) {
      scheduler.after(delayMs(), self, what, "by " + asker.name, () -> run(action));
      unknown(asker, what, answer);
    } else if (faults.happens(LOST + "lost on the way there", faults.storeTrouble / 3)) {
      unknown(asker, what, answer);
    } else if (faults.happens(LOST + "lands late", faults.storeTrouble / 3)) {
      long lateMs = 50 + scheduler.upTo(4_000);
      scheduler.after(lateMs, self, what, "late, by " + asker.name, () -> late(action));
      unknown(asker, what, answer);
    } else {
      scheduler.after(
          delayMs() + slow(what),
          self,
          what,
          "by " + asker.name,
          () -> {
            Future<T> result = run(action);
            scheduler.after(
                delayMs(),
                asker,
                "answer to " + what,
                result.succeeded() ? result.result() : result.cause(),
                () -> result.onComplete(answer));
          });
    }
    return answer.future();
  }

  private long slow(String what) {
    long slowMs = 0;
    if (what.equals("read")) {
      reads++;
      slowMs = everyReadMs;
    } else if (what.startsWith("write")) {
      slowMs = nextWriteMs;
      nextWriteMs = 0;
    }
    return slowMs;
  }

  private <T> void late(Supplier<Future<T>> action) {
    Future<T> result = run(action);
    planted.lateReply(result);
  }

  private <T> Future<T> run(Supplier<Future<T>> action) {
    try {
      return action.get();
    } catch (QuipuException e) {
      return Future.failedFuture(e);
    }
  }

  private <T> void unknown(Actor asker, String what, Promise<T> answer) {
    scheduler.after(
        20 + scheduler.upTo(400),
        asker,
        "no answer to " + what,
        "",
        () -> answer.tryFail(FakeStore.unknownOutcome()));
  }

  private long delayMs() {
    return !faults.areOver() && scheduler.chance(faults.storeSlow)
        ? scheduler.upTo(500)
        : scheduler.upTo(2);
  }

  // ---- the ports, as one actor has them

  Journal journal(Actor asker) {
    Journal journal = fake.journal();
    return new Journal() {
      @Override
      public JournalWriter openWriter() {
        return writer(asker, journal.openWriter());
      }

      @Override
      public Future<Optional<ConversationState>> load(
          ConversationId conversation, Question question) {
        Supplier<Future<Optional<ConversationState>>> action =
            () ->
                journal
                    .load(conversation, question)
                    .map(
                        found -> {
                          found.ifPresent(
                              state -> conversations.put(state.conversationKey(), conversation));
                          return found.map(state -> planted.loaded(conversation, state));
                        });
        if (planted.readsTwice()) {
          return ask(asker, "load " + conversation, action)
              .compose(
                  first -> {
                    Promise<Optional<ConversationState>> both = Promise.promise();
                    scheduler.after(
                        scheduler.upTo(100),
                        asker,
                        "second read",
                        conversation,
                        () ->
                            ask(asker, "load again " + conversation, action)
                                .map(second -> planted.mixed(first, second))
                                .onComplete(both));
                    return both.future();
                  });
        }
        return ask(asker, "load " + conversation, action);
      }

      @Override
      public Future<Boolean> createGroup(ConversationId group, UserId creator) {
        return ask(asker, "create " + group, () -> journal.createGroup(group, creator));
      }

      @Override
      public Future<SendFate> voidSend(
          ConversationId conversation, UserId sender, UUID clientMessageId) {
        return ask(
            asker,
            "void " + clientMessageId,
            () ->
                planted
                    .fateWithoutFence(conversation, sender, clientMessageId)
                    .orElseGet(
                        () ->
                            journal
                                .voidSend(conversation, sender, clientMessageId)
                                .onSuccess(fate -> voided(clientMessageId, fate))));
      }

      @Override
      public Future<SendFate> fateOf(
          ConversationId conversation, UserId sender, UUID clientMessageId) {
        return ask(
            asker,
            "fate of " + clientMessageId,
            () ->
                planted
                    .forgotten(clientMessageId)
                    .orElseGet(() -> journal.fateOf(conversation, sender, clientMessageId)));
      }
    };
  }

  /** Its end is decided, whoever hears of it. */
  private void voided(UUID id, Journal.SendFate fate) {
    if (fate.state() == SendState.VOID) {
      ledger.notApplied(id, "void");
    }
  }

  private JournalWriter writer(Actor asker, JournalWriter writer) {
    return new JournalWriter() {
      @Override
      public Future<Written> write(List<Batch> batches) {
        long begunMs = scheduler.nowMs();
        String what = "write " + described(batches);
        return planted.wrote(
            asker, ask(asker, what, () -> commit(writer, batches, begunMs)), batches);
      }

      @Override
      public Future<Void> close() {
        return writer.close();
      }
    };
  }

  private static String described(List<Batch> batches) {
    StringBuilder text = new StringBuilder();
    for (Batch batch : batches) {
      text.append(batch.conversationKey()).append(':').append(batch.firstSeq());
      text.append("..").append(batch.lastSeq()).append(' ');
    }
    return text.toString();
  }

  private Future<Written> commit(JournalWriter writer, List<Batch> batches, long begunMs) {
    Written written = planted.commit(writer, batches, part -> enter(part, begunMs));
    return Future.succeededFuture(written);
  }

  private void enter(Batch batch, long begunMs) {
    ledger.committed(conversations.get(batch.conversationKey()), batch, begunMs, scheduler.nowMs());
  }

  MessageLog messageLog(Actor asker) {
    MessageLog log = fake.messageLog();
    return new MessageLog() {
      @Override
      public Future<List<MessageRange>> read(
          UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes) {
        Supplier<Future<List<MessageRange>>> action =
            planted.reading(log, reader, ranges, maxMessages, maxBytes);
        return ask(asker, "read", action).map(found -> planted.withoutOwn(reader, found));
      }

      @Override
      public Future<HistorySlice> history(
          UserId reader,
          ConversationId conversation,
          long beforeSeq,
          long afterSeq,
          int maxMessages,
          int maxBytes) {
        return ask(
            asker,
            "history",
            () -> log.history(reader, conversation, beforeSeq, afterSeq, maxMessages, maxBytes));
      }

      @Override
      public Future<List<Behind>> behind(
          UserId user, long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part) {
        return ask(asker, "behind", () -> log.behind(user, deviceKey, claimed, onlyClaimed, part));
      }

      @Override
      public Future<RecentCommits> recentCommits(long mark, Collection<Long> deviceKeys) {
        List<Long> asked = planted.lookedAt(deviceKeys, devices);
        return ask(
            asker,
            "look",
            () ->
                planted
                    .look(log, mark, asked, SimulatedStore.this)
                    .orElseGet(() -> log.recentCommits(mark, asked)));
      }
    };
  }

  Cursors cursors(Actor asker) {
    Cursors stored = fake.cursors();
    return new Cursors() {
      @Override
      public Future<Stored> store(List<CursorWrite> writes) {
        return ask(
            asker,
            "cursors " + writes.size(),
            () -> stored.store(writes).onSuccess(answer -> moved(writes, answer.counts())));
      }

      @Override
      public Future<Stored> storeReadMarks(List<ReadMarkWrite> writes) {
        return ask(asker, "read marks", () -> stored.storeReadMarks(writes));
      }
    };
  }

  Receipts receipts(Actor asker) {
    Receipts receipts = fake.receipts();
    return new Receipts() {
      @Override
      public Future<News> since(UserId reader, long since, Position after, int most) {
        return ask(asker, "receipts", () -> receipts.since(reader, since, after, most));
      }

      @Override
      public Future<ListPage<MemberReceipt>> page(
          Optional<UserId> reader, ConversationId conversation, String page, int limit) {
        return ask(asker, "receipts page", () -> receipts.page(reader, conversation, page, limit));
      }
    };
  }

  private void moved(List<Cursors.CursorWrite> writes, List<Boolean> answers) {
    for (int i = 0; i < writes.size(); i++) {
      Cursors.CursorWrite write = writes.get(i);
      String device = devices.get(write.deviceKey());
      if (answers.get(i)) {
        String place = device + " " + write.conversation().value();
        long before = cursors.getOrDefault(place, 0L);
        long after = planted.lowers() ? write.seq() : Math.max(before, write.seq());
        ledger.require(
            after >= before, "P2: the cursor of %s goes back from %d to %d", place, before, after);
        ledger.require(
            after <= kept.seq(device, write.conversation()),
            "P5: the cursor of %s is %d, its application has %d",
            place,
            after,
            kept.seq(device, write.conversation()));
        cursors.put(place, after);
      } else {
        ledger.fail("P5: " + device + " acked " + write.seq() + ", beyond what it may see");
      }
    }
  }

  Directory directory(Actor asker) {
    Directory directory = fake.directory();
    return new Directory() {
      @Override
      public Future<DeviceSession> openSession(
          UserId user, DeviceId device, long issuedAtMs, int maxDevices) {
        return ask(
            asker,
            "open session of " + nameOf(user, device),
            () ->
                directory
                    .openSession(user, device, issuedAtMs, maxDevices)
                    .onSuccess(session -> devices.put(session.deviceKey(), nameOf(user, device))));
      }

      @Override
      public Future<Long> userKey(UserId user) {
        return ask(asker, "user key", () -> directory.userKey(user));
      }

      @Override
      public Future<List<Membership>> members(ConversationId conversation) {
        return ask(asker, "members", () -> directory.members(conversation));
      }

      @Override
      public Future<Void> ping() {
        return ask(asker, "ping", directory::ping);
      }
    };
  }

  String deviceOf(long deviceKey) {
    return devices.get(deviceKey);
  }

  UserId userOf(long deviceKey) {
    String device = devices.get(deviceKey);
    return new UserId(device.substring(0, device.indexOf('/')));
  }
}
