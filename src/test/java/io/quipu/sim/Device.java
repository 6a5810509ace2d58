package io.quipu.sim;

import io.quipu.client.ClientEvent;
import io.quipu.client.ClientObserver;
import io.quipu.client.CursorStore;
import io.quipu.client.OutboxStore;
import io.quipu.client.PendingSend;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.SimulatedClient;
import io.quipu.client.SimulatedClient.Ear;
import io.quipu.client.SimulatedClient.Socket;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * A user's device: an application with the real client, a cursor store and an outbox store that
 * outlive its process. Checks P5 and P6 as the application sees them.
 */
final class Device implements Party {
  private static final double FAILS = 0.3;

  private final World world;
  private final Scheduler scheduler;
  private final Faults faults;
  private final Ledger ledger;
  private final UserId user;
  private final DeviceId device;
  private final String name;
  private final long number;

  // what outlives the process
  private final Map<ConversationId, Long> kept = new HashMap<>();
  private final Map<UUID, PendingSend> outbox = new LinkedHashMap<>();

  // one run of the process
  private Actor actor;
  private SimulatedClient client;
  private Optional<Wire> wire = Optional.empty();
  private final Map<ConversationId, Long> view = new HashMap<>();
  private final Set<ConversationId> handling = new HashSet<>();
  private final Set<UUID> keeping = new HashSet<>();
  private final Set<UUID> ended = new HashSet<>();
  private boolean online = true;
  private boolean running;
  private long outboxBusyMs;
  private int runs;
  private int connections;
  private long sends;

