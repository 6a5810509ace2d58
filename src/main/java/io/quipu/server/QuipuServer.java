package io.quipu.server;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.adapter.postgres.EmbeddedPostgres;
import io.quipu.server.adapter.postgres.Postgres;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.config.Configuration;
import io.quipu.server.connection.ConnectionVerticle;
import io.quipu.server.fanout.FanOut;
import io.quipu.server.fanout.PostVerticle;
import io.quipu.server.http.AdminVerticle;
import io.quipu.server.http.Appender;
import io.quipu.server.http.HttpFace;
import io.quipu.server.http.HttpRules;
import io.quipu.server.journal.HistoryPages;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.RetentionRules;
import io.quipu.server.limits.RateLimits;
import io.quipu.server.metrics.CountedCursors;
import io.quipu.server.metrics.EventLoopLag;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.people.People;
import io.quipu.server.people.PeopleVerticle;
import io.quipu.server.recipient.ReadMarks;
import io.quipu.server.recipient.RecentCommitsLook;
import io.quipu.server.recipient.RecipientLimits;
import io.quipu.server.recipient.RecipientVerticle;
import io.quipu.server.recipient.Requests;
import io.quipu.server.retention.RetentionVerticle;
import io.quipu.server.sequencer.SequencerVerticle;
import io.quipu.server.session.Authenticator;
import io.quipu.server.session.Identity;
import io.quipu.server.session.Numbers;
import io.quipu.server.session.Sessions;
import io.quipu.server.time.Clock;
import io.quipu.server.time.SystemChance;
import io.quipu.server.time.SystemClock;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node: configuration in, verticles out. The only file that names adapters.
 *
 * <p>Each event loop has a sequencer verticle (③ to ⑤) and a connection verticle (①, ②, ⑦) with the
 * recipients (⑥) of its sessions.
 */
public final class QuipuServer {
  private static final Logger LOG = LoggerFactory.getLogger(QuipuServer.class);

  /** A quarter of the drain time is for clients to leave by themselves. */
  private static final int SPREAD_PART = 4;

  private static final int DRAIN_CHECK_MS = 50;

  /** For clients to read what they were told, after everything is answered. */
  private static final int LEAVE_MS = 500;

  private final Configuration configuration;
  private final Clock clock = new SystemClock();
  private final AtomicBoolean draining = new AtomicBoolean();
  private final AtomicInteger connections = new AtomicInteger();
  private final Numbers numbers = new Numbers();
  private final List<LoopParts> loops = new ArrayList<>();
  private final List<ConnectionVerticle> sockets = new ArrayList<>();
  private final List<SequencerVerticle> sequencers = new ArrayList<>();
  private final int eventLoops;
  private final NodeId self;
  private final Metrics metrics;
  private final Vertx vertx;
  private final ClusterParts cluster;
  private final Authenticator authenticator;
  private final RateLimits limits;
  private Optional<AdminVerticle> admin = Optional.empty();
  private Optional<EmbeddedPostgres> embedded = Optional.empty();
  private Postgres postgres;
  private HistoryPages history;
  private PeopleVerticle people;

  private QuipuServer(
      Configuration configuration, NodeId self, Metrics metrics, ClusterParts cluster) {
    this.configuration = configuration;
    this.eventLoops = eventLoops(configuration);
    this.self = self;
    this.metrics = metrics;
    this.cluster = cluster;
    this.vertx = cluster.vertx();
    this.authenticator = new Authenticator(vertx, configuration, clock, metrics::keyFileLooked);
    this.limits = new RateLimits(configuration.limits(), cluster.buckets(), clock, metrics);
  }

  private static int eventLoops(Configuration configuration) {
    int wanted = configuration.node().eventLoops();
    return wanted > 0 ? wanted : Runtime.getRuntime().availableProcessors();
  }

  private static String version() {
    return Optional.ofNullable(QuipuServer.class.getPackage().getImplementationVersion())
        .orElse("unpacked");
  }

  /**
   * Starts a node: PostgreSQL first, sockets last. Fails with {@code StoreUnfitException} or {@code
   * BindException}, and then nothing of it is left running.
   */
  public static Future<QuipuServer> start(Configuration configuration) {
    return start(configuration, UnaryOperator.identity());
  }

  /**
   * @param wrapped makes the node's bus of the real one: a test's bus loses what a bus may lose
   */
  static Future<QuipuServer> start(Configuration configuration, UnaryOperator<Bus> wrapped) {
    // Another node after each start: what is left of an earlier life is never taken for this one.
    NodeId self =
        new NodeId(
            configuration.node().name() + "-" + Long.toString(new SystemClock().unixMs(), 36));
    Metrics metrics = new Metrics(version(), configuration.node().name());
    return ClusterParts.start(
            configuration, self, eventLoops(configuration), new SystemClock(), metrics, wrapped)
        .compose(cluster -> new QuipuServer(configuration, self, metrics, cluster).started());
  }

