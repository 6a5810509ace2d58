package io.quipu.client;

/**
 * Every limit of one client; the defaults suit a phone as well as a load generator.
 *
 * @param reconnectFirstMs longest wait before the first attempt after a connection was lost
 * @param reconnectMaxMs longest wait between attempts, beside what the server asks for
 * @param retryFirstMs longest pause of a conversation after the first refusal worth a retry
 * @param retryMaxMs longest such pause
 * @param maxRequests un-answered SendStatus and History together
 * @param requestTimeoutMs of one of those, reconnects included
 * @param maxFrameBytes of one frame from the server
 */
public record ClientSettings(
    Outbox.Settings outbox,
    Inbox.Settings inbox,
    Lifecycle.Settings lifecycle,
    long reconnectFirstMs,
    long reconnectMaxMs,
    long retryFirstMs,
    long retryMaxMs,
    int maxRequests,
    long requestTimeoutMs,
    int maxFrameBytes) {
  /** Suits a phone as well as a load generator. */
  public static final ClientSettings DEFAULT =
      new ClientSettings(
          Outbox.Settings.DEFAULT,
          Inbox.Settings.DEFAULT,
          Lifecycle.Settings.DEFAULT,
          100,
          5_000,
          50,
          5_000,
          64,
          30_000,
          1024 * 1024);

  /** These, with other limits of the outbox. */
  public ClientSettings withOutbox(Outbox.Settings other) {
    return new ClientSettings(
        other,
        inbox,
        lifecycle,
        reconnectFirstMs,
        reconnectMaxMs,
        retryFirstMs,
        retryMaxMs,
        maxRequests,
        requestTimeoutMs,
        maxFrameBytes);
  }

  /** These, with other limits of the inbox. */
  public ClientSettings withInbox(Inbox.Settings other) {
    return new ClientSettings(
        outbox,
        other,
        lifecycle,
        reconnectFirstMs,
        reconnectMaxMs,
        retryFirstMs,
        retryMaxMs,
        maxRequests,
        requestTimeoutMs,
        maxFrameBytes);
  }

  /** These, with other times of the connection. */
  public ClientSettings withLifecycle(Lifecycle.Settings other) {
    return new ClientSettings(
        outbox,
        inbox,
        other,
        reconnectFirstMs,
        reconnectMaxMs,
        retryFirstMs,
        retryMaxMs,
        maxRequests,
        requestTimeoutMs,
        maxFrameBytes);
  }

  /**
   * @param firstMs longest wait before the first attempt
   * @param maxMs longest wait between attempts
   */
  public ClientSettings withReconnect(long firstMs, long maxMs) {
    return new ClientSettings(
        outbox,
        inbox,
        lifecycle,
        firstMs,
        maxMs,
        retryFirstMs,
        retryMaxMs,
        maxRequests,
        requestTimeoutMs,
        maxFrameBytes);
  }
}
