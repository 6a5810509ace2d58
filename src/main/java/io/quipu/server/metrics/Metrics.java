package io.quipu.server.metrics;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.quipu.model.ErrorCode;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.DoubleStream;

/**
 * Every metric of a node; its methods are named for what happened. All are safe for any thread.
 *
 * <p>What happens per message is a LongAdder that the registry reads when it is scraped; only what
 * happens per statement or per tick goes into a histogram. Labels have as many values as there are
 * codes, dresses or statuses. Vert.x's own metrics stay off: they cost on each bus message.
 */
public final class Metrics implements AutoCloseable {
  private static final double NANOS_PER_MS = 1_000_000;
  private static final double MS_PER_SECOND = 1_000;
  private static final double[] ENTRIES = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
  private static final Duration[] TIMES =
      DoubleStream.of(0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 250, 500, 1_000, 2_500, 5_000)
          .mapToObj(ms -> Duration.ofNanos((long) (ms * NANOS_PER_MS)))
          .toArray(Duration[]::new);

  private static final int HTTP_STATUSES = 600;
  private static final String CLOSED =
      "connections closed, by the code that was told; PEER: the client went";
  private static final String LOGINS = "Connect frames answered, by result; of sockets only";
  private static final String KEY_FILES = "key files that were found changed, by result";
  private static final String WHERE_ASKED =
      "questions on which nodes a user is; unless KNOWN, all nodes are sent to";
  private static final String LIMITED = "refusals by a limit of a user or an address";
  private static final List<String> LIMITS =
      List.of(
          "loginsPerUser", "loginsPerAddress", "sendsPerUser", "groupsPerUser", "requestsPerUser");
  private static final String SENDS = "sends answered, of sockets and of HTTP, by result";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics gc = new JvmGcMetrics();

  // ---- connections and sessions

  private final Map<Dress, LongAdder> opened = new EnumMap<>(Dress.class);
  private final Map<Dress, LongAdder> open = new EnumMap<>(Dress.class);
  private final LongAdder closedByPeer;
  private final Map<ErrorCode, LongAdder> closed;
  private final LongAdder sessions =
      gauge("quipu.sessions", "sessions open now: devices that are logged in");
  private final LongAdder loginsOk;
  private final Map<ErrorCode, LongAdder> loginsFailed;
  private final LongAdder keyFilesTaken;
  private final LongAdder keyFilesBroken;
  private final Map<String, Boolean> keyFiles = new ConcurrentHashMap<>();
  private final LongAdder framesIn =
      counter("quipu.frames.received", "frames of clients, over TCP and WebSocket");
  private final LongAdder framesOut =
      counter("quipu.frames.written", "frames to clients, over TCP and WebSocket");

  // ---- the way of a message

  private final LongAdder acked;
  private final LongAdder ackedAgain;
  private final Map<ErrorCode, LongAdder> rejected;
  private final LongAdder delivered =
      counter("quipu.deliveries", "messages written to devices for the first time");
  private final LongAdder redelivered =
      counter(
          "quipu.redeliveries", "retransmits: messages written again, since no ack came in time");
  private final LongAdder outstandingConversations =
      gauge(
          "quipu.outstanding.conversations",
          "conversations of sessions with something not pushed or not acked");
  private final LongAdder outstandingMessages =
      gauge("quipu.outstanding.messages", "messages pushed to devices and not acked");
  private final LongAdder deliveryAcks = counter("quipu.delivery.acks", "DeliverAck frames taken");
  private final LongAdder syncs = counter("quipu.syncs", "syncs finished");
  private final LongAdder syncPages = counter("quipu.sync.pages", "pages of syncs written");
  private final LongAdder historyPages = counter("quipu.history.pages", "pages of history read");
  private final LongAdder looks =
      counter("quipu.looks", "looks at recent commits, which find what a lost push left out");
  private final LongAdder lookRepairs =
      counter("quipu.look.repairs", "conversations of devices that only a look brought up to date");

  // ---- journal

