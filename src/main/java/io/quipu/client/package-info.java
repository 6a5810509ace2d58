/**
 * The Java client: sends that end definitely, and a view of every conversation in order, once.
 *
 * <pre>
 * In:    the application's sends; frames of one server connection
 * Out:   messages to the application's handler, events; frames to the server
 * Owns:  outbox, cursors, gaps, reconnecting: everything between a flaky network and a handler
 * Never: server or tools; a DeliverAck before the handler has succeeded
 * </pre>
 */
package io.quipu.client;
