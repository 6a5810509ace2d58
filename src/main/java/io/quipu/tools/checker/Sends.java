package io.quipu.tools.checker;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The rules about sends and what their senders were told. */
final class Sends {
  /** The same id with other content was refused: nothing is said of the first one. */
  private static final String ID_REUSED = "ID_REUSED";

  private final Findings findings;

  /** In the order in which they were asked for. */
  private final List<Send> invoked = new ArrayList<>();

  private final List<Conversation> conversationOf = new ArrayList<>();
  private long acks;

  Sends(Findings findings) {
    this.findings = findings;
  }

  int count() {
    return invoked.size();
  }

  long acks() {
    return acks;
  }

  void invoked(
      Conversation conversation,
      DeviceTrack device,
      HistoryEvent.Invoke event,
      long line,
      long atUs) {
    Send send = conversation.send(device.user, event.id());
    if (send.deniedLine != 0) {
      send = conversation.anew(device.user, event.id());
    }
    if (!send.invoked()) {
      send.content = event.content();
      send.device = device;
      send.outbox = device.outbox;
      send.invokeLine = line;
      send.invokeAtUs = atUs;
      invoked.add(send);
      conversationOf.add(conversation);
    } else if (!event.content().equals(send.content)) {
      send.addContent(event.content());
    }
  }

  void acked(
      Conversation conversation, DeviceTrack device, HistoryEvent.Ack event, long line, long atUs) {
    acks++;
    Send send = conversation.send(device.user, event.id());
    if (send.ackLine == 0) {
      send.ackLine = line;
      send.ackAtUs = atUs;
    }
    conversation.acked.add(event.seq());
    at(conversation, send, event.seq(), line);
    Entry entry = conversation.entries.get(event.seq());
    if (entry == null) {
      conversation.entries.put(event.seq(), new Entry(send, line));
    } else {
      same(conversation, event.seq(), entry, send, line);
    }
  }

  /** Takes down that this message was seen at this place. */
  void at(Conversation conversation, Send send, long seq, long line) {
    if (send.seq == 0) {
      send.seq = seq;
      send.seqLine = line;
    } else if (send.seq != seq && !send.seenTwice) {
      send.seenTwice = true;
      findings.add(
          Rule.DUPLICATE,
          conversation.name + ": " + send + " is at seq " + send.seq + " and at seq " + seq,
          send.seqLine,
          line);
    }
  }

  /** Whether what was seen at this place is the message that was seen there first. */
  boolean same(Conversation conversation, long seq, Entry entry, Send send, long line) {
    if (entry.send == send
        || entry.send.sender.equals(send.sender) && entry.send.id.equals(send.id)) {
      return true;
    }
    if (!entry.conflicted) {
      entry.conflicted = true;
      findings.add(
          Rule.INCONSISTENT_OFFSET,
          conversation.name + " seq " + seq + " is " + entry.send + " and also " + send,
          entry.line,
          line);
    }
    return false;
  }

  void rejected(
      Conversation conversation, DeviceTrack device, HistoryEvent.Reject event, long line) {
    Send send = conversation.send(device.user, event.id());
    if (!event.notApplied()) {
      send.wasUnknown = true;
    } else if (!event.code().equals(ID_REUSED) && send.deniedLine == 0) {
      send.deniedLine = line;
      send.deniedAfterUnknown = send.wasUnknown;
    }
  }

  void status(Conversation conversation, DeviceTrack device, HistoryEvent.Status event, long line) {
    Send send = conversation.send(device.user, event.id());
    if (event.state() == HistoryEvent.Status.State.VOID) {
      send.voidLine = line;
    } else if (event.state() == HistoryEvent.Status.State.STORED && send.storedLine == 0) {
      send.storedLine = line;
      send.storedSeq = event.seq();
    }
  }

  /** All has been read. */
  void judge(Iterable<Conversation> conversations) {
    inOrderOfSending();
    for (Conversation conversation : conversations) {
      if (!conversation.erased) {
        inRealTime(conversation);
        conversation.sends().forEach(send -> outcome(conversation, send));
      }
    }
  }

