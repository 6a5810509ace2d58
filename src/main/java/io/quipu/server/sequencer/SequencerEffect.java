package io.quipu.server.sequencer;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Announcement;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import java.util.List;
import java.util.UUID;

/**
 * What a conversation at its owner wants done. What asks the store is answered with its attempt.
 */
public sealed interface SequencerEffect {
  record Load(long attempt, ConversationId conversation, Journal.Question question)
      implements SequencerEffect {
    public List<EntryId> ids() {
      return question.ids();
    }
  }

  record CreateGroup(long attempt, ConversationId group, UserId creator)
      implements SequencerEffect {}

  /**
   * @param alone in a statement of its own, since the store has refused something here lately
   */
  record Write(long attempt, Batch batch, int bytes, boolean alone) implements SequencerEffect {}

  record VoidSend(long attempt, ConversationId conversation, UserId sender, UUID clientMessageId)
      implements SequencerEffect {}

  record Pause(long attempt, int pauseMs) implements SequencerEffect {}

  record Answer(Append append, Verdict verdict) implements SequencerEffect {}

  record Publish(Announcement committed) implements SequencerEffect {}
}
