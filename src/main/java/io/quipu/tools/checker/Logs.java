package io.quipu.tools.checker;

import io.quipu.tools.checker.HistoryEvent.Seen;

/** The rules about what stands in the conversations. */
final class Logs {
  /** The pseudonyms of erased users begin so. */
  private static final String ERASED_USER = "erased.";

  /** Writes where it likes, and is no member. */
  private static final String SYSTEM = "system";

  private final Findings findings;
  private final Sends sends;

  Logs(Findings findings, Sends sends) {
    this.findings = findings;
    this.sends = sends;
  }

  /** A message was seen; the entry at its place, unless its sender was erased. */
  void seen(Conversation conversation, Seen seen, long line, boolean byDevice) {
    if (seen.sender().startsWith(ERASED_USER)) {
      conversation.erased = true;
      return;
    }
    Send send = conversation.send(seen.sender(), seen.id());
    send.inJournal |= !byDevice;
    sends.at(conversation, send, seen.seq(), line);
    Entry entry = conversation.entries.get(seen.seq());
    if (entry == null) {
      entry = new Entry(send, line);
      conversation.entries.put(seen.seq(), entry);
    }
    if (sends.same(conversation, seen.seq(), entry, send, line)) {
      Entry.Version found = new Entry.Version(seen.content(), line);
      Entry.Version first = entry.first(seen.amendedBy(), found);
      if (!first.content().equals(seen.content()) && !entry.conflicted) {
        entry.conflicted = true;
        findings.add(
            Rule.INCONSISTENT_OFFSET,
            conversation.name
                + " seq "
                + seen.seq()
                + " has the content "
                + first.content()
                + " and also "
                + seen.content(),
            first.line(),
            line);
      }
      if (byDevice && entry.deviceLine == 0) {
        entry.deviceLine = line;
      }
    }
  }

  void journal(Conversation conversation, HistoryEvent.Journal page, long line, long atUs) {
    if (conversation.journalStartUs == Send.NEVER) {
      conversation.journalStartUs = atUs;
    }
    for (Seen seen : page.messages()) {
      seen(conversation, seen, line, false);
      conversation.journal.add(seen.seq());
    }
  }

  void journalDone(Conversation conversation, long tail, long line, long atUs) {
    if (conversation.journalStartUs == Send.NEVER) {
      conversation.journalStartUs = atUs;
    }
    conversation.journalDoneLine = line;
    conversation.journalTail = tail;
  }

  /** All has been read. */
  void judge(Conversation conversation, Membership membership, boolean complete) {
    if (conversation.erased) {
      return;
    }
    if (conversation.journalDone()) {
      journal(conversation);
    }
    for (var place : conversation.entries.entrySet()) {
      entry(conversation, membership, complete, place.getKey(), place.getValue());
    }
  }

  private void journal(Conversation conversation) {
    conversation.sends().forEach(send -> notInJournal(conversation, send));
    Ranges dense = new Ranges();
    dense.add(1, conversation.journalTail);
    dense
        .without(conversation.journal)
        .without(conversation.acked)
        .forEach(
            (from, to) ->
                findings.add(
                    Rule.HOLE,
                    conversation.name + " has no seq " + stretch(from, to) + " in its journal",
                    conversation.journalDoneLine));
  }

  private void notInJournal(Conversation conversation, Send send) {
    boolean before = send.ackLine != 0 && send.ackAtUs < conversation.journalStartUs;
    if (before && !send.inJournal) {
      findings.add(
          Rule.LOST_WRITE,
          conversation.name
              + " seq "
              + send.seq
              + ": "
              + send
              + " was acked, and the journal has not got it",
          send.ackLine,
          conversation.journalDoneLine);
    }
  }

  static String stretch(long from, long to) {
    return from == to ? String.valueOf(from) : from + " to " + to;
  }

  private void entry(
      Conversation conversation, Membership membership, boolean complete, long seq, Entry entry) {
    Send send = entry.send;
    if (!send.invoked()) {
      if (complete) {
        findings.add(
            Rule.PHANTOM, conversation.name + " seq " + seq + ": nobody sent " + send, entry.line);
      }
      return;
    }
    if (!entry.content.isEmpty() && !send.wasSentWith(entry.content)) {
      findings.add(
          Rule.CORRUPT,
          conversation.name
              + " seq "
              + seq
              + ": sent was "
              + send.content
              + ", and it is "
              + entry.content,
          send.invokeLine,
          entry.contentLine);
    }
    // A block does not hold back blocks.
    boolean change = send.content.startsWith("change") && conversation.name.startsWith("d~");
    if (membership.known()
        && !change
        && !send.sender.equals(SYSTEM)
        && !membership.present(send.sender).contains(seq)) {
      findings.add(
          Rule.STRANGER_SEND,
          conversation.name + " seq " + seq + ": " + send + " was stored, and he was no member",
          lines(membership.reason(send.sender, seq).orElse(0L), entry.line));
    }
  }

  private static Long[] lines(long perhaps, long line) {
    return perhaps == 0 ? new Long[] {line} : new Long[] {perhaps, line};
  }
}
