package io.quipu.tools.demo;

import io.quipu.client.ClientEvent;
import io.quipu.client.ClientObserver;
import io.quipu.client.ClientSettings;
import io.quipu.client.PendingSend;
import io.quipu.client.QuipuClient;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.UUID;

/** One person's device: a client, and what it has been given, on the board. */
final class Device {
  private final UserId user;
  private final String name;
  private final String transport;
  private final Board board;
  private final QuipuClient client;

  /**
   * @param transport for people
   * @param uris of the servers
   * @param observer writes the history, if there is one
   */
  Device(
      Vertx vertx,
      UserId user,
      String device,
      String transport,
      List<String> uris,
      String token,
      Board board,
      ClientObserver observer) {
    this.user = user;
    this.name = user + "/" + device;
    this.transport = transport;
    this.board = board;
    this.client =
        QuipuClient.builder(vertx)
            .servers(uris)
            .token(token)
            .device(device)
            .settings(ClientSettings.DEFAULT.withReconnect(50, 500))
            .onMessage(this::take)
            .onEvent(this::event)
            .observer(observer)
            .build();
  }

  UserId user() {
    return user;
  }

  String name() {
    return name;
  }

  String transport() {
    return transport;
  }

  QuipuClient client() {
    return client;
  }

  Future<Void> start() {
    return client.start().compose(connected -> client.awaitSynced());
  }

  Future<Void> close() {
    return client.close();
  }

  /** Sends, and writes onto the board what becomes of it. */
  Future<Stored> send(To to, String text) {
    return send(new PendingSend(client.newId(), to, Content.Text.of(text)), text);
  }

  Future<Stored> createGroup(String title, List<UserId> members) {
    Content create = new Content.Changed(new Change.Create(title, members));
    return send(new PendingSend(client.newId(), new To.NewGroup(), create), text(create));
  }

  /** The same send once more, as after a lost ack; the board does not count it again. */
  Future<Stored> repeat(UUID id, To to, String text) {
    return client.send(new PendingSend(id, to, Content.Text.of(text)));
  }

  private Future<Stored> send(PendingSend send, String text) {
    board.sent(send.id());
    return client
        .send(send)
        .onSuccess(
            stored ->
                board.acked(
                    new Seen(stored.conversation(), stored.seq(), user, send.id(), text), stored))
        .onFailure(e -> board.failed(name + " could not send \"" + text + "\": " + why(e)));
  }

  private static String why(Throwable e) {
    return e instanceof QuipuException refused
        ? refused.code() + " (" + refused.outcome() + "): " + refused.getMessage()
        : e.toString();
  }

  private Future<Void> take(ReceivedMessage received) {
    board.seen(
        name,
        new Seen(
            received.conversation(),
            received.seq(),
            received.sender(),
            received.message().clientMessageId(),
            text(received.content())));
    return Future.succeededFuture();
  }

  private static String text(Content content) {
    if (content instanceof Content.Text text) {
      return text.text();
    }
    if (content instanceof Content.Changed changed
        && changed.change() instanceof Change.Create create) {
      return "* makes the group \"" + create.title() + "\" with " + create.members();
    }
    return "* " + content;
  }

  private void event(ClientEvent event) {
    if (event instanceof ClientEvent.Synced) {
      board.connected(name, true);
    } else if (event instanceof ClientEvent.Disconnected || event instanceof ClientEvent.Stopped) {
      board.connected(name, false);
    } else if (event instanceof ClientEvent.Halted halted) {
      board.failed(name + " halted at seq " + halted.seq() + ": " + halted.cause());
    } else if (event instanceof ClientEvent.Replaced replaced) {
      board.failed(name + " was replaced: " + replaced.detail());
    }
  }
}
