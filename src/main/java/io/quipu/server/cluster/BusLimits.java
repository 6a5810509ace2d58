package io.quipu.server.cluster;

/**
 * What the bus keeps for each address of another node, and how soon it notices silence.
 *
 * @param windowMessages sent and not yet taken, at most
 * @param windowBytes the same in bytes of their wire form; one message alone may be bigger
 * @param heartbeatMs so often every address of every member is sent something
 * @param silentMs an address that has been sent something and takes nothing for so long is silent;
 *     several times heartbeatMs, and more than a long garbage collection
 */
public record BusLimits(int windowMessages, int windowBytes, int heartbeatMs, int silentMs) {
  public BusLimits {
    if (windowMessages < 1 || windowBytes < 1 || heartbeatMs < 1 || silentMs < heartbeatMs) {
      throw new IllegalArgumentException(
          windowMessages
              + " messages, "
              + windowBytes
              + " bytes, "
              + heartbeatMs
              + ", "
              + silentMs);
    }
  }
}
