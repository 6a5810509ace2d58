/**
 * ④ The message store as ports, and the group commit before it.
 *
 * <pre>
 * In:    batches of conversations that are ready; questions of readers
 * Out:   what is committed, and nothing else
 * Owns:  the contract with the store: density, uniqueness, what is definite and what unknown
 * Never: SQL, routing, sessions
 * </pre>
 */
package io.quipu.server.journal;
