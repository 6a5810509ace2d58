package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;

/**
 * What an owner asks the store beside writing. Failures of the store are {@code
 * QuipuException(STORE_DOWN)}.
 */
public interface Journal {
  /** A writer of its own connection, for the event loop that calls. */
  JournalWriter openWriter();

  /**
   * Reads tail, members and the rows of these ids, all in one snapshot that is taken after the
   * call. A direct conversation that is not there yet comes into being, with both users as members
   * from seq 1; an absent group is empty.
   *
   * @param ids at most as many as a batch has entries
   */
  Future<Optional<ConversationState>> load(ConversationId conversation, Collection<EntryId> ids);

  /**
   * Makes the row of a group that is about to get its first entry, without members; harmless if it
   * is there or if that entry never comes.
   */
  Future<Void> createGroup(ConversationId group);

  /**
   * Makes a definite end of a send: puts a void row under its unique key unless there is a row.
   * Writes nothing for who was never a member: then the future fails with CONVERSATION_UNKNOWN. Who
   * could be the first to send here (a partner of a direct conversation, the maker of a group by
   * this very id) counts as a member before there is one.
   *
   * @return STORED with its seq, or VOID
   */
  Future<SendFate> voidSend(ConversationId conversation, UserId sender, UUID clientMessageId);

  /**
   * What has become of a send, as far as is committed; CONVERSATION_UNKNOWN for who was never a
   * member.
   */
  Future<SendFate> fateOf(ConversationId conversation, UserId sender, UUID clientMessageId);

  /**
   * What has become of a send.
   *
   * @param seq and storedAtMs 0 unless STORED
   */
  record SendFate(SendState state, long seq, long storedAtMs) {}
}
