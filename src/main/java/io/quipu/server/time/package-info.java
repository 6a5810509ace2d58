/**
 * Time and chance as ports, so that a simulation can own them.
 *
 * <pre>
 * In:    nothing
 * Out:   now, later, random
 * Owns:  the only calls of the machine's clock and random source
 * Never: correctness: no promise rests on a clock
 * </pre>
 */
package io.quipu.server.time;
