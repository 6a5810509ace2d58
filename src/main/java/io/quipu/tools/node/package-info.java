/**
 * A node as a process of its own, for the tools that start one, measure it and kill it.
 *
 * <pre>
 * In:    a folder for its data, settings by environment
 * Out:   its ports, once it is ready; its exit; what it and its PostgreSQL have used
 * Owns:  the process, and whatever it leaves behind: nothing survives the tool
 * Never: server classes: a tool knows a node by its sockets
 * </pre>
 */
package io.quipu.tools.node;
