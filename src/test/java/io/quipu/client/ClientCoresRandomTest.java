package io.quipu.client;

import static io.quipu.client.ModelServer.check;
import static io.quipu.client.ScriptedServer.ALICE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Limits;
import io.quipu.model.Message;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * Outbox and Inbox together against a modelled server, with losses, cuts, repetitions, refusals,
 * slow and failing handlers, and crashes of the client. Whatever happens: what is acked is stored
 * once, in the order of sending; what was refused is not; the application gets each seq once, in
 * order.
 */
class ClientCoresRandomTest {
  private static final int SEEDS = 1_000;
  private static final int STEPS = 400;

  @Test
  void everySendIsStoredOnceInOrderAndEverySeqIsHandedOnceInOrder() {
    long handed = 0;
    long acked = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed);
      try {
        run.play();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
      handed += run.handedInAll;
      acked += run.acked.size();
    }
    assertThat(handed).as("messages handed over in all seeds").isGreaterThan(20L * SEEDS);
    assertThat(acked).as("sends acked in all seeds").isGreaterThan(10L * SEEDS);
  }

  private static final class Run {
    final SplittableRandom random;
    final List<ConversationId> conversations = new ArrayList<>();
    final ModelServer server;
    final Map<ConversationId, Long> store = new HashMap<>();
    final Map<ConversationId, Long> view = new HashMap<>();
    final Map<ConversationId, List<UUID>> asked = new LinkedHashMap<>();
    final Map<UUID, Long> acked = new HashMap<>();
    final Set<UUID> refused = new HashSet<>();
    final Map<UUID, PendingSend> outboxStore = new LinkedHashMap<>();

    Outbox outbox;
    Inbox inbox;
    final ArrayDeque<Frame> up = new ArrayDeque<>();
    final List<InboxEffect.Handle> inHandler = new ArrayList<>();
    final List<InboxEffect.KeepCursor> inStore = new ArrayList<>();
    final Set<UUID> parked = new HashSet<>();
    boolean connected;
    boolean synced;
    long nowMs = 1_000;
    long handedInAll;
    int nextText;

    Run(long seed) {
      random = new SplittableRandom(seed);
      for (int i = 0; i < 3; i++) {
        conversations.add(ConversationId.direct(ALICE, new UserId("peer" + i)));
      }
      server = new ModelServer(random, ALICE, conversations);
      server.hiddenTo.put(conversations.get(2), 2L);
      server.other(conversations.get(2));
      server.other(conversations.get(2));
      boot();
    }

    void boot() {
      outbox =
          new Outbox(
              new Outbox.Settings(100, 1 << 20, 6, 3_000),
              new Backoff(10, 100, random),
              PendingSend::sizeBytes);
      inbox =
          new Inbox(
              new Inbox.Settings(
                  8,
                  12,
                  1 << 20,
                  1_000,
                  random.nextInt(2) * 20L,
                  4,
                  new CatchUp.Settings(5_000, 50, 200)),
              new Backoff(10, 100, random),
              new Backoff(10, 100, random));
      feed(new InboxEvent.Loaded(Map.copyOf(store)));
      for (PendingSend send : outboxStore.values()) {
        out(new OutboxEvent.Put(send, true));
      }
    }

    void play() {
      for (int i = 0; i < STEPS; i++) {
        step();
      }
      calm();
      verify();
    }

    private void step() {
      nowMs += random.nextInt(30);
      ConversationId conversation = conversations.get(random.nextInt(conversations.size()));
      switch (random.nextInt(24)) {
        case 0 -> server.other(conversation);
        case 1, 2 -> put(conversation);
        case 3 -> {
          if (!connected) {
            connect();
          } else if (random.nextInt(4) == 0) {
            cut();
          }
        }
        case 4, 5 -> server.commit(conversation);
        case 6 -> {
          if (random.nextInt(3) == 0) {
            server.giveUp(conversation);
          }
        }
        case 7 -> whenUp(() -> server.push(conversation));
        case 8 -> whenUp(() -> server.retransmit(conversation));
        case 9 -> whenUp(() -> server.look(conversation));
        case 10 -> whenUp(() -> server.flush(conversation));
        case 11 -> tick();
        case 12 -> {
          if (random.nextInt(8) == 0) {
            crash();
          }
        }
        case 13, 14 -> finishHandler();
        case 15, 16 -> finishStore();
        case 17 -> retryParked();
        default -> traffic();
      }
    }

    private void whenUp(Runnable task) {
      if (connected && synced) {
        task.run();
      }
    }

    private void traffic() {
      if (!connected) {
        return;
      }
      if (random.nextBoolean()) {
        int frames = 1 + random.nextInt(4);
        for (int i = 0; i < frames && !up.isEmpty(); i++) {
          Frame frame = up.poll();
          synced |= frame instanceof Frame.Sync;
          server.take(frame);
        }
      } else {
        int frames = 1 + random.nextInt(4);
        for (int i = 0; i < frames && connected && !server.down.isEmpty(); i++) {
          receive(server.down.poll());
        }
        feed(new InboxEvent.Flush());
      }
    }

    private void receive(Frame frame) {
      if (frame instanceof Frame.SendAck ack) {
        out(new OutboxEvent.Acked(ack));
      } else if (frame instanceof Frame.SendRejected rejection) {
        out(new OutboxEvent.Rejected(rejection));
      } else if (frame instanceof Frame.Deliver deliver) {
        feed(new InboxEvent.Delivered(deliver.range()));
      } else if (frame instanceof Frame.SyncPage page) {
        feed(new InboxEvent.Paged(page));
      } else if (frame instanceof Frame.SyncDone done) {
        feed(new InboxEvent.SyncEnded(done.syncId()));
      } else if (frame instanceof Frame.AckConfirm confirm) {
        check(
            confirm.seq() <= view.getOrDefault(confirm.conversation(), 0L),
            "the server's cursor passed the application's: " + confirm);
        feed(new InboxEvent.Confirmed(confirm.conversation(), confirm.seq()));
      }
    }

    private void put(ConversationId conversation) {
      PendingSend send =
          new PendingSend(
              new UUID(7, random.nextLong()),
              new To.Conversation(conversation),
              Content.Text.of("alice " + nextText++));
      outboxStore.put(send.id(), send);
      asked.computeIfAbsent(conversation, key -> new ArrayList<>()).add(send.id());
      out(new OutboxEvent.Put(send, false));
    }

    private void connect() {
      connected = true;
      synced = false;
      up.clear();
      server.connect();
      Limits limits = ScriptedServer.limits(20_000, 4, 1_000);
      feed(new InboxEvent.Connected(limits, "epoch", false));
      out(new OutboxEvent.Connected(ALICE, limits));
    }

    private void cut() {
      if (connected) {
        connected = false;
        while (!up.isEmpty() && random.nextBoolean()) {
          server.take(up.poll()); // what had left already
        }
        feed(new InboxEvent.Disconnected());
        out(new OutboxEvent.Disconnected());
      }
    }

    private void crash() {
      connected = false;
      for (ConversationId conversation : conversations) {
        long kept = store.getOrDefault(conversation, 0L);
        long taken = view.getOrDefault(conversation, 0L);
        check(taken <= kept + 1, "more than the last message comes again: " + taken);
        view.put(conversation, kept);
      }
      inHandler.clear();
      inStore.clear();
      parked.clear();
      boot();
    }

    private void tick() {
      out(new OutboxEvent.Tick());
      feed(new InboxEvent.Tick());
    }

    private void retryParked() {
      for (UUID id : List.copyOf(parked)) {
        parked.remove(id);
        out(new OutboxEvent.Retry(id));
      }
    }

    private void finishHandler() {
      if (!inHandler.isEmpty()) {
        InboxEffect.Handle handle = inHandler.remove(random.nextInt(inHandler.size()));
        if (!server.calm && random.nextInt(6) == 0) {
          feed(
              new InboxEvent.HandlerFailed(
                  handle.conversation(), handle.run(), new IllegalStateException("no")));
        } else {
          long before = view.getOrDefault(handle.conversation(), 0L);
          Message message = handle.message();
          long hidden = server.hiddenTo.getOrDefault(handle.conversation(), 0L);
          check(
              message.seq() == Math.max(before, hidden) + 1,
              "handed " + message.seq() + " after " + before + " of " + handle.conversation());
          view.put(handle.conversation(), message.seq());
          handedInAll++;
          feed(new InboxEvent.Handled(handle.conversation(), handle.run()));
        }
      }
    }

    private void finishStore() {
      if (!inStore.isEmpty()) {
        InboxEffect.KeepCursor keep = inStore.remove(random.nextInt(inStore.size()));
        if (!server.calm && random.nextInt(8) == 0) {
          feed(
              new InboxEvent.CursorNotKept(
                  keep.conversation(), keep.run(), new IllegalStateException("full")));
        } else {
          store.put(keep.conversation(), keep.seq());
          view.merge(keep.conversation(), keep.seq(), Math::max); // over a gap
          feed(new InboxEvent.CursorKept(keep.conversation(), keep.run()));
        }
      }
    }

    private void out(OutboxEvent event) {
      for (OutboxEffect effect : outbox.step(event, nowMs)) {
        if (effect instanceof OutboxEffect.Transmit transmit) {
          up.add(transmit.frame());
        } else if (effect instanceof OutboxEffect.Settled settled) {
          settled(settled);
        } else if (effect instanceof OutboxEffect.Failed failed) {
          refused.add(failed.send().id());
          outboxStore.remove(failed.send().id());
        } else if (effect instanceof OutboxEffect.NotTaken notTaken) {
          refused.add(notTaken.send().id());
          outboxStore.remove(notTaken.send().id());
        } else if (effect instanceof OutboxEffect.Parked park) {
          parked.add(park.send().id());
        } else if (effect instanceof OutboxEffect.Reconnect && connected) {
          cut();
        }
      }
    }

    private void settled(OutboxEffect.Settled settled) {
      Stored stored = settled.stored();
      check(!acked.containsKey(settled.send().id()), "acked twice: " + stored);
      acked.put(settled.send().id(), stored.seq());
      outboxStore.remove(settled.send().id());
      feed(
          new InboxEvent.OwnStored(
              stored.conversation(),
              new Message(stored.seq(), ALICE, settled.send().id(), 9, settled.send().content())));
    }

    private void feed(InboxEvent event) {
      for (InboxEffect effect : inbox.step(event, nowMs)) {
        if (effect instanceof InboxEffect.Transmit transmit) {
          if (transmit.frame() instanceof Frame.DeliverAck ack) {
            check(
                ack.seq() <= store.getOrDefault(ack.conversation(), 0L),
                "an ack of what the cursor store has not: " + ack);
          }
          up.add(transmit.frame());
        } else if (effect instanceof InboxEffect.Handle handle) {
          check(
              inHandler.stream().noneMatch(h -> h.conversation().equals(handle.conversation())),
              "two calls of the handler at a time");
          check(
              handle
                      .message()
                      .equals(
                          server
                              .log
                              .get(handle.conversation())
                              .get((int) handle.message().seq() - 1))
                  || handle.message().sender().equals(ALICE),
              "other content than in the log");
          inHandler.add(handle);
        } else if (effect instanceof InboxEffect.KeepCursor keep) {
          inStore.add(keep);
        } else if (effect instanceof InboxEffect.Halted || effect instanceof InboxEffect.Reset) {
          throw new AssertionError("not expected: " + effect);
        } else if (effect instanceof InboxEffect.Reconnect && connected) {
          cut();
        }
      }
    }

    /** The faults stop: everything must come to its end by itself. */
    private void calm() {
      server.calm = true;
      for (int i = 0; i < 3_000 && !atRest(); i++) {
        nowMs += 20;
        if (!connected) {
          connect();
        }
        retryParked();
        for (int n = 0; n < 30 && connected; n++) {
          traffic();
        }
        for (ConversationId conversation : conversations) {
          server.commit(conversation);
          whenUp(() -> server.look(conversation));
          if (i % 25 == 0) {
            whenUp(() -> server.retransmit(conversation));
          }
          whenUp(() -> server.flush(conversation));
        }
        finishHandler();
        finishStore();
        tick();
      }
    }

    private boolean atRest() {
      return outbox.size() == 0
          && inHandler.isEmpty()
          && inStore.isEmpty()
          && conversations.stream()
              .allMatch(
                  c ->
                      view.getOrDefault(c, 0L) == server.tail(c)
                          && server.persisted(c) == server.tail(c));
    }

    private void verify() {
      check(atRest(), "not at rest: " + outbox.pending() + " " + view + " of " + server.log);
      for (ConversationId conversation : conversations) {
        List<UUID> own = new ArrayList<>();
        Set<UUID> ids = new HashSet<>();
        for (Message message : server.log.get(conversation)) {
          check(ids.add(message.clientMessageId()), "stored twice: " + message);
          if (message.sender().equals(ALICE)) {
            own.add(message.clientMessageId());
            check(
                acked.getOrDefault(message.clientMessageId(), -1L) == message.seq(),
                "stored and not acked, or elsewhere: " + message);
          }
        }
        List<UUID> wanted = new ArrayList<>(asked.getOrDefault(conversation, List.of()));
        wanted.removeAll(refused);
        check(own.equals(wanted), "not in the order of sending: " + own + " of " + wanted);
      }
    }
  }
}