  private Future<QuipuServer> started() {
    Promise<QuipuServer> started = Promise.promise();
    openStore()
        .compose(opened -> cluster.open())
        .compose(opened -> deployPeople())
        .compose(deployed -> deploySequencers())
        .compose(deployed -> deployLoops())
        .compose(deployed -> deployRetention())
        .compose(deployed -> deployAdmin())
        .onSuccess(
            deployed -> {
              cluster.serve(postgres.directory()::ping);
              sayThatItRuns();
              started.complete(this);
            })
        .onFailure(failure -> close().onComplete(closed -> started.fail(failure)));
    return started.future();
  }

  private void sayThatItRuns() {
    LOG.atInfo()
        .addKeyValue("node", self)
        .addKeyValue("version", version())
        .addKeyValue("tcpPort", tcpPort())
        .addKeyValue("httpPort", httpPort())
        .addKeyValue("adminPort", adminPort())
        .addKeyValue("postgres", postgresDescription())
        .log("the node is ready");
  }

  private Future<Void> openStore() {
    return postgresUri()
        .compose(uri -> Postgres.open(vertx, uri, configuration.postgres()))
        .onSuccess(opened -> postgres = opened)
        .mapEmpty();
  }

  private Future<String> postgresUri() {
    Optional<String> external = configuration.postgres().uri();
    if (external.isPresent()) {
      return Future.succeededFuture(external.get());
    }
    return vertx
        .executeBlocking(
            () -> EmbeddedPostgres.start(Path.of(configuration.node().dataDirectory())))
        .onSuccess(started -> embedded = Optional.of(started))
        .map(EmbeddedPostgres::uri);
  }

  private Journal journal() {
    Configuration.Sequencer sequencer = configuration.sequencer();
    return postgres.journal(
        new Journal.Quotas(sequencer.ownedGroups(), sequencer.newDirectsPerHour()));
  }

  private Future<Void> deployPeople() {
    Configuration.Recipient recipient = configuration.recipient();
    history =
        new HistoryPages(
            postgres.messageLog(),
            postgres.lists(),
            recipient.syncPageMessages(),
            recipient.syncPageBytes());
    List<Address.Loop> all = new ArrayList<>();
    for (int i = 0; i < eventLoops; i++) {
      all.add(new Address.Loop(self, i));
    }
    people =
        new PeopleVerticle(
            new PeopleVerticle.Ports(
                cluster.registry(),
                cluster.online(),
                cluster.bus(),
                cluster.outreach(0),
                all,
                postgres.devices(),
                postgres.mutes(),
                postgres.revocations(),
                postgres.erasures()),
            (user, userKey, conversation, id, content) ->
                loops.get(0).appendByNode(user, userKey, conversation, id, content),
            clock,
            configuration.session().revocationPollMs(),
            configuration.session().presenceGraceMs());
    return vertx.deployVerticle(people).mapEmpty();
  }

  private Future<Void> deploySequencers() {
    SequencerVerticle.Limits limits = NodeRules.sequencers(configuration);
    Future<?> deployed = Future.succeededFuture();
    for (int i = 0; i < eventLoops; i++) {
      Address.Owner address = new Address.Owner(self, i);
      SequencerVerticle owner =
          new SequencerVerticle(
              address,
              limits,
              cluster.bus(),
              cluster.placement(),
              journal(),
              new FanOut(cluster.outreach(address.index()), receiptMembers()),
              clock,
              metrics);
      sequencers.add(owner);
      deployed =
          deployed
              .compose(before -> vertx.deployVerticle(owner))
              .compose(
                  before ->
                      vertx.deployVerticle(
                          new PostVerticle(
                              new Address.Post(self, address.index()),
                              cluster.bus(),
                              cluster.registry())));
    }
    return deployed.mapEmpty();
  }

  private Future<Void> deployLoops() {
    List<RecipientVerticle> recipients = new ArrayList<>();
    for (int i = 0; i < eventLoops; i++) {
      LoopParts parts = new LoopParts(new Address.Loop(self, i));
      loops.add(parts);
      recipients.add(parts.recipients);
      sockets.add(
          new ConnectionVerticle(
              NodeRules.listen(configuration),
              NodeRules.connections(configuration),
              connections,
              parts,
              clock,
              metrics));
    }
    Iterator<ConnectionVerticle> each = List.copyOf(sockets).iterator();
    // One deployment: its instances share their listeners, and a free port if they ask for one.
    RecentCommitsLook look =
        new RecentCommitsLook(
            postgres.messageLog(), recipients, configuration.recipient().lookMs(), metrics::looked);
    return vertx
        .deployVerticle(each::next, new DeploymentOptions().setInstances(eventLoops))
        .compose(deployed -> vertx.deployVerticle(look))
        .onSuccess(deployed -> cluster.placement().onLoss(lost -> look.soon()))
        .mapEmpty();
  }

