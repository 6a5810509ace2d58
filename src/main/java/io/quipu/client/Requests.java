package io.quipu.client;

import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** Questions that have one answer: bounded, asked again on the next connection, and timed. */
final class Requests {
  /** Above every sync id: an Error names either in the same field. */
  private static final int FIRST_NUMBER = 1 << 30;

  private final int maxRequests;
  private final long timeoutMs;
  private final Consumer<Frame> writer;

  /** In the order of asking, so in the order of their deadlines. */
  private final Map<Integer, Request> open = new LinkedHashMap<>();

  private int next = FIRST_NUMBER;
  private boolean connected;

  private record Request(Frame frame, long deadlineMs, Promise<Frame> promise) {}

  Requests(int maxRequests, long timeoutMs, Consumer<Frame> writer) {
    this.maxRequests = maxRequests;
    this.timeoutMs = timeoutMs;
    this.writer = writer;
  }

  /** Asks, now or on the next connection. */
  Future<Frame> ask(IntFunction<Frame> withNumber, long nowMs) {
    if (open.size() >= maxRequests) {
      return Future.failedFuture(
          new QuipuException(ErrorCode.TOO_MANY_REQUESTS, maxRequests + " requests are open"));
    }
    int number = next;
    next = next == Integer.MAX_VALUE ? FIRST_NUMBER : next + 1;
    Request request = new Request(withNumber.apply(number), nowMs + timeoutMs, Promise.promise());
    open.put(number, request);
    if (connected) {
      writer.accept(request.frame);
    }
    return request.promise.future();
  }

  void connected() {
    connected = true;
    open.values().forEach(request -> writer.accept(request.frame));
  }

  void disconnected() {
    connected = false;
  }

  void answered(int number, Frame answer) {
    Request request = open.remove(number);
    if (request != null) {
      request.promise.complete(answer);
    }
  }

  /** Returns false if nobody asked that. */
  boolean refused(Frame.Error error) {
    Request request = open.remove(error.request());
    if (request == null) {
      return false;
    }
    request.promise.fail(
        new QuipuException(
            ErrorCode.of(error.code()).orElse(ErrorCode.BUG),
            Outcome.UNKNOWN,
            error.retryAfterMs(),
            error.detail()));
    return true;
  }

  long nextDeadlineMs() {
    return open.isEmpty() ? Long.MAX_VALUE : open.values().iterator().next().deadlineMs;
  }

  void tick(long nowMs) {
    Optional<Integer> late = late(nowMs);
    while (late.isPresent()) {
      open.remove(late.get())
          .promise
          .fail(
              new QuipuException(
                  ErrorCode.OWNER_UNREACHABLE, "no answer within " + timeoutMs + " ms"));
      late = late(nowMs);
    }
  }

  private Optional<Integer> late(long nowMs) {
    return open.entrySet().stream()
        .findFirst()
        .filter(entry -> entry.getValue().deadlineMs <= nowMs)
        .map(Map.Entry::getKey);
  }

  void stop() {
    List<Request> left = new ArrayList<>(open.values());
    open.clear();
    for (Request request : left) {
      request.promise.fail(
          new QuipuException(ErrorCode.NOT_CONNECTED, Outcome.UNKNOWN, "the client has stopped"));
    }
  }
}