  private final DistributionSummary commitEntries =
      DistributionSummary.builder("quipu.commit.entries")
          .description("rows of one commit statement: the batch size")
          .serviceLevelObjectives(ENTRIES)
          .register(registry);
  private final Timer commitTime =
      timer("quipu.commit", "commit latency: one statement, from call to answer");
  private final LongAdder entries =
      counter("quipu.entries.committed", "rows committed: messages and changes of conversations");
  private final LongAdder conflicts =
      counter(
          "quipu.journal.conflicts",
          "batches left out of a commit, since a seq or an id was taken: two owners, or a retry");
  private final Map<ErrorCode, LongAdder> journalErrors;
  private final LongAdder cursorFlushes =
      counter("quipu.cursor.flushes", "statements that stored cursors");
  private final LongAdder cursorsFlushed = counter("quipu.cursors.flushed", "cursors stored");
  private final LongAdder notOwner =
      counter(
          "quipu.appends.not.owner",
          "appends sent back, since another node should own their conversation");
  private final LongAdder batchesWaiting =
      gauge("quipu.commit.waiting.batches", "batches ready for a commit, without a writer");
  private final LongAdder bodiesErased =
      counter("quipu.retention.erased", "bodies of messages erased by this node for their age");
  private final AtomicLong retentionLagMs = new AtomicLong();
  private final LongAdder queuedBytes =
      gauge("quipu.sequencer.queued.bytes", "content of appends that wait in sequencers");
  private final LongAdder conversations =
      gauge("quipu.conversations.loaded", "conversations in memory of sequencers");

  // ---- Redis: who is where, and limits

  private final AtomicBoolean redisUp = new AtomicBoolean();
  private final LongAdder redisLost =
      counter("quipu.redis.lost", "changes from an answering Redis to one that is away");
  private final Timer redisTime = timer("quipu.redis.call", "calls of Redis that were answered");
  private final LongAdder whereKnown;
  private final LongAdder whereMissing;
  private final LongAdder whereUnknown;
  private final LongAdder whereLookups =
      counter("quipu.whereabouts.lookups", "users whose nodes were asked of Redis");
  private final LongAdder whereNotices =
      counter(
          "quipu.whereabouts.notices", "notices of other nodes: a user came to one, or left it");
  private final LongAdder whereRegistered =
      counter("quipu.whereabouts.registrations", "sessions made known to Redis for the first time");
  private final LongAdder whereConfirmed =
      counter(
          "quipu.whereabouts.confirmations",
          "sessions registered again: in time, or since Redis had been away or empty");
  private final LongAdder whereEmptied =
      counter("quipu.whereabouts.emptied", "times that Redis was found emptied");
  private final AtomicLong whereCached = new AtomicLong();
  private final Map<String, LongAdder> limitsReached = new ConcurrentHashMap<>();

  // ---- bus, HTTP, event loops

  private final LongAdder busSent =
      counter("quipu.bus.sent", "messages between verticles and nodes, sent");
  private final LongAdder busReceived =
      counter("quipu.bus.received", "messages between verticles and nodes, received");
  private final Map<AddressKind, LongAdder> busSentAcross;
  private final Map<AddressKind, LongAdder> busBytesSentAcross;
  private final Map<AddressKind, LongAdder> busReceivedAcross;
  private final Map<AddressKind, LongAdder> busBytesReceivedAcross;
  private final LongAdder busRefused =
      counter(
          "quipu.bus.refused",
          "messages to other nodes that were not sent: no room in the window, or no such member");
  private final LongAdder busMalformed =
      counter("quipu.bus.malformed", "messages of other nodes, or words of theirs, that are none");
  private final LongAdder busLeftOut =
      counter("quipu.bus.left.out", "messages and parts of them that only a newer version knows");
  private final LongAdder busRenewals =
      counter(
          "quipu.bus.registrations.renewed",
          "addresses registered again, since a member's heartbeats did not come there");
  private final AtomicInteger peersSilent = new AtomicInteger();
  private final AtomicReferenceArray<LongAdder> httpAnswers =
      new AtomicReferenceArray<>(HTTP_STATUSES);
  private final Timer loopLag =
      timer(
          "quipu.eventloop.lag",
          "event-loop lag: how late a timer of each loop ran, ten times a second");