  private void inOrderOfSending() {
    record Lane(int outbox, int conversation) {}
    Map<Lane, Send> highest = new HashMap<>();
    for (int i = 0; i < invoked.size(); i++) {
      Send send = invoked.get(i);
      Conversation conversation = conversationOf.get(i);
      if (send.seq == 0) {
        continue;
      }
      Lane lane = new Lane(send.outbox, conversation.number);
      Send before = highest.get(lane);
      if (before == null || before.seq < send.seq) {
        highest.put(lane, send);
      } else if (before.seq > send.seq) {
        findings.add(
            Rule.NONMONOTONIC_SEND,
            conversation.name
                + ": "
                + send
                + " was sent after "
                + before.id
                + " and is at seq "
                + send.seq
                + ", before seq "
                + before.seq,
            before.invokeLine,
            send.invokeLine,
            before.seqLine,
            send.seqLine);
      }
    }
  }

  private void inRealTime(Conversation conversation) {
    List<Send> placed = new ArrayList<>();
    for (Send send : conversation.sends()) {
      if (send.seq != 0 && send.device != null) {
        placed.add(send);
      }
    }
    placed.sort(Comparator.comparingLong((Send send) -> send.seq).reversed());
    Map<String, Send> firstAcked = new HashMap<>();
    for (Send late : placed) {
      Send early = firstAcked.get(late.device.clock);
      if (early != null && early.ackAtUs < late.invokeAtUs && early.seq > late.seq) {
        findings.add(
            Rule.REALTIME_ORDER,
            conversation.name
                + ": "
                + early
                + " was acked before "
                + late
                + " was sent, and is at seq "
                + early.seq
                + ", behind seq "
                + late.seq,
            early.ackLine,
            late.invokeLine,
            late.seqLine);
      }
      if (late.ackLine != 0 && (early == null || late.ackAtUs < early.ackAtUs)) {
        firstAcked.put(late.device.clock, late);
      }
    }
  }

  private void outcome(Conversation conversation, Send send) {
    boolean applied = send.seq != 0;
    if (send.voidLine != 0 && applied) {
      wrong(conversation, send, "is void, it was said", send.voidLine, send.seqLine);
    } else if (send.deniedLine != 0 && applied) {
      denied(conversation, send);
    }
    if (send.storedLine != 0) {
      stored(conversation, send);
    }
  }

  private void denied(Conversation conversation, Send send) {
    Entry entry = conversation.entries.get(send.seq);
    boolean read = entry != null && entry.send == send && entry.deviceLine != 0;
    if (read && !send.deniedAfterUnknown) {
      findings.add(
          Rule.ABORTED_READ,
          conversation.name + ": " + send + " was rejected for good, and read at seq " + send.seq,
          send.deniedLine,
          entry.deviceLine);
    } else {
      wrong(conversation, send, "was not applied, it was said", send.deniedLine, send.seqLine);
    }
  }

  private void wrong(Conversation conversation, Send send, String said, Long... lines) {
    findings.add(
        Rule.UNKNOWN_RESOLVED_WRONG,
        conversation.name + ": " + send + " " + said + ", and it is at seq " + send.seq,
        lines);
  }

  private void stored(Conversation conversation, Send send) {
    String said = conversation.name + ": " + send + " is stored at seq " + send.storedSeq;
    Entry there = conversation.entries.get(send.storedSeq);
    if (send.seq != 0 && send.seq != send.storedSeq) {
      findings.add(
          Rule.UNKNOWN_RESOLVED_WRONG,
          said + ", it was said, and it is at seq " + send.seq,
          send.storedLine,
          send.seqLine);
    } else if (send.seq == 0 && there != null) {
      findings.add(
          Rule.UNKNOWN_RESOLVED_WRONG,
          said + ", it was said, and there is " + there.send,
          send.storedLine,
          there.line);
    } else if (send.seq == 0 && conversation.journalDone()) {
      findings.add(
          Rule.UNKNOWN_RESOLVED_WRONG,
          said + ", it was said, and the journal has it nowhere",
          send.storedLine,
          conversation.journalDoneLine);
    }
  }
}
