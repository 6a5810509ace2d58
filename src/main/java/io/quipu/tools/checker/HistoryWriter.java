package io.quipu.tools.checker;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes one history, for any number of clients and from any thread. It promises: the lines stand
 * in the order of their times; whatever happens, the file holds the beginning of what was recorded
 * and at most one line that is cut, the last. What waits for the disk is bounded: a disk that is
 * too slow, or full, ends the recording at that line, says so in the log at once, in the file if it
 * can, and in {@link #close}. Lines are never left out of the middle.
 */
public final class HistoryWriter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HistoryWriter.class);

  /** Bytes that may wait for the disk: about a second of 60,000 messages. */
  private static final int MAX_WAITING_BYTES = 64 * 1024 * 1024;

  /** A change of members is written once; beyond so many, perhaps again, which does no harm. */
  private static final int KNOWN_CHANGES = 10_000;

  static final long BEAT_MS = 1_000;

  /** The bound of P2, in DESIGN and PROTOCOL.md. */
  static final long LATE_MS = 10_000;

  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

  /** Where the bytes go; a test has a slow or a full one. */
  interface Disk {
    void write(byte[] bytes, int length) throws IOException;

    void close() throws IOException;
  }

  private final Path file;
  private final Disk disk;
  private final LongSupplier clockUs;
  private final int maxWaitingBytes;
  private final Thread thread;
  private final Map<String, Boolean> changes =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > KNOWN_CHANGES;
        }
      };

  private ByteArrayOutputStream waiting = new ByteArrayOutputStream(1 << 16);
  private Optional<String> failure = Optional.empty();
  private boolean ended;
  private long lines;
  private long lastBeatUs;

  HistoryWriter(
      Path file, Disk disk, LongSupplier clockUs, int maxWaitingBytes, HistoryLine header) {
    this.file = file;
    this.disk = disk;
    this.clockUs = clockUs;
    this.maxWaitingBytes = maxWaitingBytes;
    this.lastBeatUs = clockUs.getAsLong();
    add(header);
    this.thread = new Thread(this::run, "history");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Makes the file, or empties the one that is there.
   *
   * @param program who records, for people
   * @param complete whether every client that writes into the conversations of this history is
   *     recorded in it: else nothing can be called unsent
   */
  public static HistoryWriter create(Path file, String program, boolean complete)
      throws IOException {
    OutputStream out = Files.newOutputStream(file);
    Disk disk =
        new Disk() {
          @Override
          public void write(byte[] bytes, int length) throws IOException {
            out.write(bytes, 0, length);
          }

          @Override
          public void close() throws IOException {
            out.close();
          }
        };
    return new HistoryWriter(
        file,
        disk,
        () -> System.nanoTime() / 1_000,
        MAX_WAITING_BYTES,
        header(program, clock(), BEAT_MS, complete));
  }

  static HistoryLine header(String program, String clock, long beatMs, boolean complete) {
    return HistoryLine.of("history")
        .number("version", HistoryEvent.VERSION)
        .text("program", program)
        .text("clock", clock)
        .number("unix_ms", System.currentTimeMillis())
        .number("late_ms", LATE_MS)
        .number("beat_ms", beatMs)
        .flag("complete", complete);
  }

  /** On Linux all processes since the boot share one monotonic clock. */
  private static String clock() {
    try {
      return "boot-" + Files.readString(BOOT).strip();
    } catch (IOException e) {
      return "process-" + ProcessHandle.current().pid() + "-" + System.currentTimeMillis();
    }
  }

  /** Records one device: give it to its client as the observer. One for each run of the client. */
  public DeviceRecorder device(UserId user, DeviceId device) {
    return new DeviceRecorder(this, user, device, false);
  }

  /**
   * Records a final reader: a device that the server has never seen, which syncs everything from 0.
   * Call {@link DeviceRecorder#done} when it has it all.
   */
  public DeviceRecorder freshDevice(UserId user, DeviceId device) {
    return new DeviceRecorder(this, user, device, true);
  }

  /** A piece of the journal, read back at the end, by whatever way sees all of it. */
  public void journal(MessageRange range) {
    range.messages().forEach(message -> changes(range.conversation(), message));
    add(HistoryLine.of("journal").range(range));
  }

  /**
   * The journal of this conversation has been read back from its beginning.
   *
   * @param tail the last seq; 0 = it is empty
   */
  public void journalDone(ConversationId conversation, long tail) {
    add(
        HistoryLine.of("journal_done")
            .text("conversation", conversation.value())
            .number("seq", tail));
  }

  /** Writes down what a message changes about who may read, if it does and is not there yet. */
  void changes(ConversationId conversation, Message message) {
    Optional<HistoryLine> line = MembershipLine.of(conversation, message);
    if (line.isPresent() && isFirst(conversation + " " + message.seq())) {
      add(line.get());
    }
  }

  private boolean isFirst(String change) {
    synchronized (changes) {
      return changes.put(change, true) == null;
    }
  }

  void add(HistoryLine line) {
    byte[] rest = line.withoutBrace();
    synchronized (this) {
      if (ended || failure.isPresent()) {
        return;
      }
      if (waiting.size() + rest.length > maxWaitingBytes) {
        fail("the disk is too slow: " + waiting.size() + " bytes wait for it");
        return;
      }
      put(rest);
      notifyAll();
    }
  }

  private synchronized void put(byte[] rest) {
    byte[] time = ("{\"at_us\":" + clockUs.getAsLong() + ",").getBytes(UTF_8);
    waiting.write(time, 0, time.length);
    waiting.write(rest, 0, rest.length);
    waiting.write('\n');
    lines++;
  }

  private synchronized void fail(String why) {
    failure = Optional.of("the history " + file + " ends early: " + why);
    LOG.error("{}", failure.get());
    notifyAll();
  }

  /** Why the recording broke off, if it has. */
  public synchronized Optional<String> failure() {
    return failure;
  }

  private void run() {
    try {
      Optional<ByteArrayOutputStream> batch = next();
      while (batch.isPresent()) {
        disk.write(batch.get().toByteArray(), batch.get().size());
        batch = next();
      }
      failure().ifPresent(this::writeFailure);
    } catch (IOException e) {
      fail("it cannot be written: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail("its writer was interrupted");
    }
  }

  private void writeFailure(String why) {
    byte[] rest = HistoryLine.of("broken").text("reason", why).withoutBrace();
    byte[] line =
        ("{\"at_us\":" + clockUs.getAsLong() + "," + new String(rest, UTF_8) + "\n")
            .getBytes(UTF_8);
    try {
      disk.write(line, line.length);
    } catch (IOException e) {
      LOG.error("{} cannot be written to: {}", file, e.getMessage());
    }
  }

  /** What is to be written next; empty at the end. */
  private synchronized Optional<ByteArrayOutputStream> next() throws InterruptedException {
    while (waiting.size() == 0 && !ended && failure.isEmpty()) {
      wait(BEAT_MS);
      beat();
    }
    beat();
    if (waiting.size() == 0) {
      return Optional.empty();
    }
    ByteArrayOutputStream batch = waiting;
    waiting = new ByteArrayOutputStream(1 << 16);
    return Optional.of(batch);
  }

  private void beat() {
    long nowUs = clockUs.getAsLong();
    if (!ended && failure.isEmpty() && nowUs - lastBeatUs >= BEAT_MS * 1_000) {
      lastBeatUs = nowUs;
      put(HistoryLine.of("beat").withoutBrace());
    }
  }

  /**
   * Writes what waits, and the last line.
   *
   * @throws IOException if the recording broke off, now or before: the file is a beginning only
   */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (!ended && failure.isEmpty()) {
        put(HistoryLine.of("end").number("lines", lines + 1).withoutBrace());
      }
      ended = true;
      notifyAll();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(file + " may not be complete: interrupted", e);
    }
    disk.close();
    if (failure().isPresent()) {
      throw new IOException(failure().get());
    }
  }
}
