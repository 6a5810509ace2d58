package io.quipu.server.cluster;

import java.util.Arrays;

/**
 * What one address of another node has been sent and has not yet taken: bounded in messages and
 * bytes. The address says how far it has come, so a lost message, or a lost word of it, is made
 * good by the next one: every address is probed while it owes an answer.
 *
 * <pre>
 * ANSWERED  all is taken             take, probe → OWING, quiet since now
 * OWING     something is not         acked → ANSWERED if that was all, else quiet since now
 *                                    nothing acked for silentMs: silent, until the next acked
 * </pre>
 *
 * Not for several threads at once.
 */
final class PeerWindow {
  /** No number: there is no room. */
  static final long REFUSED = 0;

  private static final int SMALL = 16;

  private final int maxMessages;
  private final long maxBytes;
  private final int silentMs;

  /** A ring of the messages that are not taken, oldest at {@code first}; probes take no room. */
  private long[] numbers = new long[SMALL];

  private int[] sizes = new int[SMALL];
  private int first;
  private int messages;
  private long bytes;

  private long last;
  private long taken;
  private long lastAtBeat;
  private long quietSinceMs;

  /**
   * @param start the numbers begin above it
   */
  PeerWindow(BusLimits limits, long start) {
    this.maxMessages = limits.windowMessages();
    this.maxBytes = limits.windowBytes();
    this.silentMs = limits.silentMs();
    this.last = start;
    this.taken = start;
    this.lastAtBeat = start;
  }

  /**
   * A message is to be sent.
   *
   * @return its number, or {@link #REFUSED}
   */
  long take(int sizeBytes, long nowMs) {
    if (messages > 0 && (messages >= maxMessages || bytes + sizeBytes > maxBytes)) {
      return REFUSED;
    }
    if (messages == numbers.length) {
      grow();
    }
    int place = (first + messages) & (numbers.length - 1);
    long number = probe(nowMs);
    numbers[place] = number;
    sizes[place] = sizeBytes;
    messages++;
    bytes += sizeBytes;
    return number;
  }

  /** False if {@link #take} would refuse whatever it is. */
  boolean hasRoom() {
    return messages == 0 || messages < maxMessages && bytes < maxBytes;
  }

  private void grow() {
    int size = numbers.length;
    numbers = Arrays.copyOf(numbers, 2 * size);
    sizes = Arrays.copyOf(sizes, 2 * size);
    // What had wrapped around follows the rest now.
    System.arraycopy(numbers, 0, numbers, size, first);
    System.arraycopy(sizes, 0, sizes, size, first);
  }

  /** A heartbeat is sent: always, since its answer is what opens a full window. */
  long probe(long nowMs) {
    if (taken == last) {
      quietSinceMs = nowMs;
    }
    return ++last;
  }

  /** True, once a beat, if the address must be probed: nothing went there, or nothing comes. */
  boolean needsProbe(long nowMs, int heartbeatMs) {
    boolean idle = last == lastAtBeat;
    lastAtBeat = last;
    return idle || taken < last && nowMs - quietSinceMs >= heartbeatMs;
  }

  /**
   * The address has taken all up to this number.
   *
   * @return false if so much was never sent
   */
  boolean acked(long number, long nowMs) {
    if (number > last) {
      return false;
    }
    if (number <= taken) {
      return true;
    }
    taken = number;
    quietSinceMs = nowMs;
    while (messages > 0 && numbers[first] <= number) {
      bytes -= sizes[first];
      first = (first + 1) & (numbers.length - 1);
      messages--;
    }
    return true;
  }

  /** This node itself was asleep for so long: that is not the silence of others. */
  void excuse(long lateMs, long nowMs) {
    quietSinceMs = Math.min(nowMs, quietSinceMs + lateMs);
  }

  /** The number given last. */
  long last() {
    return last;
  }

  boolean silent(long nowMs) {
    return taken < last && nowMs - quietSinceMs >= silentMs;
  }

  /** Sent and not yet taken, without probes. */
  int messages() {
    return messages;
  }

  long bytes() {
    return bytes;
  }
}
