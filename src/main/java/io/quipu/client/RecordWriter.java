package io.quipu.client;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Writes one {@link RecordFile} from an event loop: what arrives while a write is under way goes
 * into the next one. Bounded by its callers, who wait for each answer: a client has as many writes
 * open as it has conversations at work, and sends in its outbox.
 */
final class RecordWriter {
  /** A file below this size is not worth writing anew. */
  private static final long MIN_REWRITE_BYTES = 256 * 1024;

  private final Vertx vertx;
  private final Path path;
  private final boolean fsync;
  private final Supplier<List<byte[]>> snapshot;

  private List<byte[]> records = new ArrayList<>();
  private List<Promise<Void>> waiting = new ArrayList<>();
  private Promise<Void> idle = Promise.promise();
  private boolean writing;
  private boolean closed;
  private RecordFile file;
  private long liveBytes;

  /**
   * @param snapshot all records that the file needs now
   */
  RecordWriter(Vertx vertx, Path path, boolean fsync, Supplier<List<byte[]>> snapshot) {
    this.vertx = vertx;
    this.path = path;
    this.fsync = fsync;
    this.snapshot = snapshot;
  }

  /** Opens the file; the reader gets its records on a worker thread, before the Future succeeds. */
  Future<Void> open(Consumer<byte[]> reader) {
    return vertx
        .executeBlocking(() -> RecordFile.open(path, fsync, reader))
        .map(
            opened -> {
              synchronized (this) {
                file = opened;
                liveBytes = opened.sizeBytes();
              }
              return null;
            });
  }

  synchronized Future<Void> append(byte[] record) {
    if (closed || file == null) {
      return Future.failedFuture(new IOException(path + " is not open"));
    }
    Promise<Void> promise = Promise.promise();
    records.add(record);
    waiting.add(promise);
    writeNext();
    return promise.future();
  }

  private void writeNext() {
    if (writing || records.isEmpty()) {
      return;
    }
    writing = true;
    List<byte[]> batch = records;
    List<Promise<Void>> answered = waiting;
    records = new ArrayList<>();
    waiting = new ArrayList<>();
    boolean anew = file.sizeBytes() > Math.max(MIN_REWRITE_BYTES, 4 * liveBytes);
    List<byte[]> all = anew ? snapshot.get() : List.of();
    vertx
        .executeBlocking(
            () -> {
              if (anew) {
                file.rewrite(all);
              } else {
                file.append(batch);
              }
              return anew;
            })
        .onComplete(
            done -> {
              synchronized (this) {
                writing = false;
                if (done.succeeded() && done.result()) {
                  liveBytes = file.sizeBytes();
                }
                writeNext();
                if (!writing) {
                  idle.tryComplete();
                  idle = Promise.promise();
                }
              }
              for (Promise<Void> promise : answered) {
                if (done.succeeded()) {
                  promise.complete();
                } else {
                  promise.fail(done.cause());
                }
              }
            });
  }

  /** After what is under way. */
  Future<Void> close() {
    Future<Void> last;
    synchronized (this) {
      if (closed || file == null) {
        closed = true;
        return Future.succeededFuture();
      }
      closed = true;
      last = writing ? idle.future() : Future.succeededFuture();
    }
    return last.compose(
        v ->
            vertx.executeBlocking(
                () -> {
                  file.close();
                  return null;
                }));
  }
}
