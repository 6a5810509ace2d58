/**
 * What this node tells of itself in numbers.
 *
 * <pre>
 * In:    events, from any thread, at the cost of one counter each
 * Out:   the text that Prometheus reads
 * Owns:  every metric's name, unit and labels
 * Never: users, conversations or anything else without a bound as a label; a decision
 * </pre>
 */
package io.quipu.server.metrics;
