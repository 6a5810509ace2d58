package io.quipu.server.cluster;

import io.quipu.server.metrics.AddressKind;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageCodec;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;

/**
 * The Vert.x event bus with types. Within a node the same immutable object arrives, without a copy:
 * the stock codecs copy. To another node it is encoded once, by the sender, and decoded on the
 * event loop that serves the address.
 */
public final class VertxBus implements Bus {
  private static final DeliveryOptions WITHIN_THE_NODE =
      new DeliveryOptions().setCodecName(AsItIs.NAME).setLocalOnly(true);
  private static final DeliveryOptions ACROSS = new DeliveryOptions().setCodecName(AsBytes.NAME);

  private final Vertx vertx;
  private final EventBus events;
  private final Metrics metrics;
  private final Optional<Peering> peering;

  /** Addresses of this node that are served, and their names. */
  private final ConcurrentMap<Address, String> names = new ConcurrentHashMap<>();

  /** What a node of a cluster has besides. */
  private record Peering(NodeId self, Crossing crossing, Heartbeats heartbeats) {}

  /** For a node alone. At most one per Vert.x instance: it registers the codecs. */
  public VertxBus(Vertx vertx, Metrics metrics) {
    this.vertx = vertx;
    this.events = vertx.eventBus();
    this.metrics = metrics;
    this.peering = Optional.empty();
    register();
  }

  /**
   * For a node of a cluster; speaks and hears from {@link #open} on. At most one per Vert.x
   * instance.
   *
   * @param view this bus tells it what it hears
   */
  public VertxBus(Vertx vertx, Metrics metrics, ClusterView view, BusLimits limits, Clock clock) {
    this.vertx = vertx;
    this.events = vertx.eventBus();
    this.metrics = metrics;
    Context context = vertx.getOrCreateContext();
    Crossing crossing =
        new Crossing(
            view,
            limits,
            clock,
            metrics,
            (address, bytes) -> events.send(address, bytes, ACROSS),
            // Not on the event loop that asks: the timers of a verticle end with it.
            (ms, task) -> context.runOnContext(turn -> vertx.setTimer(ms, fired -> task.run())));
    this.peering =
        Optional.of(
            new Peering(
                view.self(),
                crossing,
                new Heartbeats(vertx, context, view, crossing, limits, clock)));
    register();
  }

  private void register() {
    events.registerCodec(new AsItIs()).registerCodec(new AsBytes());
    // What anybody sends to our addresses is never an object of his making.
    events.serializableChecker(name -> false).clusterSerializableChecker(name -> false);
  }

  /**
   * Begins to hear from other nodes and to send them heartbeats; at once for a node alone.
   *
   * @return completes when they can reach this node
   */
  public Future<Void> open() {
    if (peering.isEmpty()) {
      return Future.succeededFuture();
    }
    Peering own = peering.get();
    Promise<Void> open = Promise.promise();
    own.heartbeats()
        .context()
        .runOnContext(
            turn ->
                new Serving(AddressKind.BUS, 0, nobody -> {})
                    .begin(BusNames.of(own.self(), AddressKind.BUS, 0))
                    .onSuccess(served -> own.heartbeats().start())
                    .<Void>mapEmpty()
                    .onComplete(open));
    return open.future();
  }

  /** No more heartbeats: to the others this node is silent, and soon no member. */
  public void close() {
    peering.ifPresent(own -> own.heartbeats().stop());
  }

  @Override
  public boolean send(Address to, BusMessage message) {
    if (peering.isPresent() && !peering.get().self().equals(to.node())) {
      return peering.get().crossing().send(to, message);
    }
    metrics.busSent(1);
    String name = names.get(to);
    events.send(name != null ? name : BusNames.of(to), message, WITHIN_THE_NODE);
    return true;
  }

