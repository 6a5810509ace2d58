package io.quipu.sim;

import io.quipu.fake.NoAttendance;
import io.quipu.fake.NoLists;
import io.quipu.model.ConversationId;
import io.quipu.model.Limits;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Alone;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.Outreach;
import io.quipu.server.cluster.Peers;
import io.quipu.server.cluster.Placement;
import io.quipu.server.config.Configuration;
import io.quipu.server.fanout.FanOut;
import io.quipu.server.journal.HistoryPages;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.Receipts;
import io.quipu.server.journal.RetentionRules;
import io.quipu.server.limits.RateLimits;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.recipient.Outlet;
import io.quipu.server.recipient.RecentCommitsLook;
import io.quipu.server.recipient.RecipientLimits;
import io.quipu.server.recipient.RecipientVerticle;
import io.quipu.server.recipient.Requests;
import io.quipu.server.sequencer.Sequencer;
import io.quipu.server.sequencer.SequencerVerticle;
import io.quipu.server.session.Authenticator;
import io.quipu.server.session.Numbers;
import io.quipu.server.session.Sessions;
import io.quipu.server.time.Clock;
import java.util.List;
import java.util.Optional;

/**
 * A node: the real verticles, sessions and fan-out with one event loop and one owner, on simulated
 * time, bus and store. The only place that builds them.
 */
final class SimulatedNode {
  /** Small, so that every limit is met. */
  static final Limits LIMITS =
      new Limits(
          6_000, 65_536, 2_000, 4, 4_000, 6, 4_000, 800, 100, 4, 2_000, 3_000, 10, 0, 0, 0, 4, 0, 1,
          0);

  static final int LOOK_MS = 1_000;

  private static final Metrics METRICS = new Metrics("simulated", "all");

  /** Thirty at once, then three a second: some robots are refused for that. */
  private static final Configuration.Limits RATES = new Configuration.Limits(0, 0, 3, 0, 0, 16);

  private final World world;
  private final NodeId id;
  private final Actor actor;
  private final Address.Loop loop;
  private final Address.Owner owner;
  private final Sessions sessions;
  private final Clock clock;
  private Actor ownerActor;
  private boolean draining;
  private long outstanding;

