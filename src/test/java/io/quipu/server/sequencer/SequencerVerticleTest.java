package io.quipu.server.sequencer;

import static io.quipu.fake.FakePeers.in;
import static io.quipu.fake.FakePeers.serving;
import static io.quipu.server.sequencer.SequencerFixture.ALICE;
import static io.quipu.server.sequencer.SequencerFixture.BOB;
import static io.quipu.server.sequencer.SequencerFixture.CAROL;
import static io.quipu.server.sequencer.SequencerFixture.DIRECT;
import static io.quipu.server.sequencer.SequencerFixture.acked;
import static io.quipu.server.sequencer.SequencerFixture.notTaken;
import static io.quipu.server.sequencer.SequencerFixture.state;
import static io.quipu.server.sequencer.SequencerFixture.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.fake.FakePeers;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Alone;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.Appends;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.LocalRegistry;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.Peers.State;
import io.quipu.server.cluster.RendezvousPlacement;
import io.quipu.server.fanout.FanOut;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.RetentionRules;
import io.quipu.server.journal.Written;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.SystemClock;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SequencerVerticleTest {
  private static final ConversationId OTHER = ConversationId.direct(ALICE, CAROL);
  private static final Sequencer.Limits CONVERSATION =
      new Sequencer.Limits(
          16,
          8,
          1_000,
          8,
          8,
          new Sequencer.Rules(8, 1_000, 1_000, 8, RetentionRules.KEEP),
          50,
          400,
          5_000);

  private static final Alone ALONE = new Alone(new NodeId("n"), 1);

  private final FakePeers peers = new FakePeers(new NodeId("n"), serving("n", 1));
  private final Vertx vertx = Vertx.vertx();
  private final BlockingQueue<AppendAnswer> answers = new LinkedBlockingQueue<>();
  private final FakeBus bus = new FakeBus();
  private final FakeJournal journal = new FakeJournal();

  @BeforeEach
  void deploy() throws Exception {
    SequencerVerticle verticle =
        new SequencerVerticle(
            new Address.Owner(new NodeId("n"), 0),
            new SequencerVerticle.Limits(1, 60_000, 1_000, 1, 8, 1_000, CONVERSATION),
            bus,
            new RendezvousPlacement(peers, 16),
            journal,
            new FanOut(new Outreach(0, bus, new LocalRegistry(), ALONE, ALONE), 20),
            new SystemClock(),
            new Metrics("test", "n"));
    await(vertx.deployVerticle(verticle));
  }

  @AfterEach
  void close() throws Exception {
    await(vertx.close());
  }

  private static void await(Future<?> future) throws Exception {
    future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @Test
  void aBugInOneConversationIsUnknownThereAndHurtsNoOther() throws Exception {
    journal.broken = Optional.of(DIRECT);
    Append broken = text(DIRECT, BOB, 1);
    Append fine = text(OTHER, CAROL, 2);
    bus.deliver(broken, fine);
    assertThat(answer()).isEqualTo(answerTo(broken, Sequencer.BROKEN));
    assertThat(answer()).isEqualTo(answerTo(fine, acked(1)));
  }

  @Test
  void afterABugTheConversationIsLoadedAgain() throws Exception {
    journal.broken = Optional.of(DIRECT);
    Append append = text(DIRECT, BOB, 1);
    bus.deliver(append);
    assertThat(answer()).isEqualTo(answerTo(append, Sequencer.BROKEN));
    journal.broken = Optional.empty();
    bus.deliver(append);
    assertThat(answer()).isEqualTo(answerTo(append, acked(1)));
  }

  @Test
  void whatAnotherNodeOwnsIsSentBackUnlessTheBetterOnesWereTried() throws Exception {
    peers.become(in(State.LEAVING, "n", 1), serving("m", 1));
    Append append = text(DIRECT, BOB, 1);
    bus.deliver(append);
    assertThat(answer()).isEqualTo(answerTo(append, notTaken(Reason.NOT_OWNER)));
    bus.deliver(append.whereBetterRankedWereTried());
    assertThat(answer()).isEqualTo(answerTo(append, acked(1)));
  }

  @Test
  void whatOnlyANewerVersionKnowsIsSentBack() throws Exception {
    Append newer = text(DIRECT, BOB, 1);
    newer =
        new Append(
            newer.origin(),
            newer.link(),
            newer.number(),
            newer.first(),
            newer.attempt(),
            true,
            newer.conversation(),
            newer.senderKey(),
            newer.sender(),
            newer.clientMessageId(),
            newer.resend(),
            new Content.Unknown());
    bus.deliver(newer);
    assertThat(answer()).isEqualTo(answerTo(newer, notTaken(Reason.NOT_OWNER)));
  }

  @Test
  void withoutRoomForOneMoreConversationItIsBusyUntilOneIsIdle() throws Exception {
    Promise<Void> storeBack = Promise.promise();
    journal.gate = storeBack.future();
    Append one = text(DIRECT, BOB, 1);
    Append two = text(OTHER, CAROL, 2);
    bus.deliver(one, two);
    assertThat(answer()).isEqualTo(answerTo(two, notTaken(Reason.BUSY)));
    bus.context.runOnContext(
        there -> storeBack.complete()); // the verticle is there, and only there
    assertThat(answer()).isEqualTo(answerTo(one, acked(1)));
    bus.deliver(two);
    assertThat(answer()).isEqualTo(answerTo(two, acked(1)));
  }

  private AppendAnswer answer() throws InterruptedException {
    AppendAnswer answer = answers.poll(10, TimeUnit.SECONDS);
    assertThat(answer).as("an answer").isNotNull();
    return answer;
  }

  private static AppendAnswer answerTo(Append append, AppendAnswer.Verdict verdict) {
    return new AppendAnswer(
        append.origin().session(), append.link(), append.number(), append.attempt(), verdict);
  }

  private final class FakeBus implements Bus {
    private Context context = vertx.getOrCreateContext();
    private Consumer<BusMessage> owner = message -> {};

    void deliver(Append... appends) {
      context.runOnContext(there -> owner.accept(new Appends(List.of(appends))));
    }

    @Override
    public boolean send(Address to, BusMessage message) {
      answers.addAll(((Outbound) message).answers());
      return true;
    }

    @Override
    public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
      context = Vertx.currentContext();
      owner = consumer;
      return Future.succeededFuture(Future::succeededFuture);
    }
  }

  /** Everything commits; one conversation is broken. */
  private static final class FakeJournal implements Journal {
    volatile Optional<ConversationId> broken = Optional.empty();
    volatile Future<Void> gate = Future.succeededFuture();

    @Override
    public JournalWriter openWriter() {
      return new JournalWriter() {
        @Override
        public Future<Written> write(List<Batch> batches) {
          return Future.succeededFuture(new Written(9, Set.of()));
        }

        @Override
        public Future<Void> close() {
          return Future.succeededFuture();
        }
      };
    }

    @Override
    public Future<Optional<ConversationState>> load(
        ConversationId conversation, Question question) {
      if (broken.equals(Optional.of(conversation))) {
        throw new IllegalStateException("a planted bug");
      }
      List<ConversationState.Membership> members =
          conversation.directUsers().stream().map(SequencerFixture::member).toList();
      return gate.map(open -> Optional.of(state(0, members)));
    }

    @Override
    public Future<Boolean> createGroup(ConversationId group, UserId creator) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Future<SendFate> voidSend(
        ConversationId conversation, UserId sender, UUID clientMessageId) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Future<SendFate> fateOf(
        ConversationId conversation, UserId sender, UUID clientMessageId) {
      throw new UnsupportedOperationException();
    }
  }
}
