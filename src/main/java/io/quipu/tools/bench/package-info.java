/**
 * Load on a node, and a report of what it did with it.
 *
 * <pre>
 * In:    how many connections, how long, which node
 * Out:   messages per second, latencies, processor time per message; and whether all was kept
 * Owns:  a generator that costs little, since it shares the machine with what it measures
 * Never: server classes; a figure without the check that nothing was lost, doubled or reordered
 * </pre>
 */
package io.quipu.tools.bench;
