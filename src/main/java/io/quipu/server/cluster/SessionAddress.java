package io.quipu.server.cluster;

/**
 * One session and where it lives.
 *
 * @param session unique within the node's life, never used again
 */
public record SessionAddress(Address.Loop loop, long session) {}
