/**
 * Hazelcast behind the port of membership, and under the event bus between nodes.
 *
 * <pre>
 * In:    where to look for other nodes
 * Out:   a Vert.x that is one of a cluster; who its members are now
 * Owns:  Hazelcast's configuration: addresses, discovery, heartbeats, merging after a split
 * Never: correctness: its maps and locks are best effort, and none is used for anything but the bus
 * </pre>
 */
package io.quipu.server.adapter.hazelcast;
