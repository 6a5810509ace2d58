package io.quipu.sim;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.Optional;

/** Who takes part from outside: a device with the Java client, or a program of its own. */
interface Party {
  String name();

  UserId user();

  void start();

  /** False if nothing was there to crash. */
  boolean crash();

  void cut();

  boolean isOnline();

  void goOnline(boolean now);

  void nodeDied(SimulatedNode node);

  void send(ConversationId conversation, Content content);

  void cancelSomething();

  /** How often it has connected. */
  int connections();

  /** What it still waits for. */
  Optional<String> unsettled();
}
