package io.quipu.sim;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A sender of its own make, after PROTOCOL.md: it repeats exactly what was refused, as it reads of
 * each refusal, and goes on sending meanwhile. So it sends something new after the first of two
 * refusals and before it has read the second. It only sends; it takes nothing.
 */
final class Robot implements Party {
  private static final int WINDOW = 4;
  private static final long PATIENCE_MS = 4_500;

  private final World world;
  private final Scheduler scheduler;
  private final Faults faults;
  private final Ledger ledger;
  private final UserId user;
  private final DeviceId device = new DeviceId("robot");
  private final String name;
  private final long number;
  private final Actor actor;

  /** Without an outcome, in the order of sending. */
  private final Map<UUID, Wanted> wanted = new LinkedHashMap<>();

  private Optional<Wire> wire = Optional.empty();
  private boolean connected;
  private boolean online = true;
  private int clientSeq;

  /** When each client_seq without an answer was sent. */
  private final Map<Integer, Long> unanswered = new LinkedHashMap<>();

  /** What was refused, in the order in which that was read. */
  private final ArrayDeque<UUID> again = new ArrayDeque<>();

  private long dialledMs;
  private long againAtMs;
  private long sends;
  private int connections;

  private static final class Wanted {
    final ConversationId conversation;
    final Content content;
    boolean sentBefore;
    boolean sentHere;

    Wanted(ConversationId conversation, Content content) {
      this.conversation = conversation;
      this.content = content;
    }
  }

  Robot(World world, UserId user, int number) {
    this.world = world;
    this.scheduler = world.scheduler();
    this.faults = world.faults();
    this.ledger = world.ledger();
    this.user = user;
    this.name = SimulatedStore.nameOf(user, device);
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

  @Override
  public void start() {
    connect();
    watch();
  }

  /** Gives a connection up on which nothing is answered. */
  private void watch() {
    scheduler.after(
        250,
        actor,
        Scheduler.TICK,
        name,
        () -> {
          long sinceMs =
              !connected
                  ? dialledMs
                  : unanswered.isEmpty()
                      ? scheduler.nowMs()
                      : unanswered.values().iterator().next();
          if (wire.isPresent() && scheduler.nowMs() - sinceMs > PATIENCE_MS) {
            lost();
          }
          watch();
        });
  }

  private void connect() {
    scheduler.after(
        20 + scheduler.upTo(100),
        actor,
        "dial",
        name,
        () -> {
          Optional<SimulatedNode> node = world.nodeForAConnection();
          if (!online || node.isEmpty()) {
            connect();
            return;
          }
          connections++;
          dialledMs = scheduler.nowMs();
          Peer peer = new Peer();
          Wire made = new Wire(world, name, user, actor, node.get(), peer);
          peer.mine = Optional.of(made);
          wire = Optional.of(made);
          made.write(
              new Frame.Connect(
                  Frame.PROTOCOL_VERSION, world.tokens().of(user), device, "robot/1"));
        });
  }

  private void lost() {
    wire.ifPresent(Wire::hangUp);
    wire = Optional.empty();
    connected = false;
    unanswered.clear();
    again.clear();
    clientSeq = 0;
    wanted.values().forEach(one -> one.sentHere = false);
    connect();
  }

  private final class Peer implements Wire.Peer {
    Optional<Wire> mine = Optional.empty();

    @Override
    public void frame(Frame frame) {
      if (wire.equals(mine)) {
        read(frame);
      }
    }

    @Override
    public void ended(Optional<ErrorCode> code) {
      if (wire.equals(mine)) {
        lost();
      }
    }
  }

  private void read(Frame frame) {
    if (frame instanceof Frame.Connected) {
      connected = true;
      pump();
    } else if (frame instanceof Frame.SendAck ack) {
      unanswered.remove(ack.clientSeq());
      wanted.remove(ack.clientMessageId());
      pump();
    } else if (frame instanceof Frame.SendRejected no) {
      unanswered.remove(no.clientSeq());
      refused(no);
      pump();
    } else if (frame instanceof Frame.GoAway) {
      lost();
    }
  }

  private void refused(Frame.SendRejected no) {
    UUID id = no.clientMessageId();
    if (no.outcome() == Outcome.NOT_APPLIED) {
      wanted.remove(id);
    } else if (no.code() == ErrorCode.CLIENT_SEQ_JUMP) {
      lost();
    } else if (wanted.containsKey(id)) {
      faults.happened("robot repeats what was refused");
      againAtMs = Math.max(againAtMs, scheduler.nowMs() + scheduler.upTo(5));
      Optional<Wire> here = wire;
      scheduler.after(
          againAtMs - scheduler.nowMs(),
          actor,
          "again",
          id,
          () -> {
            if (wire.equals(here)) {
              again.add(id);
              pump();
            }
          });
    }
  }

  private void pump() {
    while (connected && unanswered.size() < WINDOW && !again.isEmpty()) {
      UUID id = again.remove();
      if (wanted.containsKey(id)) {
        transmit(id, wanted.get(id));
      }
    }
    for (Map.Entry<UUID, Wanted> one : List.copyOf(wanted.entrySet())) {
      if (!connected || unanswered.size() >= WINDOW) {
        return;
      }
      if (!one.getValue().sentHere) {
        transmit(one.getKey(), one.getValue());
      }
    }
  }

  private void transmit(UUID id, Wanted send) {
    clientSeq++;
    unanswered.put(clientSeq, scheduler.nowMs());
    wire.orElseThrow()
        .write(
            new Frame.Send(
                clientSeq,
                id,
                Optional.of(send.conversation),
                Optional.empty(),
                send.sentBefore,
                send.content));
    send.sentBefore = true;
    send.sentHere = true;
  }

  @Override
  public void send(ConversationId conversation, Content content) {
    UUID id = new UUID(number, ++sends);
    ledger.asked(name, user, conversation, id, content);
    scheduler.note(actor, "asked for", id + " to " + conversation + " " + content);
    wanted.put(id, new Wanted(conversation, content));
    pump();
  }

  @Override
  public void cancelSomething() {}

  @Override
  public boolean crash() {
    cut();
    return false;
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
      wire.ifPresent(Wire::cut);
    }
  }

  @Override
  public void nodeDied(SimulatedNode node) {
    wire.filter(one -> one.node() == node).ifPresent(Wire::nodeDied);
  }

  @Override
  public Optional<String> unsettled() {
    if (!connected || wire.isEmpty() || !wire.get().isOpen()) {
      return Optional.of(name + " is not connected");
    }
    List<UUID> open = new ArrayList<>(wanted.keySet());
    return open.isEmpty() ? Optional.empty() : Optional.of(name + " has no outcome of " + open);
  }
}
