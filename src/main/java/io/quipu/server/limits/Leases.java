package io.quipu.server.limits;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The leases of one budget, by name; those used longest ago are forgotten beyond a number of names.
 * For any thread: names fall to stripes, each with its own lock.
 */
final class Leases {
  private static final int STRIPES = 16;

  private final Budget budget;
  private final List<Stripe> stripes = new ArrayList<>();

  /**
   * @param most names to remember; a stripe has at least one
   */
  Leases(Budget budget, int most) {
    this.budget = budget;
    for (int i = 0; i < STRIPES; i++) {
      stripes.add(new Stripe(Math.max(1, most / STRIPES)));
    }
  }

  Budget budget() {
    return budget;
  }

  Lease of(String who, long nowNanos) {
    int hash = who.hashCode();
    Stripe stripe = stripes.get((hash ^ (hash >>> 16)) & (STRIPES - 1));
    synchronized (stripe) {
      stripe.forgetIdle(nowNanos);
      return stripe.computeIfAbsent(who, unused -> new Lease(budget));
    }
  }

  private static final class Stripe extends LinkedHashMap<String, Lease> {
    private static final long serialVersionUID = 1L;
    private static final int EACH_TIME = 2;

    private final int most;

    Stripe(int most) {
      super(16, 0.75f, true);
      this.most = most;
    }

    /** A few at a time: it keeps up, since each call adds one at most. */
    void forgetIdle(long nowNanos) {
      for (int i = 0; i < EACH_TIME && !isEmpty(); i++) {
        Map.Entry<String, Lease> eldest = entrySet().iterator().next();
        if (!eldest.getValue().isIdle(nowNanos)) {
          return;
        }
        remove(eldest.getKey());
      }
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Lease> eldest) {
      return size() > most;
    }
  }
}
