package io.quipu.sim;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Registry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Everything together under one seed: two nodes, the store, the network, users with their devices.
 *
 * <pre>
 * phase        faults                                            until
 * chaos        those of the seed's weather, one crash and one    its time is over
 *              unknown outcome at least
 * calm         none                                              all is stored, delivered, acked
 * last push    the hints of a conversation's last message are    the same, within 10 s and on the
 *              lost; then, of another one, the Deliver itself    same connections
 * slow sync    the hints of a message that comes while a         the same, within 10 s
 *              device syncs are lost
 * frozen       the hints of a message are lost, and all nodes    the same, on the same connections
 *              stand still for a while
 * </pre>
 */
final class World {
  /** P2: on a live connection, even when the push was lost. */
  private static final long HEALING_MS = 10_000;

  /** More than the time between two looks. */
  private static final long LATE_COMMIT_MS = 1_500;

  private static final long SLOW_READ_MS = 1_200;
  private static final long FROZEN_MS = 2_500;

  /** Generous: giving up, parking and back-off take their time after the chaos. */
  private static final long CALM_MS = 60_000;

  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");
  private static final UserId DAVE = new UserId("dave");

  private final long seed;
  private final Hole hole;
  private final Tokens tokens;
  private final LogWatch logs;
  private final Scheduler scheduler;
  private final Faults faults;
  private final Ledger ledger = new Ledger();
  private final SimulatedStore store;
  private final SimulatedRegistry registry;
  private final PlantedBus planted;
  private final SimulatedBus bus;
  private final Actor self = new Actor("world");
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private final List<Party> parties = new ArrayList<>();
  private final List<ConversationId> conversations = new ArrayList<>();
  private final Set<String> nextDeliverIsLost = new HashSet<>();
  private Optional<Device> owner = Optional.empty();
  private int nodesStarted;
  private int texts;
  private boolean inChaos = true;

  World(long seed, Hole hole, Tokens tokens, LogWatch logs, boolean tracing) {
    this.seed = seed;
    this.hole = hole;
    this.tokens = tokens;
    this.logs = logs;
    this.scheduler = new Scheduler(seed, tracing);
    this.faults = new Faults(scheduler);
    this.store = new SimulatedStore(scheduler, faults, ledger, hole, this::kept);
    this.registry = new SimulatedRegistry(faults);
    this.planted = new PlantedBus(hole, scheduler, faults, ledger, store.planted());
    this.bus = new SimulatedBus(scheduler, faults, planted);
  }

  Scheduler scheduler() {
    return scheduler;
  }

  Faults faults() {
    return faults;
  }

  Ledger ledger() {
    return ledger;
  }

  SimulatedStore store() {
    return store;
  }

  Registry registry() {
    return registry;
  }

  SimulatedBus bus() {
    return bus;
  }

  PlantedBus planted() {
    return planted;
  }

  Tokens tokens() {
    return tokens;
  }

  Hole hole() {
    return hole;
  }

  Actor self() {
    return self;
  }

  int clients() {
    return parties.size();
  }

  // ---- the run

  /** Throws AssertionError when a promise is broken. */
  void run() {
    logs.watch(ledger);
    build();
    faults.begin();
    long chaosEndsMs = scheduler.nowMs() + 5_000 + scheduler.upTo(5_000);
    plan(chaosEndsMs);
    while (scheduler.nowMs() < chaosEndsMs) {
      step();
    }
    calm();
    lastPush();
    lostDeliver();
    slowSync();
    frozenNodes();
  }

  private void step() {
    scheduler.step();
    if (ledger.broken().isPresent()) {
      throw new AssertionError("seed " + seed + ": " + ledger.broken().get());
    }
  }

