package io.quipu.fake;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.QuipuException;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.Receipts;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.journal.Written;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The store in memory, as simple as its contract allows: every question is answered seq by seq.
 * When an action happens and what its caller hears of it is decided by a {@link Line}, so that a
 * simulation can delay, lose and repeat at will. Belongs to one thread.
 */
public final class FakeStore {
  /** What a caller asks of the store. */
  public enum Operation {
    WRITE,
    LOAD,
    CREATE_GROUP,
    VOID,
    FATE,
    READ,
    BEHIND,
    LOOK,
    STORE_CURSORS,
    RECEIPTS,
    OPEN_SESSION,
    DIRECTORY
  }

  /**
   * The way to the store. An action that runs is atomic. To run it and fail the future is a lost
   * answer; to fail the future and run it later is a zombie; not to run it is a lost question.
   */
  public interface Line {
    /** Everything happens at once. */
    Line DIRECT =
        new Line() {
          @Override
          public <T> Future<T> call(Operation operation, Supplier<T> action) {
            try {
              return Future.succeededFuture(action.get());
            } catch (QuipuException e) {
              return Future.failedFuture(e);
            }
          }
        };

    <T> Future<T> call(Operation operation, Supplier<T> action);
  }

  /** The failure that a line gives when it lost something. */
  public static QuipuException unknownOutcome() {
    return new QuipuException(ErrorCode.STORE_DOWN, "the line to the store broke");
  }

  private final Line line;
  private final LongSupplier unixMs;

  private final Map<UserId, Long> users = new LinkedHashMap<>();
  private final Map<Long, UserId> userNames = new HashMap<>();
  private final Map<DeviceName, Device> devices = new LinkedHashMap<>();
  private final Map<ConversationId, Conversation> conversations = new LinkedHashMap<>();
  private final Map<Long, Conversation> conversationsByKey = new HashMap<>();
  private final FakeReceipts receipts = new FakeReceipts(this);
  private final Set<ByteString> refused = new HashSet<>();
  private long transactions;
  private long voids;
  private int epoch = 1;

  private final Journal journal =
      new FakeJournal(this, new Journal.Quotas(Integer.MAX_VALUE, Integer.MAX_VALUE));
  private final MessageLog messageLog = new FakeMessageLog(this);

  public FakeStore(Line line, LongSupplier unixMs) {
    this.line = line;
    this.unixMs = unixMs;
  }

  private record DeviceName(long userKey, DeviceId device) {}

  static final class Device {
    final long key;
    final long userKey;
    long generation;

    Device(long key, long userKey) {
      this.key = key;
      this.userKey = userKey;
    }
  }

  /** A committed row. */
  static final class Row {
    final long seq;
    final EntryId id;
    final long transaction;
    final ContentDigest digest;
    long storedAtMs;
    Content content;

    /** It is text or bytes. */
    final boolean message;

    /** 0 = not. */
    long editedBy;

    /** 0 = not. */
    long recalledBy;

    Row(
        long seq,
        EntryId id,
        long storedAtMs,
        long transaction,
        Content content,
        ContentDigest digest) {
      this.seq = seq;
      this.id = id;
      this.storedAtMs = storedAtMs;
      this.transaction = transaction;
      this.content = content;
      this.digest = digest;
      this.message = content instanceof Content.Text || content instanceof Content.Body;
    }
  }

  record Joining(long userKey, long fromSeq, long sinceSeq) {}

  record Reaction(long target, long userKey, String key) {}

  /** One conversation with all that belongs to it. */
  static final class Conversation {
    final long key;
    final NavigableMap<Long, Row> log = new TreeMap<>();
    final Map<EntryId, Row> ids = new HashMap<>();
    final List<Membership> members = new ArrayList<>();

    /** Those of the members' intervals that lie before a joining with history. */
    final List<Joining> joinings = new ArrayList<>();

    final Set<UserId> blockers = new HashSet<>();
    final Set<Reaction> reactions = new HashSet<>();
    final long createdAtMs;
    ConversationId id;
    Optional<UserId> creator = Optional.empty();
    GroupSettings settings = GroupSettings.DEFAULT;
    String title = "";

    Conversation(long key, ConversationId id, long createdAtMs) {
      this.key = key;
      this.id = id;
      this.createdAtMs = createdAtMs;
    }

