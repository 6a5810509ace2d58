package io.quipu.server.recipient;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.protocol.SharedFrame;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.journal.Cursors.CursorWrite;
import io.quipu.server.recipient.CursorBuffer.Flying;
import io.quipu.server.recipient.RecipientSession.Read;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * {@code deliver.pml} with this code as the server's side: several conversations, one device that
 * also sends, hints that are lost, repeated and out of order, reads and flushes that come late or
 * fail, connections that break, Delivers that are dropped. Each commit is seen by one look only.
 */
final class DeliverySimulationTest {
  private static final int SEEDS = 1_000;

  @Test
  void everySeqComesOnceInOrderAndAllComeWhenItIsCalm() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      new World(seed).run();
    }
  }

  private static final class World {
    static final UserId ME = new UserId("me");
    static final UserId OTHER = new UserId("other");
    static final long DEVICE = 7;

    final long seed;
    final Random random;
    final MemoryLog log = new MemoryLog();
    final RecipientLimits limits;
    final CursorBuffer cursors;
    final List<ConversationId> conversations = new ArrayList<>();
    final ArrayDeque<Outbound.Delivery> hints = new ArrayDeque<>();
    final ArrayDeque<Frame> down = new ArrayDeque<>();
    final ArrayDeque<Frame> up = new ArrayDeque<>();
    final int socketFrames;
    long nowMs = 1_000;
    long sessions;
    boolean calm;
    long calmSinceMs;

    boolean closedByServer;
    RecipientSession session;
    Optional<Read> reading = Optional.empty();
    Optional<List<Flying>> flying = Optional.empty();

    // the device
    final Map<ConversationId, Long> view = new HashMap<>();
    final Map<ConversationId, Long> confirmed = new HashMap<>();
    final Map<ConversationId, Set<Long>> places = new HashMap<>();
    int syncs;
    Set<Integer> syncing = new HashSet<>();

    World(long seed) {
      this.seed = seed;
      this.random = new Random(seed);
      this.limits =
          new RecipientLimits(
              1 + random.nextInt(8), // windowMessages
              random.nextInt(3) == 0 ? 300 : 100_000,
              2_000,
              3,
              1 + random.nextInt(4), // maxOutstanding
              200,
              100,
              1_000,
              2,
              1 + random.nextInt(4), // planConversations
              1 + random.nextInt(4), // pageMessages
              random.nextInt(3) == 0 ? 200 : 40_000,
              100_000,
              1_000,
              4,
              2,
              100,
              10,
              100,
              1_000);
      this.socketFrames = 2 + random.nextInt(6);
      this.cursors = new CursorBuffer(limits.maxOutstanding() * 2, 1_000);
      int count = 1 + random.nextInt(4);
      for (int i = 0; i < count; i++) {
        conversations.add(ConversationId.direct(ME, new UserId("other" + i)));
      }
    }

    void run() {
      try {
        connect();
        int steps = 50 + random.nextInt(200);
        for (int i = 0; i < steps; i++) {
          step();
        }
        calm();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }

    void step() {
      switch (random.nextInt(14)) {
        case 0, 1 -> commit();
        case 2, 3 -> hint();
        case 4, 5, 6 -> clientReads();
        case 7, 8 -> serverReads();
        case 9 -> read();
        case 10 -> flush();
        case 11 -> {
          nowMs += random.nextInt(700);
          session.wake(nowMs);
        }
        case 12 -> {
          if (random.nextInt(3) == 0) {
            log.lookNow(List.of(DEVICE)).forEach(b -> session.look(b, nowMs));
          }
        }
        default -> {
          if (random.nextInt(6) == 0) {
            disconnect();
            connect();
          }
        }
      }
      check();
    }

    void calm() {
      calm = true;
      calmSinceMs = nowMs;
      hints.clear();
      for (int i = 0; i < 2_000 && !settled(); i++) {
        for (int k = 0; k < 4; k++) {
          clientReads();
          serverReads();
          read();
        }
        flush();
        nowMs += 100;
        session.wake(nowMs);
        if (i % 30 == 0) {
          log.lookNow(List.of(DEVICE)).forEach(b -> session.look(b, nowMs));
        }
        check();
      }
      for (ConversationId c : conversations) {
        assertThat(view.getOrDefault(c, 0L)).as("%s", c).isEqualTo(log.tail(c));
        assertThat(log.cursor(DEVICE, c)).isEqualTo(log.tail(c));
      }
      assertThat(syncing).isEmpty();
      assertThat(session.window().conversations()).isZero();
      assertThat(session.window().messages()).isZero();
      assertThat(session.window().bytes()).isZero();
    }

    boolean settled() {
      boolean all = syncing.isEmpty() && down.isEmpty() && up.isEmpty() && reading.isEmpty();
      for (ConversationId c : conversations) {
        all &= view.getOrDefault(c, 0L) == log.tail(c) && log.cursor(DEVICE, c) == log.tail(c);
      }
      return all && session.window().conversations() == 0;
    }

    void check() {
      for (ConversationId c : conversations) {
        long taken = view.getOrDefault(c, 0L);
        assertThat(log.cursor(DEVICE, c)).as("stored cursor").isLessThanOrEqualTo(taken);
        assertThat(confirmed.getOrDefault(c, 0L)).isLessThanOrEqualTo(taken);
        assertThat(session.cursors().pendingSeq(c)).isLessThanOrEqualTo(taken);
      }
      assertThat(session.window().conversations()).isLessThanOrEqualTo(limits.maxOutstanding());
      if (closedByServer) {
        // when it has been calm for so long, only a rule that is broken keeps an ack away
        assertThat(calm && nowMs > calmSinceMs + 20_000).as("closed in calm").isFalse();
        disconnect();
        connect();
      }
    }

    ConversationId any() {
      return conversations.get(random.nextInt(conversations.size()));
    }

    void commit() {
      ConversationId c = any();
      long from = log.tail(c) + 1;
      List<Long> own = new ArrayList<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        boolean mine = random.nextInt(3) == 0;
        Message m = log.append(c, mine ? ME : OTHER, "x".repeat(random.nextInt(120)));
        if (mine) {
          own.add(m.seq());
        }
      }
      long mySession = session.who().session();
      MessageRange range = log.range(c, from, log.tail(c));
      SharedFrame frame = new SharedFrame(new Frame.Deliver(range, false));
      if (own.isEmpty()) {
        hints.add(new Outbound.Delivery(range, frame, new long[] {mySession}, List.of()));
      } else {
        for (long seq : own) {
          if (random.nextInt(4) > 0) {
            down.add(
                new Frame.SendAck(1, range.messages().get(0).clientMessageId(), c, seq, 1, false));
          }
        }
        hints.add(
            new Outbound.Delivery(
                range, frame, new long[0], List.of(new Outbound.OwnShare(mySession, own))));
      }
    }

    void hint() {
      if (hints.isEmpty()) {
        return;
      }
      Outbound.Delivery hint = random.nextInt(5) == 0 ? hints.pollLast() : hints.poll();
      int fate = random.nextInt(8);
      if (fate == 0) {
        return; // lost
      }
      if (fate == 1) {
        hints.add(hint); // repeated
      }
      long mine = session.who().session();
      if (hint.sessions().length > 0) {
        session.deliver(hint, Sizes.bytes(hint.range()), true, nowMs);
      } else if (hint.senders().get(0).session() == mine) {
        session.deliverRest(hint.range(), hint.senders().get(0).ownSeqs(), true, nowMs);
      } else {
        session.deliver(hint, Sizes.bytes(hint.range()), true, nowMs);
      }
    }

    void read() {
      if (reading.isEmpty() && session.hasWork()) {
        reading = session.next(nowMs);
        if (!calm && random.nextBoolean()) {
          return; // it takes its time
        }
      }
      if (reading.isEmpty()) {
        return;
      }
      Read read = reading.get();
      reading = Optional.empty();
      if (!calm && random.nextInt(6) == 0) {
        session.failed(read);
      } else if (read instanceof Read.Plan plan) {
        session.planned(
            plan,
            log.behindNow(DEVICE, plan.claimed(), plan.sync().onlyListed(), plan.part()),
            nowMs);
      } else if (read instanceof Read.Page page) {
        session.paged(
            page,
            log.readNow(page.request().ranges(), limits.pageMessages(), limits.pageBytes()),
            nowMs);
      } else if (read instanceof Read.Log some) {
        session.read(
            some,
            log.readNow(
                some.reading().ranges(), some.reading().maxMessages(), some.reading().maxBytes()),
            nowMs);
      } else if (read instanceof Read.News news) {
        log.since(ME, news.since(), news.after(), limits.pageMessages())
            .onSuccess(found -> session.news(news, found, nowMs));
      } else if (read instanceof Read.Tails tails) {
        session.tails(tails, log.behindNow(DEVICE, tails.claimed(), false, tails.part()));
      }
    }

    void flush() {
      if (flying.isEmpty()) {
        flying = Optional.of(cursors.take(limits.cursorBatch()));
        if (!calm && random.nextBoolean()) {
          return;
        }
      }
      List<Flying> batch = flying.get();
      flying = Optional.empty();
      if (!calm && random.nextInt(5) == 0) {
        cursors.failed(batch);
        return;
      }
      List<CursorWrite> writes =
          batch.stream()
              .map(f -> new CursorWrite(1, f.holder().key, f.conversation(), f.seq()))
              .toList();
      List<Boolean> stored = log.storeNow(writes);
      cursors.settled(batch);
      for (int i = 0; i < batch.size(); i++) {
        assertThat(stored.get(i)).isTrue();
        if (batch.get(i).holder().session() == session.who().session()) {
          down.add(new Frame.AckConfirm(batch.get(i).conversation(), batch.get(i).seq()));
        }
      }
    }

    void connect() {

      closedByServer = false;
      sessions++;
      Outlet outlet = new Socket(sessions);
      CursorBuffer.Holder holder = cursors.join(DEVICE, ME, 1, sessions);
      session =
          new RecipientSession(
              new Recipients.Recipient(sessions, ME, 1, new DeviceId("d"), DEVICE, false, outlet),
              limits,
              holder);
      List<Cursor> ahead = new ArrayList<>();
      view.forEach(
          (c, seq) -> {
            if (seq > confirmed.getOrDefault(c, 0L)) {
              ahead.add(new Cursor(c, seq));
            }
          });
      syncing.add(++syncs);
      up.add(new Frame.Sync(syncs, ahead, false, false));
    }

    void disconnect() {
      session.cursors().left();
      reading = Optional.empty();
      down.clear();
      up.clear();
      places.clear();
      syncing.clear();
    }

    void serverReads() {
      Frame frame = up.poll();
      if (frame instanceof Frame.DeliverAck ack) {
        session.deliverAck(ack.conversation(), ack.seq(), nowMs);
      } else if (frame instanceof Frame.Sync sync) {
        session.sync(sync, nowMs);
      } else if (frame instanceof Frame.SyncAck ack) {
        session.syncAck(ack, nowMs);
      }
    }

    void clientReads() {
      Frame frame = down.poll();
      if (frame instanceof Frame.Deliver deliver) {
        boolean gap = take(deliver.range());
        ConversationId c = deliver.range().conversation();
        if (gap) {
          gap(c);
        }
        up.add(new Frame.DeliverAck(c, view.getOrDefault(c, 0L)));
      } else if (frame instanceof Frame.SyncPage page) {
        for (MessageRange range : page.ranges()) {
          take(range);
          up.add(
              new Frame.DeliverAck(
                  range.conversation(), view.getOrDefault(range.conversation(), 0L)));
        }
        up.add(new Frame.SyncAck(page.syncId(), page.page()));
      } else if (frame instanceof Frame.SyncDone done) {
        assertThat(syncing.remove(done.syncId())).as("SyncDone once").isTrue();
      } else if (frame instanceof Frame.SendAck ack) {
        places.computeIfAbsent(ack.conversation(), x -> new HashSet<>()).add(ack.seq());
        if (fill(ack.conversation())) {
          gap(ack.conversation());
        }
        up.add(new Frame.DeliverAck(ack.conversation(), view.getOrDefault(ack.conversation(), 0L)));
      } else if (frame instanceof Frame.AckConfirm confirm) {
        confirmed.merge(confirm.conversation(), confirm.seq(), Math::max);
      } else if (frame instanceof Frame.Error error) {
        assertThat(error.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS.code());
        syncing.remove(error.request());
      }
    }

    /** True if there is a gap before it. */
    boolean take(MessageRange range) {
      ConversationId c = range.conversation();
      boolean gap = false;
      assertThat(range.gaps()).isEmpty();
      long seq = range.fromSeq();
      for (Message message : range.messages()) {
        assertThat(message).isEqualTo(log.log.get(c).get((int) seq - 1));
        if (seq == view.getOrDefault(c, 0L) + 1) {
          view.put(c, seq);
        } else if (seq > view.getOrDefault(c, 0L)) {
          gap = true;
        }
        seq++;
        fill(c);
      }
      assertThat(seq - 1).isEqualTo(range.toSeq());
      fill(c);
      return gap;
    }

    /** Fills places that are next; true if one is held back. */
    boolean fill(ConversationId c) {
      Set<Long> held = places.computeIfAbsent(c, x -> new HashSet<>());
      while (held.contains(view.getOrDefault(c, 0L) + 1)) {
        view.merge(c, 1L, Long::sum);
      }
      held.removeIf(seq -> seq <= view.getOrDefault(c, 0L));
      return !held.isEmpty();
    }

    void gap(ConversationId c) {
      if (syncing.isEmpty()) {
        syncing.add(++syncs);
        up.add(
            new Frame.Sync(syncs, List.of(new Cursor(c, view.getOrDefault(c, 0L))), true, false));
      }
    }

    final class Socket implements Outlet {
      final long id;

      Socket(long id) {
        this.id = id;
      }

      @Override
      public void send(Frame frame) {
        if (id != sessions) {
          return;
        }
        boolean dropped = frame instanceof Frame.Deliver && !calm && random.nextInt(10) == 0;
        if (!dropped) {
          down.add(frame);
        }
      }

      @Override
      public void send(SharedFrame frame) {
        send(frame.frame());
      }

      @Override
      public boolean writable() {
        return down.size() < socketFrames;
      }

      @Override
      public void close(ErrorCode reason, int retryAfterMs, String detail) {
        assertThat(reason).isEqualTo(ErrorCode.SLOW_CONSUMER);
        closedByServer = true;
      }
    }
  }
}