  @Override
  public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
    String name = BusNames.of(at);
    names.put(at, name);
    if (peering.isPresent() && !(at instanceof Address.Loop)) {
      AddressKind kind = at instanceof Address.Owner ? AddressKind.OWNER : AddressKind.POST;
      return new Serving(kind, at.index(), consumer).begin(name);
    }
    MessageConsumer<BusMessage> registered =
        events.localConsumer(name, message -> within(message.body(), consumer));
    return registered.completion().map(done -> registered::unregister);
  }

  private void within(BusMessage message, Consumer<BusMessage> consumer) {
    metrics.busReceived(1);
    consumer.accept(message);
  }

  /** An address that other nodes send to, on the event loop that made this. */
  private final class Serving implements Registration {
    private final Context context = vertx.getOrCreateContext();
    private final Crossing crossing = peering.orElseThrow().crossing();
    private final Consumer<BusMessage> consumer;
    private final Served served;

    /** From here on only on the context. */
    private Optional<MessageConsumer<Object>> registered = Optional.empty();

    private boolean renewing;
    private boolean closed;

    Serving(AddressKind kind, int index, Consumer<BusMessage> consumer) {
      this.consumer = consumer;
      this.served = new Served(kind, index, this::renew);
    }

    Future<Registration> begin(String name) {
      MessageConsumer<Object> first = events.consumer(name, this::handle);
      registered = Optional.of(first);
      return first
          .completion()
          .map(
              done -> {
                crossing.serves(served);
                return this;
              });
    }

    private void handle(Message<Object> message) {
      Object body = bodyOf(message);
      if (body instanceof BusMessage own) {
        within(own, consumer);
      } else if (body instanceof byte[] bytes) {
        crossing.arrived(served, bytes, consumer);
      } else {
        metrics.busMalformed();
      }
    }

    /** Nothing, if it came with a codec that is not ours and cannot be read. */
    private Object bodyOf(Message<Object> message) {
      try {
        return message.body();
      } catch (RuntimeException e) {
        return Optional.empty();
      }
    }

    /** The new registration stands before the old one goes: nothing falls between. */
    private void renew() {
      context.runOnContext(
          turn -> {
            if (renewing || closed || registered.isEmpty()) {
              return;
            }
            if (!registered.get().isRegistered()) {
              // Its verticle is gone.
              crossing.servesNoMore(served);
              return;
            }
            renewing = true;
            MessageConsumer<Object> old = registered.get();
            MessageConsumer<Object> next = events.consumer(old.address(), this::handle);
            next.completion()
                .onComplete(
                    done -> {
                      renewing = false;
                      metrics.busRegistrationRenewed();
                      boolean taken = done.succeeded() && !closed;
                      registered = Optional.of(taken ? next : old);
                      var ignored = (taken ? old : next).unregister();
                    });
          });
    }

    @Override
    public Future<Void> close() {
      Promise<Void> gone = Promise.promise();
      context.runOnContext(
          turn -> {
            closed = true;
            crossing.servesNoMore(served);
            registered
                .map(MessageConsumer::unregister)
                .orElse(Future.succeededFuture())
                .onComplete(gone);
          });
      return gone.future();
    }
  }

  private static final class AsItIs implements MessageCodec<BusMessage, BusMessage> {
    static final String NAME = "quipu.local";

    @Override
    public void encodeToWire(Buffer buffer, BusMessage message) {
      throw new UnsupportedOperationException("objects stay in the node");
    }

    @Override
    public BusMessage decodeFromWire(int position, Buffer buffer) {
      throw new UnsupportedOperationException("objects stay in the node");
    }

    @Override
    public BusMessage transform(BusMessage message) {
      return message;
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public byte systemCodecID() {
      return -1;
    }
  }

  /** A length and as many bytes. What is no such thing becomes no bytes, which are no envelope. */
  private static final class AsBytes implements MessageCodec<byte[], byte[]> {
    static final String NAME = "quipu";

    @Override
    public void encodeToWire(Buffer buffer, byte[] bytes) {
      buffer.appendInt(bytes.length).appendBytes(bytes);
    }

    @Override
    public byte[] decodeFromWire(int position, Buffer buffer) {
      int begin = position + Integer.BYTES;
      if (position < 0 || begin > buffer.length()) {
        return new byte[0];
      }
      int length = buffer.getInt(position);
      if (length < 0 || length > buffer.length() - begin) {
        return new byte[0];
      }
      return buffer.getBytes(begin, begin + length);
    }

    @Override
    public byte[] transform(byte[] bytes) {
      return bytes;
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public byte systemCodecID() {
      return -1;
    }
  }
}
