/**
 * Retention: what is too old is erased, at a pace.
 *
 * <pre>
 * In:    time
 * Out:   pieces of work for the store, one after the other
 * Owns:  when a node takes its turn, and how fast it goes
 * Never: SQL; which message is too old
 * </pre>
 */
package io.quipu.server.retention;
