package io.quipu.server.connection;

import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.FrameSplitter;
import io.quipu.protocol.JsonCodec;
import io.quipu.server.config.LoopbackName;
import io.quipu.server.log.LineLimit;
import io.quipu.server.metrics.Dress;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.session.Sessions;
import io.quipu.server.time.Clock;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.ServerWebSocketHandshake;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * ① ⑦ The sockets of one event loop: both listeners, one codec for each dress, and one write per
 * connection and turn.
 */
public final class ConnectionVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionVerticle.class);

  /** Shared by all: a frame that many get is encoded once for each. */
  private static final FrameCodec BINARY = new BinaryCodec();

  private static final FrameCodec JSON = new JsonCodec();

  private static final String PATH = "/v1/connect";
  private static final String SUB_PROTOCOL_BINARY = "quipu.v1";
  private static final String SUB_PROTOCOL_JSON = "quipu.v1.json";

  /** Beyond maxConnections by a tenth, connections are closed without a word. */
  private static final int OVER_FULL_PART = 10;

  /** Of an event loop: enough to see what goes on, whatever strangers do. */
  private static final int LINES_PER_SECOND = 5;

  private static final int SLOT_MS = 250;
  private static final int SLOTS = 256;

  private final Listen listen;
  private final Connection.Rules rules;
  private final AtomicInteger connectionsOfNode;
  private final Parts parts;
  private final Clock clock;
  private final Metrics metrics;
  private final Set<Connection> connections = new HashSet<>();

  /** HTTP connections that have not yet asked for anything, and the timers that end them. */
  private final Map<SocketAddress, Long> firstRequests = new HashMap<>();

  /** When each connection of the HTTP listener was accepted; WebSockets stay until they end. */
  private final Map<SocketAddress, Long> httpAcceptedMs = new HashMap<>();

  private final List<Connection> toFlush = new ArrayList<>();
  private final List<Supplier<Future<?>>> closers = new ArrayList<>();
  private final DeadlineWheel<Connection> wheel;
  private final LineLimit lines = new LineLimit(LINES_PER_SECOND);
  private int tcpPort;
  private int httpPort;
  private boolean draining;

  /**
   * @param tcp false = no TCP listener
   * @param tcpPort negative = any free one, the same for all verticles of one deployment
   * @param origins from which a browser may open a WebSocket; empty = the host that serves it,
   *     {@code *} = any
   * @param loopbackNamesOnly a WebSocket must be asked of localhost by that name: where anybody on
   *     this machine can be any user, a web page must not get here by a name of its own
   * @param maxConnections of the node
   * @param sendBufferBytes in the kernel, of one connection; by itself it grows to 3 MB for a peer
   *     that does not read
   */
  public record Listen(
      boolean tcp,
      String tcpHost,
      int tcpPort,
      String httpHost,
      int httpPort,
      List<String> origins,
      boolean loopbackNamesOnly,
      int maxConnections,
      int writeQueueBytes,
      int sendBufferBytes) {
    public Listen {
      origins = List.copyOf(origins);
    }
  }

  /** What lives on the same event loop as the sockets. */
  public interface Parts {
    /** Recipients and sessions of this loop, started. */
    Future<Sessions> start(Context context);

    /** What answers plain HTTP on this loop. */
    Handler<HttpServerRequest> http(Sessions sessions);

    Future<?> stop();
  }

  /**
   * @param connectionsOfNode shared by all event loops
   */
  public ConnectionVerticle(
      Listen listen,
      Connection.Rules rules,
      AtomicInteger connectionsOfNode,
      Parts parts,
      Clock clock,
      Metrics metrics) {
    this.listen = listen;
    this.rules = rules;
    this.connectionsOfNode = connectionsOfNode;
    this.parts = parts;
    this.clock = clock;
    this.metrics = metrics;
    this.wheel = new DeadlineWheel<>(SLOTS, SLOT_MS, clock.nowMs());
  }

  @Override
  public Future<?> start() {
    long timer = vertx.setPeriodic(SLOT_MS, unused -> checkDeadlines());
    closers.add(() -> Future.succeededFuture(vertx.cancelTimer(timer)));
    return parts
        .start(context)
        .compose(sessions -> listenTcp(sessions).compose(done -> listenHttp(sessions)));
  }

  @Override
  public Future<?> stop() {
    List<Future<?>> ends = new ArrayList<>();
    closers.forEach(closer -> ends.add(closer.get()));
    return Future.join(ends).transform(closed -> parts.stop());
  }

  /** The port that is really bound; 0 without a TCP listener. */
  public int tcpPort() {
    return tcpPort;
  }

  public int httpPort() {
    return httpPort;
  }

  /** From now on new connections are turned away; the open ones go on. */
  public void drain() {
    context.runOnContext(onLoop -> draining = true);
  }

  // ---- listeners

  private Future<Void> listenTcp(Sessions sessions) {
    if (!listen.tcp()) {
      return Future.succeededFuture();
    }
    NetServerOptions options = new NetServerOptions();
    options.setHost(listen.tcpHost()).setPort(listen.tcpPort());
    options.setTcpNoDelay(true).setTcpKeepAlive(true);
    options.setSendBufferSize(listen.sendBufferBytes());
    NetServer server = vertx.createNetServer(options);
    server.connectHandler(socket -> acceptTcp(socket, sessions));
    return server
        .listen()
        .onSuccess(
            listening -> {
              tcpPort = listening.actualPort();
              closers.add(server::close);
            })
        .mapEmpty();
  }

  private void acceptTcp(NetSocket socket, Sessions sessions) {
    socket.setWriteQueueMaxSize(listen.writeQueueBytes());
    Connection connection = open(new TcpWire(socket), Dress.TCP, sessions, clock.nowMs());
    FrameSplitter splitter = new FrameSplitter(connection.maxFrameBytes());
    socket.handler(
        chunk -> {
          connection.heard(clock.nowMs());
          byte[] bytes = chunk.getBytes();
          try {
            splitter.limit(connection.maxFrameBytes()); // Connected may have come since
            splitter.split(
                bytes,
                0,
                bytes.length,
                (frame, offset, length) -> {
                  connection.frame(frame, offset, length);
                  splitter.limit(connection.maxFrameBytes());
                });
            connection.partial(splitter.inFrame(), clock.nowMs());
          } catch (QuipuException e) {
            connection.unreadable(e);
          }
        });
    socket.drainHandler(drained -> connection.drained());
    socket.exceptionHandler(e -> LOG.debug("socket failed: {}", e.toString()));
    connectionsOfNode.incrementAndGet();
    socket.closeHandler(
        closed -> {
          connectionsOfNode.decrementAndGet();
          gone(connection);
        });
    admit(connection);
  }

  private Future<Void> listenHttp(Sessions sessions) {
    HttpServerOptions options = new HttpServerOptions();
    options.setHost(listen.httpHost()).setPort(listen.httpPort());
    options.setTcpNoDelay(true).setTcpKeepAlive(true);
    options.setWebSocketSubProtocols(List.of(SUB_PROTOCOL_BINARY, SUB_PROTOCOL_JSON));
    // Compressed WebSockets cost 136 KB each, and a small bomb becomes a big frame.
    options.setPerMessageWebSocketCompressionSupported(false);
    options.setPerFrameWebSocketCompressionSupported(false);
    options.setCompressionSupported(false).setHttp2ClearTextEnabled(false);
    options.setMaxWebSocketFrameSize(rules.maxFrameBytes());
    options.setMaxWebSocketMessageSize(rules.maxFrameBytes());
    options.setWebSocketClosingTimeout(Math.max(1, rules.closeGraceMs() / 1000));
    options.setSendBufferSize(listen.sendBufferBytes());
    options.setIdleTimeoutUnit(TimeUnit.MILLISECONDS).setIdleTimeout(rules.idleMs() + 1_000);
    HttpServer server = vertx.createHttpServer(options);
    Handler<HttpServerRequest> router = parts.http(sessions);
    server.connectionHandler(this::acceptHttp);
    server.webSocketHandshakeHandler(this::handshake);
    server.webSocketHandler(socket -> acceptWebSocket(socket, sessions));
    server.requestHandler(
        request -> {
          heardOf(request.remoteAddress());
          router.handle(request);
        });
    return server
        .listen()
        .onSuccess(
            listening -> {
              httpPort = listening.actualPort();
              closers.add(server::close);
            })
        .mapEmpty();
  }

  /**
   * The head of the first request has a deadline; a node that is over-full does not even wait for
   * it.
   */
  private void acceptHttp(HttpConnection connection) {
    int held = connectionsOfNode.incrementAndGet();
    SocketAddress peer = connection.remoteAddress();
    httpAcceptedMs.put(peer, clock.nowMs());
    connection.closeHandler(closed -> released(peer)); // not called once it is a WebSocket
    if (held > listen.maxConnections() + listen.maxConnections() / OVER_FULL_PART) {
      metrics.connectionRefused(ErrorCode.TOO_MANY_CONNECTIONS);
      connection.close();
      return;
    }
    long timer = vertx.setTimer(rules.handshakeMs(), late -> connection.close());
    firstRequests.put(peer, timer);
  }

  private void released(SocketAddress peer) {
    heardOf(peer);
    if (httpAcceptedMs.remove(peer) != null) {
      connectionsOfNode.decrementAndGet();
    }
  }

  private void heardOf(SocketAddress peer) {
    Long timer = firstRequests.remove(peer);
    if (timer != null) {
      vertx.cancelTimer(timer);
    }
  }

  private void handshake(ServerWebSocketHandshake handshake) {
    heardOf(handshake.remoteAddress());
    String asked = handshake.headers().get("Sec-WebSocket-Protocol");
    if (!PATH.equals(handshake.path())) {
      handshake.reject(404);
    } else if (asked != null && !knowsOneOf(asked)) {
      handshake.reject(400);
    } else if (listen.loopbackNamesOnly()
        && !LoopbackName.isOne(String.valueOf(handshake.headers().get("Host")))) {
      metrics.connectionRefused(ErrorCode.ORIGIN_FORBIDDEN);
      handshake.reject(421);
    } else if (!Origins.allowed(
        Optional.ofNullable(handshake.headers().get("Origin")),
        handshake.headers().get("Host"),
        listen.origins())) {
      metrics.connectionRefused(ErrorCode.ORIGIN_FORBIDDEN);
      lines
          .at(Level.INFO, LOG, clock.nowMs())
          .addKeyValue("code", ErrorCode.ORIGIN_FORBIDDEN)
          .log("a WebSocket from a foreign origin was refused");
      handshake.reject(403);
    } else {
      handshake.accept();
    }
  }

  private static boolean knowsOneOf(String asked) {
    for (String protocol : asked.split(",", -1)) {
      String name = protocol.trim();
      if (name.equals(SUB_PROTOCOL_BINARY) || name.equals(SUB_PROTOCOL_JSON)) {
        return true;
      }
    }
    return false;
  }

  private void acceptWebSocket(ServerWebSocket socket, Sessions sessions) {
    Dress dress =
        SUB_PROTOCOL_BINARY.equals(socket.subProtocol())
            ? Dress.WEBSOCKET_BINARY
            : Dress.WEBSOCKET_JSON;
    boolean text = !SUB_PROTOCOL_BINARY.equals(socket.subProtocol());
    socket.setWriteQueueMaxSize(listen.writeQueueBytes());
    SocketAddress peer = socket.remoteAddress();
    // The time for the upgrade is part of the time for the handshake.
    long acceptedMs = httpAcceptedMs.getOrDefault(peer, clock.nowMs());
    Connection connection = open(new WebSocketWire(socket, text), dress, sessions, acceptedMs);
    if (text) {
      socket.textMessageHandler(
          message -> received(connection, message.getBytes(StandardCharsets.UTF_8)));
      socket.binaryMessageHandler(
          message -> connection.unreadable(otherDress("binary", SUB_PROTOCOL_JSON)));
    } else {
      socket.binaryMessageHandler(message -> received(connection, message.getBytes()));
      socket.textMessageHandler(
          message -> connection.unreadable(otherDress("text", SUB_PROTOCOL_BINARY)));
    }
    socket.drainHandler(drained -> connection.drained());
    socket.exceptionHandler(e -> failed(connection, e));
    socket.closeHandler(
        closed -> {
          released(peer);
          gone(connection);
        });
    admit(connection);
  }

  /** Vert.x refuses a long or broken WebSocket frame by itself, and cuts the socket after this. */
  private void failed(Connection connection, Throwable e) {
    if (isTooBig(e)) {
      connection.unreadable(
          new QuipuException(
              ErrorCode.FRAME_TOO_LARGE, "the limit is " + connection.maxFrameBytes() + " bytes"));
    } else if (e instanceof CorruptedWebSocketFrameException) {
      connection.unreadable(
          new QuipuException(ErrorCode.MALFORMED_FRAME, "a broken WebSocket frame"));
    } else {
      LOG.debug("socket failed: {}", e.toString());
    }
  }

  /** A message of fragments is reported so, and then dropped in silence: it must not be. */
  private static boolean isTooBig(Throwable e) {
    return e instanceof IllegalStateException
        || (e instanceof CorruptedWebSocketFrameException broken
            && broken.closeStatus().equals(WebSocketCloseStatus.MESSAGE_TOO_BIG));
  }

  private static QuipuException otherDress(String kind, String subProtocol) {
    return new QuipuException(
        ErrorCode.MALFORMED_FRAME, "a " + kind + " message on " + subProtocol);
  }

  private void received(Connection connection, byte[] message) {
    connection.heard(clock.nowMs());
    if (message.length > connection.maxFrameBytes()) {
      connection.unreadable(
          new QuipuException(
              ErrorCode.FRAME_TOO_LARGE,
              "a frame of "
                  + message.length
                  + " bytes; the limit is "
                  + connection.maxFrameBytes()));
    } else {
      connection.frame(message, 0, message.length);
    }
  }

  // ---- connections

  private Connection open(Wire wire, Dress dress, Sessions sessions, long acceptedMs) {
    FrameCodec codec = dress == Dress.WEBSOCKET_JSON ? JSON : BINARY;
    Connection connection = new Connection(wire, dress, codec, rules, this, sessions, acceptedMs);
    connections.add(connection);
    metrics.connectionOpened(dress);
    return connection;
  }

  private void admit(Connection connection) {
    if (draining) {
      connection.close(ErrorCode.DRAINING, 1_000, "this node goes down");
    } else if (connectionsOfNode.get() > listen.maxConnections()) {
      connection.close(ErrorCode.TOO_MANY_CONNECTIONS, 5_000, "this node is full");
    }
  }

  private void gone(Connection connection) {
    if (connections.remove(connection)) {
      metrics.connectionClosed(connection.dress(), connection.closedFor());
    }
    connection.gone();
  }

  private void checkDeadlines() {
    long nowMs = clock.nowMs();
    wheel.due(nowMs).forEach(connection -> connection.check(nowMs));
  }

  /** This node closes a connection. What comes from the client's ways, and often, is for DEBUG. */
  void closed(Sessions.Handle session, ErrorCode code, String detail) {
    boolean usual =
        switch (code) {
          case REPLACED, TOKEN_EXPIRED, DRAINING, IDLE_TIMEOUT -> true;
          default -> false;
        };
    boolean login = session.tokenExpiresAtMs() == 0;
    session
        .on(lines.at(usual ? Level.DEBUG : Level.INFO, LOG, clock.nowMs()))
        .addKeyValue("code", code)
        .addKeyValue("detail", detail)
        .log(login ? "a connection was refused" : "a session was closed");
  }

  DeadlineWheel<Connection> wheel() {
    return wheel;
  }

  Clock clock() {
    return clock;
  }

  Metrics metrics() {
    return metrics;
  }

  /** All frames that a connection gets in one turn of the event loop leave in one write. */
  void atTheEndOfTheTurn(Connection connection) {
    if (toFlush.isEmpty()) {
      context.runOnContext(turnOver -> flush());
    }
    toFlush.add(connection);
  }

  private void flush() {
    List<Connection> now = List.copyOf(toFlush);
    toFlush.clear();
    now.forEach(Connection::flush);
  }
}
