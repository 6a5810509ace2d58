package io.quipu.server.cluster;

/**
 * A node of the cluster, as membership knows it.
 *
 * @param instances event loops, so owner, loop and post addresses, from index 0
 */
public record MemberNode(NodeId id, int instances) {}