  private void build() {
    for (UserId user : List.of(ALICE, BOB, CAROL, DAVE)) {
      store.know(user);
    }
    startNode("a");
    startNode("b");
    Device phone = device(ALICE, "phone", 1);
    owner = Optional.of(phone);
    device(BOB, "phone", 2);
    device(CAROL, "phone", 3);
    if (scheduler.random.nextInt(3) > 0) {
      device(ALICE, "desk", 4);
    }
    if (scheduler.random.nextInt(3) == 0) {
      device(BOB, "desk", 5);
    }
    if (scheduler.random.nextInt(3) == 0) {
      device(DAVE, "phone", 6);
    }
    parties.add(new Robot(this, BOB, 7));
    parties.forEach(Party::start);
    conversations.add(ConversationId.direct(ALICE, BOB));
    if (scheduler.random.nextBoolean()) {
      conversations.add(ConversationId.direct(ALICE, CAROL));
    }
    UUID id = phone.nextId();
    conversations.add(
        phone.create(id, new Content.Changed(new Change.Create("all", List.of(BOB, CAROL)))));
  }

  private Device device(UserId user, String name, int number) {
    Device device = new Device(this, user, name, number);
    parties.add(device);
    return device;
  }

  private ConversationId group() {
    return conversations.get(conversations.size() - 1);
  }

  private void startNode(String name) {
    nodes.add(new SimulatedNode(this, name + ++nodesStarted));
  }

  // ---- chaos

  private void plan(long endMs) {
    long lengthMs = endMs - scheduler.nowMs();
    at(scheduler.upTo(lengthMs * 3 / 4), "unknown outcome due", () -> faults.unknownIsDue = true);
    at(scheduler.upTo(lengthMs * 3 / 4), "crash due", this::crashSomething);
    act(endMs);
    trouble(endMs);
  }

  private void at(long delayMs, String what, Runnable task) {
    scheduler.after(delayMs, self, what, "", task);
  }

  /** Somebody does something, again and again. */
  private void act(long endMs) {
    at(
        20 + scheduler.upTo(160),
        "somebody acts",
        () -> {
          if (scheduler.nowMs() < endMs) {
            somebodyActs();
            act(endMs);
          }
        });
  }

  private void somebodyActs() {
    int choice = scheduler.random.nextInt(20);
    if (choice == 0) {
      scheduler.oneOf(parties).cancelSomething();
    } else if (choice < 4) {
      changeMembers();
    } else {
      Party party = scheduler.oneOf(parties);
      List<ConversationId> his = conversations.stream().filter(one -> mayTry(party, one)).toList();
      if (!his.isEmpty()) {
        ConversationId conversation = scheduler.oneOf(his);
        for (int left = 1 + scheduler.random.nextInt(3); left > 0; left--) {
          party.send(conversation, text());
        }
      }
    }
  }

  /** Strangers try as well, but not the robot: it would never stop. */
  private boolean mayTry(Party party, ConversationId conversation) {
    if (conversation.isDirect()) {
      return conversation.isDirectOf(party.user());
    }
    return ledger.wasMember(party.user(), conversation)
        || (party.user().equals(DAVE) && scheduler.random.nextInt(10) == 0);
  }

  private Content text() {
    texts++;
    return Content.Text.of("text " + texts + " " + "x".repeat(scheduler.random.nextInt(300)));
  }

  private void changeMembers() {
    ConversationId group = group();
    if (ledger.tail(group) == 0) {
      return;
    }
    UserId user = scheduler.random.nextInt(4) == 0 ? DAVE : BOB;
    boolean member = ledger.isMember(user, group);
    if (member && user.equals(BOB) && scheduler.random.nextInt(3) == 0) {
      parties.stream()
          .filter(party -> party.user().equals(BOB))
          .findFirst()
          .orElseThrow()
          .send(group, new Content.Changed(new Change.Leave()));
    } else {
      Change change = member ? new Change.Remove(List.of(user)) : new Change.Add(List.of(user));
      owner.orElseThrow().send(group, new Content.Changed(change));
    }
  }

  private void trouble(long endMs) {
    at(
        100 + scheduler.upTo(1_200),
        "trouble due",
        () -> {
          if (scheduler.nowMs() < endMs) {
            makeTrouble();
            trouble(endMs);
          }
        });
  }

