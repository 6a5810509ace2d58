package io.quipu.server.cluster;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.UUID;

/**
 * What a session asks an owner to do: put this into that conversation.
 *
 * @param origin who waits for the answer
 * @param link one run of sends of one connection to one conversation; unique within the origin's
 *     node
 * @param number the place in that run, from 1; never changes
 * @param first all before it on this link are finally answered, so an owner without link state may
 *     take it
 * @param betterRankedTried the nodes that should own this shard did not answer: serve although it
 *     is not yours
 * @param attempt how often this link has been sent again from its oldest unanswered; an answer
 *     repeats it, so that old refusals are known as such
 * @param resend a copy of this id may have been sent before this link
 * @param system by the authority of the node itself, which needs no membership; never said by a
 *     client
 */
public record Append(
    SessionAddress origin,
    long link,
    int number,
    boolean first,
    int attempt,
    boolean betterRankedTried,
    ConversationId conversation,
    long senderKey,
    UserId sender,
    UUID clientMessageId,
    boolean resend,
    Content content,
    boolean system) {
  /** By the authority of its sender. */
  public Append(
      SessionAddress origin,
      long link,
      int number,
      boolean first,
      int attempt,
      boolean betterRankedTried,
      ConversationId conversation,
      long senderKey,
      UserId sender,
      UUID clientMessageId,
      boolean resend,
      Content content) {
    this(
        origin,
        link,
        number,
        first,
        attempt,
        betterRankedTried,
        conversation,
        senderKey,
        sender,
        clientMessageId,
        resend,
        content,
        false);
  }

  /** The same, for a node that is not the best-ranked one. */
  public Append whereBetterRankedWereTried() {
    return new Append(
        origin,
        link,
        number,
        first,
        attempt,
        true,
        conversation,
        senderKey,
        sender,
        clientMessageId,
        resend,
        content,
        system);
  }
}
