package io.quipu.tools.checker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.client.PendingSend;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The file itself: written by many, cut anywhere, damaged, on a disk that fails. */
@Timeout(60)
final class HistoryFileTest {
  private static final UserId ALICE = new UserId("alice");
  private static final ConversationId AB = ConversationId.direct(ALICE, new UserId("bob"));
  private static final Checker.Settings SETTINGS = new Checker.Settings(OptionalLong.empty(), 10);

  @TempDir private Path folder;

  private CheckReport check(Path file) {
    return Checker.check(List.of(file), SETTINGS, progress -> {});
  }

  private Path write(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("written"), bytes);
  }

  private static void say(DeviceRecorder sees, int number) {
    PendingSend send =
        new PendingSend(
            new UUID(7, number), new To.Conversation(AB), Content.Text.of("private words"));
    sees.invoked(send);
    sees.acked(new Stored(send.id(), AB, number, 0, false));
  }

  private Path history(int sends) throws IOException {
    Path file = folder.resolve("history");
    try (HistoryWriter writer = HistoryWriter.create(file, "test", true)) {
      DeviceRecorder sees = writer.device(ALICE, new DeviceId("laptop"));
      sees.started(Map.of(), false);
      for (int number = 1; number <= sends; number++) {
        say(sees, number);
      }
    }
    return file;
  }

  @Test
  void itHoldsEverythingInTheOrderOfTimeAndNothingThatPeopleWrote() throws Exception {
    Path file = folder.resolve("history");
    int clients = 4;
    int sends = 500;
    try (HistoryWriter writer = HistoryWriter.create(file, "test", true)) {
      List<Thread> threads = new ArrayList<>();
      for (int client = 0; client < clients; client++) {
        DeviceRecorder sees = writer.device(ALICE, new DeviceId("device-" + client));
        int first = client * sends;
        Thread thread =
            new Thread(
                () -> {
                  for (int number = 1; number <= sends; number++) {
                    say(sees, first + number);
                  }
                });
        threads.add(thread);
        thread.start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }

    long last = 0;
    int invoked = 0;
    boolean ended = false;
    try (HistoryReader reader = new HistoryReader(file)) {
      assertThat(reader.header().program()).isEqualTo("test");
      for (var event = reader.next(); event.isPresent(); event = reader.next()) {
        assertThat(reader.atUs()).isGreaterThanOrEqualTo(last);
        last = reader.atUs();
        invoked += event.get() instanceof HistoryEvent.Invoke ? 1 : 0;
        ended = event.get() instanceof HistoryEvent.End;
      }
    }
    assertThat(invoked).isEqualTo(clients * sends);
    assertThat(ended).isTrue();
    assertThat(Files.readString(file)).doesNotContain("private words");
  }

  @Test
  void cutAtAnyByteItIsReadUpToThere() throws IOException {
    byte[] whole = Files.readAllBytes(history(3));
    int head = new String(whole, StandardCharsets.UTF_8).indexOf('\n') + 1;

    for (int length = head + 1; length < whole.length; length++) {
      Path file = write(Arrays.copyOf(whole, length));
      long newlines =
          new String(whole, 0, length, StandardCharsets.UTF_8)
              .chars()
              .filter(c -> c == '\n')
              .count();
      if (newlines < 2) {
        continue; // nothing is there yet but the first line
      }
      CheckReport report = check(file);
      assertThat(report.lines()).isBetween(newlines, newlines + 1);
      assertThat(report.good()).isTrue();
      if (report.lines() == newlines && whole[length - 1] != '\n') {
        assertThat(report.notes()).anyMatch(note -> note.contains("in the middle of a line"));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"event\":\"invoke\"|\"event\":\"invoke|it is no JSON",
        "\"content\":\"text:|\"contents\":\"text:|it has no text \"content\"",
        "\"seq\":2|\"seq\":\"2\"|it has no number \"seq\"",
        "\"seq\":2|\"seq\":0|seq is 1 or more, not 0",
        "\"seq\":2|\"seq\":99999999999999999999|it is no JSON",
        "\"id\":\"00000000|\"id\":\"zzzzzzzz|id is a UUID",
        "\"device\":\"alice/laptop\"|\"device\":\"alice\"|device is USER/DEVICE",
        "\"event\":\"ack\"|\"event\":\"ack\",\"event\":\"ack\"|it is no JSON",
        "\"seq\":2}|\"seq\":2}x|it is no JSON",
        "\"event\":\"ack\"|\"event\":\"history\"|it has no number \"version\"",
      })
  void aDamagedLineIsNamed(String part, String damage, String why) throws IOException {
    String whole = Files.readString(history(2));
    int at = whole.lastIndexOf(part);
    assertThat(at).isPositive();
    Path file =
        write(
            (whole.substring(0, at) + damage + whole.substring(at + part.length()))
                .getBytes(StandardCharsets.UTF_8));
    long line = whole.substring(0, at).chars().filter(c -> c == '\n').count() + 1;

    assertThatThrownBy(() -> check(file))
        .isInstanceOf(HistoryUnreadableException.class)
        .hasMessageContaining("line " + line + ": ")
        .hasMessageContaining(why);
  }

  @Test
  void whatIsNoHistoryIsSaidToBeNone() throws IOException {
    assertThatThrownBy(() -> check(folder.resolve("none"))).hasMessageContaining("no such file");
    assertThatThrownBy(() -> check(write(new byte[0]))).hasMessageContaining("is no history");
    assertThatThrownBy(() -> check(write(new byte[5000]))).hasMessageContaining("it is no JSON");
    assertThatThrownBy(
            () ->
                check(write("{\"at_us\":1,\"event\":\"beat\"}\n".getBytes(StandardCharsets.UTF_8))))
        .hasMessageContaining("is no history");
    String head = Files.readString(history(0)).lines().findFirst().orElseThrow();
    assertThatThrownBy(() -> check(write((head + "\n").getBytes(StandardCharsets.UTF_8))))
        .hasMessageContaining("nothing behind its first line");
    assertThatThrownBy(
            () ->
                check(
                    write(
                        head.replace("\"version\":1", "\"version\":2")
                            .getBytes(StandardCharsets.UTF_8))))
        .hasMessageContaining("its version is 2");
  }

  @Test
  void aLineOutOfTimeIsDamage() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(history(2)));
    String early = lines.remove(2);
    lines.add(lines.size() - 1, early);

    assertThatThrownBy(
            () ->
                check(
                    write(String.join("\n", lines).concat("\n").getBytes(StandardCharsets.UTF_8))))
        .hasMessageContaining("is before that of the line before it");
  }

  @Test
  void aLineThatWasTakenOutIsDamage() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(history(2)));
    lines.remove(3);

    assertThatThrownBy(
            () -> check(write(String.join("\n", lines).getBytes(StandardCharsets.UTF_8))))
        .hasMessageContaining("some are missing");
  }

  @Test
  void eventsAndFieldsOfLaterVersionsArePassedOver() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(history(1)));
    String at = lines.get(1).substring(0, lines.get(1).indexOf(','));
    lines.add(2, at + ",\"event\":\"weather\",\"sky\":{\"blue\":[1,{}]}}");
    int last = lines.size() - 1;
    lines.set(last, lines.get(last).replaceAll("\"lines\":.*}", "\"lines\":" + (last + 1) + "}"));
    lines.set(1, at + ",\"mood\":[{\"seq\":null}]" + lines.get(1).substring(at.length()));

    CheckReport report = check(write(String.join("\n", lines).getBytes(StandardCharsets.UTF_8)));

    assertThat(report.good()).isTrue();
    assertThat(report.notes()).anyMatch(note -> note.contains("\"weather\""));
  }

  /** Takes nothing until it is let. */
  private static final class SlowDisk implements HistoryWriter.Disk {
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch released = new CountDownLatch(1);
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(byte[] from, int length) throws IOException {
      reached.countDown();
      try {
        released.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      bytes.write(from, 0, length);
    }

    @Override
    public void close() {}
  }

  @Test
  void aDiskThatIsTooSlowEndsTheRecordingLoudlyAndLeavesABeginning() throws Exception {
    SlowDisk disk = new SlowDisk();
    AtomicLong clock = new AtomicLong();
    HistoryWriter writer =
        new HistoryWriter(
            Path.of("slow"),
            disk,
            clock::incrementAndGet,
            20_000,
            HistoryWriter.header("test", "virtual", 0, true));
    DeviceRecorder sees = writer.device(ALICE, new DeviceId("laptop"));
    disk.reached.await();
    for (int number = 1; number <= 1_000; number++) {
      say(sees, number);
    }
    assertThat(writer.failure()).isPresent();
    disk.released.countDown();

    assertThatThrownBy(writer::close).hasMessageContaining("the disk is too slow");
    CheckReport report = check(write(disk.bytes.toByteArray()));
    assertThat(report.sends()).isBetween(1L, 200L);
    assertThat(report.good()).isTrue();
    assertThat(report.notes()).anyMatch(note -> note.contains("the disk is too slow"));
  }

  @Test
  void aFullDiskIsAFailureOfClose() throws IOException {
    HistoryWriter.Disk full =
        new HistoryWriter.Disk() {
          @Override
          public void write(byte[] bytes, int length) throws IOException {
            throw new IOException("No space left on device");
          }

          @Override
          public void close() {}
        };
    HistoryWriter writer =
        new HistoryWriter(
            Path.of("full"),
            full,
            () -> 1,
            20_000,
            HistoryWriter.header("test", "virtual", 0, true));
    say(writer.device(ALICE, new DeviceId("laptop")), 1);

    assertThatThrownBy(writer::close).hasMessageContaining("No space left");
  }
}
