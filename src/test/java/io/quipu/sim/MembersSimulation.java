package io.quipu.sim;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.Role;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.GroupCommit.Result;
import io.quipu.server.journal.Journal.SendFate;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.sequencer.Sequencer;
import io.quipu.server.sequencer.SequencerEffect;
import io.quipu.server.sequencer.SequencerEvent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Membership of one group under one seed, as shared/model/members.pml has it: Alice owns it, Bob is
 * removed, goes and is added again while he writes, Carol is a stranger. Two owners, any of them
 * stale, a bus that loses, repeats and reorders, inserts that land late. After every event: nothing
 * of Bob's is stored outside his membership by the log's order, what was refused is not stored, and
 * nobody is refused who was a member from before his send until after its answer.
 */
final class MembersSimulation {
  /** A rule of DESIGN left out: each must be found. */
  enum Hole {
    NONE,
    /** Refused from what the owner remembers, without a look at the journal. */
    STALE_REFUSAL,
    /** Membership is checked when the append arrives, and never again. */
    CHECK_AT_ARRIVAL,
    /** The membership check comes before the search for a retry. */
    MEMBERSHIP_FIRST,
    /** A refusal without a void row. */
    NO_FENCE
  }

  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");
  private static final ConversationId GROUP = ConversationId.group(ALICE, new UUID(1, 1));

  private final Random random;
  private final Hole hole;
  private final Store store = new Store();
  private final Owner[] owners = {new Owner(), new Owner()};
  private final List<Runnable> bus = new ArrayList<>();
  private final List<Runnable> storeOps = new ArrayList<>();
  private final Map<EntryId, Wish> wishes = new HashMap<>();
  private final List<Wish> open = new ArrayList<>();
  private long nowMs = 1_000;
  private long links;
  private int nextId = 2;
  private int changesIssued;
  private boolean calm;
  final Map<String, Integer> seen = new TreeMap<>();

  MembersSimulation(long seed, Hole hole) {
    this.random = new Random(seed);
    this.hole = hole;
  }

  /** Runs it; throws AssertionError if a promise breaks. */
  void run(int chaosSteps) {
    for (int i = 0; i < chaosSteps; i++) {
      step();
    }
    calm = true;
    for (int i = 0; i < 20_000 && !open.isEmpty(); i++) {
      step();
    }
    require(open.isEmpty(), open.size() + " appends are never answered");
  }

  private void step() {
    nowMs += random.nextInt(calm ? 5 : 40);
    if (!calm && random.nextInt(200) == 0) {
      owners[random.nextInt(2)] = new Owner();
      return;
    }
    int choice = random.nextInt(100);
    if (choice < 40 && !bus.isEmpty()) {
      int place = random.nextInt(bus.size());
      int luck = calm ? 100 : random.nextInt(100);
      if (luck < 10) {
        bus.remove(place);
      } else if (luck < 25) {
        bus.get(place).run();
      } else {
        bus.remove(place).run();
      }
    } else if (choice < 75 && !storeOps.isEmpty()) {
      storeOps.remove(random.nextInt(storeOps.size())).run();
    } else if (choice < 92 && !calm) {
      wish();
    } else {
      List.copyOf(open).forEach(Wish::sendOn);
    }
  }

  private void wish() {
    boolean changing = open.stream().anyMatch(one -> one.isChange() || one.returning);
    int choice = random.nextInt(100);
    boolean member = store.isMember(BOB);
    if (choice < (member ? 12 : 40) && !changing) {
      if (member) {
        boolean leaves = random.nextInt(3) == 0;
        new Wish(
            leaves ? BOB : ALICE,
            new Content.Changed(leaves ? new Change.Leave() : new Change.Remove(List.of(BOB))));
      } else {
        new Wish(ALICE, new Content.Changed(new Change.Add(List.of(BOB))));
      }
    } else if (open.size() < 6) {
      UserId sender = choice < 80 ? BOB : choice < 95 ? ALICE : CAROL;
      new Wish(sender, Content.Text.of("text " + nextId));
    }
  }

