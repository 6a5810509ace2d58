/**
 * PostgreSQL behind the ports of the journal, and a PostgreSQL of one's own for who has none.
 *
 * <pre>
 * In:    calls of the ports
 * Out:   SQL with parameters; answers and QuipuExceptions on the caller's context
 * Owns:  the schema, every statement, connections and their time-outs, what an SQLSTATE means
 * Never: decisions about messages
 * </pre>
 */
package io.quipu.server.adapter.postgres;