  private Future<Void> deployRetention() {
    Configuration.Retention retention = configuration.retention();
    return vertx
        .deployVerticle(
            new RetentionVerticle(
                postgres.agedBodies(RetentionRules.of(retention)),
                new RetentionVerticle.Pace(retention.roundMs(), retention.rowsPerSecond()),
                metrics::bodiesErased,
                metrics::retentionLag))
        .mapEmpty();
  }

  private Future<Void> deployAdmin() {
    AdminVerticle made =
        new AdminVerticle(
            configuration.admin(),
            postgres.directory(),
            metrics,
            clock,
            draining::get,
            cluster::isPlaced);
    admin = Optional.of(made);
    return vertx.deployVerticle(made).mapEmpty();
  }

  private int receiptMembers() {
    return configuration.recipient().receiptGroupMembers();
  }

  /** Recipients, sessions and HTTP of one event loop. */
  private final class LoopParts implements ConnectionVerticle.Parts {
    private final Address.Loop address;
    private final RecipientVerticle recipients;
    private Optional<Sessions> sessions = Optional.empty();
    private Optional<Context> context = Optional.empty();

    LoopParts(Address.Loop address) {
      this.address = address;
      this.recipients =
          new RecipientVerticle(
              address,
              RecipientLimits.of(configuration),
              postgres.messageLog(),
              postgres.receipts(receiptMembers()),
              new Requests(
                  history,
                  postgres.lists(),
                  postgres.receipts(receiptMembers()),
                  people,
                  configuration.recipient().syncPageMessages(),
                  configuration.recipient().syncPageBytes()),
              new CountedCursors(postgres.cursors(receiptMembers()), metrics),
              cluster.outreach(address.index()),
              clock,
              metrics::outstanding);
    }

    @Override
    public Future<Sessions> start(Context loop) {
      context = Optional.of(loop);
      Configuration.Session session = configuration.session();
      Sessions made =
          new Sessions(
              loop,
              address,
              new Sessions.Rules(
                  NodeRules.clients(configuration),
                  session.appendRetryMs(),
                  session.maxRequests(),
                  session.sendWindowMessages(),
                  session.maxDevices(),
                  session.sendWindowMessages()),
              numbers,
              cluster.bus(),
              cluster.placement(),
              cluster.registry(),
              journal(),
              postgres.directory(),
              authenticator,
              recipients,
              people,
              limits,
              clock,
              metrics);
      sessions = Optional.of(made);
      EventLoopLag.watch(vertx, clock, metrics);
      return deployRecipients(loop).compose(deployed -> made.start()).map(made);
    }

    /** In the name of a user, by the authority of this node; for any thread. */
    Future<?> appendByNode(
        UserId user, long userKey, ConversationId conversation, UUID id, Content content) {
      Promise<Object> done = Promise.promise();
      context
          .orElseThrow()
          .runOnContext(
              onLoop ->
                  sessions
                      .orElseThrow()
                      .append(user, userKey, conversation, id, content)
                      .<Object>mapEmpty()
                      .onComplete(done));
      return done.future();
    }

    private Future<?> deployRecipients(Context loop) {
      try {
        return recipients.deploy(loop);
      } catch (Exception e) {
        return Future.failedFuture(e);
      }
    }

    /** A user's token may have been revoked since it was issued; a service's cannot. */
    private Future<Identity> identity(String token) {
      return authenticator
          .authenticate(token)
          .compose(
              identity ->
                  identity instanceof Identity.User user
                      ? people.checkToken(user.user(), user.issuedAtMs()).map(identity)
                      : Future.succeededFuture(identity));
    }

    @Override
    public Handler<HttpServerRequest> http(Sessions loopSessions) {
      HttpFace.Ports ports =
          new HttpFace.Ports(
              this::identity,
              (user, conversation, clientMessageId, resend, content) ->
                  loopSessions
                      .append(user, conversation, clientMessageId, resend, content)
                      .map(
                          stored ->
                              new Appender.Stored(
                                  conversation,
                                  stored.seq(),
                                  stored.storedAtMs(),
                                  stored.duplicate())),
              postgres.messageLog(),
              journal(),
              postgres.directory(),
              postgres.lists(),
              postgres.receipts(receiptMembers()),
              people,
              new ReadMarks(
                      address,
                      postgres.directory(),
                      postgres.cursors(receiptMembers()),
                      cluster.outreach(address.index()))
                  ::read,
              draining::get,
              cluster::isPlaced,
              limits::request);
      return new HttpFace(
              vertx, HttpRules.of(configuration), ports, clock, new SystemChance(), metrics)
          .router();
    }

