package io.quipu.tools.checker;

/** What a history must not show. HISTORY.md says of each how it is judged, and on what. */
public enum Rule {
  LOST_WRITE("lost-write", "acked, and missing from the journal, or passed over by a device"),
  UNSEEN("unseen", "acked, and a member's fresh sync at the end has not got it"),
  DUPLICATE("duplicate", "one client_message_id at two seqs"),
  INCONSISTENT_OFFSET("inconsistent-offset", "one seq with two messages or two contents"),
  HOLE("hole", "seqs are not dense from 1"),
  ABORTED_READ("aborted-read", "a device saw a message whose send was definitely rejected"),
  NONMONOTONIC_SEND("nonmonotonic-send", "a client's later send has a lower seq"),
  REALTIME_ORDER("realtime-order", "acked before the other was sent, and yet behind it"),
  POLL_SKIP("poll-skip", "an application was handed a seq with one missing before it"),
  NONMONOTONIC_POLL("nonmonotonic-poll", "an application was handed a seq again, or went back"),
  PHANTOM("phantom", "a message that nobody sent"),
  CORRUPT("corrupt", "a message with other content than was sent"),
  STRANGER_READ("stranger-read", "delivered outside of the reader's membership"),
  STRANGER_SEND("stranger-send", "stored although its sender was no member"),
  CURSOR_REGRESSION("cursor-regression", "a device's cursor is below one that was confirmed"),
  ACK_OF_UNSENT("ack-of-unsent", "a device's cursor is beyond what it took and acked"),
  LATE_DELIVERY("late-delivery", "on a live connection, later than promised"),
  UNKNOWN_RESOLVED_WRONG("unknown-resolved-wrong", "a definite word about a send was not true");

  private final String label;
  private final String meaning;

  Rule(String label, String meaning) {
    this.label = label;
    this.meaning = meaning;
  }

  /** As reports and HISTORY.md name it. */
  public String label() {
    return label;
  }

  public String meaning() {
    return meaning;
  }
}