    long tail() {
      return log.isEmpty() ? 0 : log.lastKey();
    }

    /**
     * The last seq that is older than his latest joining with history, for a device that has what
     * he had before and no more.
     */
    long older(long userKey, long cursor) {
      List<Joining> his = joinings.stream().filter(one -> one.userKey() == userKey).toList();
      long sinceSeq = his.stream().mapToLong(Joining::sinceSeq).max().orElse(0);
      List<Long> given = his.stream().map(Joining::fromSeq).toList();
      long seenSeq =
          members.stream()
              .filter(one -> one.userKey() == userKey && one.toSeq() < sinceSeq)
              .filter(one -> one.toSeq() >= one.fromSeq() && !given.contains(one.fromSeq()))
              .mapToLong(Membership::toSeq)
              .max()
              .orElse(0);
      return cursor == seenSeq ? Math.max(0, Math.min(sinceSeq - 1, visibleTail(userKey))) : 0;
    }

    boolean wasMember(long userKey) {
      return members.stream().anyMatch(member -> member.userKey() == userKey);
    }

    boolean maySee(long userKey, long seq) {
      return members.stream()
          .anyMatch(
              member ->
                  member.userKey() == userKey && member.fromSeq() <= seq && seq <= member.toSeq());
    }

    /** The last committed seq that this user may see. */
    long visibleTail(long userKey) {
      return log.descendingKeySet().stream()
          .filter(seq -> maySee(userKey, seq))
          .findFirst()
          .orElse(0L);
    }
  }

  /** With quotas that nobody reaches. */
  public Journal journal() {
    return journal;
  }

  public Journal journal(Journal.Quotas quotas) {
    return new FakeJournal(this, quotas);
  }

  public MessageLog messageLog() {
    return messageLog;
  }

  /** Members of a group, at most, that has receipts. */
  public static final int RECEIPT_MEMBERS = 4;

  public Cursors cursors() {
    return receipts.cursors(RECEIPT_MEMBERS);
  }

  public Receipts receipts() {
    return receipts.receipts(RECEIPT_MEMBERS);
  }

  public Directory directory() {
    return new Directory() {
      @Override
      public Future<DeviceSession> openSession(
          UserId user, DeviceId device, long issuedAtMs, int maxDevices) {
        return call(Operation.OPEN_SESSION, () -> session(user, device, maxDevices));
      }

      @Override
      public Future<Long> userKey(UserId user) {
        return call(Operation.DIRECTORY, () -> keyOf(user));
      }

      @Override
      public Future<List<Membership>> members(ConversationId conversation) {
        return call(
            Operation.DIRECTORY,
            () ->
                find(conversation)
                    .map(found -> found.members.stream().filter(Membership::isOpen).toList())
                    .orElse(List.of()));
      }

      @Override
      public Future<Void> ping() {
        return call(Operation.DIRECTORY, () -> null);
      }
    };
  }

  /** What retention does: the body goes, the envelope stays. */
  public void erase(ConversationId conversation, long seq) {
    find(conversation).orElseThrow().log.get(seq).content = new Content.Erased();
  }

  /** As if it had been stored so much earlier. */
  public void age(ConversationId conversation, long seq, long ms) {
    find(conversation).orElseThrow().log.get(seq).storedAtMs -= ms;
  }

  /** Who has reacted to a message with what, as {@code user key}. */
  public List<String> reactions(ConversationId conversation, long seq) {
    return find(conversation).orElseThrow().reactions.stream()
        .filter(one -> one.target() == seq)
        .map(one -> nameOf(one.userKey()) + " " + one.key())
        .sorted()
        .toList();
  }

  /** From now on the store takes no entry with this body. */
  public void refuse(ByteString body) {
    refused.add(body);
  }

  /** Back to an older state of this conversation, as after a fail-over that lost commits. */
  public void rollBack(ConversationId conversation, long tail) {
    Conversation rolledBack = find(conversation).orElseThrow();
    rolledBack.log.tailMap(tail, false).clear();
    rolledBack.ids.values().removeIf(row -> row.seq > tail);
    epoch++;
  }

  public Optional<Long> cursor(long deviceKey, ConversationId conversation) {
    return receipts.cursor(deviceKey, find(conversation).orElseThrow());
  }

  public String title(ConversationId conversation) {
    return find(conversation).orElseThrow().title;
  }

