package io.quipu.it;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.JsonCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * A client that does exactly what its test says and nothing by itself: it acks nothing, sends
 * nothing again, and keeps every frame until the test asks for it.
 */
final class RawClient implements AutoCloseable {
  private static final long PATIENCE_MS = 20_000;
  private static final FrameCodec BINARY = new BinaryCodec();
  private static final FrameCodec JSON = new JsonCodec();

  /** The three dresses of the protocol. */
  enum Dress {
    TCP,
    WEBSOCKET_BINARY,
    WEBSOCKET_JSON
  }

  /**
   * How a connection ended.
   *
   * @param goAway code of the last GoAway; 0 = none came
   * @param closeCode of the WebSocket; 0 = none came
   */
  record End(int goAway, int closeCode) {}

  private final RawSocket socket;
  private final FrameCodec codec;
  private final List<Frame> inbox = new ArrayList<>();
  private Optional<End> end = Optional.empty();
  private int goAway;
  private Optional<Frame.Connected> connected = Optional.empty();
  private int clientSeq;

  private RawClient(RawSocket socket, FrameCodec codec) {
    this.socket = socket;
    this.codec = codec;
    Thread reader = new Thread(this::read, "raw-client");
    reader.setDaemon(true);
    reader.start();
  }

  static RawClient open(TestNode node, Dress dress) {
    return open(node.tcpPort(), node.httpPort(), dress);
  }

