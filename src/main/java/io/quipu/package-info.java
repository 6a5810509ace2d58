/**
 * The command line, from which everything starts.
 *
 * <pre>
 * In:    arguments
 * Out:   the command that they name; an exit code
 * Owns:  which commands there are, what an exit code means
 * Never: anything that a command does
 * </pre>
 */
package io.quipu;
