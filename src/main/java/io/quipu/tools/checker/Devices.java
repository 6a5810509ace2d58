package io.quipu.tools.checker;

import io.quipu.tools.checker.DeviceTrack.Place;
import io.quipu.tools.checker.HistoryEvent.Absent;
import io.quipu.tools.checker.HistoryEvent.Seen;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The rules about what one device is given, takes and acknowledges. */
final class Devices {
  /** Late ones that wait for the end, when it is known who was a member. */
  private static final int MAX_LATE = 10_000;

  private final Findings findings;
  private final Logs logs;
  private final long lateUs;
  private final List<Late> late = new ArrayList<>();

  private record Late(
      Conversation conversation, DeviceTrack device, long seq, long waitedUs, List<Long> lines) {}

  Devices(Findings findings, Logs logs, long lateUs) {
    this.findings = findings;
    this.logs = logs;
    this.lateUs = lateUs;
  }

  void received(
      Conversation conversation,
      DeviceTrack device,
      HistoryEvent.Received batch,
      long line,
      long atUs) {
    Place place = device.place(conversation);
    if (batch.page()) {
      begins(conversation, device, place, batch, line);
    } else if (place.position == DeviceTrack.UNKNOWN && batch.fromSeq() == 1) {
      place.beginsAt(0);
    }
    for (Absent gap : batch.gaps()) {
      (gap.older() ? place.older : place.hidden).add(gap.fromSeq(), gap.toSeq());
    }
    for (Seen seen : batch.messages()) {
      logs.seen(conversation, seen, line, true);
      if (!place.received.contains(seen.seq())) {
        timely(conversation, device, place, seen, line, atUs);
        place.received.add(seen.seq());
      }
    }
    device.received(place, batch.fromSeq(), batch.toSeq(), atUs);
  }

  private void begins(
      Conversation conversation,
      DeviceTrack device,
      Place place,
      HistoryEvent.Received page,
      long line) {
    long cursor = page.fromSeq() - 1;
    if (place.position == DeviceTrack.UNKNOWN) {
      place.beginsAt(cursor);
    }
    if (device.showsStoredCursor(conversation, place)) {
      if (cursor < device.confirmedBeforeSync(place)) {
        regression(conversation, device, place, cursor, line);
      } else if (device.wholeLife && cursor > place.acked && cursor > place.skippedTo) {
        place.skippedFrom = place.acked + 1;
        place.skippedTo = cursor;
        place.skippedLine = line;
      }
    }
  }

  private void regression(
      Conversation conversation, DeviceTrack device, Place place, long cursor, long line) {
    findings.add(
        Rule.CURSOR_REGRESSION,
        conversation.name
            + ": the cursor of "
            + device.name
            + " is "
            + cursor
            + ", and "
            + place.confirmed
            + " was confirmed",
        place.confirmedLine,
        line);
  }

  private void timely(
      Conversation conversation, DeviceTrack device, Place place, Seen seen, long line, long atUs) {
    Entry entry = conversation.entries.get(seen.seq());
    if (entry == null || !judged(device, place, entry.send, seen.seq())) {
      return;
    }
    long waitedUs = device.attention.waitedUs(entry.send.ackAtUs, atUs);
    if (waitedUs > lateUs && late.size() < MAX_LATE) {
      late.add(
          new Late(conversation, device, seen.seq(), waitedUs, List.of(entry.send.ackLine, line)));
    }
  }

  /** True if this message is owed to this device from its ack on. */
  private static boolean judged(DeviceTrack device, Place place, Send send, long seq) {
    return !device.fresh
        && send.ackLine != 0
        && send.device != null
        && send.device != device
        && send.device.clock.equals(device.clock)
        && seq > place.base
        && !place.older.contains(seq)
        && (device.wholeLife
            || device.firstLiveUs != Send.NEVER && send.ackAtUs > device.firstLiveUs);
  }

