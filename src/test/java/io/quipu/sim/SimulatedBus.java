package io.quipu.sim;

import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Appends;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.LocalPost;
import io.quipu.server.cluster.LocalRegistry;
import io.quipu.server.cluster.NodeParcel;
import io.quipu.server.cluster.Outbound;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The bus between all event loops: it loses, repeats, delays and reorders, and can be split. */
final class SimulatedBus {
  private static final long LATE_MS = 5_000;

  private final Scheduler scheduler;
  private final Faults faults;
  private final PlantedBus planted;
  private final Map<Address, Served> served = new HashMap<>();

  /** Deliveries are left out of everything: pushes are lost, answers are not. */
  private boolean pushesAreLost;

  private record Served(Actor actor, Consumer<BusMessage> consumer) {}

  SimulatedBus(Scheduler scheduler, Faults faults, PlantedBus planted) {
    this.scheduler = scheduler;
    this.faults = faults;
    this.planted = planted;
    planted.attach(this::deliver);
  }

  void losePushes(boolean lost) {
    pushesAreLost = lost;
  }

  /** The bus as a verticle has it that lives at this address. */
  Bus of(Actor actor, Address self) {
    return new Bus() {
      @Override
      public boolean send(Address to, BusMessage message) {
        carry(self, to, message);
        return true;
      }

      @Override
      public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
        served.put(at, new Served(actor, consumer));
        return Future.succeededFuture(() -> Future.succeededFuture());
      }
    };
  }

  private void carry(Address from, Address to, BusMessage sent) {
    if (sent instanceof NodeParcel parcel) {
      // What a PostVerticle does with it, so that what is lost, late or planted is a loop's.
      LocalPost post = new LocalPost(sharesOf(from), new LocalRegistry());
      post.take(parcel, to.node());
      post.flush();
      return;
    }
    BusMessage message = planted.leaving(from, sent);
    if (message instanceof Outbound outbound && pushesAreLost) {
      message = new Outbound(outbound.answers(), List.of(), outbound.receipts(), outbound.kicks());
    }
    boolean within = from.node().equals(to.node());
    if (!within && !faults.areOver() && scheduler.nowMs() < faults.splitUntilMs) {
      faults.happened("bus split");
      return;
    }
    if (faults.happens("bus message lost", faults.busLoss)) {
      return;
    }
    deliver(to, message);
    if (faults.happens("bus message repeated", faults.busRepeat)) {
      deliver(to, message);
    }
  }

  private Bus sharesOf(Address from) {
    return new Bus() {
      @Override
      public boolean send(Address loop, BusMessage share) {
        carry(from, loop, share);
        return true;
      }

      @Override
      public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
        throw new UnsupportedOperationException("it only carries");
      }
    };
  }

  private void deliver(Address to, BusMessage message) {
    long delayMs = scheduler.upTo(2);
    if (faults.happens("bus message late", faults.busSlow)) {
      delayMs = scheduler.upTo(scheduler.random.nextInt(8) == 0 ? LATE_MS : 400);
    }
    Served now = served.get(to);
    if (now == null) {
      return;
    }
    scheduler.after(
        delayMs,
        now.actor,
        message instanceof Appends ? "appends" : "outbound",
        message,
        () -> now.consumer.accept(planted.arriving(to, message)));
  }
}
