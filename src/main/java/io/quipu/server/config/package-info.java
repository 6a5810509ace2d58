/**
 * The configuration: typed, with a default for everything.
 *
 * <pre>
 * In:    a JSON file, the environment
 * Out:   one immutable Configuration; or an error that names the key, what was found, what is allowed
 * Owns:  every key, its unit, range and default (conf.schema.json in the resources)
 * Never: clients, connections, anything that runs
 * </pre>
 */
package io.quipu.server.config;
