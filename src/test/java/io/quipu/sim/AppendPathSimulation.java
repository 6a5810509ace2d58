package io.quipu.sim;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.Outcome;
import io.quipu.model.Role;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.Directory.DeviceSession;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.GroupCommit.Result;
import io.quipu.server.journal.Journal.SendFate;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.sequencer.Sequencer;
import io.quipu.server.sequencer.SequencerEffect;
import io.quipu.server.sequencer.SequencerEvent;
import io.quipu.server.session.Session;
import io.quipu.server.session.SessionEffect;
import io.quipu.server.session.SessionEvent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The append path of one direct conversation under one seed: clients with an outbox, real sessions
 * and links, two owners that both believe in themselves, and a journal with its two keys. The bus
 * loses, repeats, delays and reorders; the store's answers get lost and its inserts land late;
 * owners crash; clients reconnect. Then all faults stop, and everything must be acked.
 */
final class AppendPathSimulation {
  private static final ConversationId CONVERSATION =
      ConversationId.direct(new UserId("alice"), new UserId("bob"));
  private static final Limits LIMITS = Limits.DEFAULT;
  private static final int RETRY_MS = 1_000;

  private final Random random;
  private final Store store = new Store();
  private final Owner[] owners = {new Owner(), new Owner()};
  private final List<Client> clients = new ArrayList<>();
  private final List<Runnable> bus = new ArrayList<>();
  private final List<Runnable> storeOps = new ArrayList<>();
  private long nowMs = 1_000;
  private long links;
  private long sessions;
  private boolean calm;
  private int events;
  private long storeBackMs;
  final Map<String, Integer> faults = new TreeMap<>();

  AppendPathSimulation(long seed) {
    random = new Random(seed);
  }

  /** Runs it; throws AssertionError if a promise breaks. */
  void run(int chaosSteps, int messages) {
    clients.add(new Client(new UserId("alice"), 1, messages));
    clients.add(new Client(new UserId("bob"), 2, messages));
    for (int i = 0; i < chaosSteps; i++) {
      step();
      store.check();
    }
    calm = true;
    for (int i = 0; i < 20_000 && !done(); i++) {
      step();
    }
    store.check();
    for (Client client : clients) {
      client.check();
    }
  }

  int events() {
    return events;
  }

  private boolean done() {
    return clients.stream().allMatch(Client::allAcked);
  }

  private void step() {
    events++;
    nowMs += random.nextInt(calm ? 5 : 60);
    int rare = calm ? 1_000 : random.nextInt(1_000);
    if (rare < 4) {
      fault("owner crash");
      owners[random.nextInt(2)] = new Owner();
      return;
    }
    if (rare < 8) {
      fault("reconnect");
      clients.get(random.nextInt(clients.size())).reconnect();
      return;
    }
    if (rare < 10) {
      fault("store away");
      storeBackMs = nowMs + random.nextInt(6_000);
      return;
    }
    int choice = random.nextInt(100);
    if (choice < 40 && !bus.isEmpty()) {
      deliver();
    } else if (choice < 70 && !storeOps.isEmpty()) {
      storeOps.remove(calm ? 0 : random.nextInt(storeOps.size())).run();
    } else if (choice < 90) {
      clients.get(random.nextInt(clients.size())).act();
    } else {
      for (Client client : clients) {
        client.session(new SessionEvent.Tick());
      }
    }
  }

  private void deliver() {
    int place = calm ? 0 : random.nextInt(bus.size());
    int luck = calm ? 100 : random.nextInt(100);
    if (luck < 10) {
      fault("message lost");
      bus.remove(place);
    } else if (luck < 20) {
      fault("message repeated");
      bus.get(place).run();
    } else {
      bus.remove(place).run();
    }
  }

  private void fault(String name) {
    faults.merge(name, 1, Integer::sum);
  }

  /** A conversation's truth: two unique keys, nothing else. */
  private static final class Store {
    final TreeMap<Long, NewEntry> rows = new TreeMap<>();
    final Map<EntryId, Long> ids = new HashMap<>();
    long voids;

    long tail() {
      return rows.isEmpty() ? 0 : rows.lastKey();
    }

    Result write(Batch batch) {
      if (batch.firstSeq() <= tail()
          || batch.entries().stream().anyMatch(entry -> ids.containsKey(entry.id()))) {
        return new Result.LeftOut();
      }
      for (NewEntry entry : batch.entries()) {
        rows.put(entry.seq(), entry);
        ids.put(entry.id(), entry.seq());
      }
      return new Result.Committed(1);
    }

