package io.quipu.sim;

import java.util.Map;
import java.util.TreeMap;

/**
 * Which faults happen, how often, and which have happened. Every seed has its own weather: some
 * kinds of fault are frequent in it, others rare or absent.
 */
final class Faults {
  private final Scheduler scheduler;
  private final Map<String, Integer> seen = new TreeMap<>();
  private boolean calm = true;

  // the weather of this seed
  final double busLoss;
  final double busRepeat;
  final double busSlow;
  final double frameLoss;
  final double wrongOwner;
  final double storeTrouble;
  final double storeSlow;
  final double handlerTrouble;
  final double staleRegistry;

  /** The next commit of an owner gets an unknown outcome, whatever the weather. */
  boolean unknownIsDue;

  long storeBackMs;
  long splitUntilMs;

  Faults(Scheduler scheduler) {
    this.scheduler = scheduler;
    this.busLoss = weather(0.15);
    this.busRepeat = weather(0.15);
    this.busSlow = weather(0.25);
    this.frameLoss = weather(0.05);
    this.wrongOwner = weather(0.5);
    this.storeTrouble = weather(0.12);
    this.storeSlow = weather(0.2);
    this.handlerTrouble = weather(0.1);
    this.staleRegistry = weather(0.1);
  }

  private double weather(double most) {
    return scheduler.random.nextInt(4) == 0 ? 0 : scheduler.random.nextDouble() * most;
  }

  void begin() {
    calm = false;
  }

  /** From now on everything works, but for an unknown outcome that is still due. */
  void end() {
    calm = true;
    storeBackMs = 0;
    splitUntilMs = 0;
  }

  boolean areOver() {
    return calm;
  }

  /** True if this fault happens now. */
  boolean happens(String what, double probability) {
    if (calm || !scheduler.chance(probability)) {
      return false;
    }
    happened(what);
    return true;
  }

  void happened(String what) {
    seen.merge(what, 1, Integer::sum);
  }

  int count(String prefix) {
    return seen.entrySet().stream()
        .filter(one -> one.getKey().startsWith(prefix))
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  Map<String, Integer> seen() {
    return seen;
  }
}
