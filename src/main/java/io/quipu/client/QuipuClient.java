package io.quipu.client;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Limits;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * A user's device on a Quipu server. It promises: every send ends as stored, as not applied, or as
 * unknown until it is sent again or cancelled; the message handler gets every conversation's
 * messages once, in the order of their seqs, and what it did not finish comes again; a lost
 * connection is made again until {@link #close} or until the server says stop.
 *
 * <p>All methods may be called from any thread. The message handler runs on the client's own
 * event-loop context and must not block; its Future gates the acknowledgement and the next message
 * of the same conversation. Futures fail with {@link QuipuException}, whose outcome says what is
 * certain.
 */
public final class QuipuClient {
  private final ContextInternal context;
  private final ClientLoop loop;
  private final AtomicInteger room;
  private final ClientIds ids;

  private QuipuClient(Builder builder) {
    this.room = new AtomicInteger(builder.settings.outbox().maxMessages());
    this.context =
        builder
            .context
            .map(ContextInternal.class::cast)
            .orElseGet(() -> freshContext(builder.vertx));
    this.ids = new ClientIds(new SplittableRandom(builder.random.nextLong()));
    this.loop =
        new ClientLoop(
            builder.vertx,
            context,
            new ClientLoop.Wiring(
                builder.transport(),
                builder.tokens,
                builder.device.orElseThrow(() -> new IllegalStateException("device is not set")),
                builder.cursors,
                builder.outboxStore,
                builder.messageHandler,
                builder.eventHandler,
                builder.observer,
                builder.settings,
                builder.random,
                builder.clockMs),
            room);
  }

  /** Each client its own, so that clients spread over the event loops. */
  private static ContextInternal freshContext(Vertx vertx) {
    return ((VertxInternal) vertx).createEventLoopContext();
  }

  /** Begins to describe a client; {@link Builder#server}, token and device must be set. */
  public static Builder builder(Vertx vertx) {
    return new Builder(vertx);
  }

  /**
   * Connects, and stays connected. Succeeds with the first connection, however many attempts that
   * takes; fails if a store cannot be read, the server says stop, or the client is closed.
   */
  public Future<Void> start() {
    return on(loop::start);
  }

  /**
   * Sends.
   *
   * @return succeeds when the server has committed it. Fails with NOT_APPLIED if it is not stored
   *     and never will be (SEND_WINDOW_FULL: this client's own outbox is full). Fails with UNKNOWN
   *     if nobody knows: then later sends to this conversation wait until {@link #retry} or {@link
   *     #cancel}
   */
  public Future<Stored> send(ConversationId conversation, Content content) {
    return send(new PendingSend(newId(), new To.Conversation(conversation), content));
  }

  /**
   * Sends to the direct conversation with this user, like {@link #send(ConversationId, Content)}.
   */
  public Future<Stored> send(UserId user, Content content) {
    return send(new PendingSend(newId(), new To.User(user), content));
  }

  /** Sends a text, like {@link #send(ConversationId, Content)}. */
  public Future<Stored> send(ConversationId conversation, String text) {
    return send(conversation, Content.Text.of(text));
  }

  /** Sends a text to a user, like {@link #send(ConversationId, Content)}. */
  public Future<Stored> send(UserId user, String text) {
    return send(user, Content.Text.of(text));
  }

  /**
   * Sends with an id of the application's choice, which makes the same send of an earlier run a
   * success. INVALID_REQUEST if that id is in the outbox now.
   */
  public Future<Stored> send(PendingSend send) {
    if (room.decrementAndGet() < 0) {
      room.incrementAndGet();
      return Future.failedFuture(
          new QuipuException(
              ErrorCode.SEND_WINDOW_FULL, Outcome.NOT_APPLIED, "the outbox is full"));
    }
    Promise<Stored> promise = context.promise();
    run(() -> loop.send(send, promise));
    return promise.future();
  }

  /** A fresh client_message_id: a UUIDv7. */
  public UUID newId() {
    return ids.next(ClientTime.unixMs());
  }

  /** A conversation by its name. */
  public Conversation conversation(ConversationId id) {
    return new Conversation(this, id);
  }

  /** Everything about the conversation that a received message is of. */
  public Conversation conversation(ReceivedMessage message) {
    return conversation(message.conversation());
  }

  /** The direct conversation with a user; after the first connection, since it bears both names. */
  public Future<Conversation> direct(UserId user) {
    return on(
        () ->
            loop.self()
                .map(self -> Future.succeededFuture(ConversationId.direct(self, user)))
                .orElseGet(
                    () ->
                        Future.failedFuture(
                            new QuipuException(
                                ErrorCode.NOT_CONNECTED, "this client was never connected")))
                .map(this::conversation));
  }

  /** Makes a group with this user as its owner. */
  public Future<Conversation> createGroup(String title, List<UserId> members) {
    return createGroup(title, members, GroupSettings.UNCHANGED);
  }

  /** Makes a group with this user as its owner; what the settings leave open has its default. */
  public Future<Conversation> createGroup(
      String title, List<UserId> members, GroupSettings settings) {
    Change create = new Change.Create(title, members, settings);
    return send(new PendingSend(newId(), new To.NewGroup(), new Content.Changed(create)))
        .map(stored -> conversation(stored.conversation()));
  }

  /** This user's conversations, most recently active first. */
  public Pages<ConversationSummary> conversations() {
    return new Pages<>(
        from ->
            ask(
                    number -> new Frame.Conversations(number, from, 0, Optional.empty()),
                    Frame.ConversationsPage.class)
                .map(page -> new Pages.Page<>(page.conversations(), page.nextPage())));
  }

  /**
   * From now on {@link ClientEvent.Presence} tells whether these users are connected, now and
   * whenever it changes; in place of those watched before.
   *
   * @param users at most {@link Limits#watchedUsers}; none ends it
   */
  public void watchPresence(List<UserId> users) {
    mark(marks -> marks.watch(users));
  }

  /** Sends one again whose outcome was UNKNOWN, with the same id, before all after it. */
  public Future<Stored> retry(UUID clientMessageId) {
    return on(() -> loop.retry(clientMessageId));
  }

  /**
   * Makes a definite end of a send that is still in the outbox: STORED or VOID. Its own Future ends
   * too. Waits for a connection if there is none.
   */
  public Future<SendFate> cancel(UUID clientMessageId) {
    return on(() -> loop.cancel(clientMessageId));
  }

  /**
   * Asks what has become of any send of this user.
   *
   * @param cancel make a definite end of it; without, NOT_SEEN is only a hint
   */
  public Future<SendFate> sendStatus(
      ConversationId conversation, UUID clientMessageId, boolean cancel) {
    return on(() -> loop.sendStatus(conversation, clientMessageId, cancel));
  }

  /** The sends without a definite outcome, oldest first. */
  public Future<List<PendingSend>> pending() {
    return on(() -> Future.succeededFuture(loop.pending()));
  }

  /** Tells the server and this user's other devices that he has read up to here. A hint. */
  public void readMark(ConversationId conversation, long seq) {
    mark(marks -> marks.read(conversation, seq));
  }

  /**
   * The newest messages below a seq.
   *
   * @param beforeSeq 0 = below the end
   * @param limit 0 = as many as the server gives in one page
   */
  public Future<HistorySlice> historyBefore(
      ConversationId conversation, long beforeSeq, int limit) {
    return history(number -> new Frame.History(number, conversation, beforeSeq, 0, limit));
  }

  /**
   * The oldest messages above a seq.
   *
   * @param afterSeq at least 1
   * @param limit 0 = as many as the server gives in one page
   */
  public Future<HistorySlice> historyAfter(ConversationId conversation, long afterSeq, int limit) {
    return history(number -> new Frame.History(number, conversation, 0, afterSeq, limit));
  }

  /**
   * A seq and its neighbours, about half of them on each side.
   *
   * @param limit 0 = as many as the server gives in one page
   */
  public Future<HistorySlice> historyAround(
      ConversationId conversation, long aroundSeq, int limit) {
    return history(number -> new Frame.History(number, conversation, 0, 0, limit, aroundSeq));
  }

  private Future<HistorySlice> history(IntFunction<Frame> question) {
    return ask(question, Frame.HistoryPage.class).map(HistorySlice::of);
  }

  <F extends Frame> Future<F> ask(IntFunction<Frame> question, Class<F> answer) {
    return on(() -> loop.ask(question, answer));
  }

  void mute(ConversationId conversation, long untilMs) {
    mark(marks -> marks.mute(conversation, untilMs));
  }

  void typing(ConversationId conversation) {
    mark(marks -> marks.typing(conversation));
  }

  private void mark(Consumer<Marks> what) {
    run(() -> loop.mark(what));
  }

  Future<Long> receivedBy(ConversationId conversation, UserId user, ReceiptState state) {
    return on(() -> Future.succeededFuture(loop.receivedBy(conversation, user, state)));
  }

  /** Hands over a conversation again that was halted by failures of the handler. */
  public void resume(ConversationId conversation) {
    run(() -> loop.resume(conversation));
  }

  /** Succeeds when all that was committed before the present connection came up is handed over. */
  public Future<Void> awaitSynced() {
    return on(loop::awaitSynced);
  }

  /** The highest seq that the handler has taken; 0 = none in this cursor store. */
  public Future<Long> cursor(ConversationId conversation) {
    return on(() -> Future.succeededFuture(loop.cursor(conversation)));
  }

  /**
   * Ends the connection for good. Sends without an outcome fail; with an outbox store that outlives
   * the process they are sent by the next run.
   */
  public Future<Void> close() {
    return on(loop::close);
  }

  private void run(Runnable task) {
    if (Vertx.currentContext() == context) {
      task.run();
    } else {
      context.runOnContext(v -> task.run());
    }
  }

  private <T> Future<T> on(Supplier<Future<T>> call) {
    Promise<T> promise = context.promise(); // what its listeners throw stays with them
    run(() -> call.get().onComplete(promise));
    return promise.future();
  }

  /** Collects what a client needs; server, token and device must be set. */
  public static final class Builder {
    private final Vertx vertx;
    private List<URI> servers = List.of();
    private Supplier<Future<String>> tokens =
        () -> Future.failedFuture(new IllegalStateException("no token is set"));
    private Optional<DeviceId> device = Optional.empty();
    private CursorStore cursors = new MemoryCursorStore();
    private OutboxStore outboxStore = new MemoryOutboxStore();
    private Function<ReceivedMessage, Future<Void>> messageHandler =
        message -> Future.succeededFuture();
    private Consumer<ClientEvent> eventHandler = event -> {};
    private ClientObserver observer = ClientObserver.NONE;
    private ClientSettings settings = ClientSettings.DEFAULT;
    private Optional<Context> context = Optional.empty();
    private RandomGenerator random = ClientTime.random();
    private LongSupplier clockMs = ClientTime::monotonicMs;

    private Builder(Vertx vertx) {
      this.vertx = vertx;
    }

    /**
     * @param uri {@code tcp://host:port}, {@code ws://host:port/v1/connect}, or {@code
     *     ws+json://host:port/v1/connect} for the JSON dress
     */
    public Builder server(String uri) {
      return servers(List.of(uri));
    }

    /**
     * The nodes of one system: a connection that ends, or cannot be made, is made again to another
     * of them, each in turn, in an order by chance.
     *
     * @param uris each as {@link #server} takes it, all with the same scheme
     */
    public Builder servers(List<String> uris) {
      this.servers = uris.stream().map(URI::create).toList();
      return this;
    }

    /** A token that lasts for as long as this client is needed. */
    public Builder token(String token) {
      return token(() -> Future.succeededFuture(token));
    }

    /** Asked before every connection, and before the present token expires. */
    public Builder token(Supplier<Future<String>> supplier) {
      this.tokens = supplier;
      return this;
    }

    /** Names this installation: chosen once, kept together with its stores; 1 to 64 bytes. */
    public Builder device(String name) {
      this.device = Optional.of(new DeviceId(name));
      return this;
    }

    /** One store belongs to one user's one device. Default: memory. */
    public Builder cursors(CursorStore store) {
      this.cursors = store;
      return this;
    }

    /** One store belongs to one user's one device. Default: memory. */
    public Builder outbox(OutboxStore store) {
      this.outboxStore = store;
      return this;
    }

    /** Called with one message of a conversation at a time; its Future gates the ack. */
    public Builder onMessage(Function<ReceivedMessage, Future<Void>> handler) {
      this.messageHandler = handler;
      return this;
    }

    /** Called on the client's context with everything else that happens; it must not block. */
    public Builder onEvent(Consumer<ClientEvent> handler) {
      this.eventHandler = handler;
      return this;
    }

    /** Sees what a checker of histories needs. Default: nobody. */
    public Builder observer(ClientObserver sees) {
      this.observer = sees;
      return this;
    }

    /** Default: {@link ClientSettings#DEFAULT}. */
    public Builder settings(ClientSettings limits) {
      this.settings = limits;
      return this;
    }

    /** An event-loop context to run on; default: one of its own. */
    public Builder context(Context own) {
      this.context = Optional.of(own);
      return this;
    }

    /** For jitter and ids; used on one thread at a time. A test gives a seeded one. */
    public Builder random(RandomGenerator source) {
      this.random = source;
      return this;
    }

    /** Milliseconds that never go back; their origin does not matter. */
    public Builder clock(LongSupplier monotonicMs) {
      this.clockMs = monotonicMs;
      return this;
    }

    /**
     * Makes the client; {@link QuipuClient#start} connects it.
     *
     * @throws IllegalArgumentException for a server URI that is none of the three kinds, or for
     *     several of different kinds
     * @throws QuipuException INVALID_ID for a device that cannot be
     */
    public QuipuClient build() {
      return new QuipuClient(this);
    }

    private Transport transport() {
      if (servers.isEmpty()) {
        throw new IllegalStateException("server is not set");
      }
      if (servers.stream().map(URI::getScheme).distinct().count() > 1) {
        throw new IllegalArgumentException("servers of different kinds: " + servers);
      }
      List<Transport> all = servers.stream().map(this::transport).toList();
      return all.size() == 1 ? all.get(0) : new SeveralServers(all, random);
    }

    private Transport transport(URI uri) {
      String scheme = String.valueOf(uri.getScheme());
      if (uri.getHost() == null || uri.getPort() < 1) {
        throw new IllegalArgumentException("a server is SCHEME://HOST:PORT..., not " + uri);
      }
      int timeoutMs = (int) Math.min(Integer.MAX_VALUE, settings.lifecycle().connectTimeoutMs());
      String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
      return switch (scheme) {
        case "tcp" ->
            new TcpTransport(
                vertx, uri.getHost(), uri.getPort(), timeoutMs, settings.maxFrameBytes());
        case "ws", "ws+json" ->
            new WebSocketTransport(
                vertx,
                uri.getHost(),
                uri.getPort(),
                path,
                scheme.equals("ws+json"),
                timeoutMs,
                settings.maxFrameBytes());
        default ->
            throw new IllegalArgumentException("a server is tcp, ws or ws+json, not " + scheme);
      };
    }
  }
}
