package io.quipu.it;

import io.quipu.client.ClientEvent;
import io.quipu.client.ClientSettings;
import io.quipu.client.PendingSend;
import io.quipu.client.QuipuClient;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.awaitility.Awaitility;

/**
 * A device that lives through troubles: the SDK, which sends again, reconnects and syncs, and a
 * record of every ack and of every message as the application got it.
 */
final class SdkDevice {
  private static final int PATIENCE_S = 60;

  private final QuipuClient client;
  private final Map<UUID, Stored> acked = new ConcurrentHashMap<>();
  private final List<Throwable> failed = new ArrayList<>();
  private final Map<ConversationId, List<Entry>> seen = new ConcurrentHashMap<>();
  private final List<ClientEvent> events = new ArrayList<>();

  /** One message at its place. */
  record Entry(long seq, UUID id) {}

  /**
   * @param server {@code tcp://…} or {@code ws…}
   */
  SdkDevice(Vertx vertx, String server, Supplier<String> token, String device) {
    client =
        QuipuClient.builder(vertx)
            .server(server)
            .token(() -> Future.succeededFuture(token.get()))
            .device(device)
            .settings(ClientSettings.DEFAULT.withReconnect(50, 500))
            .onMessage(this::take)
            .onEvent(this::heard)
            .build();
  }

  private Future<Void> take(ReceivedMessage received) {
    List<Entry> log = seen.computeIfAbsent(received.conversation(), c -> new ArrayList<>());
    synchronized (log) {
      log.add(new Entry(received.seq(), received.message().clientMessageId()));
    }
    return Future.succeededFuture();
  }

  private void heard(ClientEvent event) {
    synchronized (events) {
      events.add(event);
    }
  }

  SdkDevice start() {
    await(client.start());
    return this;
  }

  ConversationId createGroup(List<String> members) {
    Change create = new Change.Create("group", members.stream().map(UserId::new).toList());
    Stored created =
        await(
            client.send(
                new PendingSend(client.newId(), new To.NewGroup(), new Content.Changed(create))));
    acked.put(created.clientMessageId(), created);
    return created.conversation();
  }

  /** Sends; its end is in {@link #acked} or {@link #failed}. */
  Future<Stored> send(UUID id, ConversationId conversation, String text) {
    return client
        .send(new PendingSend(id, new To.Conversation(conversation), Content.Text.of(text)))
        .onSuccess(stored -> acked.put(stored.clientMessageId(), stored))
        .onFailure(
            e -> {
              synchronized (failed) {
                failed.add(e);
              }
            });
  }

  QuipuClient client() {
    return client;
  }

  Map<UUID, Stored> acked() {
    return acked;
  }

  List<Throwable> failed() {
    synchronized (failed) {
      return List.copyOf(failed);
    }
  }

  /** What the application got, in the order in which it got it. */
  List<Entry> log(ConversationId conversation) {
    List<Entry> log = seen.computeIfAbsent(conversation, c -> new ArrayList<>());
    synchronized (log) {
      return List.copyOf(log);
    }
  }

  /** What its application was told beside messages, in the order in which it was. */
  <E extends ClientEvent> List<E> events(Class<E> kind) {
    synchronized (events) {
      return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
  }

  void close() {
    await(client.close());
  }

  /** Waits for what must become true. */
  static void until(BooleanSupplier condition) {
    Awaitility.await().atMost(PATIENCE_S, TimeUnit.SECONDS).until(condition::getAsBoolean);
  }

  static <T> T await(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