    ConversationState read(Collection<EntryId> asked) {
      List<Membership> members =
          List.of(
              new Membership(1, new UserId("alice"), Role.MEMBER, 1, Membership.OPEN),
              new Membership(2, new UserId("bob"), Role.MEMBER, 1, Membership.OPEN));
      List<StoredId> found = new ArrayList<>();
      for (EntryId id : asked) {
        Long seq = ids.get(id);
        if (seq != null) {
          ContentDigest digest =
              seq < 0
                  ? ContentDigest.NONE
                  : ContentDigest.of(StoredContent.of(rows.get(seq).content()));
          found.add(new StoredId(id, seq, 1, digest));
        }
      }
      return new ConversationState(7, tail(), members, found);
    }

    SendFate voidSend(EntryId id) {
      Long seq = ids.computeIfAbsent(id, unused -> -1 - voids++);
      return seq > 0 ? new SendFate(SendState.STORED, seq, 1) : new SendFate(SendState.VOID, 0, 0);
    }

    void check() {
      long expected = 1;
      for (Long seq : rows.keySet()) {
        require(seq == expected++, "hole before " + seq);
      }
    }
  }

  private final class Owner {
    final Sequencer sequencer =
        new Sequencer(
            CONVERSATION,
            new Sequencer.Limits(
                64, 8, 100_000, 2, 4, new Sequencer.Rules(10, 1_000, 1_000, 8), 50, 500, 3_000));

    void take(Append append) {
      run(sequencer.step(new SequencerEvent.Arrived(append), nowMs));
    }

    void run(List<SequencerEffect> effects) {
      for (SequencerEffect effect : effects) {
        if (effect instanceof SequencerEffect.Answer answer) {
          answered(answer.append(), answer.verdict());
        } else if (effect instanceof SequencerEffect.Load load) {
          storeOps.add(() -> load(load));
        } else if (effect instanceof SequencerEffect.Write write) {
          storeOps.add(() -> write(write));
        } else if (effect instanceof SequencerEffect.Pause pause) {
          storeOps.add(() -> tell(new SequencerEvent.PauseOver(pause.attempt())));
        } else if (effect instanceof SequencerEffect.VoidSend fence) {
          throw new AssertionError("nobody is refused here: " + fence);
        }
      }
    }

    private void load(SequencerEffect.Load load) {
      if (!calm && (nowMs < storeBackMs || random.nextInt(20) == 0)) {
        fault("load failed");
        tell(new SequencerEvent.LoadFailed(load.attempt()));
        return;
      }
      ConversationState state = store.read(load.ids());
      storeOps.add(() -> tell(new SequencerEvent.Loaded(load.attempt(), Optional.of(state))));
    }

    private void write(SequencerEffect.Write write) {
      int luck = calm ? 100 : random.nextInt(nowMs < storeBackMs ? 20 : 100);
      if (luck < 8) {
        fault("insert lost, outcome unknown");
        tell(new SequencerEvent.Wrote(write.attempt(), new Result.Unknown()));
      } else if (luck < 20) {
        fault("insert lands late, outcome unknown");
        tell(new SequencerEvent.Wrote(write.attempt(), new Result.Unknown()));
        storeOps.add(() -> store.write(write.batch()));
      } else if (luck < 26) {
        fault("insert done, outcome unknown, and its reply comes late");
        Result result = store.write(write.batch());
        tell(new SequencerEvent.Wrote(write.attempt(), new Result.Unknown()));
        storeOps.add(() -> tell(new SequencerEvent.Wrote(write.attempt(), result)));
      } else {
        Result result = store.write(write.batch());
        storeOps.add(() -> tell(new SequencerEvent.Wrote(write.attempt(), result)));
      }
    }

    private void tell(SequencerEvent event) {
      run(sequencer.step(event, nowMs));
    }
  }

