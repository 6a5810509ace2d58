package io.quipu.client;

import com.google.protobuf.ByteString;
import io.quipu.model.Content;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.JsonCodec;

/** How many bytes a send takes on the wire at most, before it is encoded. */
final class WireSize {
  private static final int ESCAPED_BYTES = 6;

  private final boolean json;

  WireSize(FrameCodec codec) {
    this.json = codec instanceof JsonCodec;
  }

  int sizeBytes(PendingSend send) {
    int plain = send.sizeBytes();
    if (!json) {
      return plain;
    }
    if (send.content() instanceof Content.Text text) {
      return plain + escapes(text.utf8());
    }
    return plain + plain / 2; // base 64, quotes
  }

  /** JSON writes control characters, quotes and some others as an escape of six bytes. */
  private static int escapes(ByteString utf8) {
    int extra = 0;
    for (int i = 0; i < utf8.size(); i++) {
      byte b = utf8.byteAt(i);
      if (b >= 0 && b < ' '
          || b == '"'
          || b == '\\'
          || b == '<'
          || b == '>'
          || b == '&'
          || b == '='
          || b == '\''
          || b == 0x7f) {
        extra += ESCAPED_BYTES - 1;
      } else if (b < 0) {
        extra += 2; // beyond ASCII: at most an escape instead of two bytes or more
      }
    }
    return extra;
  }
}
