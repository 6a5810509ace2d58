/**
 * A node: the way of a message, one package for each of its stations.
 *
 * <pre>
 * In:    a configuration
 * Out:   a running node, and its end in order
 * Owns:  the composition: which part is given which port
 * Never: a decision about a message
 * </pre>
 */
package io.quipu.server;
