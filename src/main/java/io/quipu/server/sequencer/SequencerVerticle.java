package io.quipu.server.sequencer;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.Appends;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.Placement;
import io.quipu.server.cluster.Whisper;
import io.quipu.server.fanout.FanOut;
import io.quipu.server.journal.GroupCommit;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.log.LineLimit;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * ③ Hosts the conversations that fall to this instance: feeds their {@link Sequencer}s, asks the
 * journal for them, and hands what they say to fan-out. One event loop, no locks. A bug in one
 * conversation ends that one's stay in memory: what waits there is answered UNKNOWN, and the next
 * append loads it again.
 */
public final class SequencerVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(SequencerVerticle.class);

  /** Of what goes wrong for single conversations. */
  private static final int LINES_PER_SECOND = 5;

  /** Of the least recently used, to find an idle one; an event loop must not look at all. */
  private static final int EVICTION_TRIES = 32;

  /** Of the whispers that wait for members to be read: conversations, and users in each. */
  private static final int MAX_WHISPERS = 32;

  private static final Journal.Question NOTHING_ELSE =
      new Journal.Question(Optional.empty(), List.of(), List.of());

  private final Address.Owner address;
  private final Limits limits;
  private final Bus bus;
  private final Placement placement;
  private final Journal journal;
  private final FanOut fanOut;
  private final Clock clock;
  private final Metrics metrics;

  /** Least recently used first. */
  private final Map<ConversationId, Hosted> hosted = new LinkedHashMap<>(64, 0.75f, true);

  /** What waits for members to be read: one of each user. */
  private final Map<ConversationId, Map<UserId, Whisper>> whispers = new HashMap<>();

  private GroupCommit commits;
  private long queuedBytes;
  private int batchesWaiting;
  private OptionalLong storeAwaySinceMs = OptionalLong.empty();
  private final LineLimit lines = new LineLimit(LINES_PER_SECOND);
  private Bus.Registration registration = () -> Future.succeededFuture();

  /**
   * @param maxConversations in memory; idle ones go first, beyond it new ones get BUSY
   * @param idleMs an idle conversation leaves memory after so long
   * @param maxQueuedBytes of content that waits, in all conversations of this instance
   * @param writers connections that commit
   */
  public record Limits(
      int maxConversations,
      int idleMs,
      long maxQueuedBytes,
      int writers,
      int maxStatementEntries,
      int maxStatementBytes,
      Sequencer.Limits conversation) {}

  public SequencerVerticle(
      Address.Owner address,
      Limits limits,
      Bus bus,
      Placement placement,
      Journal journal,
      FanOut fanOut,
      Clock clock,
      Metrics metrics) {
    this.address = address;
    this.limits = limits;
    this.bus = bus;
    this.placement = placement;
    this.journal = journal;
    this.fanOut = fanOut;
    this.clock = clock;
    this.metrics = metrics;
  }

  @Override
  public Future<?> start() {
    List<JournalWriter> writers = new ArrayList<>();
    for (int i = 0; i < limits.writers(); i++) {
      writers.add(journal.openWriter());
    }
    commits =
        new GroupCommit(
            writers,
            limits.maxStatementEntries(),
            limits.maxStatementBytes(),
            clock,
            this::statementDone);
    vertx.setPeriodic(limits.idleMs() / 2 + 1, timer -> evictIdle());
    return bus.serve(address, this::receive).onSuccess(served -> registration = served);
  }

  @Override
  public Future<?> stop() {
    return registration.close().compose(closed -> commits.close());
  }

  /** True when nothing that was taken waits for an answer; for any thread. */
  public Future<Boolean> isDrained() {
    Promise<Boolean> drained = Promise.promise();
    context.runOnContext(
        here -> drained.complete(hosted.values().stream().allMatch(one -> one.sequencer.isIdle())));
    return drained.future();
  }

  private void statementDone(GroupCommit.Statement statement) {
    fanOut.flush();
    countWaiting();
    if (statement.failure().isPresent()) {
      metrics.journalFailed(statement.failure().get());
      storeFailed(statement.failure().get());
    } else {
      storeAnswers();
      metrics.committed(statement.entries(), statement.nanos() / 1e6);
      for (int i = 0; i < statement.leftOut(); i++) {
        metrics.batchLeftOut();
      }
      if (statement.leftOut() > 0) {
        lines
            .at(Level.INFO, LOG, clock.nowMs())
            .addKeyValue("owner", address.index())
            .addKeyValue("conversations", statement.leftOut())
            .log("a seq or an id was taken: another owner, or a retry; loaded again");
      }
    }
  }

  private void storeFailed(ErrorCode code) {
    if (code == ErrorCode.STORE_REFUSED) {
      return; // the statement was at fault, and is halved
    }
    if (storeAwaySinceMs.isEmpty()) {
      storeAwaySinceMs = OptionalLong.of(clock.nowMs());
      LOG.atWarn()
          .addKeyValue("owner", address.index())
          .addKeyValue("code", code)
          .log("the store takes no commits; sends wait");
    }
  }

  private void storeAnswers() {
    if (storeAwaySinceMs.isPresent()) {
      LOG.atInfo()
          .addKeyValue("owner", address.index())
          .addKeyValue("afterMs", clock.nowMs() - storeAwaySinceMs.getAsLong())
          .log("the store takes commits again");
      storeAwaySinceMs = OptionalLong.empty();
    }
  }

  /** While the store is away this may be so for each conversation. */
  private void failed(String what, ConversationId conversation, Throwable failure) {
    lines
        .at(Level.WARN, LOG, clock.nowMs())
        .addKeyValue("conversation", conversation)
        .addKeyValue("reason", failure.toString())
        .log(what);
  }

  private void receive(BusMessage message) {
    if (message instanceof Whisper whisper) {
      whisper(whisper);
    } else if (message instanceof Appends appends) {
      for (Append append : appends.appends()) {
        if (isMine(append)) {
          accept(append);
        } else {
          metrics.notOwner();
          fanOut.answer(append, new Verdict.NotTaken(Reason.NOT_OWNER));
        }
      }
      commits.flush();
      fanOut.flush();
      countWaiting();
    }
  }

  /** What only a newer version knows is stored by a node of that version, such as its sender's. */
  private boolean isMine(Append append) {
    return !(append.content() instanceof Content.Unknown)
        && (append.betterRankedTried() || placement.isOwner(append.conversation()));
  }

  private void countWaiting() {
    int waiting = commits.waiting();
    if (waiting != batchesWaiting) {
      metrics.batchesWait(waiting - batchesWaiting);
      batchesWaiting = waiting;
    }
  }

  /** From what is in memory, else from the store, of which few are asked for at once. */
  private void whisper(Whisper whisper) {
    Hosted known = hosted.get(whisper.conversation());
    if (known != null && !known.sequencer.present().isEmpty()) {
      passOn(whisper, known.sequencer.present());
      return;
    }
    Map<UserId, Whisper> waiting = whispers.get(whisper.conversation());
    if (waiting != null) {
      if (waiting.size() < MAX_WHISPERS) {
        waiting.putIfAbsent(whisper.user(), whisper);
      }
    } else if (whispers.size() < MAX_WHISPERS) {
      whispers.put(whisper.conversation(), new HashMap<>(Map.of(whisper.user(), whisper)));
      journal
          .load(whisper.conversation(), NOTHING_ELSE)
          .onComplete(
              read -> {
                Collection<Whisper> heard = whispers.remove(whisper.conversation()).values();
                if (read.succeeded() && read.result().isPresent()) {
                  Set<UserId> present = Roster.of(read.result().get()).present();
                  heard.forEach(one -> passOn(one, present));
                }
              });
    }
  }

  private void passOn(Whisper whisper, Set<UserId> present) {
    if (present.contains(whisper.user())) {
      fanOut.whisper(whisper, present);
      fanOut.flush();
    }
  }

  private void accept(Append append) {
    Hosted conversation = hosted.get(append.conversation());
    if (conversation == null) {
      if (queuedBytes > limits.maxQueuedBytes() || !roomForOneMore()) {
        fanOut.answer(append, new Verdict.NotTaken(Reason.BUSY));
        return;
      }
      conversation = new Hosted(append.conversation());
      hosted.put(append.conversation(), conversation);
      metrics.conversationLoaded();
    } else if (queuedBytes > limits.maxQueuedBytes()) {
      fanOut.answer(append, new Verdict.NotTaken(Reason.BUSY));
      return;
    }
    conversation.step(new SequencerEvent.Arrived(append));
  }

  private boolean roomForOneMore() {
    if (hosted.size() < limits.maxConversations()) {
      return true;
    }
    Iterator<Hosted> oldestFirst = hosted.values().iterator();
    for (int tries = 0; tries < EVICTION_TRIES && oldestFirst.hasNext(); tries++) {
      if (oldestFirst.next().sequencer.isIdle()) {
        oldestFirst.remove();
        metrics.conversationEvicted();
        return true;
      }
    }
    return false;
  }

  /** What another one owns now goes as soon as it is idle: its tail here grows old. */
  private void evictIdle() {
    long before = clock.nowMs() - limits.idleMs();
    int held = hosted.size();
    hosted
        .values()
        .removeIf(
            one ->
                one.sequencer.isIdle()
                    && (one.usedMs < before || !placement.isOwner(one.conversation)));
    for (int gone = held - hosted.size(); gone > 0; gone--) {
      metrics.conversationEvicted();
    }
  }

  /** Answers of the store come one by one, so what follows from each is sent on at once. */
  private void stepAndFlush(Hosted conversation, SequencerEvent event) {
    conversation.step(event);
    commits.flush();
    fanOut.flush();
  }

  /** A conversation in memory. */
  private final class Hosted {
    final ConversationId conversation;
    final Sequencer sequencer;
    long usedMs;
    boolean dropped;

    Hosted(ConversationId conversation) {
      this.conversation = conversation;
      this.sequencer = new Sequencer(conversation, limits.conversation());
    }

    void step(SequencerEvent event) {
      if (dropped) {
        return;
      }
      long nowMs = clock.nowMs();
      usedMs = nowMs;
      long bytesBefore = sequencer.queuedBytes();
      try {
        sequencer.step(event, nowMs).forEach(this::run);
      } catch (RuntimeException | AssertionError bug) {
        LOG.atError()
            .addKeyValue("conversation", conversation)
            .setCause(bug)
            .log("a conversation leaves memory after a bug");
        dropFor(event);
      }
      long moreBytes = sequencer.queuedBytes() - bytesBefore;
      if (moreBytes != 0) {
        queuedBytes += moreBytes;
        metrics.appendsQueued(moreBytes);
      }
    }

    private void dropFor(SequencerEvent event) {
      dropped = true;
      hosted.remove(conversation, this);
      metrics.conversationEvicted();
      List<Append> waiting = sequencer.abandon();
      waiting.forEach(append -> fanOut.answer(append, Sequencer.BROKEN));
      if (event instanceof SequencerEvent.Arrived arrived && !waiting.contains(arrived.append())) {
        fanOut.answer(arrived.append(), Sequencer.BROKEN);
      }
    }

    private void run(SequencerEffect effect) {
      if (effect instanceof SequencerEffect.Answer answer) {
        fanOut.answer(answer.append(), answer.verdict());
      } else if (effect instanceof SequencerEffect.Publish publish) {
        fanOut.committed(publish.committed());
      } else if (effect instanceof SequencerEffect.Write write) {
        // Results of one statement arrive together; its listener flushes fan-out after the last.
        commits.offer(
            write.batch(),
            write.bytes(),
            write.alone(),
            result -> step(new SequencerEvent.Wrote(write.attempt(), result)));
      } else if (effect instanceof SequencerEffect.Load load) {
        journal
            .load(load.conversation(), load.question())
            .onSuccess(
                state -> stepAndFlush(this, new SequencerEvent.Loaded(load.attempt(), state)))
            .onFailure(
                failure -> {
                  if (failure instanceof QuipuException known
                      && known.code() == ErrorCode.CONVERSATION_UNKNOWN) {
                    stepAndFlush(this, new SequencerEvent.PartnerErased(load.attempt()));
                    return;
                  }
                  failed("a conversation could not be loaded", load.conversation(), failure);
                  stepAndFlush(this, new SequencerEvent.LoadFailed(load.attempt()));
                });
      } else if (effect instanceof SequencerEffect.CreateGroup create) {
        journal
            .createGroup(create.group(), create.creator())
            .onSuccess(
                admitted ->
                    stepAndFlush(this, new SequencerEvent.GroupCreated(create.attempt(), admitted)))
            .onFailure(
                failure -> {
                  failed("a group could not be created", create.group(), failure);
                  stepAndFlush(this, new SequencerEvent.LoadFailed(create.attempt()));
                });
      } else if (effect instanceof SequencerEffect.VoidSend fence) {
        journal
            .voidSend(fence.conversation(), fence.sender(), fence.clientMessageId())
            .onSuccess(fate -> stepAndFlush(this, new SequencerEvent.Voided(fence.attempt(), fate)))
            .onFailure(
                failure -> {
                  failed("a send could not be voided", fence.conversation(), failure);
                  stepAndFlush(this, new SequencerEvent.VoidFailed(fence.attempt()));
                });
      } else if (effect instanceof SequencerEffect.Pause pause) {
        vertx.setTimer(
            pause.pauseMs(),
            timer -> stepAndFlush(this, new SequencerEvent.PauseOver(pause.attempt())));
      }
    }
  }
}
