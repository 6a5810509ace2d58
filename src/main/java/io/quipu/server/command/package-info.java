/**
 * The server side of the command line.
 *
 * <pre>
 * In:    arguments, a configuration file, the environment, signals
 * Out:   a running node and its banner; a token; a verdict on a configuration; an exit code
 * Owns:  start and stop of the process's one node
 * Never: rules of messages; the tools (demo, bench), which know the server only by its sockets
 * </pre>
 */
package io.quipu.server.command;
