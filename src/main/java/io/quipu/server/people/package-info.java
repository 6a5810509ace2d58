/**
 * Users beyond their messages: who is here, who may see that, who may no longer come, and how
 * somebody is erased.
 *
 * <pre>
 * In:    sessions that begin and end, watches, mutes, revocations, erasures
 * Out:   presence to those who may see it; ends of sessions; entries that say that a user is gone
 * Owns:  what is told of a user's presence, and when; the steps of an erasure
 * Never: sockets, SQL; whom a token names
 * </pre>
 */
package io.quipu.server.people;
