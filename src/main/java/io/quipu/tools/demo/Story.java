package io.quipu.tools.demo;

import io.quipu.client.ClientObserver;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.tools.checker.HistoryWriter;
import io.quipu.tools.checker.ReadBack;
import io.quipu.tools.node.Tokens;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What happens, scene by scene. Runs on a thread of its own, which may wait. */
final class Story {
  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");

  private static final String CONNECT = "/v1/connect";

  private static final Duration SOON = Duration.ofSeconds(15);
  private static final Duration AFTER_THE_KILL = Duration.ofSeconds(40);

  /** Of each of the three who talk while the node dies, two at a time un-acked. */
  private static final int TALK = 12;

  private static final int UNACKED = 2;

  /** The node dies when so many of them are acked: a third. */
  private static final int ACKED_BEFORE_THE_KILL = TALK;

  private final Stage stage;
  private final Tokens tokens;
  private final Vertx vertx;
  private final PrintWriter out;
  private final long startNanos;
  private final Optional<HistoryWriter> history;
  private final Board board = new Board();
  private final CuttableLink tunnel;
  private final Device alice;
  private final Device bobPhone;
  private final Device bobDesktop;
  private final Device carol;
  private final List<Device> devices;

  Story(
      Stage stage,
      Vertx vertx,
      Tokens tokens,
      PrintWriter out,
      long startNanos,
      Optional<HistoryWriter> history)
      throws InterruptedException {
    this.stage = stage;
    this.vertx = vertx;
    this.out = out;
    this.startNanos = startNanos;
    this.history = history;
    this.tokens = tokens;
    this.tunnel = done("a tunnel", CuttableLink.to(vertx, stage.tunnelPort()));
    List<String> throughTunnel = List.of("ws://127.0.0.1:" + tunnel.port() + CONNECT);
    List<String> json = stage.http().stream().map(at -> "ws+json://" + at + CONNECT).toList();
    this.alice = device(ALICE, "laptop", "TCP", stage.tcp(), tokens);
    this.bobPhone = device(BOB, "phone", "WebSocket binary", throughTunnel, tokens);
    this.bobDesktop = device(BOB, "desktop", "WebSocket JSON", json, tokens);
    this.carol = device(CAROL, "tablet", "WebSocket JSON", json, tokens);
    this.devices = List.of(alice, bobPhone, bobDesktop, carol);
  }

  private Device device(
      UserId user, String device, String transport, List<String> uris, Tokens tokens) {
    ClientObserver observer =
        history
            .<ClientObserver>map(writer -> writer.device(user, new DeviceId(device)))
            .orElse(ClientObserver.NONE);
    return new Device(
        vertx, user, device, transport, uris, tokens.forOwnNode(user), board, observer);
  }

  /** Tells it; the faults at its end, none if all is well. */
  List<String> tell() throws InterruptedException {
    scene(stage.ready());
    done("four devices connect", Future.all(devices.stream().map(Device::start).toList()));
    scene(
        "connected: "
            + String.join(
                ", ",
                devices.stream()
                    .map(device -> device.name() + " (" + device.transport() + ")")
                    .toList()));

    ConversationId direct = ConversationId.direct(ALICE, BOB);
    ConversationId group =
        done("Alice makes a group", alice.createGroup("weavers", List.of(BOB, CAROL)))
            .conversation();
    Map<ConversationId, Set<UserId>> members =
        Map.of(direct, Set.of(ALICE, BOB), group, Set.of(ALICE, BOB, CAROL));
    talk(direct, group);
    allHaveAll(members, "everybody has everything");
    scene("Alice, Bob and Carol talk, two and two and all three");

    cut(direct, group);
    allHaveAll(members, "Bob's phone has caught up");
    scene("the phone is back, and has synced what it missed");

    repeat(direct);
    kill(direct, group);
    allHaveAll(members, "everybody has everything after the kill");
    scene("all four devices are back and have synced");

    transcript(members);
    List<String> faults = judge(members);
    if (history.isPresent()) {
      readBack(history.get(), members);
    }
    done("the devices leave", Future.all(devices.stream().map(Device::close).toList()));
    return faults;
  }

  /** For the history: the journal, and what a new device of each user gets. */
  private void readBack(HistoryWriter writer, Map<ConversationId, Set<UserId>> members)
      throws InterruptedException {
    ReadBack reading = new ReadBack(vertx, stage.tcp().get(0), writer);
    for (ConversationId conversation : members.keySet()) {
      done("the journal is read back", reading.journal(alice.client(), conversation));
    }
    for (UserId user : List.of(ALICE, BOB, CAROL)) {
      List<ConversationId> his =
          members.keySet().stream().filter(id -> members.get(id).contains(user)).toList();
      done("a new device reads", reading.freshDevice(user, tokens.forOwnNode(user), his));
    }
  }

  private void talk(ConversationId direct, ConversationId group) throws InterruptedException {
    stored(alice.send(new To.User(BOB), "Hello Bob, is the yarn here?"));
    stored(bobPhone.send(new To.User(ALICE), "It is. Red and ochre."));
    stored(bobDesktop.send(new To.Conversation(direct), "(now at my desk)"));
    stored(alice.send(new To.Conversation(group), "Carol, we can begin."));
    stored(carol.send(new To.Conversation(group), "First cord: 1, 2, 3."));
    stored(bobPhone.send(new To.Conversation(group), "No knot may slip out."));
  }

