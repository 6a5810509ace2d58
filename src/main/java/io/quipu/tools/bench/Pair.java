package io.quipu.tools.bench;

import io.quipu.client.PendingSend;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.tools.checker.DeviceRecorder;
import io.quipu.tools.checker.HistoryWriter;
import io.vertx.core.Future;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/** One sender and one receiver with a conversation of their own; lives on one event loop. */
final class Pair {
  private static final DeviceId DEVICE = new DeviceId("bench");

  private final UserId sender;
  private final UserId receiver;
  private final ConversationId conversation;
  private final int window;
  private final int bodyBytes;
  private final Figures figures;
  private final RandomGenerator random;
  private final Optional<DeviceRecorder> senderSees;
  private final Optional<DeviceRecorder> receiverSees;
  private final Log sent;
  private final Log received;

  /** When the message with this client_seq was sent; a power of two, at least the window. */
  private final long[] sentAtNanos;

  private final int number;

  private Optional<LoadConnection> out = Optional.empty();
  private Optional<LoadConnection> in = Optional.empty();
  private Optional<String> failure = Optional.empty();
  private int lastClientSeq;
  private int answered;
  private long acked;
  private long ackedOutOfPlace;
  private boolean sending;

  Pair(
      String run,
      int number,
      int window,
      int bodyBytes,
      Figures figures,
      RandomGenerator random,
      Optional<HistoryWriter> history) {
    this.number = number;
    this.sender = new UserId("bench-" + run + "-s" + number);
    this.receiver = new UserId("bench-" + run + "-r" + number);
    this.conversation = ConversationId.direct(sender, receiver);
    this.window = window;
    this.bodyBytes = bodyBytes;
    this.figures = figures;
    this.random = random;
    this.senderSees = history.map(writer -> writer.device(sender, DEVICE));
    this.receiverSees = history.map(writer -> writer.device(receiver, DEVICE));
    this.sent = new Log(conversation, (message, sentAt) -> {}, senderSees);
    this.received = new Log(conversation, this::delivered, receiverSees);
    this.sentAtNanos = new long[Integer.highestOneBit(Math.max(1, window * 2 - 1))];
  }

  /** Of several nodes, sender and receiver are on different ones, and pairs spread over all. */
  Future<Void> connect(
      NetClient client, List<SocketAddress> nodes, Function<UserId, String> tokens) {
    SocketAddress theirs = nodes.get((number + 1) % nodes.size());
    SocketAddress ours = nodes.get(number % nodes.size());
    receiverSees.ifPresent(recorder -> recorder.started(Map.of(), false));
    senderSees.ifPresent(recorder -> recorder.started(Map.of(), false));
    return LoadConnection.open(client, theirs, tokens.apply(receiver), DEVICE, new ReceiverSide())
        .compose(
            connection -> {
              in = Optional.of(connection);
              goLive(connection, receiverSees);
              return LoadConnection.open(
                  client, ours, tokens.apply(sender), DEVICE, new SenderSide());
            })
        .map(
            connection -> {
              out = Optional.of(connection);
              goLive(connection, senderSees);
              return null;
            });
  }

  /** A session is live only when it has synced. */
  private static void goLive(LoadConnection connection, Optional<DeviceRecorder> history) {
    Frame.Sync sync = new Frame.Sync(1, List.of(), false, false);
    history.ifPresent(recorder -> recorder.syncing(sync));
    connection.queue(sync);
    connection.flush();
  }

  void start() {
    sending = true;
    out.ifPresent(this::fill);
    out.ifPresent(LoadConnection::flush);
  }

  void stop() {
    sending = false;
  }

  void ping() {
    in.ifPresent(Pair::ping);
    out.ifPresent(Pair::ping);
  }

  private static void ping(LoadConnection connection) {
    connection.queue(new Frame.Ping(0));
    connection.flush();
  }

  Future<Void> close() {
    receiverSees.ifPresent(recorder -> recorder.disconnected(0));
    senderSees.ifPresent(recorder -> recorder.disconnected(0));
    return in.map(LoadConnection::close)
        .orElse(Future.succeededFuture())
        .eventually(() -> out.map(LoadConnection::close).orElse(Future.succeededFuture()));
  }

  /** Every send is answered, and everything acked has been delivered. */
  boolean quiet() {
    return failure.isPresent() || answered == lastClientSeq && received.cursor() >= acked;
  }

