/**
 * Redis behind the ports of the cluster and of the limits.
 *
 * <pre>
 * In:    sessions that came and left; where is this user; may he do this now
 * Out:   commands and scripts; notices of other nodes; or "not known" at once when Redis is away
 * Owns:  keys, scripts, connections, what is remembered of other nodes' users
 * Never: correctness: all of it may be lost at any time
 * </pre>
 */
package io.quipu.server.adapter.redis;