  private void makeTrouble() {
    switch (scheduler.random.nextInt(12)) {
      case 0 -> crashSomething();
      case 1 -> crashOwner();
      case 2 -> freezeNode();
      case 3 -> drainNode();
      case 4 -> {
        faults.happened("store away for a while");
        faults.storeBackMs = scheduler.nowMs() + 200 + scheduler.upTo(2_500);
      }
      case 5 -> faults.splitUntilMs = scheduler.nowMs() + scheduler.upTo(3_000);
      case 6 -> {
        Party party = scheduler.oneOf(parties);
        party.goOnline(false);
        at(scheduler.upTo(3_000), "online again", () -> party.goOnline(true));
      }
      case 7 -> scheduler.oneOf(parties).crash();
      default -> scheduler.oneOf(parties).cut();
    }
  }

  private void crashSomething() {
    switch (scheduler.random.nextInt(3)) {
      case 0 -> {
        if (!parties.get(scheduler.random.nextInt(3)).crash()) {
          crashOwner();
        }
      }
      case 1 -> crashNode();
      default -> crashOwner();
    }
  }

  private void crashOwner() {
    faults.happened("owner crash");
    scheduler.oneOf(aliveNodes()).crashOwner();
  }

  private void crashNode() {
    if (aliveNodes().size() == 2) {
      faults.happened("node crash");
      end(scheduler.oneOf(aliveNodes()));
    } else {
      crashOwner();
    }
  }

  /** Another one comes in its place, after a while. */
  private void end(SimulatedNode node) {
    if (!node.isAlive()) {
      return;
    }
    if (aliveNodes().size() == 1) {
      at(300, "waits for another node", () -> end(node));
      return;
    }
    node.crash();
    parties.forEach(party -> party.nodeDied(node));
    int place = nodes.indexOf(node);
    at(
        200 + scheduler.upTo(1_000),
        "node starts",
        () -> nodes.set(place, new SimulatedNode(this, "n" + ++nodesStarted)));
  }

  private void freezeNode() {
    faults.happened("node frozen");
    scheduler.oneOf(aliveNodes()).freeze(scheduler.nowMs() + 200 + scheduler.upTo(3_000));
  }

  private void drainNode() {
    if (aliveNodes().size() == 2) {
      faults.happened("node drained");
      SimulatedNode node = scheduler.oneOf(aliveNodes());
      node.drain(300);
      at(1_000, "drained node stops", () -> end(node));
    }
  }

  List<SimulatedNode> aliveNodes() {
    return nodes.stream().filter(SimulatedNode::isAlive).toList();
  }

  Optional<SimulatedNode> nodeForAConnection() {
    List<SimulatedNode> some = nodes.stream().filter(SimulatedNode::takesConnections).toList();
    return some.isEmpty() ? Optional.empty() : Optional.of(scheduler.oneOf(some));
  }

  // ---- calm

  private void calm() {
    faults.end();
    scheduler.note(self, "calm", "the faults stop");
    parties.forEach(party -> party.goOnline(true));
    settle(CALM_MS, "in calm");
    // A frame that was lost in the chaos may show only at the next send: before what follows.
    for (Party party : parties) {
      for (ConversationId conversation : conversations) {
        if (ledger.isMember(party.user(), conversation)) {
          party.send(conversation, text());
        }
      }
    }
    settle(CALM_MS, "after everybody has spoken");
  }

  private void settle(long withinMs, String when) {
    long untilMs = scheduler.nowMs() + withinMs;
    Optional<String> waits = unsettled();
    while (waits.isPresent()) {
      if (scheduler.nowMs() > untilMs) {
        throw new AssertionError(
            "seed " + seed + ": P2: " + when + ", after " + withinMs + " ms: " + waits.get());
      }
      pass(25);
      waits = unsettled();
    }
  }

  private Optional<String> unsettled() {
    if (nodes.stream().anyMatch(node -> !node.isAlive() || node.isDraining())) {
      return Optional.of("a node is not there yet");
    }
    for (SimulatedNode node : nodes) {
      if (node.outstanding() != 0) {
        return Optional.of(node.id() + " has " + node.outstanding() + " left in its windows");
      }
    }
    for (Party party : parties) {
      Optional<String> waits = party.unsettled();
      if (waits.isPresent()) {
        return waits;
      }
    }
    return Optional.empty();
  }

