package io.quipu.tools.checker;

import io.quipu.client.MemoryCursorStore;
import io.quipu.client.QuipuClient;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;

/** Reads everything at the end, so that a history can be judged as a whole. */
public final class ReadBack {
  private static final String DEVICE = "reader";

  private final Vertx vertx;
  private final String server;
  private final HistoryWriter history;

  /**
   * @param server where the final readers connect
   */
  public ReadBack(Vertx vertx, String server, HistoryWriter history) {
    this.vertx = vertx;
    this.server = server;
    this.history = history;
  }

  /** The journal of one conversation, as a member of it from the first message on sees it. */
  public Future<Void> journal(QuipuClient member, ConversationId conversation) {
    return member
        .historyBefore(conversation, 2, 0)
        .compose(
            first -> {
              history.journal(first.range());
              return journalAfter(member, conversation, first.range().toSeq());
            });
  }

  private Future<Void> journalAfter(QuipuClient member, ConversationId conversation, long seq) {
    return member
        .historyAfter(conversation, Math.max(1, seq), 0)
        .compose(
            slice -> {
              history.journal(slice.range());
              long last = Math.max(seq, slice.range().toSeq());
              if (slice.more()) {
                return journalAfter(member, conversation, last);
              }
              history.journalDone(conversation, last);
              return Future.succeededFuture();
            });
  }

  /** What a device gets that the server has never seen, and that wants everything. */
  public Future<Void> freshDevice(UserId user, String token, List<ConversationId> conversations) {
    DeviceRecorder recorder = history.freshDevice(user, new DeviceId(DEVICE));
    MemoryCursorStore cursors = new MemoryCursorStore();
    List<Future<Void>> zeros = conversations.stream().map(id -> cursors.put(id, 0)).toList();
    QuipuClient client =
        QuipuClient.builder(vertx)
            .server(server)
            .token(token)
            .device(DEVICE)
            .cursors(cursors)
            .observer(recorder)
            .build();
    return Future.all(zeros)
        .compose(set -> client.start())
        .compose(started -> client.awaitSynced())
        .onSuccess(synced -> recorder.done())
        .eventually(client::close);
  }
}
