package io.quipu.server.sequencer;

import io.quipu.server.cluster.Append;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.GroupCommit;
import io.quipu.server.journal.Journal.SendFate;
import java.util.Optional;

/**
 * What happens to a conversation at its owner. Answers of the store carry the attempt they answer.
 */
public sealed interface SequencerEvent {
  record Arrived(Append append) implements SequencerEvent {}

  /**
   * @param state empty if there is no such conversation, and the question does not begin it
   */
  record Loaded(long attempt, Optional<ConversationState> state) implements SequencerEvent {}

  record LoadFailed(long attempt) implements SequencerEvent {}

  /** There is no such direct conversation and there will be none: one of the two is erased. */
  record PartnerErased(long attempt) implements SequencerEvent {}

  /**
   * @param admitted false: its creator owns as many as one user may
   */
  record GroupCreated(long attempt, boolean admitted) implements SequencerEvent {}

  record Wrote(long attempt, GroupCommit.Result result) implements SequencerEvent {}

  record Voided(long attempt, SendFate fate) implements SequencerEvent {}

  record VoidFailed(long attempt) implements SequencerEvent {}

  /** The pause that a {@link SequencerEffect.Pause} asked for is over. */
  record PauseOver(long attempt) implements SequencerEvent {}
}
