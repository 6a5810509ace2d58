/**
 * How often somebody may do something.
 *
 * <pre>
 * In:    who wants to do what
 * Out:   now, or not before so many milliseconds
 * Owns:  budgets, the buckets of this node, what it has leased of those that all nodes share
 * Never: waits: what a shared bucket has not said in time, this node decides by itself
 * </pre>
 */
package io.quipu.server.limits;