  void taken(Conversation conversation, DeviceTrack device, long seq, long line) {
    Place place = device.place(conversation);
    place.passGaps();
    if (place.position == DeviceTrack.UNKNOWN) {
      place.beginsAt(seq - 1);
    } else if (seq <= place.position) {
      findings.add(
          Rule.NONMONOTONIC_POLL,
          conversation.name
              + ": "
              + device.name
              + " was handed seq "
              + seq
              + " when it had everything up to "
              + place.position,
          before(place, line));
    } else if (seq > place.position + 1) {
      findings.add(
          Rule.POLL_SKIP,
          conversation.name
              + ": "
              + device.name
              + " was handed seq "
              + seq
              + " when "
              + (place.position + 1)
              + " was next",
          before(place, line));
    }
    place.position = Math.max(place.position, seq);
    place.reach = Math.max(place.reach, place.position);
    place.taken.add(seq);
    place.takenLine = line;
  }

  private static Long[] before(Place place, long line) {
    return place.takenLine == 0 ? new Long[] {line} : new Long[] {place.takenLine, line};
  }

  void acks(Conversation conversation, DeviceTrack device, long seq, long line, long atUs) {
    Place place = device.place(conversation);
    place.passGaps();
    if (place.position != DeviceTrack.UNKNOWN && seq > place.position) {
      findings.add(
          Rule.ACK_OF_UNSENT,
          conversation.name
              + ": "
              + device.name
              + " acks seq "
              + seq
              + ", and its application has taken "
              + place.position,
          before(place, line));
    }
    place.reach = Math.max(place.reach, place.position);
    device.acked(place, seq, line, atUs);
  }

  /** A cursor told in a Sync counts as acked. */
  void syncs(Conversation conversation, DeviceTrack device, long seq, long line, long atUs) {
    device.place(conversation).named = seq;
    device.acked(device.place(conversation), seq, line, atUs);
  }

  /**
   * The server's cursor of this device is known to be this.
   *
   * @param confirmed the device was told
   */
  void cursor(
      Conversation conversation, DeviceTrack device, long seq, boolean confirmed, long line) {
    Place place = device.place(conversation);
    if (seq < place.confirmed) {
      // A Sync is carried out when its turn comes, and then what it named is confirmed.
      if (!confirmed || seq != place.named) {
        regression(conversation, device, place, seq, line);
      }
    } else if (device.wholeLife && seq > place.acked) {
      findings.add(
          Rule.ACK_OF_UNSENT,
          conversation.name
              + ": the cursor of "
              + device.name
              + " is "
              + seq
              + ", and it has acked "
              + place.acked,
          place.ackedLine == 0 ? new Long[] {line} : new Long[] {place.ackedLine, line});
    }
    if (confirmed && seq >= place.confirmed) {
      device.confirms(place, seq, line);
    }
  }

  void reset(Conversation conversation, DeviceTrack device, long seq) {
    Place place = device.place(conversation);
    place.beginsAt(seq);
    place.reach = Math.min(place.reach, seq);
    place.taken.removeAbove(seq);
    place.received.removeAbove(seq);
    place.confirmed = Math.min(place.confirmed, seq);
    place.acked = Math.min(place.acked, seq);
  }

  /** All has been read: what a device has to show for one conversation. */
  void judge(Conversation conversation, Membership membership, DeviceTrack device, long endUs) {
    if (conversation.erased || !membership.known()) {
      return;
    }
    Ranges present = membership.present(device.user);
    Place place = device.places.getOrDefault(conversation, new Place());
    strangers(conversation, membership, device, place);
    if (present.isEmpty()) {
      return;
    }
    Ranges owed = conversation.acked.and(present);
    if (device.fresh) {
      if (device.freshDoneLine != 0) {
        unseen(conversation, device, place, owed);
      }
      return;
    }
    passedOver(conversation, device, place, owed);
    cursorBeyond(conversation, device, place, present);
    neverDelivered(conversation, device, place, owed, endUs);
  }

  private void strangers(
      Conversation conversation, Membership membership, DeviceTrack device, Place place) {
    place
        .received
        .without(membership.visible(device.user))
        .forEach(
            (from, to) -> {
              Findings.Query query =
                  new Findings.Query(
                      Findings.Query.Kind.RECEIVED, device.name, conversation.name, from);
              String what =
                  conversation.name
                      + ": "
                      + device.name
                      + " received seq "
                      + Logs.stretch(from, to)
                      + ", which is not for "
                      + device.user;
              membership
                  .reason(device.user, from)
                  .ifPresentOrElse(
                      line -> findings.add(Rule.STRANGER_READ, query, what, line),
                      () -> findings.add(Rule.STRANGER_READ, query, what));
            });
  }

