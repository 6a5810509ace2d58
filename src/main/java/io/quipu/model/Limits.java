package io.quipu.model;

/**
 * What a node asks of every connection, told in {@code Connected}. Times in milliseconds.
 *
 * @param heartbeatMs send something at least this often
 * @param maxFrameBytes of one encoded frame, either way
 * @param maxBodyBytes of one message's content
 * @param sendWindowMessages un-answered sends of one connection
 * @param deliverWindowMessages un-acked deliveries to one connection
 * @param ackTimeoutMs a delivery that is not acked for so long comes again
 * @param syncCursors cursors in one Sync frame
 * @param syncPageMessages messages in one page of a sync or of history
 * @param sendTimeoutMs every send is answered within this time
 * @param groupMembers members of one group
 * @param editMs so long after its storing a sender may edit a message
 * @param recallMs so long after its storing a sender may recall a message
 * @param watchedUsers users whose presence one session watches
 * @param receiptGroupMembers groups of at most so many members have receipts that come by
 *     themselves
 * @param retentionDays so long are bodies kept where a conversation does not say otherwise; 0 = for
 *     ever
 * @param minRetentionDays a conversation cannot say less
 * @param maxRetentionDays nor more; 0 = any time, and for ever
 */
public record Limits(
    int heartbeatMs,
    int maxFrameBytes,
    int maxBodyBytes,
    int sendWindowMessages,
    int sendWindowBytes,
    int deliverWindowMessages,
    int deliverWindowBytes,
    int ackTimeoutMs,
    int syncCursors,
    int syncPageMessages,
    int syncPageBytes,
    int sendTimeoutMs,
    int groupMembers,
    int editMs,
    int recallMs,
    int watchedUsers,
    int receiptGroupMembers,
    int retentionDays,
    int minRetentionDays,
    int maxRetentionDays) {
  /** The defaults of the configuration, and what a test uses. */
  public static final Limits DEFAULT =
      new Limits(
          20_000,
          64 * 1024,
          32 * 1024,
          256,
          512 * 1024,
          256,
          192 * 1024,
          5_000,
          1_000,
          100,
          32 * 1024,
          10_000,
          1_000,
          86_400_000,
          86_400_000,
          200,
          20,
          0,
          1,
          0);
}
