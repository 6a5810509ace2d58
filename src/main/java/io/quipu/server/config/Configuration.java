package io.quipu.server.config;

import java.util.List;
import java.util.Optional;

/**
 * All that an operator may set. The components are the keys of the JSON file; units, ranges and
 * defaults stand in {@code conf.schema.json}.
 */
public record Configuration(
    Node node,
    Log log,
    Tcp tcp,
    Http http,
    Admin admin,
    Postgres postgres,
    Auth auth,
    Connection connection,
    Session session,
    Sequencer sequencer,
    Journal journal,
    Recipient recipient,
    Cluster cluster,
    Redis redis,
    Registry registry,
    Limits limits,
    Retention retention) {

  /**
   * @param eventLoops connection, recipient and sequencer verticles: one of each per event loop; 0
   *     = as many as processors
   * @param dataDirectory of the embedded PostgreSQL
   * @param drainMs from SIGTERM until what is still there is cut
   */
  public record Node(String name, int eventLoops, String dataDirectory, int drainMs) {}

  /**
   * @param format text or json
   * @param level of Quipu's own lines
   */
  public record Log(String format, String level) {}

  public record Tcp(boolean enabled, String host, int port) {}

  /**
   * @param allowedOrigins of WebSockets from browsers; empty = only the same host, {@code *} = any
   */
  public record Http(String host, int port, List<String> allowedOrigins, int maxBodyBytes) {}

  /**
   * What operators ask: health, readiness, metrics.
   *
   * @param token that must be shown for metrics; absent = none is needed, for loopback only
   */
  public record Admin(String host, int port, Optional<String> token) {
    @Override
    public String toString() {
      return "Admin[" + host + ":" + port + "]"; // never the token
    }
  }

  /**
   * @param uri of an external PostgreSQL; absent = an embedded one in node.dataDirectory
   * @param iAcceptLosingAckedMessages start although PostgreSQL is not durable
   */
  public record Postgres(
      Optional<String> uri,
      int readConnections,
      int connectTimeoutMs,
      int statementTimeoutMs,
      int lockTimeoutMs,
      int idleInTransactionTimeoutMs,
      int maxWaiting,
      boolean iAcceptLosingAckedMessages) {
    @Override
    public String toString() {
      return "Postgres[" + (uri.isPresent() ? "external" : "embedded") + "]"; // never the password
    }
  }

  /**
   * @param development accept tokens signed with a key that everybody knows; loopback only
   * @param serviceHs256Secret of services' tokens, which act for any user over HTTP
   * @param jwksFile keys of users' tokens as RFC 7517 writes them
   * @param jwksReloadMs between two looks at the key files
   */
  public record Auth(
      boolean development,
      Optional<String> issuer,
      Optional<String> audience,
      Optional<String> hs256Secret,
      List<PublicKey> publicKeys,
      Optional<String> jwksFile,
      Optional<String> serviceHs256Secret,
      Optional<String> serviceJwksFile,
      int jwksReloadMs,
      int leewaySeconds) {
    @Override
    public String toString() {
      return "Auth[" + publicKeys.size() + " public keys]"; // never the secret
    }
  }

  /**
   * @param algorithm RS256 or ES256
   */
  public record PublicKey(String keyId, String algorithm, String pem) {}

  /**
   * @param handshakeMs from accept to the end of Connect
   * @param frameMs from the first byte of a frame to its last
   * @param closeGraceMs from a close to a cut, for a peer that does not read
   * @param writeQueueBytes of one socket; beyond it nothing new is pushed
   * @param maxPendingBytes of one socket, frames that must be written in any case; beyond it the
   *     connection closes
   * @param sendBufferBytes of one socket, in the kernel
   */
  public record Connection(
      int maxConnections,
      int handshakeMs,
      int frameMs,
      int heartbeatMs,
      int maxFrameBytes,
      int maxFrameBytesBeforeConnect,
      int writeQueueBytes,
      int maxPendingBytes,
      int sendBufferBytes,
      int closeGraceMs) {}

  /**
   * @param sendTimeoutMs a send that has no answer by then is answered UNKNOWN
   * @param appendRetryMs an append without an answer goes to the owner again after so long
   * @param maxDevices of one user
   * @param watchedUsers whose presence one session watches
   * @param presenceGraceMs who comes back within it was never away
   * @param revocationPollMs between two looks for what was revoked elsewhere
   */
  public record Session(
      int maxBodyBytes,
      int sendWindowMessages,
      int sendWindowBytes,
      int sendTimeoutMs,
      int appendRetryMs,
      int maxDevices,
      int maxRequests,
      int watchedUsers,
      int presenceGraceMs,
      int revocationPollMs) {}

  /**
   * @param shards the same on all nodes, for ever
   * @param maxConversations in memory of one sequencer
   * @param maxQueued appends waiting in one conversation
   * @param maxQueuedBytes appends waiting in one sequencer
   * @param maxLinks whose numbers one conversation remembers
   * @param recentIds of one conversation: a hint for dedupe
   * @param idleMs an idle conversation leaves memory
   * @param editMs so long may a sender edit a message
   * @param recallMs so long may a sender recall a message
   * @param ownedGroups of one user
   * @param newDirectsPerHour that one user begins
   * @param reactionsPerMessage of one user
   */
  public record Sequencer(
      int shards,
      int maxConversations,
      int maxQueued,
      int maxQueuedBytes,
      int maxLinks,
      int recentIds,
      int idleMs,
      int groupMembers,
      int editMs,
      int recallMs,
      int ownedGroups,
      int newDirectsPerHour,
      int reactionsPerMessage) {}

  /**
   * @param writersPerSequencer connections that commit
   * @param maxBatchEntries of one statement
   * @param retryMs pause before the first retry after the store failed; doubles up to maxRetryMs
   * @param giveUpMs appends that the store did not take for so long are given up, outcome UNKNOWN
   */
  public record Journal(
      int writersPerSequencer,
      int maxBatchEntries,
      int maxBatchBytes,
      int retryMs,
      int maxRetryMs,
      int giveUpMs) {}

  /**
   * @param ackTimeoutMs before the first retransmission; doubles with each
   * @param ackTries then the connection closes
   * @param maxOutstandingConversations of one session; beyond it the session is synced from its
   *     cursors
   * @param cursorFlushMs at most so long is a DeliverAck only in memory
   * @param cursorBatch cursors in one statement
   * @param maxSyncCursors cursors of one sync, all its frames together
   * @param maxQueuedSyncs of one session, behind the one that runs
   * @param syncPlanConversations of one sync, read and remembered at once
   * @param newestForNewDevice messages of each conversation that a device new to the server gets
   * @param lookMs between two looks at recent commits
   * @param lookGraceMs a device that a look finds behind has so long to ack what is on its way
   * @param receiptGroupMembers of a group, at most, for receipts to be told as they come
   */
  public record Recipient(
      int windowMessages,
      int windowBytes,
      int ackTimeoutMs,
      int ackTries,
      int maxOutstandingConversations,
      int cursorFlushMs,
      int cursorBatch,
      int syncCursors,
      int maxSyncCursors,
      int maxQueuedSyncs,
      int syncPlanConversations,
      int syncPageMessages,
      int syncPageBytes,
      int newestForNewDevice,
      int lookMs,
      int lookGraceMs,
      int receiptGroupMembers) {}

  /**
   * @param name of the cluster: nodes with another one do not join
   * @param host of this node, for the other nodes; a private address
   * @param port of membership (Hazelcast)
   * @param busPort of messages between nodes (the event bus)
   * @param discovery tcp (members) or kubernetes (kubernetesService)
   * @param members where to look for other nodes: host or host:port
   * @param kubernetesService the DNS name of the headless service of all nodes
   * @param heartbeatMs between two heartbeats to each other node
   * @param silentMs who has not said for so long that it got what was sent to it is passed over
   * @param lostAfterSeconds a member that does not answer is put out of the cluster
   * @param windowMessages sent to one address of another node, and not yet taken there
   * @param windowBytes the same in bytes
   * @param tlsCertificate a PEM file, as the two others; all three or none
   */
  public record Cluster(
      boolean enabled,
      String name,
      String host,
      int port,
      int busPort,
      String discovery,
      List<String> members,
      Optional<String> kubernetesService,
      int heartbeatMs,
      int silentMs,
      int lostAfterSeconds,
      int windowMessages,
      int windowBytes,
      Optional<String> tlsCertificate,
      Optional<String> tlsKey,
      Optional<String> tlsAuthorities) {}

  /**
   * @param mode standalone, sentinel or cluster
   * @param uris of the server, of all sentinels, or of some nodes of the cluster; empty = no Redis
   * @param masterName what the sentinels call it
   * @param keyPrefix of all keys and channels
   * @param timeoutMs what takes longer means that Redis is away
   * @param retryMs between two tries to reach it again
   */
  public record Redis(
      String mode,
      List<String> uris,
      String masterName,
      Optional<String> user,
      Optional<String> password,
      Optional<String> caFile,
      String keyPrefix,
      int timeoutMs,
      int retryMs) {
    @Override
    public String toString() {
      return "Redis[" + mode + " " + uris + "]"; // never the password
    }
  }

  /**
   * Who is connected where, as Redis knows it for all nodes.
   *
   * @param maxCachedUsers whose nodes this node remembers; the same number again whose presence
   *     somebody asks for
   * @param cacheMs what was remembered and not heard of for so long is asked for again
   * @param entryTtlMs a session that its node has not confirmed for so long is forgotten
   * @param settleMs after Redis has come back or was emptied, what it says is not believed yet
   * @param confirmsPerSecond sessions that are registered again, at most
   */
  public record Registry(
      int maxCachedUsers, int cacheMs, int entryTtlMs, int settleMs, int confirmsPerSecond) {}

  /**
   * Of all nodes together while they share a Redis, else of each. 0 = no limit.
   *
   * @param maxNames users or addresses that each limit remembers on this node
   */
  public record Limits(
      int loginsPerUserPerMinute,
      int loginsPerAddressPerMinute,
      int sendsPerUserPerSecond,
      int groupsPerUserPerHour,
      int requestsPerUserPerSecond,
      int maxNames) {}

  /**
   * @param defaultDays bodies of messages are kept for so long; 0 = for ever
   * @param minDays no conversation may ask for less
   * @param maxDays nor for more; 0 = for any time, and for ever
   * @param roundMs between two turns of a node
   * @param rowsPerSecond that one node erases
   */
  public record Retention(
      int defaultDays, int minDays, int maxDays, int roundMs, int rowsPerSecond) {}
}
