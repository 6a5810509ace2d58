package io.quipu.tools.checker;

/** A mistake that a server or a client could make, as a switch of {@link ChatModel}. */
enum Plant {
  NONE("nothing"),
  ACK_BEFORE_COMMIT("ack before commit"),
  DEDUPE_DROPPED("dropped dedupe"),
  STALE_OWNER_UNFENCED("stale owner without the fence"),
  CURSOR_OVER_GAP("cursor moved over a gap"),
  NO_LOOK("fan-out lost without the later look"),
  PUSH_BEFORE_REGISTRATION("push before registration"),
  TWO_BATCHES_IN_FLIGHT("two batches in flight for one conversation"),
  RETRY_WITH_NEW_ID("retry with a new id"),
  PAGE_OFF_BY_ONE("sync page off by one"),
  MEMBERSHIP_CACHED("membership cached past a removal"),
  FSYNC_OFF("fsync off, and the power fails"),
  REJECTED_THOUGH_STORED("a stored send is rejected"),
  REJECTED_WHILE_A_COPY_TRAVELS("a resend is rejected while its first copy travels"),
  SWAPPED_IN_A_BATCH("a sender's two sends swapped in a batch"),
  SEQ_RESERVED("a seq reserved for whoever comes next"),
  HANDED_OVER_TWICE("a redelivery is handed to the application"),
  DROPPED_BY_THE_CLIENT("the client passes over what it has received"),
  CORRUPT_IN_STORE("content changed on its way into the store"),
  CORRUPT_IN_PAGES("content changed in sync pages"),
  PUSH_BEFORE_COMMIT("push before commit, and the sender forgets its outbox"),
  SEQ_BURNT("a failed commit burns its seq, and readers are told of a gap"),
  REMOVED_MAY_SEND("sends of a removed member are taken"),
  CURSOR_WITHOUT_GREATEST("a late flush lowers a cursor"),
  PAGE_COUNTS_AS_ACK("a page that was sent counts as acked"),
  CONFIRM_NAMES_THE_PUSHED("a confirm names what was pushed"),
  CANCEL_WITHOUT_VOID("cancel without a void row"),
  STATUS_GUESSES("SendStatus says stored at the tail"),
  OWN_LEFT_OUT("pages leave out one's own messages"),
  ZERO_READS_FROM_TWO("a sync from 0 begins at 2"),
  INTERVAL_OFF_BY_ONE("a page begins with a gap where a message is"),
  STORED_TWICE("a batch that went through is stored again"),
  NODE_INVENTS_AN_ID("a node stores an append again under an id of its own");

  private final String mistake;

  Plant(String mistake) {
    this.mistake = mistake;
  }

  /** As HISTORY.md names it. */
  String mistake() {
    return mistake;
  }
}
