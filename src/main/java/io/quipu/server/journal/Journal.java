package io.quipu.server.journal;

import io.quipu.model.ConversationId;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import java.util.List;
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
   * How much of it one user may have. Counted when he asks for one more: those that he asks for at
   * the same moment are not seen.
   *
   * @param ownedGroups whose owner he is
   * @param newDirectsPerHour direct conversations that he began within the last hour
   */
  record Quotas(int ownedGroups, int newDirectsPerHour) {}

  /**
   * Reads all that the question asks for in one snapshot, which is taken after the call. Empty: an
   * absent group, or a direct conversation that is not there and may not be begun. Fails with
   * CONVERSATION_UNKNOWN where the question would begin one with a user who has been erased.
   */
  Future<Optional<ConversationState>> load(ConversationId conversation, Question question);

  /**
   * What is asked beside tail, settings, members and blocks.
   *
   * @param beginner by whom a direct conversation that is not there yet comes into being, with both
   *     users as members from seq 1, unless his quota is used up; empty: it does not
   * @param ids at most as many as a batch has entries
   */
  record Question(Optional<UserId> beginner, List<EntryId> ids, List<ConversationState.Aim> aims) {
    public Question {
      ids = List.copyOf(ids);
      aims = List.copyOf(aims);
    }
  }

  /**
   * Makes the row of a group that is about to get its first entry, without members; harmless if it
   * is there or if that entry never comes.
   *
   * @return false, and there may be no row, if the creator owns as many groups as one user may
   */
  Future<Boolean> createGroup(ConversationId group, UserId creator);

  /**
   * Makes a definite end of a send: puts a void row under its unique key unless there is a row.
   * Writes nothing for who was never a member: then the future fails with CONVERSATION_UNKNOWN. Who
   * could be the first to send here (a partner of a direct conversation, the maker of a group by
   * this very id) counts as a member before there is one, and {@link UserId#SYSTEM} wherever there
   * is a conversation. RATE_LIMITED if the direct conversation would have to be made for it and the
   * sender's quota is used up.
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
