package io.quipu.example;

import io.quipu.client.FileCursorStore;
import io.quipu.client.FileOutboxStore;
import io.quipu.client.PendingSend;
import io.quipu.client.QuipuClient;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.To;
import io.quipu.model.Content;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Answers every text, once, whatever crashes: the bot, the network or the server.
 *
 * <p>Three things make that so. Cursors and outbox are files, so a new run goes on where the last
 * one was. The handler's Future succeeds only when the answer is stored, so a message without an
 * answer comes again. And an answer's id follows from the message it answers, so an answer that was
 * stored before the crash is stored once.
 */
public final class EchoBot {
  private EchoBot() {}

  /** Arguments: SERVER TOKEN FOLDER. */
  public static void main(String[] arguments) {
    Vertx vertx = Vertx.vertx();
    QuipuClient bot = make(vertx, arguments[0], arguments[1], Path.of(arguments[2]));
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> bot.close().eventually(vertx::close).await()));
    bot.start().onFailure(e -> System.err.println("not started: " + e.getMessage()));
  }

  /** The bot, not started yet. */
  public static QuipuClient make(Vertx vertx, String server, String token, Path folder) {
    QuipuClient[] self = new QuipuClient[1];
    self[0] =
        QuipuClient.builder(vertx)
            .server(server)
            .token(token)
            .device("echo")
            .cursors(new FileCursorStore(vertx, folder.resolve("cursors"), true))
            .outbox(new FileOutboxStore(vertx, folder.resolve("outbox"), true))
            .onMessage(message -> answer(self[0], message))
            .build();
    return self[0];
  }

  private static Future<Void> answer(QuipuClient bot, ReceivedMessage message) {
    if (message.own() || !(message.content() instanceof Content.Text)) {
      return Future.succeededFuture(); // its own answers come back, too
    }
    String cause = "answer to " + message.conversation() + " " + message.seq();
    UUID id = UUID.nameUUIDFromBytes(cause.getBytes(StandardCharsets.UTF_8));
    return bot.send(
            new PendingSend(
                id,
                new To.Conversation(message.conversation()),
                Content.Text.of("You said: " + message.text())))
        .mapEmpty();
  }
}