  private void unseen(Conversation conversation, DeviceTrack device, Place place, Ranges owed) {
    owed.without(place.received)
        .forEach(
            (from, to) -> {
              for (long seq = from; seq <= to; seq++) {
                Send send = conversation.entries.get(seq).send;
                boolean lost = conversation.journalDone() && !conversation.journal.contains(seq);
                if (!lost && send.ackLine != 0 && send.ackAtUs < device.freshAtUs) {
                  findings.add(
                      Rule.UNSEEN,
                      conversation.name
                          + " seq "
                          + seq
                          + ": "
                          + send
                          + " was acked, and "
                          + device.name
                          + " has read everything and not got it",
                      send.ackLine,
                      device.freshDoneLine);
                }
              }
            });
    Ranges dense = new Ranges();
    dense.add(1, place.received.last());
    dense
        .without(place.received)
        .without(place.older)
        .without(place.hidden)
        .without(conversation.acked)
        .forEach(
            (from, to) ->
                findings.add(
                    Rule.HOLE,
                    conversation.name
                        + ": "
                        + device.name
                        + " has read everything, and there is no seq "
                        + Logs.stretch(from, to),
                    device.freshDoneLine));
  }

  /** Acked, and the application has gone on without it. */
  private void passedOver(Conversation conversation, DeviceTrack device, Place place, Ranges owed) {
    if (place.base == DeviceTrack.UNKNOWN) {
      return;
    }
    owed.within(place.base + 1, place.reach)
        .without(place.received)
        .without(place.taken) // its own among them
        .without(place.older)
        .forEach(
            (from, to) ->
                findings.add(
                    Rule.LOST_WRITE,
                    new Findings.Query(
                        Findings.Query.Kind.TAKEN_BEYOND, device.name, conversation.name, to),
                    conversation.name
                        + " seq "
                        + Logs.stretch(from, to)
                        + " was acked, and "
                        + device.name
                        + " has gone beyond and never got it",
                    conversation.entries.get(from).send.ackLine));
  }

  private void cursorBeyond(
      Conversation conversation, DeviceTrack device, Place place, Ranges present) {
    if (!present.within(place.skippedFrom, place.skippedTo).isEmpty() && place.skippedTo != 0) {
      findings.add(
          Rule.ACK_OF_UNSENT,
          conversation.name
              + ": the cursor of "
              + device.name
              + " is "
              + place.skippedTo
              + ", and it had acked "
              + (place.skippedFrom - 1),
          place.skippedLine);
    }
  }

  /** The first that never came although there was time; one for each device and conversation. */
  private void neverDelivered(
      Conversation conversation, DeviceTrack device, Place place, Ranges owed, long endUs) {
    if (device.attention.waitedUs(Long.MIN_VALUE / 2, endUs) <= lateUs) {
      return;
    }
    boolean[] found = {false};
    owed.without(place.received)
        .without(place.taken)
        .without(place.older)
        .without(place.hidden)
        .forEach(
            (from, to) -> {
              for (long seq = from; seq <= to && !found[0]; seq++) {
                Send send = conversation.entries.get(seq).send;
                if (judged(device, place, send, seq)
                    && device.attention.waitedUs(send.ackAtUs, endUs) > lateUs) {
                  found[0] = true;
                  findings.add(
                      Rule.LATE_DELIVERY,
                      conversation.name
                          + " seq "
                          + seq
                          + ": "
                          + device.name
                          + " was live long enough and never got it",
                      send.ackLine);
                }
              }
            });
  }

  /** All has been read: those that came too late, if they were for this user then. */
  void judgeLate(Function<Conversation, Membership> memberships) {
    for (Late one : late) {
      Membership membership = memberships.apply(one.conversation());
      if (!one.conversation().erased
          && (!membership.known() || membership.present(one.device().user).contains(one.seq()))) {
        findings.add(
            Rule.LATE_DELIVERY,
            one.conversation().name
                + " seq "
                + one.seq()
                + " came to "
                + one.device().name
                + " "
                + one.waitedUs() / 1_000
                + " ms after its ack",
            one.lines().toArray(Long[]::new));
      }
    }
  }
}