  private void answered(Append append, AppendAnswer.Verdict verdict) {
    AppendAnswer answer =
        new AppendAnswer(
            append.origin().session(), append.link(), append.number(), append.attempt(), verdict);
    bus.add(
        () -> {
          for (Client client : clients) {
            if (client.address.session() == answer.session()) {
              client.session(new SessionEvent.Answered(answer));
            }
          }
        });
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  /** A sender as PROTOCOL.md asks for: an outbox in order, the same id again, never a gap. */
  private final class Client {
    final UserId user;
    final long userKey;
    final List<UUID> order = new ArrayList<>();
    final Map<UUID, Long> acked = new LinkedHashMap<>();
    final int messages;
    SessionAddress address;
    Session session;
    int clientSeq;

    /** What this connection waits for an answer to, by client_seq. */
    final Map<Integer, UUID> waiting = new LinkedHashMap<>();

    /** The next of {@code order} to send on this connection. */
    int next;

    /** Cancelled for good. */
    final Set<UUID> voided = new HashSet<>();

    Client(UserId user, long userKey, int messages) {
      this.user = user;
      this.userKey = userKey;
      this.messages = messages;
      connect();
    }

    private void connect() {
      address = new SessionAddress(new Address.Loop(new NodeId("n"), 0), ++sessions);
      session = new Session(address, new Session.Rules(LIMITS, RETRY_MS, 4, 100), () -> ++links);
      session.step(
          new SessionEvent.Received(new Frame.Connect(1, "t", new DeviceId("d"), "sim")),
          nowMs,
          nowMs);
      session.step(
          new SessionEvent.Opened(
              user, Long.MAX_VALUE, new DeviceSession(userKey, userKey, 1, false, "e")),
          nowMs,
          nowMs);
      clientSeq = 0;
      waiting.clear();
      next = 0;
      while (next < order.size() && acked.containsKey(order.get(next))) {
        next++;
      }
    }

    void reconnect() {
      connect();
    }

    void act() {
      if (next == order.size() && order.size() < messages) {
        order.add(new UUID(userKey, order.size() + 1L));
      }
      if (next < order.size()) {
        UUID id = order.get(next++);
        if (acked.containsKey(id) || voided.contains(id)) {
          return;
        }
        clientSeq++;
        waiting.put(clientSeq, id);
        session(
            new SessionEvent.Received(
                new Frame.Send(
                    clientSeq,
                    id,
                    Optional.of(CONVERSATION),
                    Optional.empty(),
                    true,
                    Content.Text.of(id.toString()))));
      }
    }

    void session(SessionEvent event) {
      for (SessionEffect effect : session.step(event, nowMs, nowMs)) {
        if (effect instanceof SessionEffect.Route route) {
          for (Append append : route.appends()) {
            bus.add(() -> owners[calm ? 0 : random.nextInt(2)].take(append));
          }
        } else if (effect instanceof SessionEffect.AskFate ask) {
          EntryId id = new EntryId(userKey, ask.clientMessageId());
          Session asking = session;
          storeOps.add(
              () -> {
                SendFate fate = store.voidSend(id);
                if (asking == session) {
                  session(
                      new SessionEvent.FateTold(
                          ask.request(), CONVERSATION, ask.clientMessageId(), fate));
                }
              });
        } else if (effect instanceof SessionEffect.Reply reply) {
          replied(reply.frame());
        } else if (effect instanceof SessionEffect.Close close) {
          throw new AssertionError("closed: " + close);
        }
      }
    }

    private void replied(Frame frame) {
      if (frame instanceof Frame.SendAck ack) {
        UUID id = waiting.remove(ack.clientSeq());
        require(ack.clientMessageId().equals(id), "ack of another send");
        Long before = acked.put(id, ack.seq());
        require(before == null || before == ack.seq(), "acked at two seqs");
        NewEntry row = store.rows.get(ack.seq());
        require(row != null && row.id().clientMessageId().equals(id), "acked, not stored there");
      } else if (frame instanceof Frame.SendRejected rejected) {
        UUID id = waiting.remove(rejected.clientSeq());
        fault("rejected " + rejected.code());
        if (rejected.outcome() == Outcome.NOT_APPLIED) {
          require(rejected.code() == ErrorCode.VOIDED, "nothing is refused for good but voids");
          voided.add(id);
          return;
        }
        next = Math.min(next, order.indexOf(id));
        if (!calm && random.nextInt(10) == 0) {
          fault("cancel");
          session(new SessionEvent.Received(new Frame.SendStatus(1, CONVERSATION, id, true)));
        }
      } else if (frame instanceof Frame.SendStatusResult result) {
        if (result.state() == SendState.VOID) {
          voided.add(result.clientMessageId());
        } else {
          acked.put(result.clientMessageId(), result.seq());
        }
      }
    }

    boolean allAcked() {
      return order.size() == messages
          && order.stream().allMatch(id -> acked.containsKey(id) || voided.contains(id));
    }

    void check() {
      require(
          allAcked(),
          user + " has " + (acked.size() + voided.size()) + " of " + messages + " acked");
      long last = 0;
      for (UUID id : order) {
        if (voided.contains(id)) {
          require(store.ids.get(new EntryId(userKey, id)) < 0, "void, and stored");
          continue;
        }
        long seq = acked.get(id);
        require(seq > last, "a later send at a lower seq: " + seq + " after " + last);
        last = seq;
        require(store.ids.get(new EntryId(userKey, id)) == seq, "acked at another seq");
      }
    }
  }
}
