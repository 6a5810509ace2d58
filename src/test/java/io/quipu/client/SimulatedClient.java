package io.quipu.client;

import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * The whole client, {@link ClientLoop} and its cores, over whatever a simulation gives it for
 * Vert.x, time and network. Frames pass through the codec both ways.
 */
public final class SimulatedClient {
  private static final int MAX_SENDS = 100;

  /** Small, so that every limit is met. */
  private static final ClientSettings SETTINGS =
      new ClientSettings(
          new Outbox.Settings(MAX_SENDS, 1 << 20, 6, 3_000),
          new Inbox.Settings(8, 12, 1 << 20, 1_000, 0, 4, new CatchUp.Settings(5_000, 50, 200)),
          new Lifecycle.Settings(4_000, 500, 1_000),
          50,
          500,
          20,
          300,
          8,
          5_000,
          1 << 20);

  private final ClientLoop loop;

  /** Opens connections. */
  public interface Network {
    Future<Socket> open(Ear ear);
  }

  /** The client's end of a connection. */
  public interface Socket {
    void write(Frame frame);

    void close();
  }

  /** Takes what comes from one connection. */
  public interface Ear {
    /** One frame, and with it the end of an event-loop turn. */
    void frame(Frame frame);

    void ended(Optional<ErrorCode> code);
  }

  /** What an application gives to its client. */
  public record Application(
      DeviceId device,
      String token,
      CursorStore cursors,
      OutboxStore outbox,
      Function<ReceivedMessage, Future<Void>> messages,
      Consumer<ClientEvent> events,
      ClientObserver observer) {}

  public SimulatedClient(
      Vertx vertx,
      Context context,
      Network network,
      Application application,
      RandomGenerator random,
      LongSupplier clockMs) {
    this.loop =
        new ClientLoop(
            vertx,
            context,
            new ClientLoop.Wiring(
                transport(network),
                () -> Future.succeededFuture(application.token()),
                application.device(),
                application.cursors(),
                application.outbox(),
                application.messages(),
                application.events(),
                application.observer(),
                SETTINGS,
                random,
                clockMs),
            new AtomicInteger(MAX_SENDS));
  }

  private static Transport transport(Network network) {
    BinaryCodec codec = new BinaryCodec();
    return new Transport() {
      @Override
      public FrameCodec codec() {
        return codec;
      }

      @Override
      public Future<Line> open(Receiver receiver) {
        return network.open(ear(codec, receiver)).map(socket -> line(codec, socket));
      }

      @Override
      public Future<Void> close() {
        return Future.succeededFuture();
      }
    };
  }

  private static Ear ear(FrameCodec codec, Transport.Receiver receiver) {
    return new Ear() {
      @Override
      public void frame(Frame frame) {
        byte[] bytes = codec.encode(frame);
        receiver.frame(bytes, 0, bytes.length);
        receiver.endOfTurn();
      }

      @Override
      public void ended(Optional<ErrorCode> code) {
        receiver.ended(code);
      }
    };
  }

  private static Transport.Line line(FrameCodec codec, Socket socket) {
    return new Transport.Line() {
      @Override
      public void write(byte[] frame) {
        socket.write(codec.decode(frame, 0, frame.length));
      }

      @Override
      public void flush() {}

      @Override
      public void close() {
        socket.close();
      }
    };
  }

  public void start() {
    loop.start().onFailure(stopped -> {});
  }

  public Future<Stored> send(PendingSend send) {
    Promise<Stored> promise = Promise.promise();
    loop.send(send, promise);
    return promise.future();
  }

  public Future<Stored> retry(UUID id) {
    return loop.retry(id);
  }

  public Future<SendFate> cancel(UUID id) {
    return loop.cancel(id);
  }

  public List<PendingSend> pending() {
    return loop.pending();
  }
}
