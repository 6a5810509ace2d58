package io.quipu.server.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What each key allows alone and two do not allow together. */
final class Contradictions {
  /** Of a frame beside its content: ids of at most 64 bytes, numbers, tags; as JSON. */
  private static final int ENVELOPE_BYTES = 2_048;

  /** What JSON puts around the content of one message, with the longest names: 198 counted. */
  private static final int MESSAGE_ENVELOPE_BYTES = 198;

  private static final int PAGE_ENVELOPE_BYTES = 1024;

  /** Half of what one message between nodes may have: names of members and ids come on top. */
  private static final int MAX_CLUSTER_BATCH_BYTES = 8_388_608;

  private final List<Problem> problems = new ArrayList<>();

  private Contradictions() {}

  static List<Problem> in(Configuration configuration) {
    Contradictions found = new Contradictions();
    found.sizes(configuration);
    found.times(configuration);
    found.retention(configuration.retention());
    found.access(configuration);
    found.cluster(configuration);
    return List.copyOf(found.problems);
  }

  private void sizes(Configuration c) {
    int body = c.session().maxBodyBytes();
    atLeast(
        "connection.maxFrameBytes",
        c.connection().maxFrameBytes(),
        body * 4L / 3 + ENVELOPE_BYTES,
        "session.maxBodyBytes * 4/3 (base64 of the JSON dress) + " + ENVELOPE_BYTES);
    atLeast("http.maxBodyBytes", c.http().maxBodyBytes(), body, "session.maxBodyBytes");
    atLeast("session.sendWindowBytes", c.session().sendWindowBytes(), body, "session.maxBodyBytes");
    atLeast("journal.maxBatchBytes", c.journal().maxBatchBytes(), body, "session.maxBodyBytes");
    atLeast(
        "sequencer.maxQueuedBytes", c.sequencer().maxQueuedBytes(), body, "session.maxBodyBytes");
    atLeast("recipient.syncPageBytes", c.recipient().syncPageBytes(), body, "session.maxBodyBytes");
    atLeast(
        "recipient.windowBytes",
        c.recipient().windowBytes(),
        c.recipient().syncPageBytes(),
        "recipient.syncPageBytes");
    atLeast(
        "recipient.windowMessages",
        c.recipient().windowMessages(),
        c.recipient().syncPageMessages(),
        "recipient.syncPageMessages");
    atLeast(
        "recipient.maxSyncCursors",
        c.recipient().maxSyncCursors(),
        c.recipient().syncCursors(),
        "recipient.syncCursors");
    atLeast(
        "connection.maxFrameBytes",
        c.connection().maxFrameBytes(),
        c.recipient().syncPageBytes() * 4L / 3
            + c.recipient().syncPageMessages() * (long) MESSAGE_ENVELOPE_BYTES
            + PAGE_ENVELOPE_BYTES,
        "recipient.syncPageBytes * 4/3 (base64 of the JSON dress) + recipient.syncPageMessages * "
            + MESSAGE_ENVELOPE_BYTES
            + " + "
            + PAGE_ENVELOPE_BYTES);
    atLeast(
        "connection.maxFrameBytes",
        c.connection().maxFrameBytes(),
        c.connection().maxFrameBytesBeforeConnect(),
        "connection.maxFrameBytesBeforeConnect");
    atLeast(
        "connection.maxPendingBytes",
        c.connection().maxPendingBytes(),
        c.connection().writeQueueBytes() + (long) c.connection().maxFrameBytes(),
        "connection.writeQueueBytes + connection.maxFrameBytes");
    atLeast(
        "sequencer.maxQueued",
        c.sequencer().maxQueued(),
        c.session().sendWindowMessages(),
        "session.sendWindowMessages");
  }

  private void times(Configuration c) {
    atLeast(
        "session.sendTimeoutMs",
        c.session().sendTimeoutMs(),
        c.session().appendRetryMs(),
        "session.appendRetryMs");
    atLeast(
        "session.sendTimeoutMs",
        c.session().sendTimeoutMs(),
        c.journal().giveUpMs(),
        "journal.giveUpMs");
    atLeast(
        "journal.maxRetryMs", c.journal().maxRetryMs(), c.journal().retryMs(), "journal.retryMs");
    atLeast(
        "journal.giveUpMs",
        c.journal().giveUpMs(),
        c.postgres().statementTimeoutMs(),
        "postgres.statementTimeoutMs");
    atLeast(
        "postgres.statementTimeoutMs",
        c.postgres().statementTimeoutMs(),
        c.postgres().lockTimeoutMs(),
        "postgres.lockTimeoutMs");
    atLeast(
        "recipient.ackTimeoutMs",
        c.recipient().ackTimeoutMs(),
        c.recipient().cursorFlushMs(),
        "recipient.cursorFlushMs");
    atLeast(
        "registry.entryTtlMs",
        c.registry().entryTtlMs(),
        c.redis().timeoutMs() * 3L,
        "redis.timeoutMs * 3, for the three confirmations within it");
  }

  private void retention(Configuration.Retention c) {
    if (c.maxDays() > 0) {
      atLeast("retention.maxDays", c.maxDays(), c.minDays(), "retention.minDays");
      if (c.defaultDays() == 0 || c.defaultDays() > c.maxDays()) {
        problem(
            "retention.defaultDays",
            "found "
                + c.defaultDays()
                + (c.defaultDays() == 0 ? " (for ever)" : "")
                + ", allowed: 1 to retention.maxDays = "
                + c.maxDays());
      }
    }
    if (c.defaultDays() > 0) {
      atLeast("retention.defaultDays", c.defaultDays(), c.minDays(), "retention.minDays");
    }
  }

