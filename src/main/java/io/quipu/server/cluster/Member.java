package io.quipu.server.cluster;

/**
 * A node of the cluster, as membership knows it.
 *
 * @param instances event loops, so owner, loop and post addresses, from index 0
 * @param transportId what the bus calls this node
 */
public record Member(NodeId id, int instances, String transportId) {}
