package io.quipu.contract;

import static io.quipu.contract.Awaiting.await;

import io.quipu.contract.StoreUnderTest.Ports;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange;
import io.quipu.server.journal.Written;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What the contracts of the journal's ports share; tests keep apart by their users' names. */
@ParameterizedClass
@EnumSource
abstract class StoreContract {
  private static final Map<StoreUnderTest, Ports> OPEN = new ConcurrentHashMap<>();
  private static final AtomicInteger NAMES = new AtomicInteger();

  @Parameter StoreUnderTest where;

  Ports store;
  JournalWriter writer;
  private final List<JournalWriter> writers = new ArrayList<>();

  @BeforeEach
  void openStore() {
    store = OPEN.computeIfAbsent(where, StoreUnderTest::open);
    writer = newWriter();
  }

  @AfterEach
  void closeWriters() {
    writers.forEach(one -> await(one.close()));
  }

  @AfterAll
  static void closeStores() {
    OPEN.values().forEach(ports -> ports.backdoor().close());
    OPEN.clear();
  }

  final JournalWriter newWriter() {
    JournalWriter opened = store.journal().openWriter();
    writers.add(opened);
    return opened;
  }

  static UserId newUser(String name) {
    return new UserId(name + "-" + NAMES.incrementAndGet());
  }

  final long keyOf(UserId user) {
    return await(store.directory().userKey(user));
  }

  final ConversationState load(ConversationId conversation, EntryId... ids) {
    return load(conversation, List.of(ids), List.of());
  }

  /** By the first of its users, if it is a direct one that is not there. */
  final ConversationState load(
      ConversationId conversation, List<EntryId> ids, List<ConversationState.Aim> aims) {
    return await(store.journal().load(conversation, question(conversation, ids, aims)))
        .orElseThrow();
  }

  static Journal.Question question(
      ConversationId conversation, List<EntryId> ids, List<ConversationState.Aim> aims) {
    return new Journal.Question(conversation.directUsers().stream().findFirst(), ids, aims);
  }

  /** A direct conversation with this many texts, all of the first user. */
  final Talk talk(int texts) {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");
    ConversationId id = ConversationId.direct(alice, bob);
    Talk talk = new Talk(id, load(id).conversationKey(), alice, keyOf(alice), bob, keyOf(bob));
    for (int i = 1; i <= texts; i++) {
      write(talk.text(i, "text " + i));
    }
    return talk;
  }

  record Talk(ConversationId id, long key, UserId alice, long aliceKey, UserId bob, long bobKey) {
    Batch text(long seq, String... texts) {
      List<NewEntry> entries = new ArrayList<>();
      for (String text : texts) {
        entries.add(entry(seq + entries.size(), UUID.randomUUID(), text));
      }
      return new Batch(key, entries);
    }

    Batch text(long seq, UUID id, String text) {
      return new Batch(key, List.of(entry(seq, id, text)));
    }

    NewEntry entry(long seq, UUID id, String text) {
      return new NewEntry(seq, idOf(id), Content.Text.of(text), List.of());
    }

    EntryId idOf(UUID id) {
      return new EntryId(aliceKey, id);
    }
  }

  final Written write(Batch... batches) {
    return await(writer.write(List.of(batches)));
  }

  /** A group of this owner, made and nothing else. */
  final Group group(UserId owner, UserId... others) {
    UUID id = UUID.randomUUID();
    ConversationId name = ConversationId.group(owner, id);
    await(store.journal().createGroup(name, owner));
    Group group = new Group(name, load(name).conversationKey(), keyOf(owner));
    List<MemberChange> joins = new ArrayList<>();
    joins.add(new MemberChange.Joined(owner, Role.OWNER));
    for (UserId other : others) {
      joins.add(new MemberChange.Joined(other, Role.MEMBER));
    }
    write(group.change(1, new Change.Create("the title", List.of(others)), joins));
    return group;
  }

  record Group(ConversationId id, long key, long ownerKey) {
    Batch change(long seq, Change change, List<? extends MemberChange> members) {
      return new Batch(
          key,
          List.of(
              new NewEntry(
                  seq,
                  new EntryId(ownerKey, UUID.randomUUID()),
                  new Content.Changed(change),
                  List.copyOf(members))));
    }

    Batch add(long seq, UserId user) {
      return change(
          seq, new Change.Add(List.of(user)), List.of(new MemberChange.Joined(user, Role.MEMBER)));
    }

    Batch remove(long seq, UserId user) {
      return change(seq, new Change.Remove(List.of(user)), List.of(new MemberChange.Left(user)));
    }

    Batch text(long seq, String text) {
      return new Batch(
          key,
          List.of(
              new NewEntry(
                  seq,
                  new EntryId(ownerKey, UUID.randomUUID()),
                  Content.Text.of(text),
                  List.of())));
    }
  }

  final Directory.DeviceSession session(UserId user) {
    return await(store.directory().openSession(user, new io.quipu.model.DeviceId("phone"), 0, 10));
  }
}
