package io.quipu.server.cluster;

/**
 * Tells nodes that a session of a device has begun, so that its older sessions there end. Does not
 * block, never fails, may lose; may be called on any thread.
 */
public interface GivingWay {
  /**
   * The node that has an older session; this node itself, if the older one is here.
   *
   * @param newcomer the newer session of the two
   */
  void tell(NodeId node, NodeParcel.Newcomer newcomer);

  /** Which nodes have older ones is not known: every other one is told. */
  void tellAll(NodeParcel.Newcomer newcomer);
}
