package io.quipu.it;

import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** A node's bus, but what becomes of each message its test decides. */
final class FaultyBus implements Bus {
  /**
   * One copy that arrives.
   *
   * @param afterMs 0 = at once, in its order
   */
  record Copy(BusMessage message, int afterMs) {}

  private final Vertx vertx;
  private final Bus real;
  private final Function<BusMessage, List<Copy>> fate;

  private FaultyBus(Vertx vertx, Bus real, Function<BusMessage, List<Copy>> fate) {
    this.vertx = vertx;
    this.real = real;
    this.fate = fate;
  }

  /**
   * @param fate what arrives of a message; called on the node's event loops
   */
  static UnaryOperator<Bus> with(Vertx vertx, Function<BusMessage, List<Copy>> fate) {
    return real -> new FaultyBus(vertx, real, fate);
  }

  @Override
  public boolean send(Address to, BusMessage message) {
    for (Copy copy : fate.apply(message)) {
      if (copy.afterMs == 0) {
        real.send(to, copy.message);
      } else {
        vertx.setTimer(copy.afterMs, timer -> real.send(to, copy.message));
      }
    }
    return true;
  }

  @Override
  public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
    return real.serve(at, consumer);
  }
}
