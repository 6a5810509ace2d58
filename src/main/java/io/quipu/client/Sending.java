package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The outbox at work: its store, and who waits for what becomes of each send. */
final class Sending {
  private static final Logger LOG = LoggerFactory.getLogger(Sending.class);

  private final Turns turns;
  private final Outbox outbox;
  private final OutboxStore store;
  private final Requests requests;
  private final ClientObserver observer;
  private final AtomicInteger room;
  private final BiConsumer<PendingSend, Stored> ownStored;

  private final Map<UUID, Promise<Stored>> sends = new HashMap<>();
  private final Map<UUID, Promise<SendFate>> cancels = new HashMap<>();
  private boolean stopped;

  /**
   * @param room how many sends the outbox may still take; given back when one leaves
   * @param ownStored gets each send that is stored
   */
  Sending(
      Turns turns,
      Outbox outbox,
      OutboxStore store,
      Requests requests,
      ClientObserver observer,
      AtomicInteger room,
      BiConsumer<PendingSend, Stored> ownStored) {
    this.turns = turns;
    this.outbox = outbox;
    this.store = store;
    this.requests = requests;
    this.observer = observer;
    this.room = room;
    this.ownStored = ownStored;
  }

  void restored(List<PendingSend> left) {
    room.addAndGet(-left.size());
    for (PendingSend send : left) {
      observer.restored(send);
      step(new OutboxEvent.Put(send, true));
    }
  }

  void send(PendingSend send, Promise<Stored> promise) {
    if (stopped) {
      room.incrementAndGet();
      promise.fail(closed(Outcome.NOT_APPLIED));
      return;
    }
    observer.invoked(send);
    Future<Void> kept = store.add(send);
    if (kept.succeeded()) {
      put(send, promise);
      return;
    }
    kept.onComplete(
        done ->
            turns.onContext(
                () -> {
                  if (done.succeeded()) {
                    put(send, promise);
                  } else {
                    LOG.warn("a send cannot be kept, id={}", send.id(), done.cause());
                    notKept(send, promise, done.cause());
                  }
                }));
  }

  private void put(PendingSend send, Promise<Stored> promise) {
    if (stopped) {
      room.incrementAndGet();
      promise.fail(closed(store.outlivesProcess() ? Outcome.UNKNOWN : Outcome.NOT_APPLIED));
    } else if (outbox.contains(send.id())) {
      room.incrementAndGet(); // the observer still waits for the end of that one
      promise.fail(
          new QuipuException(
              ErrorCode.INVALID_REQUEST,
              Outcome.NOT_APPLIED,
              send.id() + " is in the outbox already"));
    } else {
      sends.put(send.id(), promise);
      step(new OutboxEvent.Put(send, false));
    }
  }

  private void notKept(PendingSend send, Promise<Stored> promise, Throwable cause) {
    room.incrementAndGet();
    if (!outbox.contains(send.id())) {
      observer.rejected(send, ErrorCode.STORE_DOWN, Outcome.NOT_APPLIED);
    }
    promise.fail(
        new QuipuException(
            ErrorCode.STORE_DOWN,
            Outcome.NOT_APPLIED,
            "the outbox store failed: " + cause.getMessage()));
  }

  Future<Stored> retry(UUID id) {
    if (stopped || !outbox.contains(id)) {
      return notThere(id);
    }
    Promise<Stored> promise = sends.computeIfAbsent(id, key -> Promise.promise());
    step(new OutboxEvent.Retry(id));
    return promise.future();
  }

  Future<SendFate> cancel(UUID id) {
    if (stopped || !outbox.contains(id)) {
      return notThere(id);
    }
    Promise<SendFate> promise = cancels.computeIfAbsent(id, key -> Promise.promise());
    step(new OutboxEvent.Cancel(id));
    return promise.future();
  }

  private static <T> Future<T> notThere(UUID id) {
    return Future.failedFuture(
        new QuipuException(ErrorCode.INVALID_REQUEST, id + " is not in the outbox"));
  }

  Future<SendFate> status(ConversationId conversation, UUID id, boolean cancel) {
    return cancel && outbox.contains(id) ? cancel(id) : ask(conversation, id, cancel);
  }

  private Future<SendFate> ask(ConversationId conversation, UUID id, boolean cancel) {
    return requests
        .ask(number -> new Frame.SendStatus(number, conversation, id, cancel), turns.nowMs())
        .map(
            answer -> {
              Frame.SendStatusResult result = (Frame.SendStatusResult) answer;
              SendFate fate = new SendFate(id, result.state(), result.seq(), result.storedAtMs());
              observer.statusKnown(conversation, fate);
              return fate;
            });
  }

  List<PendingSend> pending() {
    return outbox.pending();
  }