  private static long keyOf(UserId user) {
    return user.equals(ALICE) ? 1 : user.equals(BOB) ? 2 : 3;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  /** Something that somebody sends again and again until it has an answer. */
  private final class Wish {
    final UserId sender;
    final EntryId id;
    final Content content;
    final int changesBefore;

    /** Most of its copies go there, so the other one stays stale. */
    final int believedOwner;

    /** A member now, and nobody is changing it. */
    final boolean safe;

    boolean done;
    boolean refused;

    /** Sent by who has just been added again, to the owner that need not have heard of it. */
    boolean returning;

    Wish(UserId sender, Content content) {
      this(sender, content, random.nextInt(2));
    }

    Wish(UserId sender, Content content, int believedOwner) {
      this.sender = sender;
      this.believedOwner = believedOwner;
      this.content = content;
      this.id = new EntryId(keyOf(sender), new UUID(keyOf(sender), nextId++));
      this.safe = open.stream().noneMatch(Wish::isChange) && store.isMember(sender);
      wishes.put(id, this);
      open.add(this);
      if (isChange()) {
        changesIssued++;
      }
      this.changesBefore = changesIssued;
      sendOn();
    }

    boolean isChange() {
      return content instanceof Content.Changed;
    }

    void sendOn() {
      long link = ++links;
      Append append =
          new Append(
              new SessionAddress(new Address.Loop(new NodeId("n"), 0), link),
              link,
              1,
              true,
              0,
              false,
              GROUP,
              id.senderKey(),
              sender,
              id.clientMessageId(),
              random.nextBoolean(),
              content);
      bus.add(
          () ->
              owners[calm ? 0 : random.nextInt(5) == 0 ? 1 - believedOwner : believedOwner].take(
                  append));
    }

    void answered(Verdict verdict) {
      if (verdict instanceof Verdict.Stored stored) {
        NewEntry row = store.rows.get(stored.seq());
        require(row != null && row.id().equals(id), "acked, not stored there");
        require(!refused, "acked after it was refused");
        done();
      } else if (verdict instanceof Verdict.Refused no) {
        seen.merge(no.code() + " " + no.outcome(), 1, Integer::sum);
        if (no.outcome() == Outcome.NOT_APPLIED) {
          require(store.ids.getOrDefault(id, -1L) < 0, "refused, and stored");
          boolean changed = changesIssued != changesBefore;
          require(
              !safe || changed || no.code() == ErrorCode.VOIDED || done,
              "a member was refused: " + no);
          refused = true;
        } else {
          require(sender.equals(CAROL), "a stranger's answer to " + sender);
        }
        done();
      }
    }

    private void done() {
      if (done) {
        return;
      }
      done = true;
      open.remove(this);
      if (!calm && content instanceof Content.Changed changed && !refused) {
        if (changed.change() instanceof Change.Add) {
          new Wish(BOB, Content.Text.of("text " + nextId), 1 - believedOwner).returning = true;
        }
      }
    }
  }

  /** The truth: two keys, and memberships that follow from the log. */
  private final class Store {
    final TreeMap<Long, NewEntry> rows = new TreeMap<>();
    final Map<EntryId, Long> ids = new HashMap<>();
    final List<Membership> members = new ArrayList<>();
    long voids;

    Store() {
      EntryId creation = new EntryId(1, new UUID(1, 1));
      rows.put(
          1L,
          new NewEntry(
              1, creation, new Content.Changed(new Change.Create("t", List.of(BOB))), List.of()));
      ids.put(creation, 1L);
      members.add(new Membership(1, ALICE, Role.OWNER, 1, Membership.OPEN));
      members.add(new Membership(2, BOB, Role.MEMBER, 1, Membership.OPEN));
    }

    boolean isMember(UserId user) {
      return members.stream().anyMatch(one -> one.user().equals(user) && one.isOpen());
    }

    Result write(Batch batch) {
      if (batch.firstSeq() <= rows.lastKey()
          || batch.entries().stream().anyMatch(entry -> ids.containsKey(entry.id()))) {
        return new Result.LeftOut();
      }
      require(batch.firstSeq() == rows.lastKey() + 1, "a hole");
      for (NewEntry entry : batch.entries()) {
        Wish wish = wishes.get(entry.id());
        require(isMember(wish.sender), wish.sender + " is no member at " + entry.seq());
        require(!wish.refused, "stored after it was refused");
        require(batch.entries().size() == 1 || !wish.isChange(), "a change does not travel alone");
        rows.put(entry.seq(), entry);
        ids.put(entry.id(), entry.seq());
        for (MemberChange change : entry.members()) {
          apply(change, entry.seq());
        }
      }
      return new Result.Committed(1);
    }

    private void apply(MemberChange change, long seq) {
      if (change instanceof MemberChange.Joined joined) {
        require(!isMember(change.user()), "joins twice");
        members.add(
            new Membership(
                keyOf(change.user()), change.user(), joined.role(), seq, Membership.OPEN));
        seen.merge("join", 1, Integer::sum);
      } else {
        members.replaceAll(
            one ->
                one.user().equals(change.user()) && one.isOpen()
                    ? new Membership(one.userKey(), one.user(), one.role(), one.fromSeq(), seq)
                    : one);
        seen.merge("leave", 1, Integer::sum);
      }
    }

    ConversationState read(Collection<EntryId> asked) {
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
      return new ConversationState(7, rows.lastKey(), List.copyOf(members), found);
    }

    SendFate voidSend(EntryId id) {
      require(id.senderKey() != 3, "a stranger leaves a row");
      Long seq = ids.computeIfAbsent(id, unused -> -1 - voids++);
      return seq > 0 ? new SendFate(SendState.STORED, seq, 1) : new SendFate(SendState.VOID, 0, 0);
    }
  }

  private final class Owner {
    private final Sequencer sequencer =
        new Sequencer(
            GROUP,
            new Sequencer.Limits(
                32, 4, 100_000, 4, 4, new Sequencer.Rules(10, 1_000, 1_000, 8), 50, 500, 2_000));

    /** What a hole goes by. */
    private Optional<Boolean> rememberedBob = Optional.empty();

    void take(Append append) {
      boolean bobs = append.sender().equals(BOB);
      boolean byMemory = hole == Hole.STALE_REFUSAL || hole == Hole.CHECK_AT_ARRIVAL;
      if (byMemory && bobs && rememberedBob.isPresent() && !rememberedBob.get()) {
        SendFate fate = store.voidSend(new EntryId(append.senderKey(), append.clientMessageId()));
        answer(
            append,
            fate.state() == SendState.STORED
                ? new Verdict.Stored(fate.seq(), 1, true)
                : new Verdict.Refused(ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED, "memory"));
        return;
      }
      tell(new SequencerEvent.Arrived(append));
    }

    private void tell(SequencerEvent event) {
      for (SequencerEffect effect : sequencer.step(event, nowMs)) {
        if (effect instanceof SequencerEffect.Answer answer) {
          answer(answer.append(), answer.verdict());
        } else if (effect instanceof SequencerEffect.Load load) {
          storeOps.add(() -> load(load));
        } else if (effect instanceof SequencerEffect.Write write) {
          storeOps.add(() -> write(write));
        } else if (effect instanceof SequencerEffect.VoidSend fence) {
          storeOps.add(() -> fence(fence));
        } else if (effect instanceof SequencerEffect.Pause pause) {
          storeOps.add(() -> tell(new SequencerEvent.PauseOver(pause.attempt())));
        } else if (effect instanceof SequencerEffect.Publish publish) {
          publish.committed().messages().forEach(message -> remember(message.content()));
        }
      }
    }

    private void remember(Content content) {
      if (content instanceof Content.Changed changed && rememberedBob.isPresent()) {
        rememberedBob = Optional.of(changed.change() instanceof Change.Add);
      }
    }

    private void answer(Append append, Verdict verdict) {
      Wish wish = wishes.get(new EntryId(append.senderKey(), append.clientMessageId()));
      bus.add(() -> wish.answered(verdict));
    }

    private void load(SequencerEffect.Load load) {
      if (!calm && random.nextInt(20) == 0) {
        tell(new SequencerEvent.LoadFailed(load.attempt()));
        return;
      }
      ConversationState state = store.read(load.ids());
      rememberedBob = Optional.of(store.isMember(BOB));
      ConversationState told = doctored(state);
      storeOps.add(() -> tell(new SequencerEvent.Loaded(load.attempt(), Optional.of(told))));
    }

    private ConversationState doctored(ConversationState state) {
      if (hole == Hole.CHECK_AT_ARRIVAL) {
        List<Membership> always = new ArrayList<>(state.members());
        always.add(new Membership(2, BOB, Role.MEMBER, 1, Membership.OPEN));
        return new ConversationState(7, state.tail(), always, state.found());
      }
      if (hole == Hole.MEMBERSHIP_FIRST && !store.isMember(BOB)) {
        List<StoredId> others =
            state.found().stream().filter(row -> row.id().senderKey() != 2).toList();
        return new ConversationState(7, state.tail(), state.members(), others);
      }
      return state;
    }

    private void write(SequencerEffect.Write write) {
      int luck = calm ? 100 : random.nextInt(100);
      if (luck < 12) {
        tell(new SequencerEvent.Wrote(write.attempt(), new Result.Unknown()));
        storeOps.add(() -> store.write(write.batch()));
        return;
      }
      Result result = store.write(write.batch());
      if (luck < 18) {
        tell(new SequencerEvent.Wrote(write.attempt(), new Result.Unknown()));
      } else {
        storeOps.add(() -> tell(new SequencerEvent.Wrote(write.attempt(), result)));
      }
    }

    private void fence(SequencerEffect.VoidSend fence) {
      if (!calm && random.nextInt(10) == 0) {
        tell(new SequencerEvent.VoidFailed(fence.attempt()));
        return;
      }
      boolean none = hole == Hole.NO_FENCE || hole == Hole.MEMBERSHIP_FIRST;
      SendFate fate =
          none
              ? new SendFate(SendState.VOID, 0, 0)
              : store.voidSend(new EntryId(keyOf(fence.sender()), fence.clientMessageId()));
      storeOps.add(() -> tell(new SequencerEvent.Voided(fence.attempt(), fate)));
    }
  }
}