  private void access(Configuration c) {
    Configuration.Auth auth = c.auth();
    if (auth.development()) {
      loopback("http.host", c.http().host());
      if (c.tcp().enabled()) {
        loopback("tcp.host", c.tcp().host());
      }
    } else if (auth.hs256Secret().isEmpty()
        && auth.publicKeys().isEmpty()
        && auth.jwksFile().isEmpty()) {
      problem(
          "auth",
          "nobody could connect: found neither hs256Secret nor publicKeys nor jwksFile nor"
              + " development = true (for loopback); allowed: at least one of them");
    }
    if (auth.hs256Secret().isPresent() && auth.hs256Secret().equals(auth.serviceHs256Secret())) {
      problem(
          "auth.serviceHs256Secret",
          "found the same as auth.hs256Secret, allowed: another, or every user were a service");
    }
    Set<String> keyIds = new HashSet<>();
    for (Configuration.PublicKey key : auth.publicKeys()) {
      if (!keyIds.add(key.keyId())) {
        problem(
            "auth.publicKeys", "found the keyId \"" + key.keyId() + "\" twice, allowed: each once");
      }
    }
    if (c.admin().token().isEmpty() && !isLoopback(c.admin().host())) {
      problem(
          "admin.host",
          "found \""
              + c.admin().host()
              + "\" without admin.token; allowed: 127.0.0.1, ::1 or localhost, or a token");
    }
    if (c.admin().port() != 0) {
      boolean http =
          c.admin().port() == c.http().port() && c.admin().host().equals(c.http().host());
      boolean tcp =
          c.tcp().enabled()
              && c.admin().port() == c.tcp().port()
              && c.admin().host().equals(c.tcp().host());
      if (http || tcp) {
        problem(
            "admin.port",
            "found "
                + c.admin().port()
                + ", which is "
                + (http ? "http.port" : "tcp.port")
                + " too; allowed: another");
      }
    }
    if (c.redis().mode().equals("standalone") && c.redis().uris().size() > 1) {
      problem(
          "redis.uris",
          "found "
              + c.redis().uris().size()
              + " with redis.mode = standalone; allowed: one, or mode sentinel or cluster");
    }
    if (c.tcp().enabled()
        && c.tcp().port() != 0
        && c.tcp().port() == c.http().port()
        && c.tcp().host().equals(c.http().host())) {
      problem(
          "http.port", "found " + c.http().port() + ", which is tcp.port too; allowed: another");
    }
  }

  private void cluster(Configuration configuration) {
    Configuration.Cluster c = configuration.cluster();
    if (!c.enabled()) {
      return;
    }
    if (configuration.postgres().uri().isEmpty()) {
      problem(
          "postgres.uri",
          "found nothing with cluster.enabled = true; allowed: the PostgreSQL of all nodes, since"
              + " an embedded one belongs to one node");
    }
    if (c.discovery().equals("kubernetes") && c.kubernetesService().isEmpty()) {
      problem(
          "cluster.kubernetesService",
          "found nothing with cluster.discovery = kubernetes; allowed: the DNS name of the headless"
              + " service of all nodes");
    }
    if (c.discovery().equals("tcp") && c.members().isEmpty()) {
      problem(
          "cluster.members",
          "found nobody with cluster.discovery = tcp; allowed: at least one host or host:port, which"
              + " may be this node's own");
    }
    int tls = 0;
    for (Optional<String> file : List.of(c.tlsCertificate(), c.tlsKey(), c.tlsAuthorities())) {
      tls += file.isPresent() ? 1 : 0;
    }
    if (tls != 0 && tls != 3) {
      problem(
          "cluster.tlsCertificate",
          "found " + tls + " of tlsCertificate, tlsKey and tlsAuthorities; allowed: all or none");
    }
    if (c.port() == c.busPort()) {
      problem("cluster.busPort", "found " + c.port() + ", which is cluster.port too");
    }
    atLeast("cluster.silentMs", c.silentMs(), 2L * c.heartbeatMs(), "twice cluster.heartbeatMs");
    if (configuration.journal().maxBatchBytes() > MAX_CLUSTER_BATCH_BYTES) {
      problem(
          "journal.maxBatchBytes",
          "found "
              + configuration.journal().maxBatchBytes()
              + " with cluster.enabled = true; allowed: at most "
              + MAX_CLUSTER_BATCH_BYTES
              + ", since what is committed together travels between nodes together");
    }
    atLeast(
        "cluster.windowBytes",
        c.windowBytes(),
        2L * configuration.journal().maxBatchBytes(),
        "twice journal.maxBatchBytes");
  }

  private void loopback(String key, String host) {
    if (!isLoopback(host)) {
      problem(
          key,
          "found \""
              + host
              + "\" with auth.development = true; allowed: 127.0.0.1, ::1 or localhost, since"
              + " everybody can make development tokens. Set auth.development = false and"
              + " auth.hs256Secret, auth.publicKeys or auth.jwksFile to listen elsewhere");
    }
  }

  /** By its writing alone: a name that resolves to loopback today may not tomorrow. */
  static boolean isLoopback(String host) {
    return host.equals("localhost")
        || host.equals("::1")
        || host.equals("[::1]")
        || host.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
  }

  private void atLeast(String key, long found, long bound, String boundName) {
    if (found < bound) {
      problem(key, "found " + found + ", allowed: at least " + boundName + " = " + bound);
    }
  }

  private void problem(String path, String text) {
    problems.add(new Problem(path, text));
  }
}
