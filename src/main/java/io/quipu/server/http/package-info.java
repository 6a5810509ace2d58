/**
 * The HTTP face: conversations, members, messages, history, health and metrics.
 *
 * <pre>
 * In:    HTTP requests; the answers of the append path and of the journal
 * Out:   JSON in the names of quipu.proto; problem+json with our codes
 * Owns:  routes, statuses, Idempotency-Key, the bounds of a request
 * Never: sockets, seqs, who may do what (the owner judges), a token or a body in a log
 * </pre>
 */
package io.quipu.server.http;
