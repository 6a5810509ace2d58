/**
 * A story to watch: people talk, a connection is cut, the node is killed, and nothing is lost.
 *
 * <pre>
 * In:    nothing
 * Out:   a transcript with seqs, a line per device, a verdict as exit code
 * Owns:  the story, its node and its store, none of which outlives it
 * Never: server classes: sockets and the client only
 * </pre>
 */
package io.quipu.tools.demo;
