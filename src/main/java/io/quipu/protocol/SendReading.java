package io.quipu.protocol;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.wire.Send;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * What a Send may be. A wrong one takes its place in the run of client_seqs all the same, so it
 * comes out as an InvalidSend; only a wrong client_seq has no place to take.
 */
final class SendReading {
  private SendReading() {}

  static Frame send(Send wire) {
    return checked(
        wire.getClientSeq(),
        wire.getClientMessageId(),
        wire.getConversation(),
        wire.getToUser(),
        wire.getResend(),
        () ->
            switch (wire.getContentCase()) {
              case TEXT -> new Content.Text(wire.getTextBytes());
              case BODY -> new Content.Body(wire.getBody());
              case CHANGE -> new Content.Changed(ChangeCodec.fromWire(wire.getChange()));
              case CONTENT_NOT_SET ->
                  throw new QuipuException(
                      ErrorCode.INVALID_CONTENT, "a send has text, body or change");
            });
  }

  static Frame checked(
      int clientSeq,
      String clientMessageId,
      String conversation,
      String toUser,
      boolean resend,
      Supplier<Content> content) {
    if (clientSeq < 1) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST,
          "client_seq goes from 1 to 2147483647, not " + Integer.toUnsignedString(clientSeq));
    }
    Optional<UUID> id = UuidText.parse(clientMessageId);
    if (id.isEmpty()) {
      return new Frame.InvalidSend(
          clientSeq, ToWire.NIL, resend, ErrorCode.INVALID_ID, UuidText.RULE);
    }
    try {
      Optional<ConversationId> to = FromWire.optionalConversation(conversation);
      Optional<UserId> user = FromWire.optionalUser(toUser);
      Content what = content.get();
      checkAddress(to, user, what);
      return new Frame.Send(clientSeq, id.get(), to, user, resend, what);
    } catch (QuipuException e) {
      return new Frame.InvalidSend(clientSeq, id.get(), resend, e.code(), e.getMessage());
    }
  }

  private static void checkAddress(
      Optional<ConversationId> conversation, Optional<UserId> toUser, Content content) {
    boolean creates =
        content instanceof Content.Changed changed && changed.change() instanceof Change.Create;
    int named = (conversation.isPresent() ? 1 : 0) + (toUser.isPresent() ? 1 : 0);
    if (named != (creates ? 0 : 1)) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST,
          creates
              ? "the creation of a group names no conversation and no to_user"
              : "a send names a conversation or a to_user, and not both");
    }
  }
}
