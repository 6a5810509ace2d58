package io.quipu.server.adapter.redis;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection that listens: for news of all nodes, and for this node's own pulse. A
 * subscription counts from the first pulse that was heard on it, and is lost when none was heard
 * for a while: a connection that is half-open says nothing. On the link's event loop.
 */
final class Notices {
  private static final Logger log = LoggerFactory.getLogger(Notices.class);

  /** Missed so often, a pulse is not just late. */
  private static final int PULSES = 3;

  private final Vertx vertx;
  private final Context context;
  private final RedisParts parts;
  private final Link link;
  private final Listener listener;
  private Optional<Redis> client = Optional.empty();
  private boolean wanted;
  private boolean heard;
  private long heardMs;

  /** Hears on the link's event loop. */
  interface Listener {
    /** From here on no notice is missed, until {@link #isDeaf}. */
    void hears();

    void isDeaf();

    void news(String text);
  }

  Notices(Vertx vertx, Context context, RedisParts parts, Link link, Listener listener) {
    this.vertx = vertx;
    this.context = context;
    this.parts = parts;
    this.link = link;
    this.listener = listener;
  }

  /** Subscribes, and does so again whenever the subscription ends, until {@link #stop}. */
  void start() {
    wanted = true;
    subscribe();
  }

  void stop() {
    wanted = false;
    drop();
  }

  /** At each pulse of the link that was answered. */
  void pulsed() {
    boolean late = parts.clock().nowMs() - heardMs > (long) PULSES * Link.PULSE_MS;
    if (client.isPresent() && late) {
      deaf("nothing was heard for " + PULSES * Link.PULSE_MS + " ms");
    }
  }

  private void subscribe() {
    if (!wanted || client.isPresent()) {
      return;
    }
    heardMs = parts.clock().nowMs(); // so long it has to be heard
    Redis made = Clients.make(vertx, parts.redis());
    client = Optional.of(made);
    made.connect()
        .onComplete(
            done ->
                context.runOnContext(
                    now -> {
                      if (!isCurrent(made)) {
                        return; // it was given up
                      }
                      if (done.succeeded()) {
                        listen(made, done.result());
                      } else {
                        deaf(String.valueOf(done.cause().getMessage()));
                      }
                    }));
  }

  private boolean isCurrent(Redis made) {
    return client.filter(one -> one == made).isPresent();
  }

  private void listen(Redis made, RedisConnection connection) {
    connection.handler(message -> context.runOnContext(now -> received(made, message)));
    connection.endHandler(ended -> context.runOnContext(now -> lost(made, "it ended")));
    connection.exceptionHandler(
        failure -> context.runOnContext(now -> lost(made, String.valueOf(failure.getMessage()))));
    connection
        .send(
            Request.cmd(Command.SUBSCRIBE)
                .arg(parts.keys().news())
                .arg(parts.keys().pulse(parts.self())))
        .onFailure(
            failure ->
                context.runOnContext(now -> lost(made, String.valueOf(failure.getMessage()))))
        .onSuccess(subscribed -> context.runOnContext(now -> link.pulse()));
  }

  private void lost(Redis made, String reason) {
    if (isCurrent(made)) {
      deaf(reason);
    }
  }

  private void deaf(String reason) {
    if (heard && link.isUp()) {
      log.warn("notices of Redis are not heard: {}", reason);
    }
    drop();
  }

  /** Also what is said when a subscription begins comes here, with another first word. */
  private void received(Redis made, Response message) {
    if (!isCurrent(made) || message.size() != 3 || !"message".equals(Link.text(message, 0))) {
      return;
    }
    if (Link.text(message, 1).equals(parts.keys().news())) {
      if (heard) {
        listener.news(Link.text(message, 2));
      }
      return;
    }
    heardMs = parts.clock().nowMs();
    if (!heard) {
      heard = true;
      listener.hears();
    }
  }

  private void drop() {
    client.ifPresent(one -> one.close().onFailure(e -> log.debug("closing: {}", e.getMessage())));
    client = Optional.empty();
    if (heard) {
      heard = false;
      listener.isDeaf();
    }
    if (wanted) {
      vertx.setTimer(parts.pauseMs(), again -> subscribe());
    }
  }
}
