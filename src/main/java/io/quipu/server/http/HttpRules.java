package io.quipu.server.http;

import io.quipu.server.config.Configuration;

/**
 * The bounds of the HTTP face.
 *
 * @param maxRequestBytes of a request's body
 * @param maxContentBytes of a message's content
 * @param maxRequestsOfUser at work at once, on one event loop
 * @param pageMessages most messages of one page of history
 * @param pageBytes most bytes of their contents
 * @param bodyMs from a request's head to the end of its body
 * @param answerMs from there to the answer
 * @param retryAfterMs what a client is told to wait where a retry makes sense
 * @param loopbackNamesOnly answer only who calls this node by a name of loopback
 */
public record HttpRules(
    int maxRequestBytes,
    int maxContentBytes,
    int maxRequestsOfUser,
    int pageMessages,
    int pageBytes,
    int bodyMs,
    int answerMs,
    int retryAfterMs,
    boolean loopbackNamesOnly) {

  /** Beyond the time in which every send is answered: for the way there and back. */
  private static final int ANSWER_GRACE_MS = 2_000;

  public static HttpRules of(Configuration configuration) {
    Configuration.Session session = configuration.session();
    Configuration.Recipient recipient = configuration.recipient();
    return new HttpRules(
        configuration.http().maxBodyBytes(),
        session.maxBodyBytes(),
        session.maxRequests(),
        recipient.syncPageMessages(),
        recipient.syncPageBytes(),
        configuration.connection().handshakeMs(),
        session.sendTimeoutMs() + ANSWER_GRACE_MS,
        session.appendRetryMs(),
        configuration.auth().development());
  }
}
