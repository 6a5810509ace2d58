package io.quipu.client;

import io.quipu.protocol.Frame;

/**
 * What the parts of one client at work share: its time, its line, its turns. On its context only.
 */
interface Turns {
  /** When this turn began. */
  long nowMs();

  /** Adds a frame to what the end of this turn writes; drops it if there is no line. */
  void write(Frame frame);

  /** Something has changed: look at deadlines and acks at the end of this turn. */
  void scheduleTurn();

  /** Runs it on the client's context: now, if this is the one. */
  void onContext(Runnable task);

  /** This connection cannot be used any more. */
  void giveUp(String reason);

  void tell(ClientEvent event);
}
