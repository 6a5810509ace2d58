/**
 * The command that runs a whole cluster on one machine.
 *
 * <pre>
 * In:    how many nodes, where; a signal
 * Out:   where everything listens, who has died, an exit code
 * Owns:  the processes, for as long as it runs
 * Never: server classes; it starts nothing again by itself
 * </pre>
 */
package io.quipu.tools.cluster;
