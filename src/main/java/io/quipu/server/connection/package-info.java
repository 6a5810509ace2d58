/**
 * ① ⑦ Sockets: raw TCP and WebSocket through one codec, with bounded writes.
 *
 * <pre>
 * In:    bytes; frames of sessions and recipients to be written
 * Out:   frames, each to its session; one write per connection and event-loop turn
 * Owns:  listeners, the table of connections, handshake and idle deadlines, close codes
 * Never: what a frame means
 * </pre>
 */
package io.quipu.server.connection;