  <T> Future<T> call(Operation operation, Supplier<T> action) {
    return line.call(operation, action);
  }

  long keyOf(UserId user) {
    return users.computeIfAbsent(
        user,
        unused -> {
          long key = users.size() + 1L;
          userNames.put(key, user);
          return key;
        });
  }

  Optional<Long> knownKey(UserId user) {
    return Optional.ofNullable(users.get(user));
  }

  UserId nameOf(long userKey) {
    return userNames.get(userKey);
  }

  Optional<Conversation> find(ConversationId conversation) {
    return Optional.ofNullable(conversations.get(conversation));
  }

  Iterable<Conversation> all() {
    return conversations.values();
  }

  Optional<Device> device(long deviceKey) {
    return devices.values().stream().filter(device -> device.key == deviceKey).findFirst();
  }

  long storedCursor(long deviceKey, Conversation conversation) {
    return receipts.cursor(deviceKey, conversation).orElse(0L);
  }

  long nextTransaction() {
    return transactions + 1;
  }

  long newTransaction() {
    return ++transactions;
  }

  Conversation byKey(long conversationKey) {
    return conversationsByKey.get(conversationKey);
  }

  List<Long> devicesOf(long userKey) {
    return devices.values().stream()
        .filter(device -> device.userKey == userKey)
        .map(device -> device.key)
        .toList();
  }

  Conversation make(ConversationId id) {
    return conversations.computeIfAbsent(
        id,
        unused -> {
          Conversation made =
              new Conversation(conversationsByKey.size() + 1L, id, unixMs.getAsLong());
          conversationsByKey.put(made.key, made);
          return made;
        });
  }

  Conversation makeDirect(ConversationId id, UserId beginner) {
    Conversation made = make(id);
    made.creator = Optional.of(beginner);
    for (UserId user : id.directUsers()) {
      made.members.add(new Membership(keyOf(user), user, Role.MEMBER, 1, Membership.OPEN));
    }
    return made;
  }

  long nowMs() {
    return unixMs.getAsLong();
  }

  void voidRow(Conversation conversation, EntryId id) {
    voids++;
    conversation.ids.put(
        id,
        new Row(
            -voids,
            id,
            unixMs.getAsLong(),
            ++transactions,
            new Content.Erased(),
            ContentDigest.NONE));
  }

  JournalWriter writer() {
    return new JournalWriter() {
      @Override
      public Future<Written> write(List<Batch> batches) {
        return call(Operation.WRITE, () -> commit(batches));
      }

      @Override
      public Future<Void> close() {
        return Future.succeededFuture();
      }
    };
  }

  /** All or nothing per conversation; all or nothing at all if a row is refused. */
  private Written commit(List<Batch> batches) {
    List<Batch> fitting = new ArrayList<>();
    Set<Long> leftOut = new HashSet<>();
    for (Batch batch : batches) {
      Conversation conversation = conversationsByKey.get(batch.conversationKey());
      boolean taken =
          batch.entries().stream()
              .anyMatch(
                  entry ->
                      conversation.log.containsKey(entry.seq())
                          || conversation.ids.containsKey(entry.id()));
      if (taken) {
        leftOut.add(batch.conversationKey());
      } else {
        fitting.add(batch);
      }
    }
    for (Batch batch : fitting) {
      for (NewEntry entry : batch.entries()) {
        if (refused.contains(StoredContent.of(entry.content()).bytes())) {
          throw new QuipuException(ErrorCode.STORE_REFUSED, "a body that the test refuses");
        }
      }
    }
    transactions++;
    long storedAtMs = unixMs.getAsLong();
    for (Batch batch : fitting) {
      Conversation conversation = conversationsByKey.get(batch.conversationKey());
      for (NewEntry entry : batch.entries()) {
        insert(conversation, entry, storedAtMs);
      }
    }
    return new Written(storedAtMs, leftOut);
  }

  private void insert(Conversation conversation, NewEntry entry, long storedAtMs) {
    Row row =
        new Row(
            entry.seq(),
            entry.id(),
            storedAtMs,
            transactions,
            entry.content(),
            ContentDigest.of(StoredContent.of(entry.content())));
    conversation.log.put(row.seq, row);
    conversation.ids.put(row.id, row);
    entry.members().forEach(change -> step(conversation, change, row.seq));
    if (entry.content() instanceof Content.Changed changed) {
      change(conversation, row, changed.change());
    }
  }

