package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.ClientEvent;
import io.quipu.client.Stored;
import io.quipu.it.MisbehavingProxy.Fault;
import io.quipu.model.ConversationId;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each of the six packets of a reliable send, and each thing that can happen to it between the SDK
 * and a node. First the packet of a single message, behind which nothing comes that would show a
 * gap; then one of a crowd of messages. Each time the message is stored once, its sender has one
 * outcome, both applications got each seq once and in order, and both cursors and the receipt are
 * right in the end. What happens on a live connection is healed on it, without another one, but for
 * a lost receipt behind which nothing comes: that is learnt by the next sync.
 *
 * <p>The cases wait for time-outs, most of the time: they run beside each other, on one node.
 */
final class SixPacketsTest {
  private static final int AT_ONCE = 40;
  private static final int CROWD = 5;
  private static final int PATIENCE_S = 120;

  /** Beyond the server's time-out for an ack, so that it acts before what is delayed comes. */
  private static final int DELAY_MS = 3_000;

  /** A client repeats a send after one and a half of the send time-outs, and leaves after three. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "QUIPU_CONNECTION_HANDSHAKE_MS", "30000",
          "QUIPU_SESSION_SEND_TIMEOUT_MS", "4000",
          "QUIPU_SESSION_APPEND_RETRY_MS", "1000",
          "QUIPU_JOURNAL_GIVE_UP_MS", "4000",
          "QUIPU_RECIPIENT_ACK_TIMEOUT_MS", "700",
          "QUIPU_RECIPIENT_LOOK_MS", "500");

  /** A packet of the design's table, its frame, and on whose connection it travels. */
  enum Packet {
    MESSAGE_REQUEST(Frame.Send.class, true),
    MESSAGE_ACK(Frame.SendAck.class, true),
    MESSAGE_NOTIFY(Frame.Deliver.class, false),
    ACK_REQUEST(Frame.DeliverAck.class, false),
    ACK_ACK(Frame.AckConfirm.class, false),
    ACK_NOTIFY(Frame.Receipt.class, true);

    private final Class<? extends Frame> frame;
    private final boolean ofSender;

    Packet(Class<? extends Frame> frame, boolean ofSender) {
      this.frame = frame;
      this.ofSender = ofSender;
    }

    boolean fromDevice() {
      return this == MESSAGE_REQUEST || this == ACK_REQUEST;
    }
  }

  record Case(Packet packet, Fault fault, String scheme) {
    /** With nothing behind it, such a receipt is learnt by the next sync, and not before. */
    boolean losesTheReceipt() {
      return packet == Packet.ACK_NOTIFY && fault == Fault.LOST;
    }

    @Override
    public String toString() {
      return packet + " " + fault + " " + scheme;
    }
  }

  private static final Map<Case, CompletableFuture<Void>> RUNS = new HashMap<>();
  private static ExecutorService threads;
  private static Vertx vertx;
  private static TestNode node;