  SimulatedNode(World world, String name) {
    this.world = world;
    this.id = new NodeId(name);
    this.actor = new Actor(name);
    this.loop = new Address.Loop(id, 0);
    this.owner = new Address.Owner(id, 0);
    this.ownerActor = new Actor(name + ".owner", actor);
    this.clock = clock(world.scheduler());
    SimulatedVertx vertx = new SimulatedVertx(world.scheduler(), actor);
    RecipientVerticle recipients =
        new RecipientVerticle(
            loop,
            recipientLimits(world.scheduler()),
            world.store().messageLog(actor),
            world.store().receipts(actor),
            requests(world.store().messageLog(actor), world.store().receipts(actor)),
            world.store().cursors(actor),
            new Outreach(
                0, world.bus().of(actor, loop), world.registry(), new Alone(id, 1), peers()),
            clock,
            (conversations, messages) -> outstanding += conversations + messages);
    this.sessions =
        new Sessions(
            vertx.context(),
            loop,
            new Sessions.Rules(LIMITS, 200, 8, 16, 10, 4),
            new Numbers(),
            world.bus().of(actor, loop),
            placement(),
            world.registry(),
            world.store().journal(actor),
            world.store().directory(actor),
            authenticator(world),
            recipients,
            new NoAttendance(),
            new RateLimits(RATES, Optional.empty(), clock, METRICS),
            clock,
            METRICS);
    RecentCommitsLook look =
        new RecentCommitsLook(
            world.store().messageLog(actor), List.of(recipients), LOOK_MS, found -> {});
    try {
      recipients.deploy(vertx.context());
      look.deploy(vertx.context());
      sessions.start();
      startOwner();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static Requests requests(MessageLog log, Receipts receipts) {
    int messages = LIMITS.syncPageMessages();
    int bytes = LIMITS.syncPageBytes();
    return new Requests(
        new HistoryPages(log, new NoLists(), messages, bytes),
        new NoLists(),
        receipts,
        new NoAttendance(),
        messages,
        bytes);
  }

  private static Clock clock(Scheduler scheduler) {
    return new Clock() {
      @Override
      public long nowMs() {
        return scheduler.nowMs();
      }

      @Override
      public long unixMs() {
        return Tokens.NOW_MS + scheduler.nowMs();
      }
    };
  }

  private Authenticator authenticator(World w) {
    return w.tokens().authenticator();
  }

  /** Every bound is small in some seeds. */
  private static RecipientLimits recipientLimits(Scheduler scheduler) {
    return new RecipientLimits(
        1 + scheduler.random.nextInt(8),
        scheduler.random.nextInt(3) == 0 ? 300 : LIMITS.deliverWindowBytes(),
        LIMITS.ackTimeoutMs(),
        3,
        1 + scheduler.random.nextInt(4),
        200,
        LIMITS.syncCursors(),
        1_000,
        2,
        1 + scheduler.random.nextInt(3),
        1 + scheduler.random.nextInt(LIMITS.syncPageMessages()),
        scheduler.random.nextInt(3) == 0 ? 200 : LIMITS.syncPageBytes(),
        100_000,
        300,
        2,
        2,
        200,
        10,
        20,
        300);
  }

  private void startOwner() throws Exception {
    SequencerVerticle verticle =
        new SequencerVerticle(
            owner,
            new SequencerVerticle.Limits(
                4,
                1_500,
                100_000,
                1,
                8,
                4_000,
                new Sequencer.Limits(
                    12,
                    4,
                    1_000,
                    3,
                    4,
                    new Sequencer.Rules(LIMITS.groupMembers(), 0, 0, 1, RetentionRules.KEEP),
                    10,
                    400,
                    2_000)),
            world.bus().of(ownerActor, owner),
            placement(),
            world.store().journal(ownerActor),
            new FanOut(
                new Outreach(
                    0,
                    world.bus().of(ownerActor, owner),
                    world.registry(),
                    new Alone(id, 1),
                    peers()),
                20),
            clock,
            METRICS);
    verticle.deploy(new SimulatedVertx(world.scheduler(), ownerActor).context());
  }

  /** The owner loses all that it had in memory; what it has asked the store for may happen. */
  void crashOwner() {
    ownerActor.crash();
    ownerActor = new Actor(id.value() + ".owner", actor);
    world.planted().restarted(owner);
    try {
      startOwner();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  void crash() {
    actor.crash();
  }

  void freeze(long untilMs) {
    actor.freeze(untilMs);
  }

  /** Says good-bye to all sessions; takes no new ones. */
  void drain(int spreadMs) {
    draining = true;
    sessions.drain(spreadMs);
  }

  boolean takesConnections() {
    return actor.isAlive() && !draining && actor.frozenUntilMs() <= world.scheduler().nowMs();
  }

  /** Conversations and messages in the windows of all sessions. */
  long outstanding() {
    return outstanding;
  }

  boolean isDraining() {
    return draining;
  }

  boolean isAlive() {
    return actor.isAlive();
  }

  Actor actor() {
    return actor;
  }

  NodeId id() {
    return id;
  }

  Address.Owner owner() {
    return owner;
  }

  Sessions.Handle open(Outlet outlet) {
    return sessions.open(outlet, "127.0.0.1");
  }

  /** What this node believes of who owns what: both nodes may believe in themselves. */
  private Placement placement() {
    return new Placement() {
      @Override
      public int shardOf(ConversationId conversation) {
        return Math.floorMod(conversation.value().hashCode(), 64);
      }

      @Override
      public Route routeOf(ConversationId conversation) {
        List<SimulatedNode> alive = world.aliveNodes();
        int home = shardOf(conversation) % alive.size();
        boolean wrong = world.faults().happens("second owner", world.faults().wrongOwner);
        if (wrong) {
          home = world.scheduler().random.nextInt(alive.size());
        }
        return new Route(alive.get(home).owner(), wrong);
      }

      @Override
      public Address.Owner ownHere(ConversationId conversation) {
        return owner;
      }

      @Override
      public boolean isOwner(ConversationId conversation) {
        return !world.faults().happens("not the owner", world.faults().wrongOwner);
      }

      @Override
      public void onLoss(Listener listener) {
        // the time-outs of links are what is tried here
      }
    };
  }

  /** All that live, each of whom knows all. */
  private Peers peers() {
    return new Peers() {
      @Override
      public NodeId self() {
        return id;
      }

      @Override
      public List<Peer> now() {
        return world.aliveNodes().stream()
            .map(node -> new Peer(node.id(), 1, State.SERVING, false))
            .toList();
      }

      @Override
      public void onChange(Runnable listener) {
        // asked each time
      }
    };
  }
}