  static RawClient open(int tcpPort, int httpPort, Dress dress) {
    try {
      return switch (dress) {
        case TCP -> new RawClient(RawSocket.tcp(tcpPort), BINARY);
        case WEBSOCKET_BINARY ->
            new RawClient(webSocket(httpPort, RawSocket.Kind.BINARY, "quipu.v1"), BINARY);
        case WEBSOCKET_JSON ->
            new RawClient(webSocket(httpPort, RawSocket.Kind.TEXT, "quipu.v1.json"), JSON);
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RawSocket webSocket(int port, RawSocket.Kind kind, String subProtocol)
      throws IOException {
    return RawSocket.webSocket(
        port, kind, RawSocket.PATH, List.of("Sec-WebSocket-Protocol: " + subProtocol));
  }

  /** Opened and connected, not yet synced. */
  static RawClient connect(TestNode node, Dress dress, String user, String device) {
    RawClient client = open(node, dress);
    client.connect(node.token(user), device);
    return client;
  }

  /** Opened, connected and synced: from here on it gets pushes. */
  static RawClient live(TestNode node, Dress dress, String user, String device) {
    RawClient client = connect(node, dress, user, device);
    client.sync(1);
    return client;
  }

  Frame.Connected connect(String token, String device) {
    send(connectFrame(token, device));
    connected = Optional.of(await(Frame.Connected.class));
    return connected.get();
  }

  static Frame.Connect connectFrame(String token, String device) {
    return new Frame.Connect(
        Frame.PROTOCOL_VERSION, token, new DeviceId(device), "raw test client");
  }

  Frame.Connected connected() {
    return connected.orElseThrow();
  }

  /** A full sync with the server's cursors: its pages, each of them acked. */
  List<Frame.SyncPage> sync(int syncId) {
    return sync(new Frame.Sync(syncId, List.of(), false, false));
  }

  List<Frame.SyncPage> sync(Frame.Sync sync) {
    send(sync);
    List<Frame.SyncPage> pages = new ArrayList<>();
    while (true) {
      Frame frame =
          await(
              Frame.class,
              f ->
                  f instanceof Frame.SyncPage page && page.syncId() == sync.syncId()
                      || f instanceof Frame.SyncDone done && done.syncId() == sync.syncId());
      if (frame instanceof Frame.SyncPage page) {
        pages.add(page);
        send(new Frame.SyncAck(page.syncId(), page.page()));
      } else {
        return pages;
      }
    }
  }

  // ---- out

  void send(Frame frame) {
    message(codec.encode(frame));
  }

  /** These bytes as one frame. */
  void message(byte[] frame) {
    try {
      socket.message(frame);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** These bytes on the socket, as they are; if it is closed already, so be it. */
  void raw(byte[] bytes) {
    try {
      socket.raw(bytes);
    } catch (IOException e) {
      // The test sees the end.
    }
  }

  byte[] encoded(Frame frame) {
    return codec.encode(frame);
  }

  /** Sends under the next client_seq, and returns it. */
  int send(UUID id, ConversationId conversation, Content content, boolean resend) {
    clientSeq++;
    send(
        new Frame.Send(
            clientSeq, id, Optional.of(conversation), Optional.empty(), resend, content));
    return clientSeq;
  }

  int send(UUID id, ConversationId conversation, String text) {
    return send(id, conversation, Content.Text.of(text), false);
  }

  /** Sends a text and waits for its ack. */
  Frame.SendAck acked(ConversationId conversation, String text) {
    return ackOf(send(UUID.randomUUID(), conversation, text));
  }

  /** The ack of this send; fails when it was rejected. */
  Frame.SendAck ackOf(int sentClientSeq) {
    Frame answer = answerOf(sentClientSeq);
    if (answer instanceof Frame.SendAck ack) {
      return ack;
    }
    throw new AssertionError("rejected: " + answer);
  }

  Frame.SendRejected rejectionOf(int sentClientSeq) {
    Frame answer = answerOf(sentClientSeq);
    if (answer instanceof Frame.SendRejected rejected) {
      return rejected;
    }
    throw new AssertionError("not rejected: " + answer);
  }

  private Frame answerOf(int sentClientSeq) {
    return await(
        Frame.class,
        f ->
            f instanceof Frame.SendAck ack && ack.clientSeq() == sentClientSeq
                || f instanceof Frame.SendRejected no && no.clientSeq() == sentClientSeq);
  }

  /** Makes a group of this client's user and these. */
  Frame.SendAck createGroup(String title, String... members) {
    List<UserId> others = new ArrayList<>();
    for (String member : members) {
      others.add(new UserId(member));
    }
    Content create = new Content.Changed(new io.quipu.model.Change.Create(title, others));
    return ackOf(create(UUID.randomUUID(), create, false));
  }

  /** Sends what makes a group under the next client_seq, and returns it. */
  int create(UUID id, Content create, boolean resend) {
    clientSeq++;
    send(new Frame.Send(clientSeq, id, Optional.empty(), Optional.empty(), resend, create));
    return clientSeq;
  }

  void ack(ConversationId conversation, long seq) {
    send(new Frame.DeliverAck(conversation, seq));
  }

  /** Acks, and waits until the cursor is stored. */
  void ackAndConfirm(ConversationId conversation, long seq) {
    ack(conversation, seq);
    await(Frame.AckConfirm.class, c -> c.conversation().equals(conversation) && c.seq() >= seq);
  }

  /** When this returns, the server has read everything sent before, and answered what it could. */
  void fence() {
    long nonce = System.nanoTime() >>> 1;
    send(new Frame.Ping(nonce));
    await(Frame.Pong.class, pong -> pong.nonce() == nonce);
  }

  // ---- in

  <F extends Frame> F await(Class<F> type) {
    return await(type, frame -> true);
  }

  /** The oldest frame like this, taken out of the inbox; others stay in it. */
  <F extends Frame> F await(Class<F> type, Predicate<F> like) {
    return await(type, like, PATIENCE_MS)
        .orElseThrow(() -> new AssertionError("no " + type.getSimpleName() + " came: " + this));
  }

  synchronized <F extends Frame> Optional<F> await(
      Class<F> type, Predicate<F> like, long withinMs) {
    long untilNs = System.nanoTime() + withinMs * 1_000_000;
    while (true) {
      for (Iterator<Frame> frames = inbox.iterator(); frames.hasNext(); ) {
        Frame frame = frames.next();
        if (type.isInstance(frame) && like.test(type.cast(frame))) {
          frames.remove();
          return Optional.of(type.cast(frame));
        }
      }
      if (end.isPresent() || !waitUntil(untilNs)) {
        return Optional.empty();
      }
    }
  }

  /** Everything that has come like this, taken out of the inbox, without waiting. */
  synchronized <F extends Frame> List<F> taken(Class<F> type) {
    List<F> found = new ArrayList<>();
    inbox.removeIf(frame -> type.isInstance(frame) && found.add(type.cast(frame)));
    return found;
  }

  /** Waits for the end of the socket. */
  synchronized End end() {
    long untilNs = System.nanoTime() + PATIENCE_MS * 1_000_000;
    while (end.isEmpty()) {
      if (!waitUntil(untilNs)) {
        throw new AssertionError("the connection did not end: " + this);
      }
    }
    return end.get();
  }

  /** Bytes that have come from the node. */
  long receivedBytes() {
    return socket.received();
  }

  synchronized boolean hasEnded() {
    return end.isPresent();
  }

  @SuppressWarnings("WaitNotInLoop") // its callers loop
  private boolean waitUntil(long untilNs) {
    long leftMs = (untilNs - System.nanoTime()) / 1_000_000;
    if (leftMs <= 0) {
      return false;
    }
    try {
      wait(leftMs);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  private void read() {
    for (Optional<byte[]> bytes = socket.read(); bytes.isPresent(); bytes = socket.read()) {
      Frame frame = codec.decode(bytes.get(), 0, bytes.get().length);
      synchronized (this) {
        if (frame instanceof Frame.GoAway away) {
          goAway = away.code();
        }
        inbox.add(frame);
        notifyAll();
      }
    }
    synchronized (this) {
      end = Optional.of(new End(goAway, socket.closeCode()));
      notifyAll();
    }
  }

  @Override
  public synchronized String toString() {
    return "end " + end + ", inbox " + inbox;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
