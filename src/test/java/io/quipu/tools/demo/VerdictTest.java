package io.quipu.tools.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class VerdictTest {
  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId CAROL = new UserId("carol");
  private static final ConversationId DIRECT = ConversationId.direct(ALICE, BOB);
  private static final ConversationId OTHER = ConversationId.direct(ALICE, CAROL);
  private static final Map<ConversationId, Set<UserId>> MEMBERS =
      Map.of(DIRECT, Set.of(ALICE, BOB), OTHER, Set.of(ALICE, CAROL));

  private final List<Seen> log = List.of(message(1), message(2), message(3));

  private static Seen message(long seq) {
    return new Seen(DIRECT, seq, ALICE, new UUID(7, seq), "text " + seq);
  }

  private List<String> faults(UserId user, List<Seen> seen) {
    Set<UUID> sent = new HashSet<>();
    log.forEach(message -> sent.add(message.id()));
    return Verdict.faults(user, seen, log, sent, MEMBERS);
  }

  @Test
  void everythingOnceInOrderIsNoFault() {
    assertThat(faults(BOB, log)).isEmpty();
    assertThat(faults(CAROL, List.of())).isEmpty();
  }

  @Test
  void whatWasAckedAndNotSeenIsAFault() {
    assertThat(faults(BOB, log.subList(0, 2))).singleElement().asString().contains("not seen");
  }

  @Test
  void whatWasSeenTwiceIsAFault() {
    List<Seen> seen = new ArrayList<>(log);
    seen.add(message(3));

    assertThat(faults(BOB, seen)).anyMatch(fault -> fault.startsWith("twice"));
  }

  @Test
  void oneMessageAtTwoSeqsIsAFault() {
    List<Seen> seen = new ArrayList<>(log);
    seen.add(new Seen(DIRECT, 4, ALICE, new UUID(7, 3), "text 3"));

    assertThat(faults(BOB, seen)).singleElement().asString().startsWith("twice");
  }

  @Test
  void anotherOrderIsAFault() {
    assertThat(faults(BOB, List.of(message(1), message(3), message(2))))
        .anyMatch(fault -> fault.startsWith("seq 3 where 2 was next"));
  }

  @Test
  void aHoleIsAFault() {
    assertThat(faults(BOB, List.of(message(1), message(3))))
        .anyMatch(fault -> fault.startsWith("seq 3 where 2 was next"))
        .anyMatch(fault -> fault.startsWith("acked and not seen"));
  }

  @Test
  void anotherContentThanTheAckedOneIsAFault() {
    Seen changed = new Seen(DIRECT, 2, ALICE, new UUID(7, 2), "changed");

    assertThat(faults(BOB, List.of(message(1), changed, message(3))))
        .singleElement()
        .asString()
        .contains("changed");
  }

  @Test
  void whatNobodySentIsAFault() {
    List<Seen> seen = new ArrayList<>(log);
    seen.add(message(4));

    assertThat(faults(BOB, seen)).singleElement().asString().startsWith("never sent");
  }

  @Test
  void theConversationOfOthersIsAFault() {
    assertThat(faults(CAROL, log)).hasSize(3).allMatch(fault -> fault.startsWith("not his"));
  }
}
