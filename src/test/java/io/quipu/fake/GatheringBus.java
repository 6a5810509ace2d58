package io.quipu.fake;

import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Keeps what is sent, for a test to look at; or takes nothing, like a bus whose windows are full.
 */
public final class GatheringBus implements Bus {
  private final Map<Address, List<BusMessage>> sent = new LinkedHashMap<>();
  private boolean full;

  /** From now on it takes nothing. */
  public void fill() {
    full = true;
  }

  public Map<Address, List<BusMessage>> sent() {
    return sent;
  }

  /** The only message that this address got. */
  public <T extends BusMessage> T only(Class<T> type, Address to) {
    List<BusMessage> messages = sent.getOrDefault(to, List.of());
    if (messages.size() != 1) {
      throw new AssertionError("not one message to " + to + ": " + messages);
    }
    return type.cast(messages.get(0));
  }

  @Override
  public boolean send(Address to, BusMessage message) {
    if (!full) {
      sent.computeIfAbsent(to, unused -> new ArrayList<>()).add(message);
    }
    return !full;
  }

  @Override
  public Future<Registration> serve(Address at, Consumer<BusMessage> consumer) {
    throw new UnsupportedOperationException("it only gathers");
  }
}
