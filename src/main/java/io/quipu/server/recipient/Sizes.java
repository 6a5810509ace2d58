package io.quipu.server.recipient;

import io.quipu.model.Content;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import java.util.List;

/** What messages cost in a window: their bodies, and about what an envelope takes in a frame. */
final class Sizes {
  private static final int ENVELOPE_BYTES = 80;
  private static final int CHANGE_BYTES = 256;

  private Sizes() {}

  static int bytes(MessageRange range) {
    return bytes(range.messages());
  }

  static int bytes(List<Message> messages) {
    int sum = 0;
    for (int i = 0; i < messages.size(); i++) {
      sum += ENVELOPE_BYTES + bodyBytes(messages.get(i).content());
    }
    return sum;
  }

  private static int bodyBytes(Content content) {
    if (content instanceof Content.Text text) {
      return text.utf8().size();
    }
    if (content instanceof Content.Body body) {
      return body.bytes().size();
    }
    return content instanceof Content.Changed ? CHANGE_BYTES : 0;
  }
}
