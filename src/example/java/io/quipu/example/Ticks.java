package io.quipu.example;

import io.quipu.client.ClientEvent;
import io.quipu.client.QuipuClient;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.function.Consumer;

/** Sends one message, and tells how far it has come: stored, delivered, read. */
public final class Ticks {
  private Ticks() {}

  /** Arguments: SERVER TOKEN TO TEXT. */
  public static void main(String[] arguments) {
    Vertx vertx = Vertx.vertx();
    send(
        vertx,
        arguments[0],
        arguments[1],
        new UserId(arguments[2]),
        arguments[3],
        System.out::println);
  }

  /** Sends it; the client stays open for what comes after. */
  public static Future<QuipuClient> send(
      Vertx vertx, String server, String token, UserId to, String text, Consumer<String> screen) {
    QuipuClient client =
        QuipuClient.builder(vertx)
            .server(server)
            .token(token)
            .device("ticks")
            .onEvent(event -> show(event, screen))
            .build();
    return client
        .start()
        .compose(
            connected -> {
              client.watchPresence(List.of(to));
              return client.send(to, text);
            })
        .onSuccess(stored -> screen.accept("stored at seq " + stored.seq()))
        .onFailure(e -> screen.accept(advice(e)))
        .map(client);
  }

  private static void show(ClientEvent event, Consumer<String> screen) {
    if (event instanceof ClientEvent.Receipt receipt) {
      screen.accept(receipt.state() + " by " + receipt.user() + " up to " + receipt.seq());
    } else if (event instanceof ClientEvent.Presence presence) {
      screen.accept(presence.user() + (presence.online() ? " is online" : " is offline"));
    } else if (event instanceof ClientEvent.Typing typing) {
      screen.accept(typing.user() + " is writing");
    } else if (event instanceof ClientEvent.Disconnected gone) {
      screen.accept("offline, again in " + gone.inMs() + " ms: " + gone.reason());
    }
  }

  /** What to tell a person, and what to do. */
  private static String advice(Throwable e) {
    if (!(e instanceof QuipuException known)) {
      return "a bug: " + e;
    }
    String certain =
        switch (known.outcome()) {
          case NOT_APPLIED -> "not sent";
          case UNKNOWN -> "perhaps sent; ask again or cancel it";
        };
    return certain
        + " ("
        + known.code()
        + ", advice "
        + known.advice()
        + "): "
        + known.getMessage();
  }
}
