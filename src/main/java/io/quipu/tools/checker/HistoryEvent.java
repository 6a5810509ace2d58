package io.quipu.tools.checker;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** One line of a history; HISTORY.md has every field with its unit and range. */
sealed interface HistoryEvent {
  /** The version of the format that this program writes, and the only one that it reads. */
  int VERSION = 1;

  /**
   * The first line.
   *
   * @param clock names the clock of {@code at_us}: times of one clock can be compared
   * @param lateMs the promised bound of a delivery
   * @param beatMs a line comes at least so often while the process runs; 0 = not promised
   * @param complete every client that wrote into these conversations is in this history
   */
  record Header(String program, String clock, long lateMs, long beatMs, boolean complete)
      implements HistoryEvent {}

  /** The rest of the line is of one device. */
  sealed interface OfDevice extends HistoryEvent {
    /** {@code user/device}. */
    String device();
  }

  /** A seq of a conversation that matters to a device's cursor. */
  record Place(String conversation, long seq) {}

  /**
   * A client has begun.
   *
   * @param outboxKept its outbox outlives it, and had what the last run left
   * @param fresh a final reader: a new device that reads everything from 0, at the end
   */
  record Run(String device, boolean outboxKept, boolean fresh, List<Place> cursors)
      implements OfDevice {}

  record Up(String device, boolean deviceIsNew) implements OfDevice {}

  record Live(String device) implements OfDevice {}

  record Down(String device, long silentMs) implements OfDevice {}

  record Invoke(String device, String conversation, UUID id, String content, boolean restored)
      implements OfDevice {}

  record Ack(String device, String conversation, UUID id, long seq) implements OfDevice {}

  record Reject(String device, String conversation, UUID id, String code, boolean notApplied)
      implements OfDevice {}

  /**
   * @param seq with STORED
   */
  record Status(String device, String conversation, UUID id, State state, long seq)
      implements OfDevice {
    enum State {
      STORED,
      VOID,
      NOT_SEEN
    }
  }

  /** A message as somebody saw it. */
  record Seen(long seq, String sender, UUID id, String content, long amendedBy) {}

  /**
   * Seqs without messages.
   *
   * @param older else outside of the reader's membership
   */
  record Absent(long fromSeq, long toSeq, boolean older) {}

  /**
   * A batch that a device received.
   *
   * @param page of a sync, else pushed
   */
  record Received(
      String device,
      boolean page,
      String conversation,
      long fromSeq,
      long toSeq,
      List<Seen> messages,
      List<Absent> gaps)
      implements OfDevice {}

  record Sync(String device, int syncId, boolean onlyListed, List<Place> cursors)
      implements OfDevice {}

  record Taken(String device, String conversation, long seq) implements OfDevice {}

  record DeliverAck(String device, String conversation, long seq) implements OfDevice {}

  record AckConfirm(String device, String conversation, long seq) implements OfDevice {}

  /** The cursor that the server has stored for this device, read behind its back. */
  record StoredCursor(String device, String conversation, long seq) implements OfDevice {}

  record Reset(String device, String conversation, long seq) implements OfDevice {}

  /** The final reader has everything that there is. */
  record FreshDone(String device) implements OfDevice {}

  /**
   * An entry of the log that changes who may see it.
   *
   * @param by who made it
   * @param users who is added or removed; with CREATE, beside its maker
   * @param historyAll with CREATE and CONFIGURE: who joins sees everything; empty = as it was
   */
  record Members(
      String conversation,
      long seq,
      Kind kind,
      String by,
      List<String> users,
      Optional<Boolean> historyAll)
      implements HistoryEvent {
    enum Kind {
      CREATE,
      ADD,
      REMOVE,
      LEAVE,
      CONFIGURE,
      BLOCK,
      UNBLOCK,
      ERASE
    }
  }

  /** A piece of the journal, read back at the end. */
  record Journal(String conversation, long fromSeq, long toSeq, List<Seen> messages)
      implements HistoryEvent {}

  /**
   * The journal of this conversation has been read, from 1 to its end.
   *
   * @param seq of its last entry; 0 = there is none
   */
  record JournalDone(String conversation, long seq) implements HistoryEvent {}

  /** The recording process is alive. */
  record Beat() implements HistoryEvent {}

  /** The recording broke off here: what happened after is not in the file. */
  record Broken(String reason) implements HistoryEvent {}

  /**
   * The recording was closed in order.
   *
   * @param lines of the file, this one included
   */
  record End(long lines) implements HistoryEvent {}

  /** Of a kind that this version does not know. */
  record Other(String event) implements HistoryEvent {}
}