  static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (Packet packet : Packet.values()) {
      for (Fault fault : Fault.values()) {
        if (fault != Fault.CUT_AND_LATE || packet.fromDevice()) {
          cases.add(new Case(packet, fault, "tcp"));
          cases.add(new Case(packet, fault, "ws+json"));
        }
      }
    }
    return cases.stream();
  }

  @BeforeAll
  static void runAll() {
    vertx = Vertx.vertx();
    node = TestNode.start(SETTINGS);
    threads = Executors.newFixedThreadPool(AT_ONCE);
    cases().forEach(c -> RUNS.put(c, CompletableFuture.runAsync(() -> run(c), threads)));
  }

  @AfterAll
  static void stop() {
    threads.shutdownNow();
    node.close();
    SdkDevice.await(vertx.close());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void isSurvived(Case one) throws Exception {
    RUNS.get(one).get(PATIENCE_S, TimeUnit.SECONDS);
  }

  private static void run(Case one) {
    try (Talk talk = new Talk(one)) {
      talk.send(1);
      talk.suffer(1);
      talk.suffer(CROWD);
      talk.send(1);
      talk.receiptComes();
      talk.reconnect();
    }
  }

  /** One sender, one receiver, and a proxy before each. */
  private static final class Talk implements AutoCloseable {
    private final Case one;
    private final MisbehavingProxy atSender;
    private final MisbehavingProxy atReceiver;
    private final SdkDevice sender;
    private final SdkDevice receiver;
    private final UserId receivingUser = new UserId(TestNode.fresh("receiver"));
    private final ConversationId conversation;
    private final List<UUID> sent = new ArrayList<>();

    Talk(Case one) {
      this.one = one;
      String sendingUser = TestNode.fresh("sender");
      conversation = ConversationId.direct(new UserId(sendingUser), receivingUser);
      atSender = MisbehavingProxy.before(vertx, node, one.scheme, DELAY_MS);
      atReceiver = MisbehavingProxy.before(vertx, node, one.scheme, DELAY_MS);
      sender = atSender.device(node, sendingUser, one.scheme).start();
      receiver = atReceiver.device(node, receivingUser.value(), one.scheme).start();
      SdkDevice.await(sender.client().awaitSynced());
      SdkDevice.await(receiver.client().awaitSynced());
    }

    private MisbehavingProxy faulty() {
      return one.packet.ofSender ? atSender : atReceiver;
    }

    private MisbehavingProxy other() {
      return one.packet.ofSender ? atReceiver : atSender;
    }

    void suffer(int messages) {
      int before = faulty().connections();
      int beforeAtTheOther = other().connections();
      faulty().next(one.packet.frame::isInstance, one.fault);
      send(messages);
      SdkDevice.until(() -> faulty().isDone());
      if (one.fault.cuts()) {
        SdkDevice.until(() -> faulty().connections() > before);
      }
      settled();
      if (!one.losesTheReceipt()) {
        receiptComes();
      }
      if (!one.fault.cuts()) {
        assertThat(faulty().connections()).as("no other connection").isEqualTo(before);
      }
      if (one.losesTheReceipt()) {
        atSender.cut();
        receiptComes();
      }
      assertThat(other().connections()).as("at the other device").isEqualTo(beforeAtTheOther);
    }

    void send(int messages) {
      List<Future<Stored>> ends = new ArrayList<>();
      for (int i = 0; i < messages; i++) {
        UUID id = sender.client().newId();
        sent.add(id);
        ends.add(sender.send(id, conversation, "message " + sent.size()));
      }
      for (int i = 0; i < messages; i++) {
        assertThat(SdkDevice.await(ends.get(i)).seq()).isEqualTo(sent.size() - messages + i + 1);
      }
      settled();
    }

    /** Stored once, shown once, acked, in the order in which it was sent. */
    private void settled() {
      long tail = sent.size();
      for (SdkDevice device : List.of(sender, receiver)) {
        SdkDevice.until(() -> device.log(conversation).size() >= tail);
        assertThat(device.log(conversation).stream().map(SdkDevice.Entry::id)).isEqualTo(sent);
        assertThat(device.log(conversation).stream().map(SdkDevice.Entry::seq))
            .isEqualTo(LongStream.rangeClosed(1, tail).boxed().toList());
      }
      assertThat(SdkDevice.await(sender.client().pending())).isEmpty();
      assertThat(sender.failed()).isEmpty();
      assertThat(node.count("select count(*) from messages where " + here())).isEqualTo(tail);
      SdkDevice.until(
          () ->
              node.count("select count(*) from cursors where seq = " + tail + " and " + here())
                  == 2);
    }

    private String here() {
      return "conversation = (select id from conversations where name = '" + conversation + "')";
    }

    /** The sender's application knows that everything is delivered, and nothing beyond it. */
    void receiptComes() {
      SdkDevice.until(() -> deliveredUpTo() >= sent.size());
      assertThat(deliveredUpTo()).isEqualTo(sent.size());
      assertThat(sender.events(ClientEvent.Receipt.class))
          .allSatisfy(
              receipt -> {
                assertThat(receipt.conversation()).isEqualTo(conversation);
                assertThat(receipt.user()).isEqualTo(receivingUser);
              });
    }

    private long deliveredUpTo() {
      return sender.events(ClientEvent.Receipt.class).stream()
          .filter(receipt -> receipt.state() == ReceiptState.DELIVERED)
          .mapToLong(ClientEvent.Receipt::seq)
          .max()
          .orElse(0);
    }

    /** Both come back: nothing is shown again, and each knows that its cursor is stored. */
    void reconnect() {
      for (MisbehavingProxy proxy : Set.of(atSender, atReceiver)) {
        SdkDevice device = proxy == atSender ? sender : receiver;
        int synced = device.events(ClientEvent.Synced.class).size();
        proxy.cut();
        SdkDevice.until(() -> device.events(ClientEvent.Synced.class).size() > synced);
        SdkDevice.until(
            () ->
                proxy.passed(Frame.AckConfirm.class).stream()
                    .anyMatch(confirm -> confirm.seq() == sent.size()));
      }
      settled();
    }

    @Override
    public void close() {
      sender.close();
      receiver.close();
      atSender.close();
      atReceiver.close();
    }
  }
}
