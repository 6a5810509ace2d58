package io.quipu.server.cluster;

import io.quipu.server.metrics.AddressKind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Another node as it sends: how far each address of this one has taken what it sent. */
final class Sender {
  private final String busName;
  private final ConcurrentMap<Served, Heard> heard = new ConcurrentHashMap<>();
  private final AtomicInteger unsaid = new AtomicInteger();

  Sender(NodeId node) {
    this.busName = BusNames.of(node, AddressKind.BUS, 0);
  }

  /** Where it hears what was taken. */
  String busName() {
    return busName;
  }

  Heard at(Served served, long nowMs) {
    Heard known = heard.get(served);
    return known != null ? known : heard.computeIfAbsent(served, added -> new Heard(nowMs));
  }

  void forget(Served served) {
    heard.remove(served);
  }

  boolean quietFor(long ms, long nowMs) {
    return heard.values().stream().allMatch(one -> nowMs - one.atMs >= ms);
  }

  void excuse(long lateMs, long nowMs) {
    heard.values().forEach(one -> one.atMs = Math.min(nowMs, one.atMs + lateMs));
  }

  /**
   * One more message was taken that it has not been told of.
   *
   * @return how many there are
   */
  int owe() {
    return unsaid.incrementAndGet();
  }

  /** All that it has not been told of, as told. */
  List<Envelope.Stream> settle() {
    unsaid.set(0);
    List<Envelope.Stream> news = new ArrayList<>();
    heard.forEach(
        (served, one) -> {
          long taken = one.taken;
          if (taken > one.told) {
            one.told = taken;
            news.add(new Envelope.Stream(served.kind(), served.index(), taken));
          }
        });
    return news;
  }

  /** One of its streams. Volatile, since ticks read what an event loop writes. */
  static final class Heard {
    private volatile long atMs;
    private volatile long taken;
    private volatile long told;
    private volatile int renewals;
    private volatile long renewAtMs;

    Heard(long nowMs) {
      this.atMs = nowMs;
    }

    /** By the event loop of the address, and no other. */
    void taken(long number, long nowMs) {
      atMs = nowMs;
      renewals = 0;
      if (number > taken) {
        taken = number;
      }
    }

    /**
     * True if nothing has come for so long that the registration may be lost; then not again before
     * twice as long, and so on up to 32 times.
     *
     * @param sinceMs nothing was to come before
     */
    boolean lost(long sinceMs, long afterMs, long nowMs) {
      if (nowMs - Math.max(atMs, sinceMs) < afterMs || renewals > 0 && nowMs < renewAtMs) {
        return false;
      }
      renewals = Math.min(renewals + 1, 5);
      renewAtMs = nowMs + (afterMs << renewals);
      return true;
    }
  }
}