  private void fill(LoadConnection connection) {
    while (sending && lastClientSeq - answered < window) {
      lastClientSeq++;
      long now = System.nanoTime();
      sentAtNanos[lastClientSeq & sentAtNanos.length - 1] = now;
      UUID id = messageId();
      Content body = Log.body(lastClientSeq - 1L, now, bodyBytes);
      senderSees.ifPresent(
          recorder ->
              recorder.invoked(new PendingSend(id, new To.Conversation(conversation), body)));
      connection.queue(
          new Frame.Send(
              lastClientSeq, id, Optional.of(conversation), Optional.empty(), false, body));
    }
  }

  /** A UUIDv7: time first, as PROTOCOL.md recommends. */
  private UUID messageId() {
    long time = System.currentTimeMillis() << 16 | 0x7000 | random.nextLong() & 0xfff;
    return new UUID(time, random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L);
  }

  private void acked(Frame.SendAck ack, LoadConnection connection) {
    answered = ack.clientSeq();
    acked++;
    // This sender's n-th message is the conversation's n-th.
    if (ack.seq() != ack.clientSeq()) {
      ackedOutOfPlace++;
    }
    figures.acked(System.nanoTime() - sentAtNanos[ack.clientSeq() & sentAtNanos.length - 1]);
    senderSees.ifPresent(
        recorder ->
            recorder.acked(
                new Stored(
                    ack.clientMessageId(),
                    ack.conversation(),
                    ack.seq(),
                    ack.storedAtMs(),
                    ack.duplicate())));
    sent.own(ack.seq(), connection::queue);
  }

  private void delivered(long number, long sentAt) {
    figures.delivered(System.nanoTime() - sentAt);
  }

  private void failed(String why) {
    sending = false;
    if (failure.isEmpty()) {
      failure = Optional.of(why);
    }
  }

  private static void connected(Frame.Connected welcome, Optional<DeviceRecorder> history) {
    history.ifPresent(
        recorder ->
            recorder.connected(welcome.user(), welcome.sessionGeneration(), welcome.deviceIsNew()));
  }

  private final class SenderSide implements LoadConnection.Talker {
    @Override
    public void connected(Frame.Connected welcome) {
      Pair.connected(welcome, senderSees);
    }

    @Override
    public void frame(Frame frame) {
      if (frame instanceof Frame.SendAck ack) {
        out.ifPresent(connection -> acked(ack, connection));
      } else if (frame instanceof Frame.SendRejected no) {
        answered = no.clientSeq();
        senderSees.ifPresent(
            recorder ->
                recorder.rejected(conversation, no.clientMessageId(), no.code(), no.outcome()));
        failed("a send was rejected: " + no.code() + " " + no.detail());
      } else {
        out.ifPresent(connection -> sent.frame(frame, connection::queue));
      }
    }

    @Override
    public void turnEnded() {
      out.ifPresent(
          connection -> {
            sent.acknowledge(connection::queue);
            fill(connection);
          });
    }

    @Override
    public void closed(String reason) {
      senderSees.ifPresent(recorder -> recorder.disconnected(0));
      failed("the sender's connection ended: " + reason);
    }
  }

  private final class ReceiverSide implements LoadConnection.Talker {
    @Override
    public void connected(Frame.Connected welcome) {
      Pair.connected(welcome, receiverSees);
    }

    @Override
    public void frame(Frame frame) {
      in.ifPresent(connection -> received.frame(frame, connection::queue));
    }

    @Override
    public void turnEnded() {
      in.ifPresent(connection -> received.acknowledge(connection::queue));
    }

    @Override
    public void closed(String reason) {
      receiverSees.ifPresent(recorder -> recorder.disconnected(0));
      failed("the receiver's connection ended: " + reason);
    }
  }

  UserId receiver() {
    return receiver;
  }

  ConversationId conversation() {
    return conversation;
  }

  Optional<String> failure() {
    return failure;
  }

  long sentCount() {
    return lastClientSeq;
  }

  long ackedCount() {
    return acked;
  }

  long deliveredCount() {
    return received.cursor();
  }

  long duplicates() {
    return received.duplicates();
  }

  long outOfOrder() {
    return received.outOfOrder() + ackedOutOfPlace;
  }

  long redelivered() {
    return received.redelivered();
  }
}
