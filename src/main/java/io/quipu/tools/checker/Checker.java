package io.quipu.tools.checker;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Reads a history, of one file or of several that belong together, and judges it by every {@link
 * Rule}. Memory grows with the messages, by about {@link #BYTES_PER_MESSAGE} each, and hardly with
 * their deliveries; a history for which the heap is too small is refused, with a word how large it
 * must be.
 */
final class Checker {
  /** Measured with a million messages: 465, and room for the tables to double. */
  private static final long BYTES_PER_MESSAGE = 700;

  private static final int LINES_BETWEEN_LOOKS = 1 << 16;
  private static final int FILE_SHIFT = 40;

  /**
   * @param lateMs instead of the bound that the history names
   * @param maxOfRule anomalies that are shown; all are counted
   */
  record Settings(OptionalLong lateMs, int maxOfRule) {}

  private final List<Path> files;
  private final Settings settings;
  private final Consumer<String> progress;
  private final Findings findings;
  private final Sends sends;
  private final Logs logs;
  private final Map<String, Conversation> conversations = new LinkedHashMap<>();
  private final Map<String, DeviceTrack> devices = new LinkedHashMap<>();
  private final Set<String> notes = new LinkedHashSet<>();
  private final Set<HistoryReader> ended = new HashSet<>();
  private final Map<String, Integer> unknownEvents = new TreeMap<>();

  private Devices deliveries;
  private long lateUs;
  private long lines;
  private long batches;
  private int outboxes;
  private boolean complete = true;

  private Checker(List<Path> files, Settings settings, Consumer<String> progress) {
    this.files = files;
    this.settings = settings;
    this.progress = progress;
    this.findings = new Findings(settings.maxOfRule());
    this.sends = new Sends(findings);
    this.logs = new Logs(findings, sends);
    this.deliveries = new Devices(findings, logs, 0);
  }

  /**
   * The verdict.
   *
   * @throws HistoryUnreadableException if a file is no history, or damaged, or there is nothing to
   *     judge
   */
  static CheckReport check(List<Path> files, Settings settings, Consumer<String> progress) {
    return new Checker(files, settings, progress).run();
  }

  private CheckReport run() {
    long startNanos = System.nanoTime();
    List<HistoryReader> readers = new ArrayList<>();
    try {
      for (Path file : files) {
        readers.add(new HistoryReader(file));
      }
      long lateMs = readers.stream().mapToLong(r -> r.header().lateMs()).max().orElseThrow();
      lateUs = settings.lateMs().orElse(lateMs) * 1_000;
      complete = readers.stream().allMatch(reader -> reader.header().complete());
      deliveries = new Devices(findings, logs, lateUs);
      long endUs = readAll(readers);
      if (lines == readers.size()) {
        throw new HistoryUnreadableException(files.get(0) + " has nothing behind its first line");
      }
      judge(endUs);
    } finally {
      readers.forEach(HistoryReader::close);
    }
    notesOnWhatIsMissing();
    return new CheckReport(
        lines,
        sends.count(),
        sends.acks(),
        batches,
        devices.size(),
        conversations.size(),
        (System.nanoTime() - startNanos) / 1_000_000,
        Map.copyOf(findings.counts()),
        Evidence.complete(files, findings, progress),
        List.copyOf(notes));
  }

  // ---- reading

  private long readAll(List<HistoryReader> readers) {
    Progress told = new Progress(readers);
    List<Optional<HistoryEvent>> next = new ArrayList<>();
    long[] lastUs = new long[readers.size()];
    for (int i = 0; i < readers.size(); i++) {
      lastUs[i] = readers.get(i).atUs();
      lines++;
      next.add(readers.get(i).next());
    }
    long endUs = 0;
    int file = earliest(readers, next);
    while (file >= 0) {
      HistoryReader reader = readers.get(file);
      long atUs = reader.atUs();
      gap(reader.header(), file, lastUs[file], atUs);
      lastUs[file] = atUs;
      endUs = Math.max(endUs, atUs);
      lines++;
      accept(next.get(file).orElseThrow(), reader, file, atUs);
      next.set(file, reader.next());
      if (lines % LINES_BETWEEN_LOOKS == 0) {
        told.tell();
        checkRoom();
      }
      file = earliest(readers, next);
    }
    readers.forEach(this::noteCut);
    return endUs;
  }

  /** The file with the next line by time; -1 at the end of all. */
  private static int earliest(List<HistoryReader> readers, List<Optional<HistoryEvent>> next) {
    int found = -1;
    for (int i = 0; i < readers.size(); i++) {
      if (next.get(i).isPresent()
          && (found < 0 || readers.get(i).atUs() < readers.get(found).atUs())) {
        found = i;
      }
    }
    return found;
  }

  private final class Progress {
    private final List<HistoryReader> readers;
    private final long totalBytes;
    private long toldNanos = System.nanoTime();

    Progress(List<HistoryReader> readers) {
      this.readers = readers;
      this.totalBytes = files.stream().mapToLong(Progress::size).sum();
    }

    private static long size(Path file) {
      try {
        return Files.size(file);
      } catch (java.io.IOException e) {
        return 0; // a pipe has none
      }
    }

    void tell() {
      long now = System.nanoTime();
      if (now - toldNanos > 2_000_000_000L) {
        toldNanos = now;
        long done = readers.stream().mapToLong(HistoryReader::bytes).sum();
        progress.accept(
            String.format(
                java.util.Locale.ROOT,
                "check: %,d lines, %d %%",
                lines,
                totalBytes == 0 ? 0 : 100 * done / totalBytes));
      }
    }
  }

  private void checkRoom() {
    long needed = sends.count() * BYTES_PER_MESSAGE;
    if (needed > Runtime.getRuntime().maxMemory()) {
      throw new HistoryUnreadableException(
          "more than "
              + sends.count()
              + " sends do not fit into this heap: start with java -Xmx"
              + (needed / 500_000_000 + 1)
              + "g or more");
    }
  }

  private void noteCut(HistoryReader reader) {
    if (reader.cut()) {
      notes.add(reader.file() + " ends in the middle of a line, which is left out");
    } else if (!ended.contains(reader)) {
      notes.add(reader.file() + " has no end: its recording was killed");
    }
  }

  /** A process that stood still gave nobody's attention to anything. */
  private void gap(HistoryEvent.Header header, int file, long fromUs, long toUs) {
    if (header.beatMs() > 0 && toUs - fromUs > 3 * header.beatMs() * 1_000) {
      for (DeviceTrack device : devices.values()) {
        if (device.file == file) {
          device.stoodStill(fromUs, toUs);
        }
      }
    }
  }

  private void accept(HistoryEvent event, HistoryReader reader, int file, long atUs) {
    long line = line(file, reader.line());
    if (event instanceof HistoryEvent.OfDevice ofDevice) {
      DeviceTrack device = device(ofDevice.device());
      device.file = file;
      device.clock = reader.header().clock();
      accept(ofDevice, device, line, atUs);
    } else if (event instanceof HistoryEvent.Members members) {
      Conversation conversation = conversation(members.conversation());
      conversation.add(new Membership.Fact(members, line));
      conversation.erased |= members.kind() == HistoryEvent.Members.Kind.ERASE;
    } else if (event instanceof HistoryEvent.Journal page) {
      logs.journal(conversation(page.conversation()), page, line, atUs);
    } else if (event instanceof HistoryEvent.JournalDone done) {
      logs.journalDone(conversation(done.conversation()), done.seq(), line, atUs);
    } else if (event instanceof HistoryEvent.End end) {
      ended(end, reader);
    } else if (event instanceof HistoryEvent.Broken broken) {
      ended.add(reader);
      notes.add(reader.file() + " broke off: " + broken.reason());
    } else if (event instanceof HistoryEvent.Other other) {
      unknownEvents.merge(other.event(), 1, Integer::sum);
    } else if (event instanceof HistoryEvent.Header) {
      throw new HistoryUnreadableException(
          reader.file() + ", line " + reader.line() + ": a second header");
    }
  }

  private void ended(HistoryEvent.End end, HistoryReader reader) {
    ended.add(reader);
    if (end.lines() != reader.line()) {
      throw new HistoryUnreadableException(
          reader.file()
              + ", line "
              + reader.line()
              + ": the file was written with "
              + end.lines()
              + " lines, so some are missing or too many");
    }
  }

  private void accept(HistoryEvent.OfDevice event, DeviceTrack device, long line, long atUs) {
    if (event instanceof HistoryEvent.Received batch) {
      batches++;
      deliveries.received(conversation(batch.conversation()), device, batch, line, atUs);
    } else if (event instanceof HistoryEvent.Taken taken) {
      deliveries.taken(conversation(taken.conversation()), device, taken.seq(), line);
    } else if (event instanceof HistoryEvent.Invoke invoke) {
      sends.invoked(conversation(invoke.conversation()), device, invoke, line, atUs);
    } else if (event instanceof HistoryEvent.Ack ack) {
      sends.acked(conversation(ack.conversation()), device, ack, line, atUs);
    } else if (event instanceof HistoryEvent.DeliverAck ack) {
      deliveries.acks(conversation(ack.conversation()), device, ack.seq(), line, atUs);
    } else if (event instanceof HistoryEvent.AckConfirm confirm) {
      deliveries.cursor(conversation(confirm.conversation()), device, confirm.seq(), true, line);
    } else if (event instanceof HistoryEvent.StoredCursor cursor) {
      deliveries.cursor(conversation(cursor.conversation()), device, cursor.seq(), false, line);
    } else if (event instanceof HistoryEvent.Reject reject) {
      sends.rejected(conversation(reject.conversation()), device, reject, line);
    } else if (event instanceof HistoryEvent.Status status) {
      sends.status(conversation(status.conversation()), device, status, line);
    } else if (event instanceof HistoryEvent.Sync sync) {
      device.syncs(sync);
      sync.cursors()
          .forEach(
              cursor ->
                  deliveries.syncs(
                      conversation(cursor.conversation()), device, cursor.seq(), line, atUs));
    } else if (event instanceof HistoryEvent.Reset reset) {
      deliveries.reset(conversation(reset.conversation()), device, reset.seq());
    } else {
      lifeOf(event, device, line, atUs);
    }
  }

  private void lifeOf(HistoryEvent.OfDevice event, DeviceTrack device, long line, long atUs) {
    if (event instanceof HistoryEvent.Run run) {
      if (!device.ran || !run.outboxKept()) {
        device.outbox = ++outboxes;
      }
      device.runs();
      device.fresh = run.fresh();
      device.freshAtUs = atUs;
      run.cursors()
          .forEach(
              cursor -> device.place(conversation(cursor.conversation())).beginsAt(cursor.seq()));
    } else if (event instanceof HistoryEvent.Up up) {
      device.connected(up.deviceIsNew());
    } else if (event instanceof HistoryEvent.Live) {
      device.live(atUs);
    } else if (event instanceof HistoryEvent.Down down) {
      device.down(atUs - down.silentMs() * 1_000);
    } else if (event instanceof HistoryEvent.FreshDone) {
      device.freshDoneLine = line;
    }
  }

  private Conversation conversation(String name) {
    return conversations.computeIfAbsent(name, key -> new Conversation(key, conversations.size()));
  }

  private DeviceTrack device(String name) {
    return devices.computeIfAbsent(name, key -> new DeviceTrack(key, lateUs, ++outboxes));
  }

  // ---- judging

  private void judge(long endUs) {
    sends.judge(conversations.values());
    Map<Conversation, Membership> memberships = new HashMap<>();
    Map<String, List<Conversation>> ofUser = new HashMap<>();
    for (Conversation conversation : conversations.values()) {
      Membership membership = new Membership(conversation);
      memberships.put(conversation, membership);
      logs.judge(conversation, membership, complete);
      for (String user : membership.users()) {
        ofUser.computeIfAbsent(user, none -> new ArrayList<>()).add(conversation);
      }
    }
    for (DeviceTrack device : devices.values()) {
      Set<Conversation> its = new LinkedHashSet<>(device.places.keySet());
      its.addAll(ofUser.getOrDefault(device.user, List.of()));
      for (Conversation conversation : its) {
        deliveries.judge(conversation, memberships.get(conversation), device, endUs);
      }
    }
    deliveries.judgeLate(memberships::get);
    noteUnknownMembers(memberships);
  }

  private void noteUnknownMembers(Map<Conversation, Membership> memberships) {
    long unknown =
        memberships.entrySet().stream()
            .filter(entry -> !entry.getValue().known() || entry.getKey().erased)
            .count();
    if (unknown > 0) {
      notes.add(
          "who may read was not judged in "
              + unknown
              + " conversations: their creation is not in the history, or a user was erased");
    }
  }

  private void notesOnWhatIsMissing() {
    if (conversations.values().stream().noneMatch(Conversation::journalDone)) {
      notes.add("no journal was read back: " + Rule.LOST_WRITE.label() + " rests on devices only");
    }
    if (devices.values().stream().noneMatch(device -> device.freshDoneLine != 0)) {
      notes.add("no final reader: " + Rule.UNSEEN.label() + " was not judged");
    }
    if (!complete) {
      notes.add("not every client is recorded: " + Rule.PHANTOM.label() + " was not judged");
    }
    unknownEvents.forEach(
        (event, count) ->
            notes.add(count + " lines of the event \"" + event + "\", which this version ignores"));
  }

  /** The line that a number stands for: of which file, and where. */
  static int fileOf(long line) {
    return (int) (line >>> FILE_SHIFT);
  }

  static long lineOf(long line) {
    return line & (1L << FILE_SHIFT) - 1;
  }

  static long line(int file, long line) {
    return (long) file << FILE_SHIFT | line;
  }
}