    @Override
    public Future<?> stop() {
      try {
        Future<?> undeployed =
            context.isPresent() ? recipients.undeploy(context.get()) : Future.succeededFuture();
        return undeployed.transform(
            done -> sessions.map(Sessions::stop).orElse(Future.succeededFuture()));
      } catch (Exception e) {
        return Future.failedFuture(e);
      }
    }

    /** Tells every session to go elsewhere. */
    void drain(int spreadMs) {
      context.ifPresent(
          loop -> loop.runOnContext(onLoop -> sessions.ifPresent(one -> one.drain(spreadMs))));
    }

    Future<Boolean> isDrained() {
      return Future.future(
          promise ->
              context.ifPresentOrElse(
                  loop ->
                      loop.runOnContext(
                          onLoop ->
                              promise.complete(sessions.map(Sessions::isDrained).orElse(true))),
                  () -> promise.complete(true)));
    }
  }

  /** The bound port; 0 if there is no TCP listener. */
  public int tcpPort() {
    return sockets.get(0).tcpPort();
  }

  public int httpPort() {
    return sockets.get(0).httpPort();
  }

  /** Of health, readiness and metrics. */
  public int adminPort() {
    return admin.map(AdminVerticle::port).orElse(0);
  }

  /** Devices, revocations, erasures, presence: for whoever runs a node in a process of his own. */
  public People people() {
    return people;
  }

  /** Which PostgreSQL, for people; without its password. */
  public String postgresDescription() {
    return embedded
        .map(own -> "embedded, in " + configuration.node().dataDirectory())
        .orElse("external");
  }

  /**
   * Ends in order: new connections are turned away, clients are told to go, what was accepted is
   * answered, cursors are stored, then everything closes; at the latest after node.drainMs.
   */
  public Future<Void> stop() {
    if (!draining.compareAndSet(false, true)) {
      return Future.succeededFuture();
    }
    int drainMs = configuration.node().drainMs();
    LOG.atInfo()
        .addKeyValue("connections", connections.get())
        .addKeyValue("drainMs", drainMs)
        .log("draining: clients are told to go");
    sockets.forEach(ConnectionVerticle::drain);
    loops.forEach(loop -> loop.drain(drainMs / SPREAD_PART));
    long untilMs = clock.nowMs() + drainMs;
    // Not bound to an event loop, as in close().
    Promise<Void> stopped = Promise.promise();
    cluster
        .leave()
        .compose(told -> drained(untilMs))
        .compose(answered -> gone(Math.min(untilMs, clock.nowMs() + LEAVE_MS)))
        .onComplete(done -> close().onComplete(stopped));
    return stopped
        .future()
        .onComplete(
            closed -> LOG.atInfo().addKeyValue("node", self).log("the node has stopped in order"));
  }

  private Future<Void> drained(long untilMs) {
    List<Future<Boolean>> each = new ArrayList<>();
    loops.forEach(loop -> each.add(loop.isDrained()));
    sequencers.forEach(sequencer -> each.add(sequencer.isDrained()));
    return Future.all(each)
        .compose(
            all -> {
              boolean empty = all.<Boolean>list().stream().allMatch(one -> one);
              if (empty || clock.nowMs() >= untilMs) {
                if (empty) {
                  LOG.info("drained: everything that was accepted has its answer");
                } else {
                  LOG.warn("not drained within node.drainMs: unanswered sends will be sent again");
                }
                return Future.succeededFuture();
              }
              return vertx.timer(DRAIN_CHECK_MS).compose(tick -> drained(untilMs));
            });
  }

  /** Clients go by themselves; a socket that is closed with unread input loses its last words. */
  private Future<Void> gone(long untilMs) {
    return connections.get() == 0 || clock.nowMs() >= untilMs
        ? Future.succeededFuture()
        : vertx.timer(DRAIN_CHECK_MS).compose(tick -> gone(untilMs));
  }

  private Future<Void> close() {
    authenticator.close();
    List<Future<?>> undeployed = new ArrayList<>();
    vertx.deploymentIDs().forEach(id -> undeployed.add(vertx.undeploy(id)));
    // Not bound to an event loop: those are gone before it completes.
    Promise<Void> closed = Promise.promise();
    Future.join(undeployed)
        .transform(done -> Future.join(cluster.close(), closeStore()))
        .onComplete(
            done -> {
              metrics.close();
              vertx.close().onComplete(closed);
            });
    return closed.future();
  }

  private Future<Void> closeStore() {
    Future<Void> closed = postgres == null ? Future.succeededFuture() : postgres.close();
    return closed.transform(done -> stopEmbedded());
  }

  private Future<Void> stopEmbedded() {
    return embedded.isEmpty()
        ? Future.succeededFuture()
        : vertx.executeBlocking(
            () -> {
              embedded.get().close();
              return null;
            });
  }
}
