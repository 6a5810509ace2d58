package io.quipu.server.journal;

import com.google.protobuf.ByteString;
import io.quipu.model.Content;
import io.quipu.protocol.ChangeCodec;

/**
 * Content as the store keeps it.
 *
 * @param kind {@link #TEXT}, {@link #BYTES} or {@link #CHANGE}
 * @param bytes UTF-8, the body as it came, or a serialized quipu.v1.Change
 */
public record StoredContent(int kind, ByteString bytes) {
  public static final int TEXT = 1;
  public static final int BYTES = 2;
  public static final int CHANGE = 3;

  public static StoredContent of(Content content) {
    if (content instanceof Content.Text text) {
      return new StoredContent(TEXT, text.utf8());
    }
    if (content instanceof Content.Body body) {
      return new StoredContent(BYTES, body.bytes());
    }
    if (content instanceof Content.Changed changed) {
      return new StoredContent(CHANGE, ChangeCodec.encode(changed.change()));
    }
    throw new IllegalArgumentException("nobody sends erased content");
  }

  /** What only a newer version knows keeps its place as unknown content. */
  public Content content() {
    return switch (kind) {
      case TEXT -> new Content.Text(bytes);
      case BYTES -> new Content.Body(bytes);
      case CHANGE -> ChangeCodec.stored(bytes);
      default -> new Content.Unknown();
    };
  }
}
