/**
 * The words of Quipu as values: ids, messages, changes, codes.
 *
 * <pre>
 * In:    nothing
 * Out:   immutable values, validated when made
 * Owns:  what a valid id is, how conversations are named, what each code means
 * Never: I/O, Vert.x, generated classes
 * </pre>
 */
package io.quipu.model;
