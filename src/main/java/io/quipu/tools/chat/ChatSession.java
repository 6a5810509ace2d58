package io.quipu.tools.chat;

import io.quipu.client.ClientEvent;
import io.quipu.client.CursorStore;
import io.quipu.client.FileCursorStore;
import io.quipu.client.FileOutboxStore;
import io.quipu.client.Pages;
import io.quipu.client.PendingSend;
import io.quipu.client.QuipuClient;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.Stored;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Member;
import io.quipu.model.MemberReceipt;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A chat at work: the screen's model, the client, and the face, which has a thread of its own,
 * since a terminal may stand still. A message is acknowledged when it has been shown.
 */
final class ChatSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChatSession.class);

  /** More than an outbox, a page and a message of each conversation bring at a time. */
  private static final int MAX_EVENTS = 20_000;

  /** A send that is answered within this time is not worth a line of its own. */
  private static final long QUICK_MS = 250;

  private static final long READ_MARK_MS = 200;

  /** A hint that somebody writes is good for so long, and is given half as often. */
  private static final long WRITING_MS = 6_000;

  private static final long RESUME_MS = 1_000;
  private static final int NEW_PAGE = 0;
  private static final int OLD_PAGE = 30;
  private static final long CLOSE_S = 5;

  private final Vertx vertx;
  private final Context context;
  private final ChatScreen screen;
  private final Face face;
  private final boolean marksRead;
  private final QuipuClient client;
  private final ThreadPoolExecutor thread;
  private final CompletableFuture<Void> loaded = new CompletableFuture<>();
  private final CompletableFuture<Integer> ended = new CompletableFuture<>();

  // On the screen's thread.
  private final Map<ConversationId, Promise<Void>> untaken = new HashMap<>();
  private final Map<ConversationId, Long> readMarks = new HashMap<>();
  private Optional<Prompt> shown = Optional.empty();
  private boolean refreshPromised;
  private long wroteMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime()) - WRITING_MS;

  /** Sends without an outcome; the screen's thread writes it. */
  private int openSends;

  private Map<ConversationId, Long> cursors = Map.of();

  /**
   * @param marksRead what is shown is read: somebody sits there
   */
  ChatSession(
      Vertx vertx,
      String server,
      Supplier<String> tokens,
      DeviceId device,
      DeviceFolder folder,
      ChatScreen screen,
      Face face,
      boolean marksRead) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.screen = screen;
    this.face = face;
    this.marksRead = marksRead;
    this.thread =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_EVENTS),
            task -> {
              Thread made = new Thread(task, "chat-screen");
              made.setDaemon(true);
              return made;
            });
    this.client =
        QuipuClient.builder(vertx)
            .context(context)
            .server(server)
            .token(() -> Future.succeededFuture(tokens.get()))
            .device(device.value())
            .cursors(watched(new FileCursorStore(vertx, folder.cursors(), false)))
            .outbox(
                new WatchedOutbox(
                    new FileOutboxStore(vertx, folder.outbox(), true),
                    left -> run(this::storesLoaded),
                    id -> submit(new ChatEvent.Kept(id))))
            .onMessage(this::take)
            .onEvent(this::event)
            .build();
  }

  private CursorStore watched(CursorStore store) {
    return new CursorStore() {
      @Override
      public Future<Map<ConversationId, Long>> load() {
        return store.load().onSuccess(known -> run(() -> cursors = known));
      }

      @Override
      public Future<Void> put(ConversationId conversation, long seq) {
        return store.put(conversation, seq);
      }

      @Override
      public Future<Void> close() {
        return store.close();
      }
    };
  }

  /** Reads the device's folder and begins to connect; lines may be entered when it returns. */
  void start() {
    run(this::refresh);
    client
        .start()
        .onFailure(
            e -> {
              submit(new ChatEvent.Stopped(String.valueOf(e.getMessage())));
              loaded.complete(null);
            });
    loaded.join();
  }

  /** The client asks for nothing before this has happened, so nothing is sent before it either. */
  private void storesLoaded() {
    client
        .pending()
        .onSuccess(
            left -> {
              submit(new ChatEvent.Loaded(left, cursors));
              loaded.complete(null);
            });
  }

  /** One line; returns when the screen has it. */
  void typed(String line) {
    submit(new ChatEvent.Typed(line, client.newId()));
    CompletableFuture<Void> done = new CompletableFuture<>();
    run(() -> done.complete(null));
    CompletableFuture.anyOf(done, ended).join();
  }

  /** Somebody is at a line that will be a message. */
  void writing() {
    run(
        () -> {
          long nowMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
          if (nowMs - wroteMs > WRITING_MS / 2) {
            wroteMs = nowMs;
            client.conversation(screen.conversation()).typing();
          }
        });
  }

  /** Returns when fewer than so many sends are without an outcome. */
  synchronized void awaitRoom(int sends) throws InterruptedException {
    while (openSends >= sends && !ended.isDone()) {
      wait();
    }
  }

  /** The exit code, when the chat is over. */
  CompletableFuture<Integer> ended() {
    return ended;
  }

  /** Something happened. From any thread; does not wait. */
  void submit(ChatEvent event) {
    run(() -> step(event));
  }

  private void run(Runnable task) {
    try {
      thread.execute(task);
    } catch (RejectedExecutionException e) {
      LOG.warn("the screen stands still or is closed, an event is left out");
    }
  }

  // ---- on the screen's thread

  private void step(ChatEvent event) {
    try {
      for (ChatEffect effect : screen.step(event)) {
        apply(effect);
      }
      refresh();
      synchronized (this) {
        openSends = screen.openSends();
        notifyAll();
      }
    } catch (RuntimeException e) {
      LOG.error("a bug of the screen, event={}", event.getClass().getSimpleName(), e);
    }
  }

  private void apply(ChatEffect effect) {
    if (effect instanceof ChatEffect.Print print) {
      face.print(print.line());
    } else if (effect instanceof ChatEffect.Tell tell) {
      face.tell(tell.line());
    } else if (effect instanceof ChatEffect.GiveBack back) {
      face.giveBack(back.line());
    } else if (effect instanceof ChatEffect.Taken taken) {
      Optional.ofNullable(untaken.remove(taken.conversation())).ifPresent(Promise::complete);
    } else if (effect instanceof ChatEffect.MarkRead mark) {
      markRead(mark);
    } else if (effect instanceof ChatEffect.StartPatience patience) {
      vertx.setTimer(patience.ms(), id -> submit(new ChatEvent.PatienceEnded()));
    } else if (effect instanceof ChatEffect.Quit quit) {
      ended.complete(quit.exitCode());
    } else {
      ask(effect);
    }
  }

  private void ask(ChatEffect effect) {
    if (effect instanceof ChatEffect.Send send) {
      outcome(send.send(), client.send(send.send()));
    } else if (effect instanceof ChatEffect.Retry retry) {
      outcome(retry.id(), client.retry(retry.id()));
    } else if (effect instanceof ChatEffect.Cancel cancel) {
      client
          .cancel(cancel.id())
          .onSuccess(fate -> submit(new ChatEvent.CancelEnded(fate)))
          .onFailure(e -> later(new ChatEvent.CancelFailed(cancel.id(), detail(e))));
    } else if (effect instanceof ChatEffect.LoadPage page) {
      client
          .historyBefore(
              page.conversation(), page.before(), page.before() == 0 ? NEW_PAGE : OLD_PAGE)
          .onSuccess(slice -> submit(new ChatEvent.Page(page.conversation(), page.before(), slice)))
          .onFailure(
              e ->
                  later(
                      new ChatEvent.PageFailed(
                          page.conversation(), page.before(), code(e), detail(e))));
    } else {
      askAboutPeople(effect);
    }
  }

  private void askAboutPeople(ChatEffect effect) {
    if (effect instanceof ChatEffect.ReadMembers read) {
      Pages<Member> members = client.conversation(read.conversation()).members();
      members
          .next()
          .onSuccess(
              page ->
                  submit(new ChatEvent.MembersRead(read.conversation(), page, members.hasMore())))
          .onFailure(e -> later(new ChatEvent.MembersFailed(read.conversation(), detail(e))));
    } else if (effect instanceof ChatEffect.ReadReceipts read) {
      Pages<MemberReceipt> receipts = client.conversation(read.conversation()).receipts();
      receipts
          .next()
          .onSuccess(
              page ->
                  submit(new ChatEvent.ReceiptsRead(read.conversation(), page, receipts.hasMore())))
          .onFailure(e -> later(new ChatEvent.ReceiptsRead(read.conversation(), List.of(), false)));
    } else if (effect instanceof ChatEffect.ReadList) {
      Pages<ConversationSummary> conversations = client.conversations();
      conversations
          .next()
          .onSuccess(page -> submit(new ChatEvent.ListRead(page, conversations.hasMore())))
          .onFailure(e -> later(new ChatEvent.ListFailed(detail(e))));
    } else if (effect instanceof ChatEffect.Watch watch) {
      client.watchPresence(watch.users());
    } else if (effect instanceof ChatEffect.AwaitWriting writing) {
      vertx.setTimer(
          WRITING_MS,
          id -> submit(new ChatEvent.WritingEnded(writing.conversation(), writing.user())));
    }
  }

  private void outcome(PendingSend send, Future<Stored> future) {
    outcome(send.id(), future);
  }

  private void outcome(UUID id, Future<Stored> future) {
    future
        .onSuccess(stored -> submit(new ChatEvent.SendStored(stored)))
        .onFailure(
            e ->
                later(
                    new ChatEvent.SendFailed(
                        id,
                        code(e),
                        e instanceof QuipuException known ? known.outcome() : Outcome.UNKNOWN,
                        detail(e))));
  }

  /** After what the client says in this turn: that it has stopped explains its failures. */
  private void later(ChatEvent event) {
    context.runOnContext(v -> submit(event));
  }

  private static ErrorCode code(Throwable e) {
    return e instanceof QuipuException known ? known.code() : ErrorCode.BUG;
  }

  private static String detail(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  private void markRead(ChatEffect.MarkRead mark) {
    if (!marksRead) {
      return;
    }
    if (readMarks.isEmpty()) {
      vertx.setTimer(READ_MARK_MS, id -> run(this::sendReadMarks));
    }
    readMarks.merge(mark.conversation(), mark.seq(), Math::max);
  }

  private void sendReadMarks() {
    readMarks.forEach(client::readMark);
    readMarks.clear();
  }

  private void refresh() {
    Prompt prompt = screen.prompt();
    boolean first = shown.isEmpty() || shown.get().above().isEmpty();
    if (first && !prompt.above().isEmpty() && prompt.online()) {
      if (!refreshPromised) {
        refreshPromised = true;
        vertx.setTimer(QUICK_MS, id -> run(this::refreshNow));
      }
    } else {
      show(prompt);
    }
  }

  private void refreshNow() {
    refreshPromised = false;
    show(screen.prompt());
  }

  private void show(Prompt prompt) {
    if (!shown.equals(Optional.of(prompt))) {
      shown = Optional.of(prompt);
      face.show(prompt);
    }
  }

  // ---- on the client's context

  private Future<Void> take(ReceivedMessage message) {
    Promise<Void> promise = Promise.promise();
    try {
      thread.execute(
          () -> {
            untaken.put(message.conversation(), promise);
            step(new ChatEvent.Incoming(message));
          });
    } catch (RejectedExecutionException e) {
      promise.fail(e); // it comes again
    }
    return promise.future();
  }

  private void event(ClientEvent event) {
    if (event instanceof ClientEvent.Connected connected) {
      submit(new ChatEvent.Up(connected.user(), connected.limits()));
    } else if (event instanceof ClientEvent.Synced) {
      submit(new ChatEvent.Synced());
    } else if (event instanceof ClientEvent.Disconnected down) {
      submit(new ChatEvent.Down(down.reason()));
    } else if (event instanceof ClientEvent.Stopped stopped) {
      submit(new ChatEvent.Stopped(stopped.reason()));
    } else if (event instanceof ClientEvent.Receipt receipt) {
      submit(
          new ChatEvent.Receipt(
              receipt.conversation(), receipt.user(), receipt.state(), receipt.seq()));
    } else if (event instanceof ClientEvent.Typing typing) {
      submit(new ChatEvent.Writing(typing.conversation(), typing.user()));
    } else if (event instanceof ClientEvent.Presence presence) {
      submit(new ChatEvent.Presence(presence.user(), presence.online(), presence.lastSeenMs()));
    } else if (event instanceof ClientEvent.Reset reset) {
      submit(new ChatEvent.Reset(reset.conversation(), reset.seq()));
    } else if (event instanceof ClientEvent.RestoredSendStored restored) {
      submit(new ChatEvent.SendStored(restored.stored()));
    } else if (event instanceof ClientEvent.RestoredSendFailed failed) {
      later(
          new ChatEvent.SendFailed(
              failed.clientMessageId(), failed.code(), failed.outcome(), "sent by an earlier run"));
    } else if (event instanceof ClientEvent.Halted halted) {
      vertx.setTimer(RESUME_MS, id -> client.resume(halted.conversation()));
    }
  }

  /** Ends the client; what has no outcome stays in the folder. */
  @Override
  public void close() {
    try {
      client.close().toCompletionStage().toCompletableFuture().get(CLOSE_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      LOG.warn("the client did not end in order", e);
    }
    thread.shutdownNow();
  }
}
