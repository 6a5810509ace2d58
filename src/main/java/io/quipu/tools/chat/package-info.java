/**
 * A chat in a terminal, and for scripts: lines in, messages out.
 *
 * <pre>
 * In:    typed or piped lines; what the client says of messages, sends, receipts and its connection
 * Out:   lines for people, an input line with what is still on its way; sends; an exit code
 * Owns:  the screen's model (pure), the terminal, one device's folder with its outbox and cursors
 * Never: server classes; a character of somebody else that a terminal would obey
 * </pre>
 */
package io.quipu.tools.chat;
