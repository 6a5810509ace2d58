package io.quipu.server.session;

import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.Appends;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.Placement;
import io.quipu.server.cluster.Placement.Route;
import io.vertx.core.Context;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Sends appends to their owners: all that one event loop has for one owner in one turn travels as
 * one bus message. What the bus does not take is answered BUSY here. What nobody wants to own is
 * served by this node: it knows what it took from its client, whatever the version of the others.
 * Belongs to one event loop.
 */
final class AppendRouter {
  /** In one bus message: with the longest bodies by default, 8 MiB. */
  private static final int MAX_APPENDS = 256;

  private final Context context;
  private final Bus bus;
  private final Placement placement;
  private final Consumer<AppendAnswer> answers;
  private final Map<Address.Owner, List<Append>> gathered = new HashMap<>();
  private boolean flushDue;

  /**
   * @param answers what owners would say if they could be reached; in a turn of their own
   */
  AppendRouter(Context context, Bus bus, Placement placement, Consumer<AppendAnswer> answers) {
    this.context = context;
    this.bus = bus;
    this.placement = placement;
    this.answers = answers;
  }

  /** Takes an append; it leaves at the end of this turn, after those that were taken before. */
  void route(Append append) {
    if (append.betterRankedTried()) {
      gather(placement.ownHere(append.conversation()), append);
    } else {
      Route route = placement.routeOf(append.conversation());
      gather(
          route.owner(), route.betterRankedTried() ? append.whereBetterRankedWereTried() : append);
    }
    if (!flushDue) {
      flushDue = true;
      context.runOnContext(turnOver -> flush());
    }
  }

  private void gather(Address.Owner owner, Append append) {
    gathered.computeIfAbsent(owner, unused -> new ArrayList<>()).add(append);
  }

  private void flush() {
    flushDue = false;
    Map<Address.Owner, List<Append>> leaving = new HashMap<>(gathered);
    gathered.clear();
    leaving.forEach(
        (owner, appends) -> {
          for (int from = 0; from < appends.size(); from += MAX_APPENDS) {
            List<Append> some = appends.subList(from, Math.min(appends.size(), from + MAX_APPENDS));
            if (!bus.send(owner, new Appends(some))) {
              some.forEach(this::noRoom);
            }
          }
        });
  }

  private void noRoom(Append append) {
    answers.accept(
        new AppendAnswer(
            append.origin().session(),
            append.link(),
            append.number(),
            append.attempt(),
            new Verdict.NotTaken(Reason.BUSY)));
  }
}