  /**
   * The last message of each conversation is committed, and all hints of it are lost. The first of
   * these commits begins before the others and ends after them and the look that sees them.
   */
  private void lastPush() {
    List<Integer> before = connections();
    scheduler.note(self, "last push", "its hints are lost");
    inChaos = false;
    bus.losePushes(true);
    store.delayNextWrite(LATE_COMMIT_MS);
    sayOneThing(conversations.get(0));
    pass(LATE_COMMIT_MS / 5);
    conversations.stream().skip(1).forEach(this::sayOneThing);
    settle(HEALING_MS, "the last push was lost");
    bus.losePushes(false);
    requireSame(before);
  }

  /** The same, but the Deliver itself is lost on its way to each device. */
  private void lostDeliver() {
    List<Integer> before = connections();
    scheduler.note(self, "last push", "the first Deliver is lost");
    for (Party party : parties) {
      conversations.forEach(one -> nextDeliverIsLost.add(party.name() + " " + one.value()));
    }
    conversations.forEach(this::sayOneThing);
    settle(HEALING_MS, "the last Deliver was lost");
    requireSame(before);
    nextDeliverIsLost.clear();
  }

  /** A message is committed while a device syncs, and its hints are lost. */
  private void slowSync() {
    ConversationId conversation = conversations.get(0);
    Party away = parties.get(scheduler.random.nextInt(2)); // both users are in it
    scheduler.note(self, "slow sync", away.name() + " comes back to " + conversation);
    away.goOnline(false);
    pass(200);
    sayOneThing(conversation);
    pass(300);
    store.delayReads(SLOW_READ_MS);
    bus.losePushes(true);
    int readsBefore = store.reads();
    away.goOnline(true);
    for (int i = 0; i < 200 && store.reads() == readsBefore; i++) {
      pass(20);
    }
    sayOneThing(conversation);
    pass(SLOW_READ_MS);
    store.delayReads(0);
    settle(HEALING_MS, "the push during a sync was lost");
    bus.losePushes(false);
  }

  /**
   * All nodes stand still right after a commit whose hints are lost, for longer than any window.
   */
  private void frozenNodes() {
    List<Integer> before = connections();
    ConversationId conversation = conversations.get(0);
    bus.losePushes(true);
    long tail = ledger.tail(conversation);
    sayOneThing(conversation);
    for (int i = 0; i < 5_000 && ledger.tail(conversation) == tail; i++) {
      step();
    }
    aliveNodes().forEach(node -> node.freeze(scheduler.nowMs() + FROZEN_MS));
    settle(FROZEN_MS + HEALING_MS, "the nodes were frozen");
    bus.losePushes(false);
    requireSame(before);
  }

  private void pass(long ms) {
    long untilMs = scheduler.nowMs() + ms;
    while (scheduler.nowMs() < untilMs) {
      step();
    }
  }

  private void sayOneThing(ConversationId conversation) {
    List<Party> members =
        parties.stream()
            .filter(party -> party instanceof Device && party.isOnline())
            .filter(party -> ledger.isMember(party.user(), conversation))
            .toList();
    if (!members.isEmpty()) { // the creation of a group may have been cancelled
      scheduler.oneOf(members).send(conversation, text());
    }
  }

  private List<Integer> connections() {
    return parties.stream().map(Party::connections).toList();
  }

  private void requireSame(List<Integer> before) {
    if (!connections().equals(before)) {
      throw new AssertionError("seed " + seed + ": P2: healed only by a new connection");
    }
  }

  // ---- what the parts ask

  /** True if this Deliver is to be lost on a healthy connection. */
  boolean loses(String device, Frame.Deliver deliver) {
    return !nextDeliverIsLost.isEmpty()
        && nextDeliverIsLost.remove(device + " " + deliver.range().conversation().value());
  }

  void closedByServer(String device, ErrorCode reason) {
    ledger.require(
        inChaos || reason == ErrorCode.REPLACED,
        "P2: the server closes %s in calm: %s",
        device,
        reason);
  }

  private long kept(String device, ConversationId conversation) {
    return parties.stream()
        .filter(party -> party.name().equals(device))
        .map(party -> party instanceof Device one ? one.kept(conversation) : 0L)
        .findFirst()
        .orElseThrow();
  }
}
