package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.Message;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The inbox at work: the application's handler, the cursor store, and who waits for a sync. */
final class Receiving {
  private static final Logger LOG = LoggerFactory.getLogger(Receiving.class);

  private final Turns turns;
  private final Inbox inbox;
  private final CursorStore cursors;
  private final Function<ReceivedMessage, Future<Void>> handler;
  private final ClientObserver observer;

  private final ArrayDeque<InboxEvent> events = new ArrayDeque<>();
  private final List<Promise<Void>> syncWaiters = new ArrayList<>();
  private Optional<UserId> self = Optional.empty();
  private boolean feeding;
  private boolean synced;
  private boolean stopped;

  Receiving(
      Turns turns,
      Inbox inbox,
      CursorStore cursors,
      Function<ReceivedMessage, Future<Void>> handler,
      ClientObserver observer) {
    this.turns = turns;
    this.inbox = inbox;
    this.cursors = cursors;
    this.handler = handler;
    this.observer = observer;
  }

  void loaded(InboxEvent.Loaded stored) {
    feed(stored);
  }

  void connected(UserId user, InboxEvent.Connected event) {
    self = Optional.of(user);
    feed(event);
  }

  void disconnected() {
    synced = false;
    feed(new InboxEvent.Disconnected());
  }

  void ownStored(PendingSend send, Stored stored) {
    feed(
        new InboxEvent.OwnStored(
            stored.conversation(),
            new Message(
                stored.seq(), self.orElseThrow(), send.id(), stored.storedAtMs(), send.content())));
  }

  Future<Void> awaitSynced() {
    if (stopped) {
      return Future.failedFuture(Sending.closed(Outcome.NOT_APPLIED));
    }
    if (synced) {
      return Future.succeededFuture();
    }
    Promise<Void> promise = Promise.promise();
    syncWaiters.add(promise);
    return promise.future();
  }

  long cursor(ConversationId conversation) {
    return inbox.cursor(conversation);
  }

  long nextDeadlineMs() {
    return inbox.nextDeadlineMs();
  }

  /** Steps the inbox; what its effects bring about at once follows in the same call, not deeper. */
  void feed(InboxEvent event) {
    events.addLast(event);
    if (feeding) {
      return;
    }
    feeding = true;
    try {
      while (!events.isEmpty()) {
        for (InboxEffect effect : inbox.step(events.pollFirst(), turns.nowMs())) {
          apply(effect);
        }
      }
    } finally {
      feeding = false;
    }
  }

  private void apply(InboxEffect effect) {
    if (effect instanceof InboxEffect.Handle handle) {
      handle(handle);
    } else if (effect instanceof InboxEffect.KeepCursor keep) {
      result(
          ask(() -> cursors.put(keep.conversation(), keep.seq())),
          () -> new InboxEvent.CursorKept(keep.conversation(), keep.run()),
          cause -> new InboxEvent.CursorNotKept(keep.conversation(), keep.run(), cause));
    } else if (effect instanceof InboxEffect.KeepReceiptsMark keep) {
      ask(() -> cursors.putReceiptsMark(keep.mark()))
          .onFailure(cause -> LOG.warn("the mark of receipts is not kept", cause));
    } else if (effect instanceof InboxEffect.Transmit transmit) {
      observe(transmit.frame());
      turns.write(transmit.frame());
    } else if (effect instanceof InboxEffect.Halted halted) {
      LOG.warn(
          "the handler failed too often, conversation={} seq={}",
          halted.conversation(),
          halted.seq(),
          halted.cause());
      turns.tell(new ClientEvent.Halted(halted.conversation(), halted.seq(), halted.cause()));
    } else if (effect instanceof InboxEffect.Reset reset) {
      observer.reset(reset.conversation(), reset.seq());
      turns.tell(new ClientEvent.Reset(reset.conversation(), reset.seq()));
    } else if (effect instanceof InboxEffect.Synced) {
      synced = true;
      observer.synced();
      turns.tell(new ClientEvent.Synced());
      List<Promise<Void>> waiters = List.copyOf(syncWaiters);
      syncWaiters.clear();
      waiters.forEach(Promise::complete);
    } else if (effect instanceof InboxEffect.Reconnect reconnect) {
      turns.giveUp(reconnect.reason());
    }
  }

  private void observe(Frame frame) {
    if (frame instanceof Frame.DeliverAck ack) {
      observer.acknowledging(ack.conversation(), ack.seq());
    } else if (frame instanceof Frame.Sync sync) {
      observer.syncing(sync);
    }
  }

  private void handle(InboxEffect.Handle handle) {
    ReceivedMessage message =
        new ReceivedMessage(
            handle.conversation(),
            handle.message(),
            self.filter(handle.message().sender()::equals).isPresent());
    result(
        ask(() -> handler.apply(message)),
        () -> {
          observer.taken(message);
          return new InboxEvent.Handled(handle.conversation(), handle.run());
        },
        cause -> new InboxEvent.HandlerFailed(handle.conversation(), handle.run(), cause));
  }

  private void result(
      Future<Void> future, Supplier<InboxEvent> success, Function<Throwable, InboxEvent> failure) {
    if (future.succeeded()) {
      feed(success.get());
      return;
    }
    future.onComplete(
        done ->
            turns.onContext(
                () -> {
                  if (!stopped) {
                    feed(done.succeeded() ? success.get() : failure.apply(done.cause()));
                    turns.scheduleTurn();
                  }
                }));
  }

  /** The application's code: what it throws is a failure like any other. */
  static <T> Future<T> ask(Supplier<Future<T>> supplier) {
    try {
      Future<T> future = supplier.get();
      return future == null
          ? Future.failedFuture(new IllegalStateException("the application gave no Future"))
          : future;
    } catch (RuntimeException e) {
      return Future.failedFuture(e);
    }
  }

  void stop() {
    stopped = true;
    List<Promise<Void>> waiters = List.copyOf(syncWaiters);
    syncWaiters.clear();
    waiters.forEach(promise -> promise.fail(Sending.closed(Outcome.NOT_APPLIED)));
  }
}