  /**
   * @param version of the program
   * @param node the configured name
   */
  public Metrics(String version, String node) {
    for (Dress dress : Dress.values()) {
      String name = dress.name();
      opened.put(
          dress,
          counter("quipu.connections.opened", "connections accepted, by dress", "dress", name));
      open.put(dress, gauge("quipu.connections", "connections open now, by dress", "dress", name));
    }
    closedByPeer = counter("quipu.connections.closed", CLOSED, "code", "PEER");
    closed = byCode("quipu.connections.closed", CLOSED, "code");
    loginsOk = counter("quipu.logins", LOGINS, "result", "OK");
    loginsFailed = byCode("quipu.logins", LOGINS, "result");
    keyFilesTaken = counter("quipu.key.file.reloads", KEY_FILES, "result", "TAKEN");
    keyFilesBroken = counter("quipu.key.file.reloads", KEY_FILES, "result", "BROKEN");
    Gauge.builder("quipu.key.files.broken", this, Metrics::brokenKeyFiles)
        .description("key files that cannot be used now; the keys read before are in use")
        .register(registry);
    acked = counter("quipu.sends", SENDS, "result", "STORED");
    ackedAgain = counter("quipu.sends", SENDS, "result", "DUPLICATE");
    rejected = byCode("quipu.sends", SENDS, "result");
    journalErrors =
        byCode("quipu.journal.errors", "commit statements that failed, by code", "code");
    busSentAcross = byKind("quipu.bus.peer.sent", "messages to other nodes, by kind of address");
    busBytesSentAcross = byKind("quipu.bus.peer.sent.bytes", "encoded bytes to other nodes");
    busReceivedAcross =
        byKind("quipu.bus.peer.received", "messages of other nodes, by kind of address");
    busBytesReceivedAcross =
        byKind("quipu.bus.peer.received.bytes", "encoded bytes of other nodes");
    Gauge.builder("quipu.peers.silent", peersSilent, AtomicInteger::get)
        .description("members that have been sent something and do not say that it came")
        .register(registry);
    whereKnown = counter("quipu.whereabouts.asked", WHERE_ASKED, "result", "KNOWN");
    whereMissing = counter("quipu.whereabouts.asked", WHERE_ASKED, "result", "NOT_CACHED");
    whereUnknown = counter("quipu.whereabouts.asked", WHERE_ASKED, "result", "UNKNOWN");
    Gauge.builder("quipu.redis.up", redisUp, up -> up.get() ? 1 : 0)
        .description("1 while Redis answers in time; 0 also if none is configured")
        .register(registry);
    Gauge.builder("quipu.whereabouts.cached", whereCached, AtomicLong::get)
        .description("users whose nodes are remembered")
        .register(registry);
    for (String limit : LIMITS) {
      limitsReached.put(limit, counter("quipu.limits.reached", LIMITED, "limit", limit));
    }
    Gauge.builder("quipu.retention.lag.seconds", () -> retentionLagMs.get() / MS_PER_SECOND)
        .description("for how long bodies have been due to be erased; after each turn of retention")
        .register(registry);
    Gauge.builder("quipu.build.info", () -> 1)
        .description("always 1; which program this is")
        .tags("version", version, "node", node, "java", Runtime.version().toString())
        .register(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    gc.bindTo(registry);
  }

  // ---- connections and sessions

  public void connectionOpened(Dress dress) {
    opened.get(dress).increment();
    open.get(dress).increment();
  }

  /**
   * @param code why this node closed it; empty if the peer went
   */
  public void connectionClosed(Dress dress, Optional<ErrorCode> code) {
    open.get(dress).decrement();
    code.map(closed::get).orElse(closedByPeer).increment();
  }

  /** Before there was a session or a dress: too many connections, a foreign origin. */
  public void connectionRefused(ErrorCode code) {
    closed.get(code).increment();
  }

  public void sessionOpened() {
    sessions.increment();
    loginsOk.increment();
  }

  public void sessionClosed() {
    sessions.decrement();
  }

  public void loginFailed(ErrorCode code) {
    loginsFailed.get(code).increment();
  }

  /**
   * A key file was found changed.
   *
   * @param setting the key of the configuration that names it
   * @param usable false: the keys read before stay
   */
  public void keyFileLooked(String setting, boolean usable) {
    keyFiles.put(setting, usable);
    (usable ? keyFilesTaken : keyFilesBroken).increment();
  }

  private double brokenKeyFiles() {
    return keyFiles.values().stream().filter(usable -> !usable).count();
  }

  public void framesReceived(int frames) {
    framesIn.add(frames);
  }

  public void framesWritten(int frames) {
    framesOut.add(frames);
  }

  // ---- the way of a message

  public void sendAcked() {
    acked.increment();
  }

  /** A retry was answered with the seq of the first time. */
  public void sendAckedAgain() {
    ackedAgain.increment();
  }

  public void sendRejected(ErrorCode code) {
    rejected.get(code).increment();
  }

  public void delivered(int messages) {
    delivered.add(messages);
  }

  public void redelivered(int messages) {
    redelivered.add(messages);
  }

  /** Deliveries on their way have become so many more; negative: fewer. */
  public void outstanding(long conversations, long messages) {
    outstandingConversations.add(conversations);
    outstandingMessages.add(messages);
  }

  public void deliveryAcked() {
    deliveryAcks.increment();
  }

  public void syncPageWritten() {
    syncPages.increment();
  }

  public void syncDone() {
    syncs.increment();
  }

  public void historyPageRead() {
    historyPages.increment();
  }

  public void bodiesErased(int bodies) {
    bodiesErased.add(bodies);
  }

  /** For so long something has been due, 0 = nothing is. */
  public void retentionLag(long ms) {
    retentionLagMs.set(ms);
  }

  /**
   * @param repairs devices found behind in a conversation; most of them are acking just then
   */
  public void looked(int repairs) {
    looks.increment();
    lookRepairs.add(repairs);
  }

  // ---- journal

  /**
   * One commit statement has succeeded.
   *
   * @param latencyMs from the call to the answer
   */
  public void committed(int rows, double latencyMs) {
    entries.add(rows);
    commitEntries.record(rows);
    commitTime.record((long) (latencyMs * NANOS_PER_MS), TimeUnit.NANOSECONDS);
  }

  /** A batch was left out of a statement, since a seq or an id of it was taken. */
  public void batchLeftOut() {
    conflicts.increment();
  }

  /** An append came to a node that is not the owner in its own view. */
  public void notOwner() {
    notOwner.increment();
  }

  public void journalFailed(ErrorCode code) {
    journalErrors.get(code).increment();
  }

  public void cursorsFlushed(int cursors) {
    cursorFlushes.increment();
    cursorsFlushed.add(cursors);
  }

  /** So many more batches wait for a writer; negative: fewer. */
  public void batchesWait(int more) {
    batchesWaiting.add(more);
  }

  /** So many more bytes wait in sequencers; negative: fewer. */
  public void appendsQueued(long moreBytes) {
    queuedBytes.add(moreBytes);
  }

  public void conversationLoaded() {
    conversations.increment();
  }

  public void conversationEvicted() {
    conversations.decrement();
  }

  // ---- Redis: who is where, and limits

  /** Redis answers in time from now on, or it does not any more. */
  public void redisIs(boolean up) {
    if (redisUp.getAndSet(up) && !up) {
      redisLost.increment();
    }
  }

  public void redisAnswered(long latencyNanos) {
    redisTime.record(latencyNanos, TimeUnit.NANOSECONDS);
  }

  public void whereaboutsKnown() {
    whereKnown.increment();
  }

  public void whereaboutsNotCached() {
    whereMissing.increment();
  }

  /** Redis is away, or not believed yet. */
  public void whereaboutsUnknown() {
    whereUnknown.increment();
  }

  public void whereaboutsLookedUp() {
    whereLookups.increment();
  }

  public void whereaboutsNoticed() {
    whereNotices.increment();
  }

  public void whereaboutsRegistered() {
    whereRegistered.increment();
  }

  public void whereaboutsConfirmed() {
    whereConfirmed.increment();
  }

  public void whereaboutsEmptied() {
    whereEmptied.increment();
  }

  public void whereaboutsCached(int users) {
    whereCached.set(users);
  }

  /**
   * @param limit by its name in the configuration, without its period
   */
  public void limitReached(String limit) {
    limitsReached.get(limit).increment();
  }

  // ---- bus, HTTP, event loops

  public void busSent(int messages) {
    busSent.add(messages);
  }

  public void busReceived(int messages) {
    busReceived.add(messages);
  }

  /** To an address of another node. */
  public void busSentAcross(AddressKind kind, int bytes) {
    busSent.increment();
    busSentAcross.get(kind).increment();
    busBytesSentAcross.get(kind).add(bytes);
  }

  /** From another node. */
  public void busReceivedAcross(AddressKind kind, int bytes) {
    busReceived.increment();
    busReceivedAcross.get(kind).increment();
    busBytesReceivedAcross.get(kind).add(bytes);
  }

  /** There was no room for a message in the window of its address, or no such address. */
  public void busRefused() {
    busRefused.increment();
  }

  public void busMalformed() {
    busMalformed.increment();
  }

  /**
   * @param parts of one message that this version does not know; 0 for most
   */
  public void busLeftOut(int parts) {
    if (parts > 0) {
      busLeftOut.add(parts);
    }
  }

  public void busRegistrationRenewed() {
    busRenewals.increment();
  }

  public void peersSilent(int peers) {
    peersSilent.set(peers);
  }

  /**
   * @param status of HTTP, 100 to 599
   */
  public void httpAnswered(int status) {
    LongAdder answers = httpAnswers.get(status);
    if (answers == null) {
      answers = firstAnswered(status);
    }
    answers.increment();
  }

  /** Only the statuses that occur have a series: there are too many of them. */
  private synchronized LongAdder firstAnswered(int status) {
    LongAdder before = httpAnswers.get(status);
    if (before != null) {
      return before;
    }
    LongAdder made =
        counter(
            "quipu.http.requests", "HTTP requests answered", "status", Integer.toString(status));
    httpAnswers.set(status, made);
    return made;
  }

  public void eventLoopWasLate(long lagMs) {
    loopLag.record(lagMs, TimeUnit.MILLISECONDS);
  }

  // ---- out

  /** All of it, in Prometheus' text format 0.0.4. */
  public String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    gc.close();
    registry.close();
  }

