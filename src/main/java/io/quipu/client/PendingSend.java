package io.quipu.client;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.UserId;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;

/**
 * A send without a definite outcome yet, as an outbox keeps it.
 *
 * @param id its client_message_id, which never changes
 */
public record PendingSend(UUID id, To to, Content content) {
  /** What a frame needs beside the content; a generous estimate. */
  private static final int FRAME_BYTES = 256;

  /** Beside the name: tag, length, quotes. */
  private static final int MEMBER_BYTES = 6;

  /** About what it takes in memory and on the wire. */
  int sizeBytes() {
    return FRAME_BYTES + contentBytes(content);
  }

  static int contentBytes(Content content) {
    if (content instanceof Content.Text text) {
      return text.utf8().size();
    }
    if (content instanceof Content.Body body) {
      return body.bytes().size();
    }
    if (content instanceof Content.Changed changed) {
      return changeBytes(changed.change());
    }
    return 0;
  }

  private static int changeBytes(Change change) {
    if (change instanceof Change.Edit edit) {
      return contentBytes(edit.content());
    }
    int bytes = Change.MAX_TITLE_BYTES;
    for (UserId member : members(change)) {
      bytes += MEMBER_BYTES + member.value().getBytes(StandardCharsets.UTF_8).length;
    }
    return bytes;
  }

  private static List<UserId> members(Change change) {
    if (change instanceof Change.Create create) {
      return create.members();
    }
    if (change instanceof Change.Add add) {
      return add.members();
    }
    return change instanceof Change.Remove remove ? remove.members() : List.of();
  }
}
