/**
 * ⑥ Delivery: a log read from a cursor, one window per session.
 *
 * <pre>
 * In:    fresh entries from fan-out, acks and syncs from sessions, tails from the periodic look
 * Out:   Deliver, SyncPage, SyncDone, AckConfirm, Receipt frames to the session's outlet
 * Owns:  what a session was sent and has acked, ack timers, retransmission, cursor flushes
 * Never: sequencing; bodies of messages that do not fit the window
 * </pre>
 */
package io.quipu.server.recipient;
