package io.quipu.tools.checker;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * Writes a correct history of any size: groups of five, each message sent, acked, pushed to four
 * devices, taken, acked, read back by a fresh device and by the journal. By hand, to measure:
 * {@code java -cp … io.quipu.tools.checker.LargeHistory FILE 1000000}.
 */
final class LargeHistory {
  private static final int GROUPS = 200;
  private static final int MEMBERS = 5;

  private final BufferedWriter out;
  private final long[] tails = new long[GROUPS];
  private final SplittableRandom random = new SplittableRandom(1);
  private long atUs;
  private long lines = 1;

  private LargeHistory(BufferedWriter out) {
    this.out = out;
  }

  public static void main(String[] arguments) throws IOException {
    write(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
  }

  static void write(Path file, int messages) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      new LargeHistory(out).write(messages);
    }
  }

  private void line(String rest) throws IOException {
    atUs += 20;
    lines++;
    out.write("{\"at_us\":" + atUs + ",\"event\":" + rest + "}\n");
  }

  private void write(int messages) throws IOException {
    out.write(
        "{\"at_us\":0,\"event\":\"history\",\"version\":1,\"program\":\"large\",\"clock\":\"c\","
            + "\"late_ms\":10000,\"beat_ms\":0,\"complete\":true}\n");
    for (int group = 0; group < GROUPS; group++) {
      begin(group);
    }
    for (int i = 0; i < messages - GROUPS; i++) {
      message(random.nextInt(GROUPS));
    }
    for (int group = 0; group < GROUPS; group++) {
      readBack(group);
    }
    line("\"end\",\"lines\":" + (lines + 1));
  }

  private static String user(int group, int member) {
    return "user-" + group + "-" + member;
  }

  private static String device(int group, int member) {
    return "\"device\":\"" + user(group, member) + "/phone\"";
  }

  private static String conversation(int group) {
    return "\"conversation\":\"g~" + String.format("%024d", group) + "\"";
  }

  private static String id(int group, long seq) {
    return "\"id\":\"" + new UUID((long) group << 32 | 7, seq) + "\"";
  }

  private static int sender(long seq) {
    return seq == 1 ? 0 : (int) (seq % MEMBERS);
  }

  private static String content(long seq) {
    return "\"content\":\"" + (seq == 1 ? "change:" : "text:") + String.format("%016x", seq) + "\"";
  }

  private static String message(int group, long seq) {
    String sender = user(group, sender(seq));
    return "{\"seq\":"
        + seq
        + ",\"sender\":\""
        + sender
        + "\","
        + id(group, seq)
        + ","
        + content(seq)
        + "}";
  }

  private static String range(int group, long from, long to) {
    StringBuilder range = new StringBuilder(conversation(group));
    range.append(",\"from_seq\":").append(from).append(",\"to_seq\":").append(to);
    range.append(",\"messages\":[");
    for (long seq = from; seq <= to; seq++) {
      range.append(seq == from ? "" : ",").append(message(group, seq));
    }
    return range.append("]").toString();
  }

  private void begin(int group) throws IOException {
    StringBuilder others = new StringBuilder();
    for (int member = 0; member < MEMBERS; member++) {
      String device = device(group, member);
      line("\"run\"," + device + ",\"outbox_kept\":false,\"fresh\":false,\"cursors\":[]");
      line("\"up\"," + device + ",\"generation\":1,\"device_is_new\":true");
      line("\"live\"," + device);
      others.append(member == 0 ? "" : ",").append('"').append(user(group, member)).append('"');
    }
    line(
        "\"members\","
            + conversation(group)
            + ",\"seq\":1,\"change\":\"create\",\"by\":\""
            + user(group, 0)
            + "\",\"users\":["
            + others
            + "]");
    message(group);
  }

  private void message(int group) throws IOException {
    long seq = ++tails[group];
    int sender = sender(seq);
    String at = conversation(group) + ",\"seq\":" + seq;
    String from = device(group, sender) + "," + conversation(group) + "," + id(group, seq);
    line("\"invoke\"," + from + "," + content(seq));
    line("\"ack\"," + from + ",\"seq\":" + seq);
    for (int member = 0; member < MEMBERS; member++) {
      if (member != sender) {
        line("\"push\"," + device(group, member) + "," + range(group, seq, seq));
      }
      line("\"taken\"," + device(group, member) + "," + at);
      if (seq % 8 == 0) {
        line("\"deliver_ack\"," + device(group, member) + "," + at);
        line("\"ack_confirm\"," + device(group, member) + "," + at);
      }
    }
  }

  private void readBack(int group) throws IOException {
    long tail = tails[group];
    String reader = "\"device\":\"" + user(group, 1) + "/reader\"";
    line("\"run\"," + reader + ",\"outbox_kept\":false,\"fresh\":true,\"cursors\":[]");
    for (long from = 1; from <= tail; from += 100) {
      long to = Math.min(tail, from + 99);
      line("\"page\"," + reader + "," + range(group, from, to));
      line("\"journal\"," + range(group, from, to));
    }
    line("\"fresh_done\"," + reader);
    line("\"journal_done\"," + conversation(group) + ",\"seq\":" + tail);
  }
}
