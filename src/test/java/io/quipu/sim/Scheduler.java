package io.quipu.sim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Owns time and order: all that ever happens in a simulated world is an event here, and what
 * happens next follows from the seed alone. Ticks of timers are events as well, but do not count.
 */
final class Scheduler {
  /** Kind of an event that only lets time be seen. */
  static final String TICK = "tick";

  final SplittableRandom random;
  private final PriorityQueue<Event> queue =
      new PriorityQueue<>(Comparator.comparingLong(Event::atMs).thenComparingLong(Event::order));
  private final boolean tracing;
  private final List<String> trace = new ArrayList<>();
  private long nowMs = 1_000;
  private long order;
  private int events;
  private int ticks;
  private long fingerprint = 17;

  private record Event(
      long atMs, long order, Actor actor, String kind, Object subject, Runnable task) {}

  Scheduler(long seed, boolean tracing) {
    this.random = new SplittableRandom(seed);
    this.tracing = tracing;
  }

  long nowMs() {
    return nowMs;
  }

  /** Events that were more than a tick. */
  int events() {
    return events;
  }

  int ticks() {
    return ticks;
  }

  /** The same for two runs exactly if the same happened in the same order at the same times. */
  long fingerprint() {
    return fingerprint;
  }

  List<String> trace() {
    return trace;
  }

  /**
   * Something that will happen.
   *
   * @param subject is written in the trace
   */
  void after(long delayMs, Actor actor, String kind, Object subject, Runnable task) {
    queue.add(new Event(nowMs + Math.max(0, delayMs), order++, actor, kind, subject, task));
  }

  /** Lets the next event happen. */
  void step() {
    Event event = queue.remove();
    nowMs = Math.max(nowMs, event.atMs);
    if (!event.actor.isAlive()) {
      return;
    }
    long frozenUntilMs = event.actor.frozenUntilMs();
    if (frozenUntilMs > nowMs) {
      queue.add(
          new Event(
              frozenUntilMs, event.order, event.actor, event.kind, event.subject, event.task));
      return;
    }
    if (event.kind.equals(TICK)) {
      ticks++;
    } else {
      events++;
      fingerprint = fingerprint * 31 + nowMs;
      fingerprint = fingerprint * 31 + event.kind.hashCode();
      fingerprint = fingerprint * 31 + event.actor.name.hashCode();
      note(event.actor, event.kind, event.subject);
    }
    event.task.run();
  }

  /** A line of the trace beside the events. */
  void note(Actor actor, String kind, Object subject) {
    if (tracing) {
      String about = String.valueOf(subject).replaceAll("<ByteString@\\w+ [^>]*>", "...");
      trace.add(String.format("%7d %-14s %-22s %s", nowMs, actor.name, kind, about));
    }
  }

  boolean chance(double probability) {
    return probability > 0 && random.nextDouble() < probability;
  }

  /** From 0 to the bound, both included. */
  long upTo(long boundMs) {
    return random.nextLong(boundMs + 1);
  }

  <T> T oneOf(List<T> some) {
    return some.get(random.nextInt(some.size()));
  }
}