  private Map<ErrorCode, LongAdder> byCode(String name, String description, String label) {
    // All from the start: a series that appears with its first event shows no rate for it.
    Map<ErrorCode, LongAdder> counters = new EnumMap<>(ErrorCode.class);
    for (ErrorCode code : ErrorCode.values()) {
      counters.put(code, counter(name, description, label, code.name()));
    }
    return counters;
  }

  private Map<AddressKind, LongAdder> byKind(String name, String description) {
    Map<AddressKind, LongAdder> counters = new EnumMap<>(AddressKind.class);
    for (AddressKind kind : AddressKind.values()) {
      counters.put(kind, counter(name, description, "kind", kind.name()));
    }
    return counters;
  }

  private LongAdder counter(String name, String description, String... labels) {
    LongAdder count = new LongAdder();
    FunctionCounter.builder(name, count, LongAdder::sum)
        .description(description)
        .tags(labels)
        .register(registry);
    return count;
  }

  private LongAdder gauge(String name, String description, String... labels) {
    LongAdder value = new LongAdder();
    Gauge.builder(name, value, LongAdder::sum)
        .description(description)
        .tags(labels)
        .register(registry);
    return value;
  }

  private Timer timer(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .serviceLevelObjectives(TIMES)
        .register(registry);
  }
}
