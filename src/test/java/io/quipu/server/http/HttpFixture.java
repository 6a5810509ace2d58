package io.quipu.server.http;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.session.Identity;
import io.quipu.server.time.Clock;
import io.quipu.server.time.SystemChance;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The HTTP face on a real socket, before a store in memory. Tokens are {@code token-of-USER}, and
 * {@link #SERVICE_TOKEN} for a service. Requests are written byte by byte as given: no client
 * library repairs them.
 */
final class HttpFixture implements AutoCloseable {
  static final HttpRules RULES = rules(20_000, 20_000, false);
  static final String SERVICE_TOKEN = "token-for-billing";
  static final long UNIX_MS = 1_800_000_000_000L;

  final Vertx vertx = Vertx.vertx();
  final Metrics metrics = new Metrics("test", "node-1");
  final AtomicLong nowMs = new AtomicLong(5_000_000);
  final AtomicInteger pings = new AtomicInteger();
  final List<Sent> sent = new ArrayList<>();
  final Map<Sent.Id, Appender.Stored> stored = new HashMap<>();
  final ScriptedLists lists = new ScriptedLists(page -> page.compose(this::unlessItFails));
  final ScriptedPeople people = new ScriptedPeople();

  /** What the next appends, reads and pings do instead. */
  volatile Optional<Future<Appender.Stored>> appendEnds = Optional.empty();

  volatile Optional<QuipuException> storeFails = Optional.empty();
  volatile boolean draining;
  volatile boolean placed = true;
  volatile int waitMs;
  volatile String lastHistory = "";
  volatile String lastRead = "";

  /** Whether each answer must be one that openapi.json has for its request. */
  volatile boolean heldToTheContract = true;

  private final Clock clock =
      new Clock() {
        @Override
        public long nowMs() {
          return nowMs.get();
        }

        @Override
        public long unixMs() {
          return UNIX_MS;
        }
      };

  private final int port;
  private volatile HttpFace face;

  /** One call of the appender. */
  record Sent(Id id, boolean resend, Content content) {
    record Id(UserId user, ConversationId conversation, UUID clientMessageId) {}
  }

  /** An answer, its head not repaired either. */
  record Reply(int status, Map<String, String> headers, String body) {
    JsonObject json() {
      return new JsonObject(body);
    }

    /** A field of the body, as text. */
    String text(String name) {
      return String.valueOf(json().getValue(name));
    }

    String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  HttpFixture(HttpRules rules) {
    AtomicInteger bound = new AtomicInteger();
    await(
        vertx.deployVerticle(
            new VerticleBase() {
              @Override
              public Future<HttpServer> start() {
                face =
                    new HttpFace(
                        vertx,
                        rules,
                        new HttpFace.Ports(
                            HttpFixture::identityOf,
                            HttpFixture.this::append,
                            log(),
                            journal(),
                            directory(),
                            lists,
                            new ScriptedReceipts(lists),
                            people,
                            HttpFixture.this::read,
                            () -> draining,
                            () -> placed,
                            user -> waitMs),
                        clock,
                        new SystemChance(),
                        metrics);
                return vertx
                    .createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(0))
                    .requestHandler(face.router())
                    .listen()
                    .onSuccess(server -> bound.set(server.actualPort()));
              }
            }));
    port = bound.get();
  }

  static HttpRules rules(int bodyMs, int answerMs, boolean loopbackNamesOnly) {
    return new HttpRules(2_000, 1_000, 3, 50, 10_000, bodyMs, answerMs, 1_500, loopbackNamesOnly);
  }

  private static Future<Identity> identityOf(String token) {
    if (token.startsWith("token-of-")) {
      UserId user = new UserId(token.substring("token-of-".length()));
      return Future.succeededFuture(new Identity.User(user, Long.MAX_VALUE, 0));
    }
    if (token.equals(SERVICE_TOKEN)) {
      return Future.succeededFuture(new Identity.Service("billing", Long.MAX_VALUE, 0));
    }
    return Future.failedFuture(
        token.equals("expired")
            ? new QuipuException(ErrorCode.TOKEN_EXPIRED, "the token has expired")
            : new QuipuException(ErrorCode.TOKEN_INVALID, "the token is no JWT"));
  }

  static Message message(long seq, UserId sender) {
    return new Message(seq, sender, new UUID(1, 2), UNIX_MS, Content.Text.of("höla \"7\""));
  }

  private Future<Boolean> read(UserId user, ConversationId conversation, long seq) {
    lastRead = user + " " + conversation + " " + seq;
    return Future.succeededFuture(
        seq <= 7 && (!conversation.isDirect() || conversation.isDirectOf(user)));
  }

  private synchronized Future<Appender.Stored> append(
      UserId user,
      ConversationId conversation,
      UUID clientMessageId,
      boolean resend,
      Content content) {
    Sent.Id id = new Sent.Id(user, conversation, clientMessageId);
    sent.add(new Sent(id, resend, content));
    if (appendEnds.isPresent()) {
      return appendEnds.get();
    }
    Appender.Stored before = stored.get(id);
    if (before != null) {
      return Future.succeededFuture(
          new Appender.Stored(conversation, before.seq(), before.storedAtMs(), true));
    }
    Appender.Stored now =
        new Appender.Stored(conversation, stored.size() + 1, UNIX_MS + stored.size(), false);
    stored.put(id, now);
    return Future.succeededFuture(now);
  }

  synchronized Sent lastSent() {
    return sent.get(sent.size() - 1);
  }

  synchronized int sends() {
    return sent.size();
  }

  /** One that does not listen. */
  HttpFace face() {
    return face;
  }

  Reply get(String path, String user) {
    return call("GET", path, user, "");
  }

  /** With headers that stand there as given, each line ended by CR LF. */
  Reply call(String method, String path, String user, String body, String... headers) {
    StringBuilder head =
        new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    if (!user.isEmpty()) {
      head.append("Authorization: Bearer token-of-").append(user).append("\r\n");
    }
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > 0) {
      head.append("Content-Length: ").append(bytes.length).append("\r\n");
    }
    return raw(head + "Connection: close\r\n\r\n" + body);
  }

  /** The listener of operators on the same store. */
  Admin admin(Configuration.Admin rules) {
    AdminVerticle verticle =
        new AdminVerticle(rules, directory(), metrics, clock, () -> draining, () -> placed);
    await(vertx.deployVerticle(verticle));
    return new Admin(verticle.port());
  }

  record Admin(int port) {
    Reply call(String method, String path, String... headers) {
      StringBuilder head =
          new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n");
      for (String header : headers) {
        head.append(header).append("\r\n");
      }
      return raw(head.toString());
    }

    /** Of a head without the line that ends it. */
    Reply raw(String head) {
      return HttpFixture.raw(port, head + "Connection: close\r\n\r\n");
    }
  }

  /** Writes this, and reads to the end of the connection. */
  Reply raw(String request) {
    Reply reply = raw(port, request);
    if (heldToTheContract) {
      String[] line = request.split(" ", 3);
      String type = reply.header("content-type");
      OpenApiContract.check(line[0], line[1], reply.status(), type, reply.body());
    }
    return reply;
  }

  private static Reply raw(int port, String request) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().flush();
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(all);
      return reply(all.toString(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Reply reply(String all) {
    int end = all.indexOf("\r\n\r\n");
    List<String> head = all.substring(0, Math.max(0, end)).lines().toList();
    if (head.isEmpty()) {
      return new Reply(0, Map.of(), all);
    }
    Map<String, String> headers = new HashMap<>();
    for (String line : head.subList(1, head.size())) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return new Reply(
        Integer.parseInt(head.get(0).split(" ", -1)[1]), headers, all.substring(end + 4));
  }

  static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    await(vertx.close());
    metrics.close();
  }

  // ---- a store in memory

  private <T> Future<T> unlessItFails(T value) {
    return storeFails.map(Future::<T>failedFuture).orElseGet(() -> Future.succeededFuture(value));
  }

  private MessageLog log() {
    return new MessageLog() {
      @Override
      public Future<HistorySlice> history(
          UserId reader,
          ConversationId conversation,
          long beforeSeq,
          long afterSeq,
          int maxMessages,
          int maxBytes) {
        lastHistory = beforeSeq + " " + afterSeq + " " + maxMessages + " " + maxBytes;
        if (conversation.isDirect() && !conversation.directUsers().contains(reader)) {
          return Future.failedFuture(
              new QuipuException(ErrorCode.CONVERSATION_UNKNOWN, "no such conversation"));
        }
        long seq = beforeSeq > 0 ? Math.min(beforeSeq - 1, 7) : Math.max(afterSeq + 1, 7);
        return unlessItFails(
            new HistorySlice(
                new MessageRange(conversation, seq, seq, List.of(message(seq, reader)), List.of()),
                true));
      }

      @Override
      public Future<List<MessageRange>> read(
          UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Future<List<Behind>> behind(
          UserId user, long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Future<RecentCommits> recentCommits(long mark, Collection<Long> deviceKeys) {
        throw new UnsupportedOperationException();
      }
    };
  }

  private Journal journal() {
    return new Journal() {
      @Override
      public Future<SendFate> voidSend(
          ConversationId conversation, UserId sender, UUID clientMessageId) {
        return fate(conversation, sender, clientMessageId, SendState.VOID);
      }

      @Override
      public Future<SendFate> fateOf(
          ConversationId conversation, UserId sender, UUID clientMessageId) {
        return fate(conversation, sender, clientMessageId, SendState.NOT_SEEN);
      }

      private Future<SendFate> fate(
          ConversationId conversation, UserId sender, UUID id, SendState otherwise) {
        Appender.Stored known = stored.get(new Sent.Id(sender, conversation, id));
        return unlessItFails(
            known == null
                ? new SendFate(otherwise, 0, 0)
                : new SendFate(SendState.STORED, known.seq(), known.storedAtMs()));
      }

      @Override
      public JournalWriter openWriter() {
        throw new UnsupportedOperationException();
      }

      @Override
      public Future<Optional<ConversationState>> load(
          ConversationId conversation, Question question) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Future<Boolean> createGroup(ConversationId group, UserId creator) {
        throw new UnsupportedOperationException();
      }
    };
  }

  private Directory directory() {
    return new Directory() {
      @Override
      public Future<Void> ping() {
        pings.incrementAndGet();
        return unlessItFails(null);
      }

      @Override
      public Future<DeviceSession> openSession(
          UserId user, DeviceId device, long issuedAtMs, int maxDevices) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Future<Long> userKey(UserId user) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Future<List<Membership>> members(ConversationId conversation) {
        throw new UnsupportedOperationException();
      }
    };
  }
}
