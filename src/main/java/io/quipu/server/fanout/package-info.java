/**
 * ⑤ Fan-out: after a commit, one message per event loop that has sessions to tell.
 *
 * <pre>
 * In:    answers and committed entries of a sequencer
 * Out:   Outbound messages over the bus: acks first, then deliveries, encoded once
 * Owns:  the way from members to sessions
 * Never: retries: what is lost here is found by the look at recent commits
 * </pre>
 */
package io.quipu.server.fanout;
