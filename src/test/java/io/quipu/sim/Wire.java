package io.quipu.sim;

import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.protocol.SharedFrame;
import io.quipu.server.recipient.Outlet;
import io.quipu.server.session.Sessions;
import java.util.Optional;

/**
 * One connection between a device and a node. In order both ways, until it breaks: then each side
 * hears of it when it does, and what was on its way is lost or not. The six packets of a reliable
 * send may be lost on a living connection, too.
 */
final class Wire implements Outlet {
  private static final int WRITE_QUEUE = 6;

  private final World world;
  private final Scheduler scheduler;
  private final Faults faults;
  private final String device;
  private final UserId user;
  private final Actor deviceActor;
  private final Peer peer;
  private final SimulatedNode node;
  private final PlantedWire planted;
  private final Sessions.Handle handle;
  private boolean clientOpen = true;
  private boolean serverOpen = true;
  private boolean broken;
  private boolean full;
  private int queued;
  private long upAtMs;
  private long downAtMs;

  /** The device's end. */
  interface Peer {
    void frame(Frame frame);

    void ended(Optional<ErrorCode> code);
  }

  Wire(World world, String device, UserId user, Actor deviceActor, SimulatedNode node, Peer peer) {
    this.world = world;
    this.scheduler = world.scheduler();
    this.faults = world.faults();
    this.device = device;
    this.user = user;
    this.deviceActor = deviceActor;
    this.node = node;
    this.peer = peer;
    this.planted = new PlantedWire(world, user, this::arrived, this::replied);
    this.handle = node.open(this);
    world.store().planted().syncBegins(device);
  }

  SimulatedNode node() {
    return node;
  }

  boolean isOpen() {
    return clientOpen && serverOpen && !broken && node.isAlive();
  }

  private long delayMs() {
    return faults.areOver() ? scheduler.upTo(2) : scheduler.upTo(scheduler.chance(0.05) ? 300 : 8);
  }

  // ---- the device's side

  void write(Frame frame) {
    if (!clientOpen) {
      return;
    }
    if ((frame instanceof Frame.Send || frame instanceof Frame.DeliverAck)
        && faults.happens("frame lost: " + nameOf(frame), faults.frameLoss)) {
      return;
    }
    upAtMs = Math.max(upAtMs, scheduler.nowMs() + delayMs());
    scheduler.after(
        upAtMs - scheduler.nowMs(),
        node.actor(),
        "frame from " + device,
        frame,
        () -> {
          if (!broken || scheduler.random.nextBoolean()) {
            planted.up(frame);
          }
        });
  }

  private void arrived(Frame frame) {
    if (serverOpen) {
      if (frame instanceof Frame.Sync) {
        world.store().planted().syncBegins(device);
      }
      handle.received(frame);
    }
  }

  void hangUp() {
    if (clientOpen) {
      clientOpen = false;
      gone(faults.areOver() ? 5 : 400);
    }
  }

  /** The device's process is no more. */
  void abandoned() {
    clientOpen = false;
    gone(faults.areOver() ? 5 : 2_000);
  }

  private void gone(long mostMs) {
    long atMs = Math.max(upAtMs, scheduler.nowMs() + scheduler.upTo(mostMs));
    scheduler.after(
        atMs - scheduler.nowMs(),
        node.actor(),
        "connection gone",
        device,
        () -> {
          serverOpen = false;
          handle.gone();
        });
  }

  /** The network takes it away: each side hears of it in its own time. */
  void cut() {
    if (broken || !clientOpen) {
      return;
    }
    broken = true;
    gone(3_000);
    ended(scheduler.upTo(100), Optional.empty());
  }

  /** The node has died. */
  void nodeDied() {
    broken = true;
    ended(scheduler.upTo(300), Optional.empty());
  }

  private void ended(long delayMs, Optional<ErrorCode> code) {
    long atMs = Math.max(downAtMs, scheduler.nowMs() + delayMs);
    scheduler.after(
        atMs - scheduler.nowMs(),
        deviceActor,
        "connection ended",
        device,
        () -> {
          if (clientOpen) {
            clientOpen = false;
            peer.ended(code);
          }
        });
  }

  // ---- the node's side

  @Override
  public void send(Frame frame) {
    if (!serverOpen) {
      return;
    }
    planted.down(frame);
  }

  private void replied(Frame frame) {
    world.ledger().told(user, frame);
    if (frame instanceof Frame.SyncDone) {
      world.store().planted().syncEnds(device);
    }
    boolean packet =
        frame instanceof Frame.SendAck
            || frame instanceof Frame.SendRejected
            || frame instanceof Frame.Deliver
            || frame instanceof Frame.AckConfirm
            || frame instanceof Frame.Receipt;
    if (packet && faults.happens("frame lost: " + nameOf(frame), faults.frameLoss)) {
      return;
    }
    if (frame instanceof Frame.Deliver deliver && world.loses(device, deliver)) {
      return;
    }
    queued++;
    downAtMs = Math.max(downAtMs, scheduler.nowMs() + delayMs());
    scheduler.after(
        downAtMs - scheduler.nowMs(),
        deviceActor,
        "frame from " + node.id(),
        frame,
        () -> {
          queued--;
          if (full && queued < WRITE_QUEUE) {
            full = false;
            scheduler.after(0, node.actor(), Scheduler.TICK, "writable", () -> handle.writable());
          }
          if (clientOpen && !broken) {
            planted.read(frame);
            peer.frame(frame);
          }
        });
  }

  private static String nameOf(Frame frame) {
    return frame.getClass().getSimpleName();
  }

  @Override
  public void send(SharedFrame frame) {
    send(frame.frame());
  }

  @Override
  public boolean writable() {
    full = queued >= WRITE_QUEUE;
    return !full;
  }

  @Override
  public void close(ErrorCode reason, int retryAfterMs, String detail) {
    if (!serverOpen) {
      return;
    }
    faults.happened("closed by the server: " + reason);
    world.closedByServer(device, reason);
    send(new Frame.GoAway(reason.code(), reason.advice(), retryAfterMs, detail));
    serverOpen = false;
    handle.gone();
    ended(1, Optional.empty());
  }
}