  void connected(UserId self, Limits limits) {
    step(new OutboxEvent.Connected(self, limits));
  }

  boolean quiet() {
    return outbox.quiet();
  }

  long nextDeadlineMs() {
    return outbox.nextDeadlineMs();
  }

  /** Feeds the outbox and does what it wants. */
  void step(OutboxEvent event) {
    for (OutboxEffect effect : outbox.step(event, turns.nowMs())) {
      apply(effect);
    }
    turns.scheduleTurn();
  }

  private void apply(OutboxEffect effect) {
    if (effect instanceof OutboxEffect.Transmit transmit) {
      turns.write(transmit.frame());
    } else if (effect instanceof OutboxEffect.Settled settled) {
      settled(settled.send(), settled.stored());
    } else if (effect instanceof OutboxEffect.Failed failed) {
      left(failed.send());
      failed(failed.send(), failed.code(), Outcome.NOT_APPLIED, failed.detail());
      Promise<SendFate> cancel = cancels.remove(failed.send().id());
      if (cancel != null) {
        cancel.complete(new SendFate(failed.send().id(), SendState.VOID, 0, 0));
      }
    } else if (effect instanceof OutboxEffect.NotTaken notTaken) {
      left(notTaken.send());
      failed(notTaken.send(), notTaken.code(), Outcome.NOT_APPLIED, notTaken.detail());
    } else if (effect instanceof OutboxEffect.Parked parked) {
      failed(parked.send(), parked.code(), Outcome.UNKNOWN, parked.detail());
    } else if (effect instanceof OutboxEffect.AskCancel ask) {
      askCancel(ask);
    } else if (effect instanceof OutboxEffect.CancelFailed failed) {
      Promise<SendFate> cancel = cancels.remove(failed.id());
      if (cancel != null) {
        cancel.fail(new QuipuException(failed.code(), Outcome.UNKNOWN, failed.detail()));
      }
    } else if (effect instanceof OutboxEffect.Reconnect reconnect) {
      turns.giveUp(reconnect.reason());
    }
  }

  private void settled(PendingSend send, Stored stored) {
    left(send);
    observer.acked(send, stored);
    ownStored.accept(send, stored);
    Promise<SendFate> cancel = cancels.remove(send.id());
    if (cancel != null) {
      cancel.complete(new SendFate(send.id(), SendState.STORED, stored.seq(), stored.storedAtMs()));
    }
    Promise<Stored> promise = sends.remove(send.id());
    if (promise != null) {
      promise.complete(stored);
    } else {
      turns.tell(new ClientEvent.RestoredSendStored(stored));
    }
  }

  private void left(PendingSend send) {
    room.incrementAndGet();
    Future<Void> removed = store.remove(send.id());
    if (!removed.succeeded()) {
      removed.onFailure(e -> LOG.warn("an ended send stays in its store, id={}", send.id(), e));
    }
  }

  private void failed(PendingSend send, ErrorCode code, Outcome outcome, String detail) {
    observer.rejected(send, code, outcome);
    Promise<Stored> promise = sends.remove(send.id());
    if (promise != null) {
      promise.fail(new QuipuException(code, outcome, detail));
    } else {
      turns.tell(new ClientEvent.RestoredSendFailed(send.id(), code, outcome));
    }
  }

  private void askCancel(OutboxEffect.AskCancel ask) {
    ask(ask.conversation(), ask.id(), true)
        .onComplete(
            done ->
                step(
                    done.succeeded()
                        ? new OutboxEvent.StatusKnown(
                            ask.id(),
                            done.result().state(),
                            done.result().seq(),
                            done.result().storedAtMs())
                        : new OutboxEvent.StatusFailed(
                            ask.id(), code(done.cause()), done.cause().getMessage())));
  }

  private static ErrorCode code(Throwable cause) {
    return cause instanceof QuipuException known ? known.code() : ErrorCode.BUG;
  }

  /** Nothing will be known any more in this run. */
  void stop(ErrorCode code, String reason) {
    stopped = true;
    Map<UUID, Promise<Stored>> left = Map.copyOf(sends);
    sends.clear();
    left.forEach(
        (id, promise) ->
            promise.fail(
                new QuipuException(
                    code,
                    store.outlivesProcess() || outbox.maybeSent(id)
                        ? Outcome.UNKNOWN
                        : Outcome.NOT_APPLIED,
                    "the client has stopped: " + reason)));
    List<Promise<SendFate>> waiting = List.copyOf(cancels.values());
    cancels.clear();
    waiting.forEach(promise -> promise.fail(closed(Outcome.UNKNOWN)));
  }

  static QuipuException closed(Outcome outcome) {
    return new QuipuException(ErrorCode.NOT_CONNECTED, outcome, "the client has stopped");
  }
}
