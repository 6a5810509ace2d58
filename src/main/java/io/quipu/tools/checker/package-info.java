/**
 * Histories: what clients saw, written down while they run, and the verdict on it.
 *
 * <pre>
 * In:    what the observer of a client sees; later, the files that came of it
 * Out:   a file of lines (HISTORY.md); anomalies, each with the lines that show it
 * Owns:  the format, and every rule of what a server that keeps its promises never does
 * Never: server classes; a line lost without a word; a verdict on what was not recorded
 * </pre>
 */
package io.quipu.tools.checker;
