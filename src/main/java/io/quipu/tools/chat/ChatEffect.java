package io.quipu.tools.chat;

import io.quipu.client.PendingSend;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.List;
import java.util.UUID;

/** What a chat wants done. */
sealed interface ChatEffect {
  /** A line of the conversation itself. */
  record Print(Line line) implements ChatEffect {}

  /** A line about the conversation, the connection, the program. */
  record Tell(Line line) implements ChatEffect {}

  record Send(PendingSend send) implements ChatEffect {}

  record Retry(UUID id) implements ChatEffect {}

  record Cancel(UUID id) implements ChatEffect {}

  /**
   * @param before 0 = from the end
   */
  record LoadPage(ConversationId conversation, long before) implements ChatEffect {}

  record ReadMembers(ConversationId conversation) implements ChatEffect {}

  /** Wants {@link ChatEvent.ReceiptsRead}. */
  record ReadReceipts(ConversationId conversation) implements ChatEffect {}

  /** The user's conversations. */
  record ReadList() implements ChatEffect {}

  /** Wants to know who of these is there, and of nobody else. */
  record Watch(List<UserId> users) implements ChatEffect {}

  /** Wants {@link ChatEvent.WritingEnded} in some seconds. */
  record AwaitWriting(ConversationId conversation, UserId user) implements ChatEffect {}

  record MarkRead(ConversationId conversation, long seq) implements ChatEffect {}

  /** Everything up to this seq is on the screen or will not be: it may be acknowledged. */
  record Taken(ConversationId conversation, long seq) implements ChatEffect {}

  /** Gives a refused line back to the one who typed it. */
  record GiveBack(String line) implements ChatEffect {}

  /** What is still open may take so long; then {@link ChatEvent.PatienceEnded}. */
  record StartPatience(long ms) implements ChatEffect {}

  record Quit(int exitCode) implements ChatEffect {}
}
