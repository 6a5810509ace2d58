package io.quipu.tools.demo;

import io.quipu.client.Stored;
import io.quipu.model.ConversationId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * What has happened so far, written by the clients' event loops and awaited by the story's thread.
 */
final class Board {
  private final List<Seen> acked = new ArrayList<>();
  private final Set<UUID> sent = new HashSet<>();
  private final Map<String, List<Seen>> seenByDevice = new HashMap<>();
  private final Set<String> connected = new HashSet<>();
  private final List<String> failures = new ArrayList<>();
  private int duplicates;

  synchronized void sent(UUID id) {
    sent.add(id);
  }

  synchronized void acked(Seen message, Stored stored) {
    if (stored.duplicate()) {
      duplicates++;
    }
    acked.add(message);
    notifyAll();
  }

  synchronized void failed(String why) {
    failures.add(why);
    notifyAll();
  }

  synchronized void seen(String device, Seen message) {
    seenByDevice.computeIfAbsent(device, none -> new ArrayList<>()).add(message);
    notifyAll();
  }

  synchronized void connected(String device, boolean is) {
    if (is) {
      connected.add(device);
    } else {
      connected.remove(device);
    }
    notifyAll();
  }

  synchronized boolean isConnected(String device) {
    return connected.contains(device);
  }

  synchronized List<Seen> acked() {
    return List.copyOf(acked);
  }

  synchronized int ackedCount() {
    return acked.size();
  }

  synchronized int sentCount() {
    return sent.size();
  }

  synchronized Set<UUID> sentIds() {
    return Set.copyOf(sent);
  }

  /** Acks that said that an earlier copy had been stored. */
  synchronized int duplicates() {
    return duplicates;
  }

  synchronized List<Seen> seenBy(String device) {
    return List.copyOf(seenByDevice.getOrDefault(device, List.of()));
  }

  /** The highest acked seq of a conversation; 0 if none. */
  synchronized long tail(ConversationId conversation) {
    return acked.stream()
        .filter(message -> message.conversation().equals(conversation))
        .mapToLong(Seen::seq)
        .max()
        .orElse(0);
  }

  /** The last seq that this device has seen of a conversation; 0 if none. */
  synchronized long reached(String device, ConversationId conversation) {
    return seenByDevice.getOrDefault(device, List.of()).stream()
        .filter(message -> message.conversation().equals(conversation))
        .mapToLong(Seen::seq)
        .reduce(0, (before, seq) -> seq);
  }

  /**
   * Waits until this holds.
   *
   * @throws StoryException if a send has failed, or it does not hold in time
   */
  synchronized void await(String what, Duration within, BooleanSupplier holds)
      throws InterruptedException {
    long end = System.nanoTime() + within.toNanos();
    while (!holds.getAsBoolean()) {
      if (!failures.isEmpty()) {
        throw new StoryException(failures.get(0));
      }
      long leftMs = (end - System.nanoTime()) / 1_000_000;
      if (leftMs <= 0) {
        throw new StoryException("not within " + within.toSeconds() + " s: " + what);
      }
      wait(leftMs);
    }
  }
}
