package io.quipu.server;

import io.quipu.model.Limits;
import io.quipu.server.config.Configuration;
import io.quipu.server.connection.Connection;
import io.quipu.server.connection.ConnectionVerticle;
import io.quipu.server.journal.RetentionRules;
import io.quipu.server.sequencer.Sequencer;
import io.quipu.server.sequencer.SequencerVerticle;

/** What the configuration means for the parts of a node. */
final class NodeRules {
  /**
   * To Vert.x, one free port that all instances of a deployment share; a number for each listener.
   */
  private static final int FREE_TCP_PORT = -1;

  private static final int FREE_HTTP_PORT = -2;

  private NodeRules() {}

  /** Of each sequencer verticle, and of each conversation in it. */
  static SequencerVerticle.Limits sequencers(Configuration configuration) {
    Configuration.Sequencer sequencer = configuration.sequencer();
    Configuration.Journal journal = configuration.journal();
    return new SequencerVerticle.Limits(
        sequencer.maxConversations(),
        sequencer.idleMs(),
        sequencer.maxQueuedBytes(),
        journal.writersPerSequencer(),
        journal.maxBatchEntries(),
        journal.maxBatchBytes(),
        new Sequencer.Limits(
            sequencer.maxQueued(),
            journal.maxBatchEntries(),
            journal.maxBatchBytes(),
            sequencer.maxLinks(),
            sequencer.recentIds(),
            new Sequencer.Rules(
                sequencer.groupMembers(),
                sequencer.editMs(),
                sequencer.recallMs(),
                sequencer.reactionsPerMessage(),
                RetentionRules.of(configuration.retention())),
            journal.retryMs(),
            journal.maxRetryMs(),
            journal.giveUpMs()));
  }

  /** Where it listens, and for whom. */
  static ConnectionVerticle.Listen listen(Configuration configuration) {
    Configuration.Tcp tcp = configuration.tcp();
    Configuration.Http http = configuration.http();
    return new ConnectionVerticle.Listen(
        tcp.enabled(),
        tcp.host(),
        tcp.port() == 0 ? FREE_TCP_PORT : tcp.port(),
        http.host(),
        http.port() == 0 ? FREE_HTTP_PORT : http.port(),
        http.allowedOrigins(),
        configuration.auth().development(),
        configuration.connection().maxConnections(),
        configuration.connection().writeQueueBytes(),
        configuration.connection().sendBufferBytes());
  }

  /** Of each socket. */
  static Connection.Rules connections(Configuration configuration) {
    Configuration.Connection connection = configuration.connection();
    return new Connection.Rules(
        connection.handshakeMs(),
        connection.frameMs(),
        connection.heartbeatMs() * 5 / 2,
        connection.maxFrameBytes(),
        connection.maxFrameBytesBeforeConnect(),
        connection.maxPendingBytes(),
        connection.closeGraceMs());
  }

  /** What clients are told in Connected. */
  static Limits clients(Configuration configuration) {
    Configuration.Session session = configuration.session();
    Configuration.Recipient recipient = configuration.recipient();
    return new Limits(
        configuration.connection().heartbeatMs(),
        configuration.connection().maxFrameBytes(),
        session.maxBodyBytes(),
        session.sendWindowMessages(),
        session.sendWindowBytes(),
        recipient.windowMessages(),
        recipient.windowBytes(),
        recipient.ackTimeoutMs(),
        recipient.syncCursors(),
        recipient.syncPageMessages(),
        recipient.syncPageBytes(),
        session.sendTimeoutMs(),
        configuration.sequencer().groupMembers(),
        configuration.sequencer().editMs(),
        configuration.sequencer().recallMs(),
        session.watchedUsers(),
        recipient.receiptGroupMembers(),
        configuration.retention().defaultDays(),
        configuration.retention().minDays(),
        configuration.retention().maxDays());
  }
}
