package io.quipu.server.session;

import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.Appends;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.Placement;
import io.vertx.core.Context;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sends appends to their owners: all that one event loop has for one owner in one turn travels as
 * one bus message. Belongs to one event loop.
 */
final class AppendRouter {
  private final Context context;
  private final Bus bus;
  private final Placement placement;
  private final Map<Address.Owner, List<Append>> gathered = new HashMap<>();
  private boolean flushDue;

  AppendRouter(Context context, Bus bus, Placement placement) {
    this.context = context;
    this.bus = bus;
    this.placement = placement;
  }

  /** Takes an append; it leaves at the end of this turn, after those that were taken before. */
  void route(Append append) {
    gathered
        .computeIfAbsent(placement.ownerOf(append.conversation()), owner -> new ArrayList<>())
        .add(append);
    if (!flushDue) {
      flushDue = true;
      context.runOnContext(turnOver -> flush());
    }
  }

  private void flush() {
    flushDue = false;
    gathered.forEach((owner, appends) -> bus.send(owner, new Appends(appends)));
    gathered.clear();
  }
}
