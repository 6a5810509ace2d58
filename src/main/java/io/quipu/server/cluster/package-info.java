/**
 * Who is where: nodes, event loops, sessions, owners; and the one way between them.
 *
 * <pre>
 * In:    messages for an owner or for an event loop
 * Out:   the same messages, there; or nothing: the bus may lose, delay, repeat and reorder
 * Owns:  addresses, the event bus, placement of shards, the registry of sessions
 * Never: correctness: whatever is wrong here costs time, no message
 * </pre>
 */
package io.quipu.server.cluster;