  private void step(Conversation conversation, NewEntry.MemberChange change, long seq) {
    UserId user = change.user();
    if (change instanceof NewEntry.MemberChange.Joined joined) {
      long key = keyOf(user);
      for (NewEntry.Span span : joined.history()) {
        conversation.members.add(
            new Membership(key, user, joined.role(), span.fromSeq(), span.toSeq()));
        conversation.joinings.add(new Joining(key, span.fromSeq(), seq));
      }
      conversation.members.add(new Membership(key, user, joined.role(), seq, Membership.OPEN));
    } else if (change instanceof NewEntry.MemberChange.Unblocked) {
      conversation.members.add(
          new Membership(keyOf(user), user, Role.MEMBER, seq + 1, Membership.OPEN));
    } else if (change instanceof NewEntry.MemberChange.Noted) {
      conversation.members.add(new Membership(keyOf(user), user, Role.MEMBER, seq, seq));
    } else {
      conversation.members.replaceAll(
          member ->
              member.isOpen() && member.user().equals(user)
                  ? stepped(member, change, seq)
                  : member);
    }
    if (change instanceof NewEntry.MemberChange.Erased erased && erased.renamed().isPresent()) {
      conversations.remove(conversation.id);
      conversation.id = erased.renamed().get();
      conversations.put(conversation.id, conversation);
    }
  }

  private static Membership stepped(Membership open, NewEntry.MemberChange change, long seq) {
    if (change instanceof NewEntry.MemberChange.Given given) {
      return new Membership(
          open.userKey(), open.user(), given.role(), open.fromSeq(), Membership.OPEN);
    }
    long toSeq = change instanceof NewEntry.MemberChange.Blocked ? seq - 1 : seq;
    return new Membership(open.userKey(), open.user(), open.role(), open.fromSeq(), toSeq);
  }

  private void change(Conversation conversation, Row row, Change change) {
    UserId actor = nameOf(row.id.senderKey());
    if (change instanceof Change.Create create) {
      conversation.title = create.title();
      conversation.settings = GroupSettings.DEFAULT.with(create.settings());
    } else if (change instanceof Change.Rename rename) {
      conversation.title = rename.title();
    } else if (change instanceof Change.Configure configure) {
      conversation.settings = conversation.settings.with(configure.settings());
    } else if (change instanceof Change.Block) {
      conversation.blockers.add(actor);
    } else if (change instanceof Change.Unblock) {
      conversation.blockers.remove(actor);
    } else if (change instanceof Change.Edit edit) {
      Row target = conversation.log.get(edit.seq());
      if (!(target.content instanceof Content.Erased)) {
        target.content = edit.content();
        target.editedBy = row.seq;
      }
    } else if (change instanceof Change.Recall recall) {
      Row target = conversation.log.get(recall.seq());
      target.content = new Content.Erased();
      target.recalledBy = row.seq;
      conversation.log.values().stream()
          .filter(other -> edits(other, recall.seq()))
          .forEach(edit -> edit.content = new Content.Erased());
    } else if (change instanceof Change.React react) {
      Reaction reaction = new Reaction(react.seq(), row.id.senderKey(), react.key());
      if (react.remove()) {
        conversation.reactions.remove(reaction);
      } else {
        conversation.reactions.add(reaction);
      }
    }
  }

  private static boolean edits(Row row, long target) {
    return row.content instanceof Content.Changed changed
        && changed.change() instanceof Change.Edit edit
        && edit.seq() == target;
  }

  private Directory.DeviceSession session(UserId user, DeviceId name, int maxDevices) {
    long userKey = keyOf(user);
    DeviceName deviceName = new DeviceName(userKey, name);
    long owned = devices.values().stream().filter(device -> device.userKey == userKey).count();
    if (!devices.containsKey(deviceName) && owned >= maxDevices) {
      throw new QuipuException(
          ErrorCode.TOO_MANY_REQUESTS, "a user has at most " + maxDevices + " devices");
    }
    Device device =
        devices.computeIfAbsent(deviceName, unused -> new Device(devices.size() + 1L, userKey));
    device.generation++;
    return new Directory.DeviceSession(
        userKey, device.key, device.generation, device.generation == 1, "fake-" + epoch);
  }

  static UUID idOf(Row row) {
    return row.id.clientMessageId();
  }
}
