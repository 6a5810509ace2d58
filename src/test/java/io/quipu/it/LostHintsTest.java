package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.ClientEvent;
import io.quipu.client.Stored;
import io.quipu.it.FaultyBus.Copy;
import io.quipu.model.ConversationId;
import io.quipu.server.cluster.Appends;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.Outbound;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What the bus of a node loses, repeats or delays costs time, and nothing else: no connection, no
 * message, no order.
 */
final class LostHintsTest {
  /** What the protocol's page promises for a live connection. */
  private static final long PROMISED_MS = 10_000;

  private static final List<String> TRANSPORTS = List.of("tcp", "ws", "ws+json");
  private static final int CHAOTIC_ACKS = 400;
  private static final int WITHOUT_END = 1_000_000;

  private final Vertx vertx = Vertx.vertx();
  private final List<SdkDevice> devices = new ArrayList<>();

  /** What becomes of a message now. */
  private final AtomicReference<Function<BusMessage, List<Copy>>> fate =
      new AtomicReference<>(LostHintsTest::arrives);

  private Optional<TestNode> node = Optional.empty();

  @AfterEach
  void close() {
    devices.forEach(SdkDevice::close);
    node.ifPresent(TestNode::close);
    SdkDevice.await(vertx.close());
  }

  private static List<Copy> arrives(BusMessage message) {
    return List.of(new Copy(message, 0));
  }

  /** A group of a sender and a receiver on each transport; all have its first entry. */
  private ConversationId people(Map<String, String> settings) {
    TestNode started =
        TestNode.start(
            TestPostgres.freshDatabase(),
            settings,
            FaultyBus.with(vertx, message -> fate.get().apply(message)));
    node = Optional.of(started);
    List<String> receivers = new ArrayList<>();
    devices.add(started.device(vertx, "sender", "tcp").start());
    for (String transport : TRANSPORTS) {
      receivers.add("on-" + transport.replace('+', '-'));
      devices.add(started.device(vertx, receivers.get(receivers.size() - 1), transport).start());
    }
    ConversationId group = devices.get(0).createGroup(receivers);
    everybodyHas(group, 1);
    return group;
  }

  private void everybodyHas(ConversationId group, int tail) {
    for (SdkDevice device : devices) {
      SdkDevice.until(() -> device.log(group).size() >= tail);
      assertThat(device.log(group)).isEqualTo(devices.get(0).log(group)).hasSize(tail);
    }
  }

  private void nobodyHasLostHisConnection() {
    assertThat(devices)
        .allSatisfy(device -> assertThat(device.events(ClientEvent.Disconnected.class)).isEmpty());
  }

  @Test
  void theLastPushOfAConversationIsLostAndComesInTimeOnEachTransport() {
    ConversationId group = people(Map.of());
    AtomicInteger lost = new AtomicInteger();
    fate.set(
        message -> {
          if (message instanceof Outbound all && !all.deliveries().isEmpty()) {
            lost.incrementAndGet();
            return arrives(new Outbound(all.answers(), List.of(), all.receipts(), all.kicks()));
          }
          return arrives(message);
        });

    SdkDevice.await(devices.get(0).send(UUID.randomUUID(), group, "the last one"));
    long ackedNs = System.nanoTime();
    assertThat(lost).hasPositiveValue();
    everybodyHas(group, 2);

    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - ackedNs)).isLessThan(PROMISED_MS);
    nobodyHasLostHisConnection();
  }

  @Test
  void anAppendThatIsLostOnTheWayToItsOwnerIsSentOnAgain() {
    ConversationId group = people(Map.of("QUIPU_SESSION_APPEND_RETRY_MS", "300"));
    AtomicInteger lost = new AtomicInteger();
    fate.set(
        message ->
            message instanceof Appends && lost.getAndIncrement() == 0
                ? List.of()
                : arrives(message));

    Stored stored = SdkDevice.await(devices.get(0).send(UUID.randomUUID(), group, "lost once"));

    assertThat(lost).hasValueGreaterThan(1);
    assertThat(stored.seq()).isEqualTo(2);
    everybodyHas(group, 2);
    nobodyHasLostHisConnection();
  }

  @Test
  void whatACommitHasToTellIsLostAsAWholeAndTheSenderIsAnsweredAllTheSame() {
    ConversationId group =
        people(Map.of("QUIPU_SESSION_APPEND_RETRY_MS", "300", "QUIPU_RECIPIENT_LOOK_MS", "300"));
    fate.set(
        message ->
            message instanceof Outbound all && !all.deliveries().isEmpty()
                ? List.of()
                : arrives(message));

    Stored stored = SdkDevice.await(devices.get(0).send(UUID.randomUUID(), group, "untold"));

    assertThat(stored.seq()).isEqualTo(2);
    assertThat(stored.duplicate()).as("answered to a retry").isTrue();
    everybodyHas(group, 2);
    nobodyHasLostHisConnection();
  }

  @Test
  void aBusThatLosesDelaysAndRepeatsAtRandomLosesAndReordersNothing() {
    ConversationId group =
        people(Map.of("QUIPU_SESSION_APPEND_RETRY_MS", "200", "QUIPU_RECIPIENT_LOOK_MS", "300"));
    long seed = System.nanoTime();
    Random random = new Random(seed);
    fate.set(message -> atRandom(random, message));

    Chatter chatter = Chatter.start(group, devices, WITHOUT_END);
    SdkDevice.until(() -> chatter.acks() > CHAOTIC_ACKS);
    chatter.stop();
    fate.set(LostHintsTest::arrives);

    assertThat(chatter.verdict(chatter.tail())).as("seed %d", seed).hasSize((int) chatter.tail());
    assertThat(node.orElseThrow().count("select count(*) from messages where seq > 0"))
        .isEqualTo(chatter.tail());
  }

  private static synchronized List<Copy> atRandom(Random random, BusMessage message) {
    List<Copy> copies = new ArrayList<>();
    switch (random.nextInt(16)) {
      case 0 -> {}
      case 1 -> copies.add(new Copy(message, 1 + random.nextInt(400)));
      case 2 -> {
        copies.add(new Copy(message, 0));
        copies.add(new Copy(message, 1 + random.nextInt(400)));
      }
      default -> copies.add(new Copy(message, 0));
    }
    return copies;
  }
}