  Device(World world, UserId user, String device, int number) {
    this.world = world;
    this.scheduler = world.scheduler();
    this.faults = world.faults();
    this.ledger = world.ledger();
    this.user = user;
    this.device = new DeviceId(device);
    this.name = SimulatedStore.nameOf(user, this.device);
    this.number = number;
    this.actor = new Actor(name);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public UserId user() {
    return user;
  }

  @Override
  public int connections() {
    return connections;
  }

  long kept(ConversationId conversation) {
    return kept.getOrDefault(conversation, 0L);
  }

  // ---- the life of the process

  @Override
  public void start() {
    running = true;
    runs++;
    actor = new Actor(name + "#" + runs);
    view.clear();
    view.putAll(kept);
    handling.clear();
    keeping.clear();
    ended.clear();
    SimulatedVertx vertx = new SimulatedVertx(scheduler, actor);
    client =
        new SimulatedClient(
            vertx.vertx(),
            vertx.context(),
            this::dial,
            new SimulatedClient.Application(
                device,
                world.tokens().of(user),
                new Cursors(),
                new Outbox(),
                this::take,
                this::told,
                new Observer()),
            scheduler.random.split(),
            scheduler::nowMs);
    client.start();
  }

  @Override
  public boolean crash() {
    if (!running) {
      return false;
    }
    faults.happened("client crash");
    running = false;
    actor.crash();
    wire.ifPresent(Wire::abandoned);
    wire = Optional.empty();
    view.forEach(
        (conversation, seq) ->
            ledger.require(
                ledger.visibleBetween(user, conversation, kept(conversation), seq) <= 1,
                "P5: after a crash %s gets more than one of %s again: %d after %d",
                name,
                conversation,
                seq,
                kept(conversation)));
    keeping.forEach(id -> ledger.notApplied(id, "never kept"));
    if (world.hole() == Hole.CLIENT_DROPS_AN_UNACKED_SEND && !outbox.isEmpty()) {
      outbox.remove(outbox.keySet().iterator().next());
    }
    scheduler.after(scheduler.upTo(800), world.self(), "start", name, this::start);
    return true;
  }

  @Override
  public void cut() {
    if (wire.isPresent() && wire.get().isOpen()) {
      faults.happened("connection cut");
      wire.get().cut();
    }
  }

  @Override
  public boolean isOnline() {
    return online;
  }

  @Override
  public void goOnline(boolean now) {
    online = now;
    if (!now) {
      faults.happened("device offline");
      wire.ifPresent(Wire::cut);
    }
  }

  @Override
  public void nodeDied(SimulatedNode node) {
    wire.filter(one -> one.node() == node).ifPresent(Wire::nodeDied);
  }

  private Future<Socket> dial(Ear ear) {
    Promise<Socket> promise = Promise.promise();
    Actor dialling = actor;
    scheduler.after(
        1 + scheduler.upTo(5),
        dialling,
        "dial",
        name,
        () -> {
          Optional<SimulatedNode> node = world.nodeForAConnection();
          if (!online || node.isEmpty()) {
            promise.fail("nobody answers");
            return;
          }
          connections++;
          Wire made = new Wire(world, name, user, dialling, node.get(), peer(ear));
          wire = Optional.of(made);
          promise.complete(socket(made));
        });
    return promise.future();
  }

  private static Wire.Peer peer(Ear ear) {
    return new Wire.Peer() {
      @Override
      public void frame(Frame frame) {
        ear.frame(frame);
      }

      @Override
      public void ended(Optional<ErrorCode> code) {
        ear.ended(code);
      }
    };
  }

  private Socket socket(Wire made) {
    return new Socket() {
      @Override
      public void write(Frame frame) {
        checkAck(frame);
        made.write(frame);
      }

      @Override
      public void close() {
        made.hangUp();
      }
    };
  }

  private void checkAck(Frame frame) {
    if (frame instanceof Frame.DeliverAck ack) {
      ledger.require(
          ack.seq() <= kept(ack.conversation()),
          "P5: %s acks %d of %s, its application has %d",
          name,
          ack.seq(),
          ack.conversation(),
          kept(ack.conversation()));
    }
  }

  // ---- the application: what it gets

  private Future<Void> take(ReceivedMessage message) {
    ConversationId conversation = message.conversation();
    ledger.require(handling.add(conversation), "P5: two at a time of %s", conversation);
    ledger.shown(user, conversation, message.message());
    Promise<Void> done = Promise.promise();
    Runnable end = () -> handled(message, done);
    if (faults.areOver() || scheduler.random.nextInt(3) > 0) {
      end.run();
    } else {
      scheduler.after(scheduler.upTo(150), actor, "handler done", name, end);
    }
    return done.future();
  }

  private void handled(ReceivedMessage message, Promise<Void> done) {
    ConversationId conversation = message.conversation();
    handling.remove(conversation);
    if (faults.happens("handler failed", faults.handlerTrouble)) {
      done.fail("the application could not");
      return;
    }
    moved(conversation, message.seq() - 1);
    long before = view.getOrDefault(conversation, 0L);
    ledger.require(
        message.seq() > before,
        "P5: %s gets %d of %s after %d",
        name,
        message.seq(),
        conversation,
        before);
    view.put(conversation, message.seq());
    done.complete();
  }

  /** Nothing that the user may see lies between. */
  private void moved(ConversationId conversation, long seq) {
    long before = view.getOrDefault(conversation, 0L);
    ledger.require(
        ledger.visibleBetween(user, conversation, before, seq) == 0,
        "P5: %s moves from %d to %d of %s over what it may see",
        name,
        before,
        seq,
        conversation);
  }

  private final class Cursors implements CursorStore {
    @Override
    public Future<Map<ConversationId, Long>> load() {
      return Future.succeededFuture(Map.copyOf(kept));
    }

    @Override
    public Future<Void> put(ConversationId conversation, long seq) {
      Promise<Void> done = Promise.promise();
      scheduler.after(
          faults.areOver() ? 0 : scheduler.upTo(20),
          actor,
          "cursor kept",
          name + " " + conversation + " " + seq,
          () -> {
            if (faults.happens("cursor not kept", faults.handlerTrouble * FAILS)) {
              done.fail("the disk is full");
              return;
            }
            moved(conversation, seq);
            view.merge(conversation, seq, Math::max);
            kept.put(conversation, seq);
            done.complete();
          });
      return done.future();
    }

    @Override
    public Future<Void> close() {
      return Future.succeededFuture();
    }
  }

  private void told(ClientEvent event) {
    if (event instanceof ClientEvent.ServerError error) {
      ledger.require(
          error.code() != ErrorCode.ACK_BEYOND_TAIL.code(),
          "P5: %s is told that it acked beyond the tail",
          name);
    } else if (event instanceof ClientEvent.Reset || event instanceof ClientEvent.Halted) {
      ledger.fail("P5: " + name + " is told " + event);
    } else if (event instanceof ClientEvent.Stopped stopped && running) {
      faults.happened("client stopped: " + stopped.reason());
      crash();
    }
  }

  // ---- the application: what it sends

  @Override
  public void send(ConversationId conversation, Content content) {
    UUID id = new UUID(number, ++sends);
    sendAs(id, new To.Conversation(conversation), conversation, content);
  }

  /** Makes the group that this id names. */
  ConversationId create(UUID id, Content content) {
    ConversationId group = ConversationId.group(user, id);
    sendAs(id, new To.NewGroup(), group, content);
    return group;
  }

  UUID nextId() {
    return new UUID(number, ++sends);
  }

  private void sendAs(UUID id, To to, ConversationId conversation, Content content) {
    if (!running) {
      return;
    }
    ledger.asked(name, user, conversation, id, content);
    keeping.add(id);
    scheduler.note(actor, "asked for", id + " to " + conversation + " " + content);
    client.send(new PendingSend(id, to, content)).onComplete(done -> {});
  }

  @Override
  public void cancelSomething() {
    List<PendingSend> pending = running ? client.pending() : List.of();
    if (!pending.isEmpty()) {
      faults.happened("cancel");
      cancel(scheduler.oneOf(pending).id());
    }
  }

  /** If that fails, nobody knows still. */
  private void cancel(UUID id) {
    client.cancel(id).onFailure(cause -> unknown(id));
  }

  private final class Observer implements ClientObserver {
    @Override
    public void acked(PendingSend send, Stored stored) {
      ledger.acked(send.id(), stored.conversation(), stored.seq());
      ledger.require(ended.add(send.id()), "P6: %s ends twice", send.id());
    }

    @Override
    public void rejected(PendingSend send, ErrorCode code, Outcome outcome) {
      faults.happened("send ends as " + outcome + " " + code);
      if (outcome == Outcome.NOT_APPLIED) {
        keeping.remove(send.id());
        ledger.notApplied(send.id(), code.name());
        ledger.require(ended.add(send.id()), "P6: %s ends twice", send.id());
      } else {
        unknown(send.id());
      }
    }
  }

  /** The user is told UNKNOWN: he tries again, or wants an end of it; a stranger for ever. */
  private void unknown(UUID id) {
    scheduler.after(
        100 + scheduler.upTo(600),
        actor,
        "user decides",
        id,
        () -> {
          if (!faults.areOver() && scheduler.random.nextInt(4) == 0) {
            cancel(id);
          } else {
            client.retry(id).onComplete(done -> {});
          }
        });
  }

  private final class Outbox implements OutboxStore {
    @Override
    public Future<List<PendingSend>> load() {
      return Future.succeededFuture(List.copyOf(outbox.values()));
    }

    @Override
    public Future<Void> add(PendingSend send) {
      return inOrder(
          "send kept",
          send.id(),
          () -> {
            outbox.put(send.id(), send);
            keeping.remove(send.id());
          });
    }

    @Override
    public Future<Void> remove(UUID id) {
      return inOrder("send forgotten", id, () -> outbox.remove(id));
    }

    private Future<Void> inOrder(String what, UUID id, Runnable action) {
      Promise<Void> done = Promise.promise();
      outboxBusyMs =
          Math.max(outboxBusyMs, scheduler.nowMs() + (faults.areOver() ? 0 : scheduler.upTo(5)));
      scheduler.after(
          outboxBusyMs - scheduler.nowMs(),
          actor,
          what,
          id,
          () -> {
            action.run();
            done.complete();
          });
      return done.future();
    }

    @Override
    public boolean outlivesProcess() {
      return true;
    }

    @Override
    public Future<Void> close() {
      return Future.succeededFuture();
    }
  }

  // ---- the end

  @Override
  public Optional<String> unsettled() {
    if (!running || wire.isEmpty() || !wire.get().isOpen()) {
      return Optional.of(name + " is not connected");
    }
    if (!keeping.isEmpty()) {
      return Optional.of(name + " keeps " + keeping);
    }
    for (PendingSend send : client.pending()) {
      if (ledger.wasMember(user, send.to().conversation(user, send.id()))) {
        return Optional.of(name + " has no outcome of " + send.id());
      }
    }
    for (ConversationId conversation : ledger.conversations()) {
      long tail = ledger.visibleTail(user, conversation);
      if (view.getOrDefault(conversation, 0L) < tail) {
        return Optional.of(
            String.format(
                "%s has %d of %d of %s",
                name, view.getOrDefault(conversation, 0L), tail, conversation));
      }
      if (world.store().cursor(name, conversation) < tail) {
        return Optional.of(
            String.format(
                "the stored cursor of %s is %d of %d of %s",
                name, world.store().cursor(name, conversation), tail, conversation));
      }
    }
    return Optional.empty();
  }
}
