package io.quipu.client;

import io.quipu.model.ConversationId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Cursors in a file, which survive {@code kill -9} of the process at any moment; with fsync, a
 * crash of the machine too. One client at a time: the file is locked.
 */
public final class FileCursorStore implements CursorStore {
  private final RecordWriter writer;
  private final Map<ConversationId, Long> cursors = new HashMap<>();

  /** A record without a name. */
  private long receiptsMark;

  /**
   * @param fsync wait for the disk at each cursor: a few milliseconds before each ack
   */
  public FileCursorStore(Vertx vertx, Path path, boolean fsync) {
    this.writer = new RecordWriter(vertx, path, fsync, this::snapshot);
  }

  @Override
  public Future<Map<ConversationId, Long>> load() {
    return writer.open(this::read).map(v -> copy());
  }

  private synchronized Map<ConversationId, Long> copy() {
    return Map.copyOf(cursors);
  }

  private synchronized void read(byte[] record) {
    long seq = ByteBuffer.wrap(record).getLong();
    if (record.length == Long.BYTES) {
      receiptsMark = seq;
      return;
    }
    String name =
        new String(record, Long.BYTES, record.length - Long.BYTES, StandardCharsets.UTF_8);
    cursors.put(new ConversationId(name), seq);
  }

  private static byte[] record(ConversationId conversation, long seq) {
    byte[] name = conversation.value().getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + name.length).putLong(seq).put(name).array();
  }

  private synchronized List<byte[]> snapshot() {
    List<byte[]> records = new ArrayList<>(cursors.size() + 1);
    cursors.forEach((conversation, seq) -> records.add(record(conversation, seq)));
    if (receiptsMark != 0) {
      records.add(markRecord(receiptsMark));
    }
    return records;
  }

  private static byte[] markRecord(long mark) {
    return ByteBuffer.allocate(Long.BYTES).putLong(mark).array();
  }

  @Override
  public synchronized Future<Long> loadReceiptsMark() {
    return Future.succeededFuture(receiptsMark);
  }

  @Override
  public Future<Void> putReceiptsMark(long mark) {
    synchronized (this) {
      receiptsMark = mark;
    }
    return writer.append(markRecord(mark));
  }

  @Override
  public Future<Void> put(ConversationId conversation, long seq) {
    synchronized (this) {
      cursors.put(conversation, seq);
    }
    return writer.append(record(conversation, seq));
  }

  @Override
  public Future<Void> close() {
    return writer.close();
  }
}
