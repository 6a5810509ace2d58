/**
 * The frames between a client and a node, and their three dresses.
 *
 * <pre>
 * In:    bytes of a socket, text of a WebSocket
 * Out:   frames, checked; or a QuipuException that says what is wrong with them
 * Owns:  the mapping between frames and quipu.proto, every bound on length and nesting
 * Never: sockets, sessions, generated classes beyond this package
 * </pre>
 */
package io.quipu.protocol;
