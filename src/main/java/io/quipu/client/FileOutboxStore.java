package io.quipu.client;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.protocol.BinaryCodec;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The outbox in a file: what was sent and has no definite outcome is sent again by the next run,
 * with the same ids and in the same order, even after {@code kill -9}. One client at a time.
 *
 * <p>A record is a byte and a Send frame (it goes in) or an id (it has left).
 */
public final class FileOutboxStore implements OutboxStore {
  private static final byte ADDED = 1;
  private static final byte REMOVED = 2;

  private final RecordWriter writer;
  private final BinaryCodec codec = new BinaryCodec();
  private final Map<UUID, PendingSend> sends = new LinkedHashMap<>();

  /**
   * @param fsync wait for the disk before each send goes out: a few milliseconds
   */
  public FileOutboxStore(Vertx vertx, Path path, boolean fsync) {
    this.writer = new RecordWriter(vertx, path, fsync, this::snapshot);
  }

  @Override
  public Future<List<PendingSend>> load() {
    return writer.open(this::read).map(v -> copy());
  }

  private synchronized List<PendingSend> copy() {
    return List.copyOf(sends.values());
  }

  private synchronized void read(byte[] record) {
    if (record[0] == ADDED) {
      Frame frame = codec.decode(record, 1, record.length - 1);
      if (frame instanceof Frame.Send send) {
        sends.put(
            send.clientMessageId(),
            new PendingSend(
                send.clientMessageId(), to(send.conversation(), send.toUser()), send.content()));
      }
    } else {
      ByteBuffer id = ByteBuffer.wrap(record, 1, record.length - 1);
      sends.remove(new UUID(id.getLong(), id.getLong()));
    }
  }

  private static To to(Optional<ConversationId> conversation, Optional<UserId> user) {
    if (conversation.isPresent()) {
      return new To.Conversation(conversation.get());
    }
    return user.isPresent() ? new To.User(user.get()) : new To.NewGroup();
  }

  private byte[] added(PendingSend send) {
    Optional<ConversationId> conversation =
        send.to() instanceof To.Conversation named ? Optional.of(named.id()) : Optional.empty();
    Optional<UserId> user =
        send.to() instanceof To.User named ? Optional.of(named.user()) : Optional.empty();
    byte[] frame =
        codec.encode(new Frame.Send(1, send.id(), conversation, user, true, send.content()));
    return ByteBuffer.allocate(1 + frame.length).put(ADDED).put(frame).array();
  }

  private static byte[] removed(UUID id) {
    return ByteBuffer.allocate(1 + 2 * Long.BYTES)
        .put(REMOVED)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .array();
  }

  private synchronized List<byte[]> snapshot() {
    List<byte[]> records = new ArrayList<>(sends.size());
    sends.values().forEach(send -> records.add(added(send)));
    return records;
  }

  @Override
  public Future<Void> add(PendingSend send) {
    synchronized (this) {
      sends.put(send.id(), send);
    }
    return writer.append(added(send)).onFailure(e -> forget(send.id()));
  }

  /** The caller was told that it is not kept, so no later writing may bring it back. */
  private synchronized void forget(UUID id) {
    sends.remove(id);
  }

  @Override
  public Future<Void> remove(UUID id) {
    synchronized (this) {
      if (sends.remove(id) == null) {
        return Future.succeededFuture();
      }
    }
    return writer.append(removed(id));
  }

  @Override
  public boolean outlivesProcess() {
    return true;
  }

  @Override
  public Future<Void> close() {
    return writer.close();
  }
}
