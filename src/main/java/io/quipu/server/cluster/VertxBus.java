package io.quipu.server.cluster;

import io.quipu.server.metrics.Metrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.MessageCodec;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.function.Consumer;

/**
 * The Vert.x event bus with types. Within a node the same immutable object arrives, without a copy:
 * the stock codecs copy.
 */
public final class VertxBus implements Bus {
  private static final DeliveryOptions WITHIN_THE_NODE =
      new DeliveryOptions().setCodecName(AsItIs.NAME).setLocalOnly(true);

  private final Vertx vertx;
  private final Metrics metrics;

  /** At most one per Vert.x instance: it registers the codec. */
  public VertxBus(Vertx vertx, Metrics metrics) {
    this.vertx = vertx;
    this.metrics = metrics;
    vertx.eventBus().registerCodec(new AsItIs());
  }

  @Override
  public boolean send(Address to, BusMessage message) {
    metrics.busSent(1);
    vertx.eventBus().send(nameOf(to), message, WITHIN_THE_NODE);
    return true;
  }

  @Override
  public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
    MessageConsumer<BusMessage> registered =
        vertx
            .eventBus()
            .localConsumer(
                nameOf(at),
                message -> {
                  metrics.busReceived(1);
                  consumer.accept(message.body());
                });
    return registered.completion().map(done -> registered::unregister);
  }

  private static String nameOf(Address address) {
    String kind =
        address instanceof Address.Owner ? "owner" : address instanceof Address.Loop ? "loop" : "post";
    return "quipu." + kind + "." + address.node() + "." + address.index();
  }

  private static final class AsItIs implements MessageCodec<BusMessage, BusMessage> {
    static final String NAME = "quipu";

    @Override
    public void encodeToWire(Buffer buffer, BusMessage message) {
      throw new UnsupportedOperationException("messages stay in the node");
    }

    @Override
    public BusMessage decodeFromWire(int position, Buffer buffer) {
      throw new UnsupportedOperationException("messages stay in the node");
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
}