  private void cut(ConversationId direct, ConversationId group) throws InterruptedException {
    tunnel.cut();
    board.await("Bob's phone notices the cut", SOON, () -> !board.isConnected(bobPhone.name()));
    scene("Bob's phone is cut off; the others go on");
    for (int i = 1; i <= 3; i++) {
      stored(alice.send(new To.Conversation(direct), "You in the tunnel, part " + i));
      stored(carol.send(new To.Conversation(group), "Knot " + i + " while Bob is away"));
    }
    long tail = board.tail(direct);
    board.await(
        "Bob's desktop has it at once",
        SOON,
        () -> board.reached(bobDesktop.name(), direct) == tail);
    tunnel.restore();
  }

  private void repeat(ConversationId direct) throws InterruptedException {
    Stored first = stored(alice.send(new To.Conversation(direct), "Did you get this?"));
    Stored again =
        done(
            "a send is repeated",
            alice.repeat(
                first.clientMessageId(), new To.Conversation(direct), "Did you get this?"));
    if (!again.duplicate() || again.seq() != first.seq()) {
      throw new StoryException("the repeated send was stored anew: " + first + ", then " + again);
    }
    scene(
        "Alice sends once more with the same client_message_id: seq "
            + again.seq()
            + " again, duplicate = true");
  }

  private void kill(ConversationId direct, ConversationId group) throws InterruptedException {
    int before = board.ackedCount();
    chain(alice, direct, "Alice counts");
    chain(bobDesktop, group, "Bob counts");
    chain(carol, group, "Carol counts");
    board.await(
        "sends are under way", SOON, () -> board.ackedCount() >= before + ACKED_BEFORE_THE_KILL);
    long pid = stage.victim().pid();
    stage.victim().kill();
    int acked = board.ackedCount() - before;
    int unacked = board.sentCount() - board.ackedCount();
    scene(
        "kill -9 of the node (process %d): %d of %d sends acked, %d on their way"
            .formatted(pid, acked, 3 * TALK, unacked));
    if (stage.othersGoOn()) {
      everySendIsAcked(before);
      scene("every send is acked by the others");
    }
    stage.startVictimAgain();
    scene("the node is up again on the same data: process " + stage.victim().pid());
    everySendIsAcked(before);
    scene(
        "every send is acked; %d of those on their way had been stored before the kill"
            .formatted(board.duplicates()));
  }

  private void everySendIsAcked(int before) throws InterruptedException {
    board.await(
        "every send is acked", AFTER_THE_KILL, () -> board.ackedCount() == before + 3 * TALK);
  }

  /** Sends one after the other, two at a time un-acked: there is always something on its way. */
  private void chain(Device device, ConversationId conversation, String text) {
    for (int lane = 1; lane <= UNACKED; lane++) {
      next(device, conversation, text, lane);
    }
  }

  private void next(Device device, ConversationId conversation, String text, int number) {
    if (number <= TALK) {
      device
          .send(new To.Conversation(conversation), text + ": " + number)
          .onSuccess(stored -> next(device, conversation, text, number + UNACKED))
          .onFailure(e -> out.flush()); // the board has it, and ends the story
    }
  }

  private void allHaveAll(Map<ConversationId, Set<UserId>> members, String what)
      throws InterruptedException {
    for (Device device : devices) {
      for (Map.Entry<ConversationId, Set<UserId>> entry : members.entrySet()) {
        if (entry.getValue().contains(device.user())) {
          long tail = board.tail(entry.getKey());
          board.await(
              what + ": " + device.name() + " in " + entry.getKey(),
              AFTER_THE_KILL,
              () -> board.reached(device.name(), entry.getKey()) >= tail);
        }
      }
    }
  }

  private void transcript(Map<ConversationId, Set<UserId>> members) {
    out.println();
    out.println("Transcript, as acked:");
    for (ConversationId conversation :
        members.keySet().stream().sorted(Comparator.comparing(ConversationId::value)).toList()) {
      out.println("  " + conversation);
      board.acked().stream()
          .filter(message -> message.conversation().equals(conversation))
          .sorted(Comparator.comparingLong(Seen::seq))
          .forEach(
              message ->
                  out.printf(
                      Locale.ROOT,
                      "  %5d  %-6s %s%n",
                      message.seq(),
                      message.sender(),
                      message.text()));
    }
    out.println();
  }

  private List<String> judge(Map<ConversationId, Set<UserId>> members) {
    List<String> all = new ArrayList<>();
    out.println("Devices:");
    for (Device device : devices) {
      List<Seen> seen = board.seenBy(device.name());
      List<String> faults =
          Verdict.faults(device.user(), seen, board.acked(), board.sentIds(), members);
      out.printf(
          Locale.ROOT,
          "  %-13s %-17s %3d messages: %s%n",
          device.name(),
          device.transport(),
          seen.size(),
          faults.isEmpty() ? "every acked one once, in order" : faults.size() + " FAULTS");
      faults.forEach(fault -> all.add(device.name() + ": " + fault));
    }
    out.println();
    out.flush();
    return all;
  }

  private void scene(String text) {
    out.printf(Locale.ROOT, "%6.1f s  %s%n", (System.nanoTime() - startNanos) / 1e9, text);
    out.flush();
  }

  private static Stored stored(Future<Stored> send) throws InterruptedException {
    return done("a send is acked", send);
  }

  private static <T> T done(String what, Future<T> future) throws InterruptedException {
    try {
      return future
          .toCompletionStage()
          .toCompletableFuture()
          .get(SOON.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new StoryException("not within " + SOON.toSeconds() + " s: " + what);
    } catch (ExecutionException e) {
      throw new StoryException(what + ": " + e.getCause());
    }
  }
}
