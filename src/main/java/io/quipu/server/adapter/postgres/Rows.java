package io.quipu.server.adapter.postgres;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;

/** Columns as the words of the model. */
final class Rows {
  private Rows() {}

  /** Whole milliseconds, rounded down, always in the same way. */
  static long unixMs(Row row, int column) {
    return row.getOffsetDateTime(column).toInstant().toEpochMilli();
  }

  static ByteString bytes(Buffer buffer) {
    return UnsafeByteOperations.unsafeWrap(buffer.getBytes());
  }
}
