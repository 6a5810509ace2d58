/**
 * ③ Owners: conversations as actors that judge appends and give them their seqs.
 *
 * <pre>
 * In:    appends over the bus; answers of the journal
 * Out:   batches for the journal; answers and committed entries for fan-out
 * Owns:  link numbers at the owner, dedupe, membership, the next seq, one batch in flight
 * Never: sessions, sockets, the truth: that is the journal
 * </pre>
 */
package io.quipu.server.sequencer;
