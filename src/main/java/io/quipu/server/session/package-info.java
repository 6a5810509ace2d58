/**
 * ② Sessions: one authenticated device on a connection, and its appends on their way to owners.
 *
 * <pre>
 * In:    frames of one connection; answers of owners
 * Out:   Connected, SendAck, SendRejected, ...; appends over the bus
 * Owns:  identity, client_seq, the send window, links, what is sent on and not answered
 * Never: seqs, SQL, sockets
 * </pre>
 */
package io.quipu.server.session;
