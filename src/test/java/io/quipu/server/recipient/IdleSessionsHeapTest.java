package io.quipu.server.recipient;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.protocol.SharedFrame;
import io.quipu.server.journal.Receipts;
import io.quipu.server.recipient.CursorBuffer.Flying;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/**
 * What the read half keeps for a session, by a histogram of the live heap: 10,000 sessions with
 * deliveries in 100 conversations each, all acked and stored, take what they take with deliveries
 * in one.
 */
final class IdleSessionsHeapTest {
  private static final int SESSIONS = 10_000;
  private static final int MANY = 100;
  private static final UserId OTHER = new UserId("other");

  /** What the histogram itself and the machinery around the test leave behind. */
  private static final long NOISE_BYTES_PER_SESSION = 64;

  private static final String PACKAGE = "io.quipu.server.recipient.";

  /** What grows with what it held, and is not used elsewhere meanwhile. */
  private static final Set<String> TABLES =
      Set.of("java.util.HashMap$Node", "[Ljava.util.HashMap$Node;", "[J");

  private static final Pattern LINE = Pattern.compile("\\s*\\d+:\\s+(\\d+)\\s+(\\d+)\\s+(\\S+).*");

  private final MemoryLog log = new MemoryLog();
  private final CursorBuffer cursors = new CursorBuffer(2_000, 100_000_000);
  private final List<RecipientSession> sessions = new ArrayList<>();
  private final List<ConversationId> conversations = new ArrayList<>();
  private long acked;

  /** Takes frames and forgets them. */
  private static final class Nowhere implements Outlet {
    @Override
    public void send(Frame frame) {}

    @Override
    public void send(SharedFrame frame) {}

    @Override
    public boolean writable() {
      return true;
    }

    @Override
    public void close(ErrorCode reason, int retryAfterMs, String detail) {
      throw new AssertionError("closed: " + detail);
    }
  }

  private record Use(long objects, long bytes) {}

  @Test
  void aSessionKeepsNothingOfConversationsInWhichNothingIsOutstanding() throws Exception {
    for (int i = 0; i < MANY; i++) {
      conversations.add(ConversationId.direct(OTHER, new UserId("peer-" + i)));
    }
    for (int i = 0; i < SESSIONS; i++) {
      sessions.add(open(i));
    }
    exchange(1);
    Map<String, Use> withOne = liveHeap();
    exchange(MANY);
    Map<String, Use> withMany = liveHeap();

    assertThat(sessions).allSatisfy(s -> assertThat(s.outstandingConversations()).isZero());
    assertThat(ours(withMany)).as("live objects of this package").isEqualTo(ours(withOne));
    assertThat((tables(withMany) - tables(withOne)) / SESSIONS)
        .as("bytes of these and of tables, by session")
        .isLessThanOrEqualTo(NOISE_BYTES_PER_SESSION);

    // The same eyes do see what is outstanding.
    deliver(MANY);
    String name = Outstanding.class.getName();
    assertThat(ours(liveHeap()).get(name) - ours(withMany).getOrDefault(name, 0L))
        .isEqualTo((long) SESSIONS * MANY);
  }

  private RecipientSession open(int i) {
    UserId user = new UserId("user-" + i);
    RecipientSession session =
        new RecipientSession(
            new Recipients.Recipient(i, user, i, new DeviceId("d"), i, false, new Nowhere()),
            new RecipientLimits(
                256,
                196_608,
                5_000,
                4,
                1_000,
                100,
                1_000,
                16_000,
                4,
                1_000,
                100,
                32_768,
                50,
                1_000,
                4,
                16,
                100_000_000,
                2_000,
                50,
                1_000),
            cursors.join(i, user, i, i));
    session.sync(new Frame.Sync(1, List.of(), false, false), 1);
    RecipientSession.Read plan = session.next(1).orElseThrow();
    session.planned((RecipientSession.Read.Plan) plan, List.of(), 1);
    RecipientSession.Read news = session.next(1).orElseThrow();
    session.news(
        (RecipientSession.Read.News) news, new Receipts.News(List.of(), 0, Optional.empty()), 1);
    assertThat(session.next(1)).as("the sync is done").isEmpty();
    return session;
  }

  /** A message of each of these conversations to each session, and what became of the acks. */
  private void exchange(int count) {
    long seq = deliver(count);
    for (RecipientSession session : sessions) {
      for (int c = 0; c < count; c++) {
        session.deliverAck(conversations.get(c), seq, 2);
      }
      for (List<Flying> some = cursors.take(10_000); !some.isEmpty(); ) {
        cursors.settled(some);
        some = cursors.take(10_000);
      }
    }
  }

  private long deliver(int count) {
    long seq = ++acked;
    for (int c = 0; c < count; c++) {
      ConversationId conversation = conversations.get(c);
      while (log.tail(conversation) < seq) {
        log.append(conversation, OTHER);
      }
      var delivery = Scene.delivery(log.range(conversation, seq, seq));
      for (RecipientSession session : sessions) {
        session.deliver(delivery, 100, true, 1);
      }
    }
    return seq;
  }

  private static Map<String, Long> ours(Map<String, Use> heap) {
    Map<String, Long> ours = new HashMap<>();
    heap.forEach(
        (name, use) -> {
          if (name.startsWith(PACKAGE) && !name.contains("Test") && !name.contains("MemoryLog")) {
            ours.put(name, use.objects);
          }
        });
    return ours;
  }

  private static long tables(Map<String, Use> heap) {
    return heap.entrySet().stream()
        .filter(one -> TABLES.contains(one.getKey()) || one.getKey().startsWith(PACKAGE))
        .mapToLong(one -> one.getValue().bytes)
        .sum();
  }

  /** As {@code jcmd GC.class_histogram}: after a full collection. */
  private static Map<String, Use> liveHeap() throws Exception {
    String text =
        (String)
            ManagementFactory.getPlatformMBeanServer()
                .invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "gcClassHistogram",
                    new Object[] {new String[0]},
                    new String[] {String[].class.getName()});
    Map<String, Use> heap = new HashMap<>();
    for (String line : text.split("\n", -1)) {
      Matcher found = LINE.matcher(line);
      if (found.matches()) {
        heap.merge(
            found.group(3),
            new Use(Long.parseLong(found.group(1)), Long.parseLong(found.group(2))),
            (one, other) -> new Use(one.objects + other.objects, one.bytes + other.bytes));
      }
    }
    return heap;
  }
}
