package io.quipu.sim;

/** Something that can crash, or stand still for a while: a node, its owner, a client's process. */
final class Actor {
  final String name;
  private final Actor[] inside;
  private boolean dead;
  private long frozenUntilMs;

  /**
   * @param inside what this one lives in, and dies with
   */
  Actor(String name, Actor... inside) {
    this.name = name;
    this.inside = inside;
  }

  /** All that it still had to do never happens. */
  void crash() {
    dead = true;
  }

  /** All that it has to do until then happens then. */
  void freeze(long untilMs) {
    frozenUntilMs = untilMs;
  }

  boolean isAlive() {
    return !dead && (inside.length == 0 || inside[0].isAlive());
  }

  long frozenUntilMs() {
    return inside.length == 0 ? frozenUntilMs : Math.max(frozenUntilMs, inside[0].frozenUntilMs());
  }
}
