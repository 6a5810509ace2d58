package io.quipu.server.recipient;

import io.quipu.server.config.Configuration;

/**
 * Every bound of the read half. Times in milliseconds.
 *
 * @param windowMessages un-acked messages of one session
 * @param windowBytes the same in bytes; one message always fits
 * @param maxOutstanding conversations of one session with something outstanding
 * @param cursorFlushMs at most so long is a DeliverAck only in memory
 * @param syncCursors cursors in one Sync frame
 * @param maxSyncCursors cursors of one sync, all frames together
 * @param maxQueuedSyncs of one session, behind the one that runs
 * @param planConversations of one sync, read and remembered at once
 * @param pageMessages messages in one read of the log: a page, or a Deliver
 * @param newestForNewDevice messages of each conversation, at least 1
 * @param lookGraceMs a device that a look finds behind has so long to ack what is on its way
 * @param maxReads of one event loop from the log, at once
 * @param maxRequests of one session, at once: history, lists, mutes
 * @param maxPendingCursors not yet stored, of one event loop
 * @param cursorBatch cursors in one statement
 * @param storeRetryMs pause after the store failed; doubles up to maxStoreRetryMs
 */
public record RecipientLimits(
    int windowMessages,
    int windowBytes,
    int ackTimeoutMs,
    int ackTries,
    int maxOutstanding,
    int cursorFlushMs,
    int syncCursors,
    int maxSyncCursors,
    int maxQueuedSyncs,
    int planConversations,
    int pageMessages,
    int pageBytes,
    int newestForNewDevice,
    int lookGraceMs,
    int maxReads,
    int maxRequests,
    int maxPendingCursors,
    int cursorBatch,
    int storeRetryMs,
    int maxStoreRetryMs) {

  /** Sessions of one event loop whose acks may all be held back at once by a store that is down. */
  private static final int SESSIONS_WITH_FULL_BUFFERS = 64;

  public static RecipientLimits of(Configuration configuration) {
    Configuration.Recipient recipient = configuration.recipient();
    return new RecipientLimits(
        recipient.windowMessages(),
        recipient.windowBytes(),
        recipient.ackTimeoutMs(),
        recipient.ackTries(),
        recipient.maxOutstandingConversations(),
        recipient.cursorFlushMs(),
        recipient.syncCursors(),
        recipient.maxSyncCursors(),
        recipient.maxQueuedSyncs(),
        recipient.syncPlanConversations(),
        recipient.syncPageMessages(),
        recipient.syncPageBytes(),
        Math.max(1, recipient.newestForNewDevice()),
        Math.min(recipient.lookGraceMs(), recipient.lookMs()),
        Math.max(2, configuration.postgres().readConnections()),
        configuration.session().maxRequests(),
        recipient.maxOutstandingConversations() * SESSIONS_WITH_FULL_BUFFERS,
        recipient.cursorBatch(),
        configuration.journal().retryMs(),
        configuration.journal().maxRetryMs());
  }

  RetryPolicy retryPolicy() {
    return new RetryPolicy(ackTimeoutMs, ackTries);
  }
}
