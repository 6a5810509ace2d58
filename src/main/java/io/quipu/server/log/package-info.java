/**
 * How a line of the log looks, and how many there are.
 *
 * <pre>
 * In:    events of slf4j with key-value pairs
 * Out:   one line each, as text or as JSON
 * Owns:  the forms, the level, the limit of lines that clients can cause
 * Never: bodies, tokens; a line per message
 * </pre>
 */
package io.quipu.server.log;
